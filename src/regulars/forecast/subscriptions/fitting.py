"""Which model a plan's subscribers are forecast by: their own where they can carry one, else that of all plans of their term.

Below the gates a number would look like knowledge and be none. Within a period those who leave at its end go at different
times: a subscription that still runs late in its period is likelier to be renewed than one that has just begun it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.forecast.models.renewal_fit import SubscriptionForecast, fit_renewals
from regulars.forecast.newton import Status
from regulars.forecast.subscriptions.renewal_days import Days
from regulars.forecast.subscriptions.renewal_history import STEPS, LivesCells
from regulars.vocabulary.settings.term import Term

Array = npt.NDArray[np.float64]

ASKED = 100
"""So many subscriptions must have come to a renewal;"""
LEFT, TWICE = 20, 20
"""so many must have ended at one, and so many have been renewed twice or more."""
_ALIKE = 1000.0
"""Where the best fit is an extreme, parameters above it mean that all leave with the same probability."""


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted model, of the plans it is for and those it was fitted to."""

    plans: tuple[str, ...]
    pooled: bool
    """Whether it is of all plans of the term, for those that cannot carry one of their own."""
    term: Term
    fitted: SubscriptionForecast
    subscriptions: int
    """It was fitted to."""
    parts: Days
    """Those who left, by when within the period they did; see `renewal_history.parts`."""

    def gone(self, part: Array) -> Array:
        """The share of those leaving at the next renewal who are gone already, when `part` (0–1) of the period is over."""
        if not self.parts.sum():
            return np.zeros_like(part)
        shares = np.concatenate([[0.0], np.cumsum(self.parts[:STEPS])]) / self.parts.sum()
        found: Array = np.interp(part, np.linspace(0, 1, STEPS + 1), shares)
        return found

    def here(self, renewed: Array, part: Array) -> Array:
        """The probability that those who renewed so often are still subscribed after that part of the next period."""
        found: Array = 1 - self.gone(part) * (1 - self.fitted.retention(renewed))
        return found


@dataclass(frozen=True)
class Fitted:
    """The model of each plan, and why some have none, in words for a shop."""

    models: tuple[Model, ...]
    refused: Mapping[str, str]

    def of(self, plan: str) -> Model | None:
        """The model that forecasts the plan."""
        return next((model for model in self.models if plan in model.plans), None)


def fit(cells: LivesCells, parts: Mapping[str, Days], terms: Mapping[str, Term]) -> Fitted:
    """Fit what can be fitted."""
    models: list[Model] = []
    refused: dict[str, str] = {}
    for term in sorted(set(terms.values())):
        plans = tuple(sorted(plan for plan in terms if terms[plan] == term))
        left: dict[str, str] = {}
        for plan in plans:
            model, why = _fitted(cells, parts, term, (plan,))
            if model:
                models.append(model)
            else:
                left[plan] = why
        if left and len(plans) > 1:
            pooled, why = _fitted(cells, parts, term, plans)
            if pooled:
                models.append(Model(tuple(left), True, term, pooled.fitted, pooled.subscriptions, pooled.parts))
                continue
            left = dict.fromkeys(left, why)
        refused |= left
    return Fitted(tuple(models), refused)


def _fitted(
    cells: LivesCells, parts: Mapping[str, Days], term: Term, plans: tuple[str, ...]
) -> tuple[Model | None, str]:
    """The model of these plans together, or why there is none."""
    cells = cells.of(set(plans))
    why = "; ".join(_missing(cells))
    if why:
        return None, why
    # All cohorts together: equal pasts are equal, whenever they began.
    keys, where = np.unique(np.stack([cells.renewed, cells.left]), axis=1, return_inverse=True)
    n = np.bincount(where.ravel(), weights=cells.n).astype(float)
    fitted = fit_renewals(keys[0].astype(float), keys[1].astype(float), n)
    estimate = fitted.estimate
    alike = estimate.status is Status.BOUNDARY and estimate.values.min() > _ALIKE
    if estimate.status is not Status.CONVERGED and not alike:
        return None, estimate.reason
    ended = sum((parts[plan] for plan in plans if plan in parts), np.zeros(STEPS + 1, dtype=np.int64))
    return Model(plans, False, term, fitted, int(cells.n.sum()), ended), ""


def _missing(cells: LivesCells) -> list[str]:
    """Why they cannot carry a model, in words for a shop; empty where they can."""
    asked = int(cells.n[(cells.renewed > 0) | (cells.left > 0)].sum())
    left = int(cells.n[cells.left > 0].sum())
    twice = int(cells.n[cells.renewed >= 2].sum())
    said = []
    if asked < ASKED:
        said.append(f"{ASKED} subscriptions that have come to a renewal are needed, and there are {asked:,}")
    if left < LEFT:
        said.append(f"{LEFT} that ended at a renewal are needed, and there are {left:,}")
    if twice < TWICE:
        said.append(f"{TWICE} that were renewed twice or more are needed, and there are {twice:,}")
    return said
