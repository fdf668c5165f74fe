"""The model of each plan: its own where it has enough data, else one of all plans of its term.

Subscriptions that end during a period end at different times in it, so one that still runs late in its period is more
likely to be renewed than one at the start of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.forecast.models.sbg import SubscriptionForecast, fit_renewals
from regulars.forecast.newton import Status
from regulars.forecast.subscriptions.renewal_days import IntArray
from regulars.forecast.subscriptions.renewal_history import PERIOD_PARTS, RenewalSummary
from regulars.vocabulary.settings.term import Term

Array = npt.NDArray[np.float64]

MIN_DUE = 100
"""Subscriptions needed that have had a renewal due."""
MIN_ENDED, MIN_RENEWED_TWICE = 20, 20
"""Subscriptions needed that ended at a renewal, and that were renewed twice or more."""
_HOMOGENEOUS = 1000.0
"""Above this, parameters at a boundary mean that all subscribers have the same churn probability, which is a valid
model.
"""


@dataclass(frozen=True, eq=False)
class PlanModel:
    """A fitted model, the plans it is for and the data it was fitted to."""

    plans: tuple[str, ...]
    pooled: bool
    """Whether it was fitted to all plans of the term, and is for those without enough data of their own."""
    term: Term
    fitted: SubscriptionForecast
    subscriptions: int
    """Number of subscriptions fitted to."""
    ends_by_part: IntArray
    """Ends by part of the period; see `renewal_history.ends_by_part`."""

    def share_ended(self, part: Array) -> Array:
        """Return the share of non-renewals that have ended by the time `part` (0–1) of the period is over."""
        if not self.ends_by_part.sum():
            return np.zeros_like(part)
        shares = np.concatenate([[0.0], np.cumsum(self.ends_by_part[:PERIOD_PARTS])]) / self.ends_by_part.sum()
        share: Array = np.interp(part, np.linspace(0, 1, PERIOD_PARTS + 1), shares)
        return share

    def probability_running(self, renewed: Array, part: Array) -> Array:
        """Return the probability of still running after that part of the period that follows `renewed` renewals."""
        probability: Array = 1 - self.share_ended(part) * (1 - self.fitted.retention(renewed))
        return probability


@dataclass(frozen=True)
class PlanModels:
    """The model of each plan, and why some plans have none, in words for a shop."""

    models: tuple[PlanModel, ...]
    refused: Mapping[str, str]

    def of(self, plan: str) -> PlanModel | None:
        """Return the model of a plan; None where it has none."""
        return next((model for model in self.models if plan in model.plans), None)


def fit_plans(
    renewal_summary: RenewalSummary, ends_by_part: Mapping[str, IntArray], terms: Mapping[str, Term]
) -> PlanModels:
    """Fit the model of each plan.

    Args:
        renewal_summary: Counts of subscriptions.
        ends_by_part: Ends by part of the period, by plan.
        terms: Terms by plan.
    """
    models: list[PlanModel] = []
    refused: dict[str, str] = {}
    for term in sorted(set(terms.values())):
        plans = tuple(sorted(plan for plan in terms if terms[plan] == term))
        without_model: dict[str, str] = {}
        for plan in plans:
            model, reason = _fit_together(renewal_summary, ends_by_part, term, (plan,))
            if model:
                models.append(model)
            else:
                without_model[plan] = reason
        if without_model and len(plans) > 1:
            pooled, reason = _fit_together(renewal_summary, ends_by_part, term, plans)
            if pooled:
                models.append(
                    PlanModel(
                        tuple(without_model), True, term, pooled.fitted, pooled.subscriptions, pooled.ends_by_part
                    )
                )
                continue
            without_model = dict.fromkeys(without_model, reason)
        refused |= without_model
    return PlanModels(tuple(models), refused)


def _fit_together(
    renewal_summary: RenewalSummary, ends_by_part: Mapping[str, IntArray], term: Term, plans: tuple[str, ...]
) -> tuple[PlanModel | None, str]:
    """Return the model of these plans together, or why there is none."""
    renewal_summary = renewal_summary.of(set(plans))
    reason = "; ".join(_missing(renewal_summary))
    if reason:
        return None, reason
    # Cohorts are added up: the model has no cohort effect.
    keys, inverse = np.unique(np.stack([renewal_summary.renewed, renewal_summary.left]), axis=1, return_inverse=True)
    n = np.bincount(inverse.ravel(), weights=renewal_summary.n).astype(float)
    fitted = fit_renewals(keys[0].astype(float), keys[1].astype(float), n)
    estimate = fitted.estimate
    is_homogeneous = estimate.status is Status.BOUNDARY and estimate.values.min() > _HOMOGENEOUS
    if estimate.status is not Status.CONVERGED and not is_homogeneous:
        return None, estimate.reason
    ended = sum(
        (ends_by_part[plan] for plan in plans if plan in ends_by_part), np.zeros(PERIOD_PARTS + 1, dtype=np.int64)
    )
    return PlanModel(plans, False, term, fitted, int(renewal_summary.n.sum()), ended), ""


def _missing(renewal_summary: RenewalSummary) -> list[str]:
    """Return the unmet requirements, in words for a shop; empty where there are none."""
    due = int(renewal_summary.n[(renewal_summary.renewed > 0) | (renewal_summary.left > 0)].sum())
    ended = int(renewal_summary.n[renewal_summary.left > 0].sum())
    twice = int(renewal_summary.n[renewal_summary.renewed >= 2].sum())
    reasons = []
    if due < MIN_DUE:
        reasons.append(f"{MIN_DUE} subscriptions with a renewal due are needed, and there are {due:,}")
    if ended < MIN_ENDED:
        reasons.append(f"{MIN_ENDED} that ended at a renewal are needed, and there are {ended:,}")
    if twice < MIN_RENEWED_TWICE:
        reasons.append(f"{MIN_RENEWED_TWICE} that were renewed twice or more are needed, and there are {twice:,}")
    return reasons
