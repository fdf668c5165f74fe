"""The customers behind a metric's value."""

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
    """One customer, and what the customer adds to numerator and denominator. `customer` is None for the row of all
    guests.
    """

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
    """Return the customers with a row behind the metric's value, those who add nothing included; the columns add up to
    its two sums.

    For a cohort grid: the customers of the cohort. Rows of no customer (advertising) are left out.

    Args:
        metric: The metric.
        period: The period.
        facts: The shop's facts.
        where: Filters.
        active_window: Days for which a customer is active.
    """
    metric = for_columns(metric, [condition.column for condition in where])
    require_known(metric, (), where)
    scope = Scope(facts, (period,), (BY_PERSON,), where, active_window, bucketed=False)
    numerator_sum = _COHORT if isinstance(metric, Grid) else _of_customers(metric.numerator)
    denominator_sum = None if metric.denominator is None else _of_customers(metric.denominator)
    row_count = None if metric.rows is None else _of_customers(metric.rows)
    results = sums([part for part in (numerator_sum, denominator_sum, row_count) if part is not None], scope)
    numerator = _column(results, numerator_sum)
    denominator = None if denominator_sum is None else _column(results, denominator_sum)
    included = np.any(
        [_column(results, part) != 0 for part in (numerator_sum, denominator_sum, row_count) if part is not None],
        axis=0,
    )
    profiles = _profiles(
        facts,
        [group[0] for group, is_included in zip(results.groups, included, strict=True) if is_included and group[0]],
    )
    result = []
    for index in np.flatnonzero(included):
        profile = profiles.get(results.groups[index][0]) or _guest_profile(facts)
        result.append(
            CustomerRow(*profile, float(numerator[index]), None if denominator is None else float(denominator[index]))
        )
    return sorted(result, key=lambda row: (-row.numerator, -(row.denominator or 0), row.customer or "~"))


_Profile = tuple[str | None, str | None, str | None, str | None, int, date | None, date | None]


def _of_customers(amount: Sum) -> Sum:
    return Sum(tuple(term for term in amount.terms if term.measure.fact.of_customers))


def _column(results: Sums, amount: Sum) -> Array:
    values = results.of(amount)[0, :, 0]
    return values / MONEY_SCALE if results.is_money(amount) else values


def _guest_profile(facts: Facts) -> _Profile:
    orders = facts.table("orders")
    guest_orders = orders.filter(orders.person.isnull())
    (order_summary,) = (
        guest_orders.aggregate(orders=guest_orders.count(), first=guest_orders.day.min(), last=guest_orders.day.max())
        .to_pyarrow()
        .to_pylist()
    )
    return (
        None,
        "guests",
        None,
        None,
        order_summary["orders"],
        _day(order_summary["first"]),
        _day(order_summary["last"]),
    )


def _profiles(facts: Facts, persons: list[str]) -> dict[str, _Profile]:
    requested = ibis.memtable(pa.table({"requested": pa.array([int(person) for person in persons], pa.int64())}))
    orders = facts.table("orders")
    orders_of_requested = orders.inner_join(requested, orders.person == requested.requested)
    order_summary = orders_of_requested.group_by("person").agg(
        orders=orders_of_requested.count(), first=orders_of_requested.day.min(), last=orders_of_requested.day.max()
    )
    people = facts.table("persons")
    joined = (
        requested.left_join(people, requested.requested == people.person)
        .drop("person")
        .left_join(order_summary, requested.requested == order_summary.person)
    )
    columns = ("requested", "customer", "name", "email", "country", "orders", "first", "last")
    profiles = joined.select(*columns).to_pyarrow().to_pylist()
    return {
        str(row["requested"]): (
            row["customer"], row["name"], row["email"], row["country"], row["orders"] or 0, _day(row["first"]), _day(row["last"])
        )
        for row in profiles
    }  # fmt: skip


def _day(number: int | None) -> date | None:
    return None if number is None else from_epoch_day(number)
