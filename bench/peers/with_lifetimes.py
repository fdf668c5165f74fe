"""lifetimes fitting the same pasts, a row per customer in weeks, as its documentation does."""

from __future__ import annotations

import lifetimes
import pandas as pd

from bench.forecast.pasts import name_of
from bench.measuring import Place, Stopwatch

_WEEK = 7
_LAWS = {
    "bg": lifetimes.BetaGeoFitter,
    "mbg": lifetimes.ModifiedBetaGeoFitter,
    "pareto": lifetimes.ParetoNBDFitter,
}
_TIMES = {"alpha", "beta"}


def fit_law(place: Place, watch: Stopwatch, law: str, answer: str) -> None:
    """Fit a model of purchases; its parameters are kept in days."""
    rows = pd.read_parquet(place.data(name_of(law)), columns=["frequency", "recency", "age"])
    frequency, recency, age = rows["frequency"], rows["recency"] / _WEEK, rows["age"] / _WEEK
    for _ in watch.runs():
        with watch.timing():
            model = _LAWS[law]()
            model.fit(frequency, recency, age)
    found = {name: float(value) * (_WEEK if name in _TIMES else 1) for name, value in model.params_.items()}
    place.write_answers(answer, {"parameters": found})


def fit_money(place: Place, watch: Stopwatch, law: str, answer: str) -> None:
    """Fit Gamma-Gamma to all orders of each customer."""
    rows = pd.read_parquet(place.data(name_of(law)), columns=["paid", "spent"])
    mean = rows["spent"].astype(float) / rows["paid"]
    for _ in watch.runs():
        with watch.timing():
            model = lifetimes.GammaGammaFitter()
            model.fit(rows["paid"], mean)
    place.write_answers(answer, {"parameters": {name: float(value) for name, value in model.params_.items()}})
