"""The shapes of metrics: what each divides by what, and how it is added up."""

from regulars.metrics.shapes.grid import Age, Grid
from regulars.metrics.shapes.metric import Hazard, Interval, Length, Metric, Nature
from regulars.metrics.shapes.of_sums import Quotient, Ratio, State, Total
from regulars.metrics.shapes.of_values import LargestShare, Quantile

__all__ = [
    "Age", "Grid", "Hazard", "Interval", "LargestShare", "Length", "Metric", "Nature", "Quantile", "Quotient", "Ratio", "State",
    "Total",
]  # fmt: skip
