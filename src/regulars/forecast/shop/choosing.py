"""Which model: of those that these customers identify, the one whose forecasts in the past were the most truthful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regulars.forecast.cells import Cells
from regulars.forecast.newton import Status
from regulars.forecast.purchases import PurchaseForecast, fit
from regulars.vocabulary.errors import ForecastRefused

LEAVING = ("pareto", "mbg", "bg")
"""Models in which customers leave; the first is taken unless another one forecast better."""
STAYING = "nbd"


@dataclass(frozen=True)
class Chosen:
    """The model taken, and why it and no other, in words for a shop."""

    fitted: PurchaseForecast
    why: str


def candidates(cells: Cells, model: str | None = None) -> dict[str, PurchaseForecast]:
    """The models that converged, by name; that of customers who never leave where Pareto/NBD did not.

    `model` asks for one alone. Raises ForecastRefused where there is none.
    """
    fitted = {name: fit(cells, name) for name in ((model,) if model else LEAVING)}
    if not model and fitted[LEAVING[0]].estimate.status is not Status.CONVERGED:
        fitted[STAYING] = fit(cells, STAYING)
    found = {name: one for name, one in fitted.items() if one.estimate.status is Status.CONVERGED}
    if not found:
        name, one = next(reversed(fitted.items()))
        raise ForecastRefused(
            f"The model {name} cannot be told from these customers: {one.estimate.reason}",
            "Leave out --model, so that one that can is chosen." if model else "",
        )
    return found


def choose(found: Mapping[str, PurchaseForecast], asked: str | None = None) -> Chosen:
    """The first of the candidates, with what to say of it."""
    fitted = next(iter(found.values()))
    if asked:
        return Chosen(fitted, "it was asked for")
    if fitted.model == LEAVING[0]:
        return Chosen(fitted, "it is the usual one, and these customers tell its parameters")
    if fitted.model == STAYING:
        return Chosen(fitted, "these customers do not tell whether any leave for good: it takes none to")
    return Chosen(fitted, "these customers do not tell the parameters of the usual one, Pareto/NBD")
