"""Which model: of those that these customers identify, the one whose forecasts in the past were the most truthful."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from regulars.forecast.models.purchase_fit import PurchaseForecast, fit
from regulars.forecast.newton import Status
from regulars.forecast.purchases.backtest import Trial, gain
from regulars.forecast.rfm import RFMSummary
from regulars.vocabulary.errors import ForecastRefused
from regulars.warehouse.forecasts import NO_DROPOUT_MODEL

LEAVING = ("pareto", "mbg", "bg")
"""Models in which customers leave; the first is taken unless another one forecast better."""
_SURE, _WORTH = 2.0, 0.001
"""By so many standard errors, and by so much of a score a customer, another model must have been better: among very many
customers the smallest difference is sure, and none worth having.
"""


@dataclass(frozen=True)
class Chosen:
    """The model taken, and why it and no other, in words for a shop."""

    fitted: PurchaseForecast
    why: str


def candidates(cells: RFMSummary, model: str | None = None) -> dict[str, PurchaseForecast]:
    """The models that converged, by name, the preferred first; that of customers who never leave where Pareto/NBD did not.

    `model` asks for one alone. Raises ForecastRefused where there is none.
    """
    fitted = {name: fit(cells, name) for name in ((model,) if model else LEAVING)}
    if not model and fitted[LEAVING[0]].estimate.status is not Status.CONVERGED:
        fitted[NO_DROPOUT_MODEL] = fit(cells, NO_DROPOUT_MODEL)
    found = {name: one for name, one in fitted.items() if one.estimate.status is Status.CONVERGED}
    if not found:
        name, one = next(reversed(fitted.items()))
        raise ForecastRefused(
            f"The model {name} cannot be told from these customers: {one.estimate.reason}",
            "Leave out --model, so that one that can is chosen." if model else "",
        )
    return found


def choose(
    found: Mapping[str, PurchaseForecast], trials: Mapping[str, Sequence[Trial]], asked: str | None = None
) -> Chosen:
    """The candidate to take. A near tie goes to the one that comes first; a model that some quarter did not tell is behind.

    trials: by name, their forecasts of the past; empty where the data are too short for any.
    """
    names = tuple(found)
    if asked:
        return Chosen(found[asked], "it was asked for")
    most = max((len(trials[name]) for name in names), default=0)
    if not most:
        return _untried(found)
    first = names[0]
    names = tuple(name for name in names if len(trials[name]) == most)
    taken = names[0]
    for name in names[1:]:
        better, error = gain(trials[name], trials[taken])
        if better > max(_SURE * error, _WORTH):
            taken = name
    if len(found) == 1:
        return _untried(found)
    if taken == first:
        return Chosen(found[taken], "none forecast the hidden past better")
    if first not in names:
        return Chosen(
            found[taken], f"it could be told in every hidden quarter, which the usual one, {first}, could not"
        )
    return Chosen(found[taken], "it forecast the hidden past best")


def _untried(found: Mapping[str, PurchaseForecast]) -> Chosen:
    fitted = next(iter(found.values()))
    if fitted.model == LEAVING[0]:
        return Chosen(fitted, "it is the usual one, and these customers tell its parameters")
    if fitted.model == NO_DROPOUT_MODEL:
        return Chosen(fitted, "these customers do not tell whether any leave for good: it takes none to")
    return Chosen(fitted, "these customers do not tell the parameters of the usual one, Pareto/NBD")
