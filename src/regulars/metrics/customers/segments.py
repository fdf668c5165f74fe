"""Customers to act on, by what the latest forecast says of them."""

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
    """Who belongs to it, in words and as an expression over predictions with `value`, `staying` and the means of all."""

    name: str
    title: str
    rule: str
    advice: str
    where: Deferred
    first: str
    """By which column the customers to begin with are found."""


SEGMENTS = (
    Segment(
        "worth_keeping_and_leaving",
        "worth keeping and leaving",
        "at risk (see customers_at_risk) but not surely gone: still a customer with a chance of one in ten or more; and worth"
        " at least as much as the average customer, had they stayed",
        "Write to them in person, or call; this is where a good offer pays.",
        _.at_risk & (_.probability_alive >= ibis.literal(0.1)) & (_.staying >= _.staying_of_all),
        "value_at_stake",
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
    """How many customers a segment has, how many of them to expect within 90 days, and what all of them are worth.

    Money is in the shop's currency: profit where the costs of all orders are known, else revenue.
    """

    segment: Segment
    customers: int
    buyers_90: float
    value: float
    value_at_stake: float


@dataclass(frozen=True)
class Member:
    """A customer of a segment. `median_days` until half of such customers have bought again, were they customers still."""

    customer: str | None
    name: str | None
    email: str | None
    country: str | None
    purchase_days: int
    last_purchase: date
    revenue_to_date: float
    probability_purchase_90d: float
    value: float
    value_at_stake: float
    median_days: float | None


def named(name: str) -> Segment:
    """The segment of this name. Raises UsageError naming the closest."""
    wanted = "_".join(name.lower().replace("-", " ").replace(",", " ").replace("_", " ").split())
    by_name = {one.name: one for one in SEGMENTS}
    if wanted not in by_name:
        raise UsageError(f"There is no segment {name!r}.", did_you_mean(wanted, by_name))
    return by_name[wanted]


def sizes(facts: Facts, where: tuple[Condition, ...] = ()) -> list[Size]:
    """All segments, in their order; `where` keeps some customers only."""
    found = facts.engine.fetch(("segments", where), lambda given: _sizes(facts, where), {})
    (row,) = found.to_pylist()
    return [
        Size(one, row[f"{one.name}_customers"], *(row[f"{one.name}_{name}"] or 0.0 for name in _SUMS))
        for one in SEGMENTS
    ]


def members(segment: Segment, facts: Facts, where: tuple[Condition, ...] = (), most: int | None = None) -> list[Member]:
    """Its customers, those to begin with first; no more than `most`."""
    key = ("segment", segment.name, where, most)
    found = facts.engine.fetch(key, lambda given: _members(segment, facts, where).limit(most), {})
    return [Member(**_plain(row)) for row in found.to_pylist()]


_SUMS = ("buyers_90", "value", "value_at_stake")


def _sizes(facts: Facts, where: tuple[Condition, ...]) -> ir.Table:
    rows = _rows(facts, where)
    sums: dict[str, ir.Value] = {}
    for one in SEGMENTS:
        chosen = one.where.resolve(rows)
        sums[f"{one.name}_customers"] = rows.count(where=chosen)
        sums[f"{one.name}_buyers_90"] = rows.probability_purchase_90d.cast("float64").sum(where=chosen)
        sums[f"{one.name}_value"] = rows.value.sum(where=chosen).cast("float64")
        sums[f"{one.name}_value_at_stake"] = rows.value_at_stake.sum(where=chosen).cast("float64")
    return rows.agg(**sums)


def _members(segment: Segment, facts: Facts, where: tuple[Condition, ...]) -> ir.Table:
    rows = _rows(facts, where)
    rows = rows.filter(segment.where.resolve(rows))
    people = facts.table("persons").rename(of="person")
    found = rows.left_join(people, rows.person == people.of)
    found = found.select(
        "customer", "name", "email", "country", "revenue_to_date", "probability_purchase_90d", "value",
        "value_at_stake", "median_days",
        purchase_days=counted(found.frequency + 1),
        last_purchase=found.first_day + found.recency,
    )  # fmt: skip
    return found.order_by(ibis.desc(segment.first), "customer")


def _rows(facts: Facts, where: tuple[Condition, ...]) -> ir.Table:
    """Predictions of the latest forecast with `value`, `staying` (that of 12 months, had they stayed), and the means of all."""
    said = relation(facts, PREDICTIONS, (), 365)
    said = said.filter(said.next_day.isnull())
    said = said.mutate(value=value(said), value_at_stake=value_at_risk(said))
    said = said.mutate(staying=said.value_year + said.value_at_stake)
    of_all = said.agg(
        staying_of_all=divided(said.staying.sum(), said.count()),
        probability_purchase_365d_of_all=divided(said.probability_purchase_365d.cast("float64").sum(), said.count()),
    )
    chosen = relation(facts, PREDICTIONS, where, 365)
    rows = said.semi_join(chosen, ["as_of", "person"]) if where else said
    return rows.cross_join(of_all)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Money as floats, an epoch day as a date."""
    amounts = {name: float(row[name]) for name in ("revenue_to_date", "value", "value_at_stake")}
    told = {**row, **amounts, "last_purchase": from_epoch_day(row["last_purchase"])}
    return {field.name: told[field.name] for field in fields(Member)}
