"""An active window from the shop's own gaps: how long a silence still says nothing."""

from __future__ import annotations

from dataclasses import dataclass

from regulars.metrics.query import Facts
from regulars.warehouse.facts.orders.gaps import NONE

SHARE = 0.9
"""Of the purchases by which customers came back, so many lie inside the window."""
SHORTEST = 30
"""Days below which no window makes sense: a month's silence is nothing."""
FEWEST = 30
"""Returning purchases below which nothing is proposed."""


@dataclass(frozen=True)
class Suggestion:
    """A window in days, or None where there is too little to go by. `share` of the `purchases` came within it."""

    window: int | None
    share: float | None
    purchases: int
    reason: str


def suggest(facts: Facts) -> Suggestion:
    """The shortest window of at least 30 days by which 90 % of the returning purchases had happened.

    A returning purchase is a purchase day that follows an earlier one of the same customer, as in time_between_purchases.
    Raises NothingLoaded where there are no orders.
    """
    facts.require_table("orders")
    gaps = facts.table("gaps")
    chosen = gaps.filter(gaps.histogram == "before_by_day", gaps.gap < NONE)
    counted = chosen.group_by("gap").agg(n=chosen.n.sum()).order_by("gap").to_pyarrow().to_pylist()
    purchases = sum(row["n"] for row in counted)
    if purchases < FEWEST:
        return Suggestion(
            None,
            None,
            purchases,
            f"Too few customers came back to propose a window: returning purchases so far: {purchases}.",
        )
    first, last = facts.coverage["orders"]
    days = (last - first).days + 1
    reached = 0
    for row in counted:
        reached += row["n"]
        if reached >= SHARE * purchases:
            window = max(int(row["gap"]), SHORTEST)
            break
    share = sum(row["n"] for row in counted if row["gap"] <= window) / purchases
    reason = (
        f"An active window of {window} days: {share * 100:.1f} % of the {purchases:,} purchases by which customers came back"
        f" happened within {window} days of the purchase before, so who is silent for longer seldom comes back."
    )
    if days < 2 * window:
        reason += (
            f" The data cover only {days} days, in which longer gaps can hardly be seen: take this as a lower bound."
        )
    return Suggestion(window, share, purchases, reason)
