"""Segments of customers by the latest forecast."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

from regulars.metrics.deferred import Deferred, _
from regulars.metrics.measures import PREDICTIONS
from regulars.metrics.query import Condition, Facts
from regulars.metrics.relations import relation
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.spelling import did_you_mean
from regulars.warehouse.forecasts import value, value_at_risk
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import counted, divided

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, eq=False)
class Segment:
    """A segment: its rule in words, and as an expression over predictions with `value`, `staying` and the means over
    all customers.
    """

    name: str
    title: str
    rule: str
    advice: str
    where: Deferred
    first: str
    """Column by which its customers are sorted, the highest first."""


SEGMENTS = (
    Segment(
        "worth_keeping_and_leaving",
        "worth keeping and leaving",
        "at risk (see customers_at_risk) but not surely gone: still a customer with a chance of one in ten or more; and worth"
        " at least as much as the average customer, had they stayed",
        "Write to them in person, or call; this is where a good offer pays.",
        _.at_risk & (_.probability_alive >= ibis.literal(0.1)) & (_.staying >= _.staying_of_all),
        "value_at_risk",
    ),
    Segment(
        "due_now",
        "due now",
        "came back before, are not at risk, and have been silent for longer than half of such customers are between two"
        " purchases, but not for longer than four in five",
        "A reminder now meets them when they would buy anyway: no discount needed.",
        (_.frequency >= 1) & ~_.at_risk & (_.overdue <= ibis.literal(0.5)) & (_.overdue >= ibis.literal(0.2)),
        "value",
    ),
    Segment(
        "one_time_likely_to_return",
        "one-time, likely to return",
        "bought on one day only, and are at least as likely to buy within a year as the average customer",
        "Ask how the first order went, and show what goes with it: the second purchase makes a regular.",
        (_.frequency == 0) & (_.probability_purchase_365d >= _.probability_purchase_365d_of_all),
        "value",
    ),
)


@dataclass(frozen=True)
class Size:
    """Number of customers of a segment, expected buyers within 90 days, and value.

    Money is in the shop's currency: profit where the costs of all orders are known, else revenue.
    """

    segment: Segment
    customers: int
    buyers_90: float
    value: float
    value_at_risk: float


@dataclass(frozen=True)
class Member:
    """A customer of a segment. `median_days` is the median time to the next purchase of such customers who are still
    active.
    """

    customer: str | None
    name: str | None
    email: str | None
    country: str | None
    purchase_days: int
    last_purchase: date
    revenue_to_date: float
    probability_purchase_90d: float
    value: float
    value_at_risk: float
    median_days: float | None


def named(name: str) -> Segment:
    """Return the segment of this name.

    Raises:
        UsageError: Where there is none, naming the closest.
    """
    normalized = "_".join(name.lower().replace("-", " ").replace(",", " ").replace("_", " ").split())
    by_name = {segment.name: segment for segment in SEGMENTS}
    if normalized not in by_name:
        raise UsageError(f"There is no segment {name!r}.", did_you_mean(normalized, by_name))
    return by_name[normalized]


def sizes(facts: Facts, where: tuple[Condition, ...] = ()) -> list[Size]:
    """Return the sizes of all segments, in order; `where` filters customers."""
    result = facts.engine.fetch(("segments", where), lambda _parameters: _sizes(facts, where), {})
    (row,) = result.to_pylist()
    return [
        Size(segment, row[f"{segment.name}_customers"], *(row[f"{segment.name}_{name}"] or 0.0 for name in _SUMS))
        for segment in SEGMENTS
    ]


def members(segment: Segment, facts: Facts, where: tuple[Condition, ...] = (), most: int | None = None) -> list[Member]:
    """Return the customers of a segment, sorted by `Segment.first`, at most `most`."""
    key = ("segment", segment.name, where, most)
    result = facts.engine.fetch(key, lambda _parameters: _members(segment, facts, where).limit(most), {})
    return [Member(**_plain(row)) for row in result.to_pylist()]


_SUMS = ("buyers_90", "value", "value_at_risk")


def _sizes(facts: Facts, where: tuple[Condition, ...]) -> ir.Table:
    rows = _rows(facts, where)
    sums: dict[str, ir.Value] = {}
    for segment in SEGMENTS:
        is_member = segment.where.resolve(rows)
        sums[f"{segment.name}_customers"] = rows.count(where=is_member)
        sums[f"{segment.name}_buyers_90"] = rows.probability_purchase_90d.cast("float64").sum(where=is_member)
        sums[f"{segment.name}_value"] = rows.value.sum(where=is_member).cast("float64")
        sums[f"{segment.name}_value_at_risk"] = rows.value_at_risk.sum(where=is_member).cast("float64")
    return rows.agg(**sums)


def _members(segment: Segment, facts: Facts, where: tuple[Condition, ...]) -> ir.Table:
    rows = _rows(facts, where)
    rows = rows.filter(segment.where.resolve(rows))
    people = facts.table("persons").rename(of="person")
    members = rows.left_join(people, rows.person == people.of)
    members = members.select(
        "customer", "name", "email", "country", "revenue_to_date", "probability_purchase_90d", "value",
        "value_at_risk", "median_days",
        purchase_days=counted(members.frequency + 1),
        last_purchase=members.first_day + members.recency,
    )  # fmt: skip
    return members.order_by(ibis.desc(segment.first), "customer")


def _rows(facts: Facts, where: tuple[Condition, ...]) -> ir.Table:
    """Return the predictions of the latest forecast with `value`, `staying` (value of 12 months if surely active), and
    means over all.
    """
    predictions = relation(facts, PREDICTIONS, (), 365)
    predictions = predictions.filter(predictions.next_day.isnull())
    predictions = predictions.mutate(value=value(predictions), value_at_risk=value_at_risk(predictions))
    predictions = predictions.mutate(staying=predictions.value_year + predictions.value_at_risk)
    means = predictions.agg(
        staying_of_all=divided(predictions.staying.sum(), predictions.count()),
        probability_purchase_365d_of_all=divided(
            predictions.probability_purchase_365d.cast("float64").sum(), predictions.count()
        ),
    )
    selected = relation(facts, PREDICTIONS, where, 365)
    rows = predictions.semi_join(selected, ["as_of", "person"]) if where else predictions
    return rows.cross_join(means)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with money as floats and the epoch day as a date."""
    amounts = {name: float(row[name]) for name in ("revenue_to_date", "value", "value_at_risk")}
    values = {**row, **amounts, "last_purchase": from_epoch_day(row["last_purchase"])}
    return {field.name: values[field.name] for field in fields(Member)}
