"""Compute sums from a fact's rows, with one query for all measures of the fact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.parts import Part, encode_arrow, grouped
from regulars.metrics.measures import Fact, Measure, SignedMeasure, Timing
from regulars.metrics.relations import (
    BUCKET,
    PERSON,
    bound,
    condition,
    exact,
    orders_of_customers,
    relation,
    with_unknown,
)
from regulars.metrics.scope import Scope
from regulars.vocabulary.calendar import Period, epoch_day
from regulars.warehouse.lazy_imports import ibis, pa, pc

if TYPE_CHECKING:
    import ibis.expr.types as ir

WITHIN = "days_within_periods"
BEFORE = "days_before_boundaries"
Branch = tuple[str, bool]
"""Column of the day on which rows count, and whether they count within the periods (else before their boundaries)."""


def parts_from_rows(fact: Fact, terms: Sequence[SignedMeasure], scope: Scope) -> Iterator[tuple[SignedMeasure, Part]]:
    """Yield the sums of the terms, all of this fact."""
    branches = branches_of(terms)
    table = scope.facts.engine.fetch(
        _key(fact, terms, scope),
        lambda days: aggregate(fact, branches, scope, days),
        tables_of_days(scope, branches),
    )
    splits = tuple(scope.by(fact))
    branch_of = table["branch"].to_numpy()
    money = {name for name in table.column_names if name.startswith("money_")}
    for number, ((_, inside), branch_terms) in enumerate(branches.items()):
        rows = table.filter(pa.array(branch_of == number)) if len(branches) > 1 else table
        groups, group = grouped([encode_arrow(rows[f"split_{place}"]) for place in range(len(splits))], rows.num_rows)
        period = rows["period"].to_numpy()
        apart = scope.apart(fact)
        bucket = rows["bucket_"].to_numpy() if apart else np.zeros(rows.num_rows, dtype=np.int64)
        length = len(scope.periods) if inside else len(scope.boundaries)
        for place, term in branch_terms:
            values = np.zeros((length, len(groups), scope.buckets if apart else 1))
            name = f"money_{place}" if f"money_{place}" in money else f"sum_{place}"
            read = pc.fill_null(rows[name], 0).to_numpy().astype(np.float64)
            if term.measure.complete:
                read = np.where(rows[f"unknown_{place}"].to_numpy() > 0, np.nan, read)
            values[period, group, bucket] = read
            if not inside:
                values = _at_moments(values, term, scope)
            yield term, Part(splits, groups, values, name in money)


def branches_of(terms: Sequence[SignedMeasure]) -> dict[Branch, list[tuple[int, SignedMeasure]]]:
    """Return the terms with their indices by branch; each branch joins the rows with days once."""
    branches: dict[Branch, list[tuple[int, SignedMeasure]]] = defaultdict(list)
    for place, term in enumerate(terms):
        branches[term.measure.day, term.timing is Timing.WITHIN].append((place, term))
    return dict(branches)


def aggregate(
    fact: Fact, branches: Mapping[Branch, list[tuple[int, SignedMeasure]]], scope: Scope, days: Mapping[str, ir.Table]
) -> ir.Table:
    """Return the query: the rows joined with the days that count, summed by period, split and bucket; union of branches."""
    parts = [_branch(fact, day, inside, branch_terms, scope, days) for (day, inside), branch_terms in branches.items()]
    tables = [part.mutate(branch=ibis.literal(number, type="int32")) for number, part in enumerate(parts)]
    if len(tables) == 1:
        return tables[0]
    schema = {name: kind for table in tables for name, kind in table.schema().items()}
    padded = [
        table.select(
            **{name: table[name] if name in table.columns else ibis.null(kind) for name, kind in schema.items()}
        )
        for table in tables
    ]
    return ibis.union(*padded, distinct=False)


def _branch(
    fact: Fact,
    day: str,
    inside: bool,
    terms: list[tuple[int, SignedMeasure]],
    scope: Scope,
    days: Mapping[str, ir.Table],
) -> ir.Table:
    by = scope.by(fact)
    apart = scope.apart(fact)
    rows = relation(
        scope.facts, fact, scope.where_of(fact), scope.active_window, (*by.values(), *((BUCKET,) if apart else ()))
    )
    counted = days[WITHIN if inside else BEFORE]
    rows = rows.inner_join(counted, rows[day] == counted.counted_day)
    rows = rows.mutate(
        **{f"last_{place}": _is_last(rows, term.measure, by) for place, term in terms if term.measure.latest}
    )
    grouped: dict[str, ir.Value] = {"period": rows.period}
    grouped |= {f"split_{place}": _label(rows, column) for place, column in enumerate(by.values())}
    if apart:
        grouped["bucket_"] = rows.bucket.cast("int64")
    sums: dict[str, ir.Value] = {}
    for place, term in terms:
        measure = term.measure
        value, chosen = bound(rows, measure.of), condition(rows, measure.where)
        kind = "money" if value.type().is_decimal() else "sum"
        if measure.latest:
            last = rows[f"last_{place}"]
            chosen = last if chosen is None else chosen & last
        if measure.distinct:
            sums[f"{kind}_{place}"] = rows[measure.distinct].nunique(where=chosen)
        else:
            sums[f"{kind}_{place}"] = exact(value.sum(where=chosen))
        if measure.complete:
            sums[f"unknown_{place}"] = (value.isnull() if chosen is None else value.isnull() & chosen).sum()
    return rows.group_by(**grouped).agg(**sums)


def _is_last(rows: ir.Table, measure: Measure, by: Mapping[str, str]) -> ir.BooleanValue:
    """Whether a row is its entity's last in the period and split value, among the measure's rows; or has no entity."""
    entity, where = rows[measure.latest], condition(rows, measure.where)
    chosen = [] if where is None else [where.fill_null(False)]
    order = [rows[name].desc() for name in (measure.day, *measure.fact.sequence)]
    labels = [_label(rows, column) for column in by.values()]
    place = ibis.row_number().over(group_by=[rows.period, *labels, entity, *chosen], order_by=order)
    return entity.isnull() | (place == 0)


def _label(rows: ir.Table, column: str) -> ir.Value:
    return rows[column] if column == PERSON else with_unknown(rows[column])


def tables_of_days(scope: Scope, branches: Mapping[Branch, object]) -> dict[str, pa.Table]:
    """Return the tables of days that the branches join with."""
    insides = {inside for _, inside in branches}
    tables = {}
    if True in insides:
        tables[WITHIN] = days_within(scope)
    if False in insides:
        tables[BEFORE] = days_before(scope)
    return tables


def days_within(scope: Scope) -> pa.Table:
    """Return the days within each period: counted_day, period (index), period_start, period_end (epoch days)."""
    lengths = [period.days for period in scope.periods]
    starts, ends = [p.first for p in scope.periods], [p.beyond for p in scope.periods]
    columns: dict[str, npt.NDArray[np.int64]] = {
        "counted_day": np.concatenate([np.arange(p.first, p.beyond) for p in scope.periods]),
        "period": np.repeat(np.arange(len(lengths)), lengths),
        "period_start": np.repeat(starts, lengths),
        "period_end": np.repeat(ends, lengths),
    }
    return pa.table({name: pa.array(values, pa.int32()) for name, values in columns.items()})


def days_before(scope: Scope) -> pa.Table:
    """Return the first boundary after each day: counted_day, period (index of the boundary)."""
    ends = scope.boundaries
    first = min((epoch_day(start) for start, _ in scope.facts.coverage.values()), default=ends[0])
    days = np.arange(min(first, ends[0] - 1), ends[-1])
    place = np.searchsorted(np.array(ends), days, side="right")
    return pa.table({"counted_day": pa.array(days, pa.int32()), "period": pa.array(place, pa.int32())})


def _at_moments(values: npt.NDArray[np.float64], term: SignedMeasure, scope: Scope) -> npt.NDArray[np.float64]:
    """Cumulative sums at the periods' starts or ends, from the sums between boundaries."""
    running = np.cumsum(values, axis=0)
    start = term.timing is Timing.BEFORE_START
    moments = [period.first if start else period.beyond for period in scope.periods]
    picked: npt.NDArray[np.float64] = running[np.searchsorted(scope.boundaries, moments)]
    return picked


