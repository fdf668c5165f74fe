"""What the metrics of retention should say, from plain sets of days: written from METRICS alone, without the code it checks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from zoneinfo import ZoneInfo

from regulars.vocabulary.calendar import Period


@dataclass(frozen=True)
class Bought:
    """One order as the oracle knows it."""

    order_id: str
    customer: str | None
    at: datetime
    """UTC, without zone."""
    day: date
    channel: str | None = None
    country: str | None = None
    amount: float = 0


def day_in(at: datetime, zone: str) -> date:
    """The local day of an instant in UTC."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


History = list[Bought]
Splitter = Callable[[History], object]


def histories(orders: Iterable[Bought]) -> list[History]:
    """The orders of each known customer, in time; order ids break ties."""
    by_customer: dict[str, History] = defaultdict(list)
    for one in orders:
        if one.customer is not None:
            by_customer[one.customer].append(one)
    return [sorted(history, key=lambda o: (o.day, o.at, o.order_id)) for history in by_customer.values()]


def quantile(values: Sequence[float], q: float) -> float:
    """percentile_cont."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    lower, upper = ordered[math.floor(place)], ordered[math.ceil(place)]
    return lower + (upper - lower) * (place - math.floor(place))


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def retention(people: Sequence[History], period: Period, window: int) -> dict[str, float | None]:
    """Every metric of the theme, over these customers."""
    t0, t1 = period.start, period.end
    who = range(len(people))
    days = [[order.day for order in history] for history in people]
    w = timedelta(days=window)

    def active(t: date) -> set[int]:
        return {i for i in who if any(t - w <= d < t for d in days[i])}

    start, end = active(t0), active(t1)
    kept = start & end
    joined = end - kept
    new = {i for i in who if t0 <= min(days[i]) < t1}
    inside = {i: sum(t0 <= d < t1 for d in days[i]) for i in who}
    buyers = {i for i in who if inside[i]}
    returning = {i for i in buyers if any(t0 <= d < t1 for d in days[i][1:])}
    ever = {i for i in who if days[i][0] < t1}
    by_end = {i: [d for d in days[i] if d < t1] for i in ever}
    gaps = []
    for i in who:
        purchase_days = sorted(set(days[i]))
        gaps += [(b - a).days for a, b in pairwise(purchase_days) if t0 <= b < t1]
    return {
        "customers_start": len(start),
        "customers_end": len(end),
        "retained_customers": len(kept),
        "lost_customers": len(start - kept),
        "joined_customers": len(joined),
        "won_back_customers": len(joined - new),
        "customer_retention_rate": _share(len(kept), len(start)),
        "customer_churn_rate": _share(len(start - kept), len(start)),
        "net_churn_rate": _share(len(start) - len(end), len(start)),
        "new_customers": len(new),
        "active_buyers": len(buyers),
        "returning_customer_rate": _share(len(returning), len(buyers)),
        "returning_customer_rate_lifetime": _share(sum(len(days[i]) > 1 for i in buyers), len(buyers)),
        "repeat_purchase_rate": _share(sum(inside[i] >= 2 for i in who), len(buyers)),
        "repeat_customer_rate": _share(sum(len(by_end[i]) >= 2 for i in ever), len(ever)),
        "repeat_customer_rate_by_days": _share(sum(len(set(by_end[i])) >= 2 for i in ever), len(ever)),
        "time_between_purchases": fmean(gaps) if gaps else None,
        "time_between_purchases_median": quantile(gaps, 0.5) if gaps else None,
        "time_between_purchases_p90": quantile(gaps, 0.9) if gaps else None,
    }


def gaps_counted(people: Sequence[History], period: Period) -> int:
    """How many gaps end in the period: the n of time_between_purchases."""
    return sum(
        period.start <= day < period.end for history in people for day in sorted({order.day for order in history})[1:]
    )
