"""Suggest an active window by the gaps between a shop's purchases."""

from __future__ import annotations

from dataclasses import dataclass

from regulars.metrics.query import Facts
from regulars.warehouse.facts.orders.gaps import NONE

SHARE = 0.9
"""Share of the returning purchases within a suggested window."""
SHORTEST = 30
"""Shortest window to suggest, in days."""
FEWEST = 30
"""Smallest number of returning purchases for a suggestion."""
LEAST_WITHIN = 0.75
"""Smallest share of returning purchases within a window that fits."""


@dataclass(frozen=True)
class Suggestion:
    """A window in days, or None if there are too few returning purchases. `share`: that of `purchases` within it."""

    window: int | None
    share: float | None
    purchases: int
    reason: str


def suggest(facts: Facts) -> Suggestion:
    """Return the shortest window of at least 30 days that holds 90 % of the returning purchases.

    A returning purchase is a purchase day after an earlier one of the same customer, as in time_between_purchases.

    Raises:
        NothingLoaded: There are no orders.
    """
    facts.require_table("orders")
    return _suggestion(_purchases_by_gap(facts), _days(facts))


def _suggestion(counts: dict[int, int], days: int) -> Suggestion:
    """The suggestion for counts of returning purchases by gap, in data of this number of days."""
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
        f" happened within {window} days of the purchase before, so customers who have not ordered for longer seldom come back."
    )
    if days < 2 * window:
        reason += f" The data cover only {days} days, too few to see longer gaps: the right window may be longer."
    return Suggestion(window, share, purchases, reason)


def misfit(facts: Facts, window: int) -> str:
    """Return a sentence if the active window does not fit the shop's data; empty if it fits or the data are too few.

    It does not fit if it is longer than the data, if it holds fewer than 3 in 4 returning purchases, or if it is longer than
    twice the suggested window.

    Args:
        facts: Facts of the shop.
        window: Active window in days.
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
    """Number of days that the orders cover."""
    first, last = facts.coverage["orders"]
    return (last - first).days + 1


def _purchases_by_gap(facts: Facts) -> dict[int, int]:
    """Number of returning purchases by days since the purchase before, ascending."""
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
