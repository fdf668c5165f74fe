"""Who was active at both ends of a period, taken from the orders themselves: for periods longer than the active window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.compute.parts import Part, encode_arrow, grouped
from regulars.metrics.measures import SignedMeasure
from regulars.metrics.relations import PERSON, orders_of_customers, with_unknown
from regulars.metrics.scope import Scope
from regulars.vocabulary.calendar import Period
from regulars.warehouse.lazy_imports import pa

if TYPE_CHECKING:
    import ibis.expr.types as ir

_WINDOWS = "days_of_windows"


def replace_long(parts: dict[SignedMeasure, Part], scope: Scope) -> None:
    """For periods longer than the active window the histograms do not tell: take the sets from the orders."""
    long = [number for number, period in enumerate(scope.periods) if period.days > scope.active_window]
    wanted = {term.measure.by_sets: term for term in parts if term.measure.by_sets}
    if not long or not wanted:
        return
    fact = next(iter(wanted.values())).measure.fact
    by, apart = scope.by(fact), scope.apart(fact)
    counted = counts_by_sets(scope, [scope.periods[number] for number in long], tuple(by.values()), apart)
    groups, group = grouped([encode_arrow(counted[f"split_{place}"]) for place in range(len(by))], counted.num_rows)
    for name, term in wanted.items():
        part = parts[term]
        # Parts of one query share their groups: these get their own.
        own = list(dict.fromkeys((*part.groups, *groups)))
        values = np.zeros((len(scope.periods), len(own), part.values.shape[2]))
        values[:, : len(part.groups)] = part.values
        values[long] = 0
        place = np.array([own.index(one) for one in groups], dtype=np.int64)[group]
        bucket = counted["bucket_"].to_numpy() if apart else np.zeros(counted.num_rows, dtype=np.int64)
        period = np.array(long)[counted["period"].to_numpy()]
        np.add.at(values, (period, place, bucket), counted[name].to_numpy())
        part.groups, part.values = own, values


def counts_by_sets(scope: Scope, periods: Sequence[Period], by: tuple[str, ...], bucketed: bool) -> pa.Table:
    """By period, `by` (as split_0 …) and bucket_: `lost` (active at the start, not at the end) and `new_and_active`
    (first order ever in the period, active at its end).
    """
    key = ("sets", scope.where, by, bucketed)
    return scope.facts.engine.fetch(
        key, lambda given: _counted(scope, by, bucketed, given), {_WINDOWS: _windows(scope, periods)}
    )


def _windows(scope: Scope, periods: Sequence[Period]) -> pa.Table:
    days, number, at_end = [], [], []
    for index, period in enumerate(periods):
        for moment, end in ((period.first, False), (period.beyond, True)):
            window = np.arange(moment - scope.active_window, moment)
            days.append(window)
            number.append(np.full(len(window), index))
            at_end.append(np.full(len(window), end))
    starts = np.array([period.first for period in periods])
    numbers = np.concatenate(number)
    return pa.table(
        {
            "counted_day": np.concatenate(days).astype(np.int32),
            "period": numbers.astype(np.int32),
            "at_end": np.concatenate(at_end).astype(np.int8),
            "period_start": starts[numbers].astype(np.int32),
        }
    )


def _counted(scope: Scope, by: tuple[str, ...], bucketed: bool, given: Mapping[str, ir.Table]) -> ir.Table:
    windows = given[_WINDOWS]
    rows = orders_of_customers(scope.facts, scope.where, by)
    rows = rows.inner_join(windows, rows.day == windows.counted_day)
    names = {
        f"split_{place}": (rows[column] if column == PERSON else with_unknown(rows[column]))
        for place, column in enumerate(by)
    }
    if bucketed:
        names["bucket_"] = rows.bucket.cast("int64")
    people = rows.group_by(period=rows.period, one=rows.person, **names).agg(
        at_end=rows.at_end.max(),
        at_start=(1 - rows.at_end).max(),
        new=(rows.first_day >= rows.period_start).ifelse(1, 0).max(),
    )
    groups = ("period", *names)
    return people.group_by(*groups).agg(
        lost=((people.at_start == 1) & (people.at_end == 0)).sum(),
        new_and_active=((people.at_end == 1) & (people.new == 1)).sum(),
    )
