"""The projection of a family: its rows with the value of each measure, in one query for all groupings."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.inference.value_counts import Numbers
from regulars.metrics.measures import Fact
from regulars.metrics.relations import BUCKET, MONEY_SCALE, PERSON, FactView, bound, condition, with_unknown
from regulars.metrics.rollups.rollup import RollupUpdate, TableColumns, ibis_table
from regulars.metrics.rollups.rollup_tables import (
    RollupTable,
    StoredMeasure,
    additive_measures,
    entity_measures,
    grains,
)
from regulars.vocabulary.calendar import Calendar, Grain, from_epoch_day
from regulars.warehouse.lazy_imports import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROWS = "rollup_rows"
CALENDAR = "rollup_calendar"
"""Relation of each local day with the first day of its week, month …, and the first day after that."""
DAY = "counted_day"
MONEY = "money"
_DAYS = {Grain.DAY: 1, Grain.WEEK: 7}
_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12, Grain.FISCAL_YEAR: 12}
"""Length of the periods, in months."""


@dataclass(frozen=True)
class Column:
    """A column of integers that are summed. `grain` is set where it is defined for periods of this grain only."""

    name: str
    kept_as: str
    """Name of the stored column: `sum_…`, `money_…` (in ten-thousandths), or `unknown_…` (rows with a null)."""
    grain: Grain | None = None

    @property
    def total(self) -> str:
        """SQL of its sum over rows of the projection. Money is scaled after summing: decimals add up fast and exactly."""
        if self.name.startswith(MONEY):
            return f"coalesce((sum({self.name})::DECIMAL(38, 4) * {MONEY_SCALE})::BIGINT, 0)"
        return f"coalesce(sum({self.name})::BIGINT, 0)"

    @property
    def whole(self) -> str:
        """SQL of its value in one row, as it is stored."""
        scaled = f"({self.name}::DECIMAL(38, 4) * {MONEY_SCALE})" if self.name.startswith(MONEY) else self.name
        return f"{scaled}::BIGINT"


@dataclass(frozen=True)
class Projection:
    """SQL over ROWS and CALENDAR: each row's day, first days of its periods, bucket, split values, and `columns`."""

    sql: str
    columns: tuple[Column, ...]
    starts: tuple[str, ...]
    """Columns with the first days of the periods."""
    entity_measures: tuple[str, ...]
    """Names of the stored columns of the family's `entity_measures`, in order."""

    def over(self, rows: str) -> str:
        """Return the SQL over another table of such rows."""
        return self.sql.replace(f'"{ROWS}"', rows)


def start_of(grain: Grain) -> str:
    """Return the column of CALENDAR with the first day of the period of this grain."""
    return f"{grain.value}_start"


def end_of(grain: Grain) -> str:
    """Return the column of CALENDAR with the first day after the period of this grain."""
    return f"{grain.value}_end"


def days_of(calendar: Calendar, first: int, last: int) -> dict[str, Numbers]:
    """Return the columns of CALENDAR for all periods that hold any of the epoch days first … last."""
    all_grains = grains(calendar)
    since = min(calendar.period_of(from_epoch_day(first), grain).first for grain in all_grains)
    until = max(calendar.period_of(from_epoch_day(last), grain).beyond for grain in all_grains)
    days = np.arange(since, until)
    columns = {DAY: days}
    for grain in all_grains:
        columns[start_of(grain)], columns[end_of(grain)] = _bounds(calendar, grain, days)
    return {name: values.astype(np.int32) for name, values in columns.items()}


def _bounds(calendar: Calendar, grain: Grain, days: Numbers) -> tuple[Numbers, Numbers]:
    """Return the first day of each epoch day's period, and the first day after it.

    This is `Calendar.period_of` for many days at once.
    """
    if grain in _DAYS:
        # 1970-01-01 was a Thursday.
        start = days - (days + 3 - calendar.week_start) % 7 if grain is Grain.WEEK else days
        return start, start + _DAYS[grain]
    length = _MONTHS[grain]
    before = calendar.fiscal_year_start - 1 if grain is Grain.FISCAL_YEAR else 0
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) - before
    first = month - month % length + before
    start, end = (
        months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) for months in (first, first + length)
    )
    return start, end


def projection(work: RollupUpdate, family: RollupTable) -> Projection:
    """Return the projection of a family, from the compile cache where it is there."""
    table, active_window = work.columns(family.table), work.settings.active_window
    all_grains = grains(work.settings.calendar)
    sums, of_last = additive_measures(family, active_window), entity_measures(family)
    measures = tuple(stored.digest for stored in (*sums, *of_last))
    key = ("projection", family.name, table, all_grains, active_window, measures)
    sql, columns, starts, entities = work.compiled(
        key, lambda: astuple(_projection(family, table, all_grains, active_window, sums, of_last))
    )
    named = (Column(name, kept_as, None if grain is None else Grain(grain)) for name, kept_as, grain in columns)
    return Projection(sql, tuple(named), tuple(starts), tuple(entities))


