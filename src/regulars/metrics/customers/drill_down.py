"""Exactly the customers behind a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from regulars.metrics.compute.sums import Sums, sums
from regulars.metrics.deferred import _
from regulars.metrics.inference.intervals import Array
from regulars.metrics.measures import CUSTOMER_ORDERS, Sum, within
from regulars.metrics.query import Condition, Facts, for_columns, require_known
from regulars.metrics.relations import MONEY_SCALE
from regulars.metrics.scope import BY_PERSON, Scope
from regulars.metrics.shapes import Grid, Metric
from regulars.vocabulary.calendar import Period, from_epoch_day
from regulars.warehouse.lazy_imports import ibis, pa

_COHORT = within(CUSTOMER_ORDERS, 1, _.order_number == 1)


@dataclass(frozen=True)
class CustomerRow:
    """One customer and what they add above and below the metric's line. `customer` is None for guests, taken together."""

    customer: str | None
    name: str | None
    email: str | None
    country: str | None
    orders: int
    first_order: date | None
    last_order: date | None
    numerator: float
    denominator: float | None


def rows(
    metric: Metric, period: Period, facts: Facts, where: tuple[Condition, ...] = (), active_window: int = 365
) -> list[CustomerRow]:
    """All customers with a row behind the metric's value in the period, even one that adds nothing; the columns add up
    to its two sums.

    For a cohort grid: the customers of the cohort. What belongs to no customer (advertising) is left out.
    """
    metric = for_columns(metric, [one.column for one in where])
    require_known(metric, (), where)
    scope = Scope(facts, (period,), (BY_PERSON,), where, active_window, bucketed=False)
    above = _COHORT if isinstance(metric, Grid) else _of_customers(metric.above)
    below = None if metric.below is None else _of_customers(metric.below)
    behind = None if metric.rows is None else _of_customers(metric.rows)
    found = sums([amount for amount in (above, below, behind) if amount is not None], scope)
    numerator = _column(found, above)
    denominator = None if below is None else _column(found, below)
    concerned = np.any([_column(found, amount) != 0 for amount in (above, below, behind) if amount is not None], axis=0)
    people = _people(
        facts, [group[0] for group, keep in zip(found.groups, concerned, strict=True) if keep and group[0]]
    )
    result = []
    for place in np.flatnonzero(concerned):
        told = people.get(found.groups[place][0]) or _guests(facts)
        result.append(
            CustomerRow(*told, float(numerator[place]), None if denominator is None else float(denominator[place]))
        )
    return sorted(result, key=lambda row: (-row.numerator, -(row.denominator or 0), row.customer or "~"))


_Told = tuple[str | None, str | None, str | None, str | None, int, date | None, date | None]


def _of_customers(amount: Sum) -> Sum:
    return Sum(tuple(term for term in amount.terms if term.measure.fact.of_customers))


def _column(found: Sums, amount: Sum) -> Array:
    values = found.of(amount)[0, :, 0]
    return values / MONEY_SCALE if found.is_money(amount) else values


def _guests(facts: Facts) -> _Told:
    orders = facts.table("orders")
    theirs = orders.filter(orders.person.isnull())
    (bought,) = (
        theirs.aggregate(orders=theirs.count(), first=theirs.day.min(), last=theirs.day.max()).to_pyarrow().to_pylist()
    )
    return None, "guests", None, None, bought["orders"], _day(bought["first"]), _day(bought["last"])


def _people(facts: Facts, persons: list[str]) -> dict[str, _Told]:
    wanted = ibis.memtable(pa.table({"wanted": pa.array([int(person) for person in persons], pa.int64())}))
    orders = facts.table("orders")
    known = orders.inner_join(wanted, orders.person == wanted.wanted)
    bought = known.group_by("person").agg(orders=known.count(), first=known.day.min(), last=known.day.max())
    people = facts.table("persons")
    joined = (
        wanted.left_join(people, wanted.wanted == people.person)
        .drop("person")
        .left_join(bought, wanted.wanted == bought.person)
    )
    columns = ("wanted", "customer", "name", "email", "country", "orders", "first", "last")
    found = joined.select(*columns).to_pyarrow().to_pylist()
    return {
        str(row["wanted"]): (
            row["customer"], row["name"], row["email"], row["country"], row["orders"] or 0, _day(row["first"]), _day(row["last"])
        )
        for row in found
    }  # fmt: skip


def _day(number: int | None) -> date | None:
    return None if number is None else from_epoch_day(number)
