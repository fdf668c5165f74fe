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
LEAST_WITHIN = 0.75
"""The share of returning purchases that a window which fits holds at least."""


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
    return _suggestion(_purchases_by_gap(facts), _days(facts))


def _suggestion(counts: dict[int, int], days: int) -> Suggestion:
    """What the counts of returning purchases by gap propose, in data of so many days."""
    purchases = sum(counts.values())
    if purchases < FEWEST:
        return Suggestion(
            None,
            None,
            purchases,
            f"Too few customers came back to propose a window: returning purchases so far: {purchases}.",
        )
    reached = 0
    for gap, number in counts.items():
        reached += number
        if reached >= SHARE * purchases:
            window = max(gap, SHORTEST)
            break
    share = _share_within(counts, window)
    reason = (
        f"An active window of {window} days: {share * 100:.1f} % of the {purchases:,} purchases by which customers came back"
        f" happened within {window} days of the purchase before, so who is silent for longer seldom comes back."
    )
    if days < 2 * window:
        reason += (
            f" The data cover only {days} days, in which longer gaps can hardly be seen: take this as a lower bound."
        )
    return Suggestion(window, share, purchases, reason)


def misfit(facts: Facts, window: int) -> str:
    """A sentence where the active window does not fit the shop's data; empty where it fits or the data cannot tell.

    It does not fit where it is longer than the data, where fewer than 3 in 4 returning purchases happened within it, or where
    it is more than twice what `suggest` proposes.

    Args:
        facts: of the shop.
        window: the active window, in days.
    """
    if "orders" not in facts.coverage:
        return ""
    counts, days = _purchases_by_gap(facts), _days(facts)
    suggestion = _suggestion(counts, days)
    if suggestion.window is None:
        return ""
    if days < window:
        return f"The active window of {window:,} days is longer than the data ({days:,} days): no customer can count as lost yet."
    share = _share_within(counts, window)
    if share < LEAST_WITHIN:
        return (
            f"The active window of {window:,} days is short for this shop: only {share * 100:.0f} % of the purchases by which"
            " customers came back happened within it."
        )
    if window > 2 * suggestion.window:
        return (
            f"The active window of {window:,} days is long for this shop: {SHARE * 100:.0f} % of the purchases by which"
            f" customers came back happened within {suggestion.window} days."
        )
    return ""


def _days(facts: Facts) -> int:
    """How many days the orders cover."""
    first, last = facts.coverage["orders"]
    return (last - first).days + 1


def _purchases_by_gap(facts: Facts) -> dict[int, int]:
    """How many returning purchases came how many days after the purchase before, by days ascending."""
    if facts.engine.con is not None:
        counted = facts.engine.columns(
            "SELECT gap, CAST(sum(n) AS BIGINT) AS n FROM facts.gaps"
            f" WHERE histogram = 'before_by_day' AND gap < {NONE} GROUP BY gap"
        )
        return dict(sorted(zip(counted["gap"].tolist(), counted["n"].tolist(), strict=True)))
    gaps = facts.table("gaps")
    chosen = gaps.filter(gaps.histogram == "before_by_day", gaps.gap < NONE)
    rows = chosen.group_by("gap").agg(n=chosen.n.sum()).order_by("gap").to_pyarrow().to_pylist()
    return {int(row["gap"]): int(row["n"]) for row in rows}


def _share_within(counts: dict[int, int], window: int) -> float:
    return sum(number for gap, number in counts.items() if gap <= window) / sum(counts.values())