@lru_cache(maxsize=64)  # for other shops of the same process
def _projection(
    family: RollupTable,
    table: TableColumns,
    all_grains: tuple[Grain, ...],
    active_window: int,
    sums: tuple[StoredMeasure, ...],
    of_last: tuple[StoredMeasure, ...],
) -> Projection:
    rows = ibis_table(table, ROWS)
    if family.of_known_customers:
        rows = rows.filter(rows[PERSON].notnull())
    # The columns that facts add are computed once, before the many expressions that use them.
    views = {fact: FactView(rows, fact, family.window or active_window) for fact in family.facts}
    added = {_name(fact, name): value for fact, view in views.items() for name, value in view.added.items()}
    added |= {_name(fact, "only"): view.only for fact, view in views.items() if view.only is not None}
    rows = rows.mutate(**added)
    bounds = [name for grain in all_grains for name in (start_of(grain), end_of(grain))]
    calendar = ibis.table(dict.fromkeys((DAY, *bounds), "int32"), name=CALENDAR)
    day = _name(family.facts[0], family.day)
    rows = rows.inner_join(calendar, rows[day if day in added else family.day] == calendar[DAY])
    chosen: dict[str, ir.Value] = {DAY: rows[DAY]} | {start_of(grain): rows[start_of(grain)] for grain in all_grains}
    if family.bucketed:
        chosen["bucket_"] = rows[BUCKET].cast("int32")
    chosen |= {f"by_{column}": with_unknown(rows[column]) for column in family.splits}
    columns: list[Column] = []
    for stored in sums:
        for grain in all_grains if stored.measure.of_period else (None,):
            for kind, value in _values(rows, stored, grain, active_window).items():
                kept_as = f"{kind}_{stored.digest}"
                column = Column(kept_as if grain is None else f"{kept_as}_{grain.value}", kept_as, grain)
                chosen[column.name] = value
                columns.append(column)
    sql = str(ibis.to_sql(rows.select(**chosen), dialect="duckdb"))
    entities = tuple(f"{_kind_of_entities(rows, stored)}_{stored.digest}" for stored in of_last)
    return Projection(sql, tuple(columns), tuple(start_of(grain) for grain in all_grains), entities)


class _Bound:
    """Rows whose expressions have the fact's added columns, the active window and a period's bounds as columns."""

    def __init__(self, rows: ir.Table, fact: Fact, more: dict[str, ir.Value]) -> None:
        self._rows, self._fact, self._more = rows, fact, more

    def __getattr__(self, name: str) -> ir.Value:
        if name in self._more:
            return self._more[name]
        own = _name(self._fact, name)
        return self._rows[own if own in self._rows.columns else name]


def _name(fact: Fact, column: str) -> str:
    return f"{fact.name}_{column}"


def _values(rows: ir.Table, stored: StoredMeasure, grain: Grain | None, active_window: int) -> dict[str, ir.Value]:
    """Return what a row adds to the measure's columns. Empty for a measure of floats, whose sums would not be exact."""
    more: dict[str, ir.Value] = {
        "active_window": ibis.literal(active_window if stored.window is None else stored.window)
    }
    if grain is not None:
        more |= {"period_start": rows[start_of(grain)], "period_end": rows[end_of(grain)]}
    names = _Bound(rows, stored.measure.fact, more)
    value, where = bound(names, stored.measure.of), condition(names, stored.measure.where)
    if value.type().is_floating():
        return {}
    only = _name(stored.measure.fact, "only")
    if only in rows.columns:
        where = rows[only] if where is None else where & rows[only]
    kind = MONEY if value.type().is_decimal() else "sum"
    counts = stored.measure.of == 1 if isinstance(stored.measure.of, int) else repr(stored.measure.of) == "_.n"
    # A condition as a number is summed several times faster than a case.
    values = {kind: where.cast("int32") if counts and where is not None else _where(value, where)}
    if stored.measure.complete:
        unknown = value.isnull() if where is None else value.isnull() & where
        values["unknown"] = unknown.cast("int32")
    return values


def _kind_of_entities(rows: ir.Table, stored: StoredMeasure) -> str:
    names = _Bound(rows, stored.measure.fact, {"active_window": ibis.literal(0)})
    return MONEY if stored.measure.latest and bound(names, stored.measure.of).type().is_decimal() else "sum"


def _where(value: ir.Value, counted: ir.BooleanValue | None) -> ir.Value:
    return value if counted is None else counted.ifelse(value, 0)