def _key(fact: Fact, terms: Sequence[SignedMeasure], scope: Scope) -> tuple[object, ...]:
    measures = tuple((term.measure.definition, term.timing) for term in terms)
    return "sums", fact.name, measures, scope.splits, scope.where, scope.active_window, scope.apart(fact)


# Who was active at both ends of a long period -------------------------------------------------------------------------

_WINDOWS = "days_of_windows"


def replace_long(parts: dict[SignedMeasure, Part], scope: Scope) -> None:
    """Replace the sums with `by_sets` for periods longer than the active window, which the histograms cannot count."""
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
        place = np.array([own.index(key) for key in groups], dtype=np.int64)[group]
        bucket = counted["bucket_"].to_numpy() if apart else np.zeros(counted.num_rows, dtype=np.int64)
        period = np.array(long)[counted["period"].to_numpy()]
        np.add.at(values, (period, place, bucket), counted[name].to_numpy())
        part.groups, part.values = own, values


def counts_by_sets(scope: Scope, periods: Sequence[Period], by: tuple[str, ...], bucketed: bool) -> pa.Table:
    """Return counts of customers by period, `by` (as split_0 …) and bucket_.

    `lost` are active at the period's start but not at its end; `new_and_active` have their first order in the period and are
    active at its end.
    """
    key = ("sets", scope.where, by, bucketed)
    return scope.facts.engine.fetch(
        key, lambda tables: _counted(scope, by, bucketed, tables), {_WINDOWS: _windows(scope, periods)}
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


def _counted(scope: Scope, by: tuple[str, ...], bucketed: bool, tables: Mapping[str, ir.Table]) -> ir.Table:
    windows = tables[_WINDOWS]
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
