"""A family's rows with the value that each measure takes of each row: one query, whatever it is summed by afterwards."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.inference.value_counts import Numbers
from regulars.metrics.measures import Fact
from regulars.metrics.relations import BUCKET, MONEY_SCALE, PERSON, FactView, bound, condition, with_unknown
from regulars.metrics.rollups.rollup import RollupUpdate
from regulars.metrics.rollups.rollup_tables import (
    RollupTable,
    StoredMeasure,
    additive_measures,
    entity_measures,
    grains,
)
from regulars.metrics.rollups.table_columns import TableColumns, ibis_table
from regulars.vocabulary.calendar import Calendar, Grain, from_epoch_day
from regulars.warehouse.lazy_imports import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROWS = "rollup_rows"
CALENDAR = "rollup_calendar"
"""Each local day with the first day of the week, month … it lies in, and the first day after that."""
DAY = "counted_day"
MONEY = "money"
_DAYS = {Grain.DAY: 1, Grain.WEEK: 7}
_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12, Grain.FISCAL_YEAR: 12}
"""How long periods are."""


@dataclass(frozen=True)
class Column:
    """A column of whole numbers to be added up. `grain` is set where it means something for periods of this grain only."""

    name: str
    kept_as: str
    """What the column is called where it is kept: `sum_…`, `money_…` (ten-thousandths), or `unknown_…` (rows without)."""
    grain: Grain | None = None

    @property
    def total(self) -> str:
        """SQL of its sum over rows of the projection. Money is scaled after summing: decimals add up fast and exactly."""
        if self.name.startswith(MONEY):
            return f"coalesce((sum({self.name})::DECIMAL(38, 4) * {MONEY_SCALE})::BIGINT, 0)"
        return f"coalesce(sum({self.name})::BIGINT, 0)"

    @property
    def whole(self) -> str:
        """SQL of its value in one row, as it is kept."""
        scaled = f"({self.name}::DECIMAL(38, 4) * {MONEY_SCALE})" if self.name.startswith(MONEY) else self.name
        return f"{scaled}::BIGINT"


@dataclass(frozen=True)
class Projection:
    """SQL over ROWS and CALENDAR: for each row its day, the periods' first days, bucket, split values, and `columns`."""

    sql: str
    columns: tuple[Column, ...]
    starts: tuple[str, ...]
    """The columns with the first days of the periods."""
    entity_measures: tuple[str, ...]
    """What the columns of the family's `of_entities` are called where they are kept, in their order."""

    def over(self, rows: str) -> str:
        """The SQL over another table of such rows."""
        return self.sql.replace(f'"{ROWS}"', rows)


def start_of(grain: Grain) -> str:
    """The column of CALENDAR with the first day of the period of this grain."""
    return f"{grain.value}_start"


def end_of(grain: Grain) -> str:
    """The column of CALENDAR with the first day after it."""
    return f"{grain.value}_end"


def days_of(calendar: Calendar, first: int, last: int) -> dict[str, Numbers]:
    """The columns of CALENDAR for all periods that hold any of the epoch days first … last, to be registered."""
    asked = grains(calendar)
    since = min(calendar.period_of(from_epoch_day(first), grain).first for grain in asked)
    until = max(calendar.period_of(from_epoch_day(last), grain).beyond for grain in asked)
    days = np.arange(since, until)
    columns = {DAY: days}
    for grain in asked:
        columns[start_of(grain)], columns[end_of(grain)] = _bounds(calendar, grain, days)
    return {name: values.astype(np.int32) for name, values in columns.items()}


def _bounds(calendar: Calendar, grain: Grain, days: Numbers) -> tuple[Numbers, Numbers]:
    """The first day of each epoch day's period, and the first one after it: `Calendar.period_of` of many days at once."""
    if grain in _DAYS:
        # 1970-01-01 was a Thursday.
        start = days - (days + 3 - calendar.week_start) % 7 if grain is Grain.WEEK else days
        return start, start + _DAYS[grain]
    length = _MONTHS[grain]
    before = calendar.fiscal_year_start - 1 if grain is Grain.FISCAL_YEAR else 0
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) - before
    first = month - month % length + before
    start, end = (
        one.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) for one in (first, first + length)
    )
    return start, end


def projection(work: RollupUpdate, family: RollupTable) -> Projection:
    """The family's rows as sums see them, compiled once."""
    table, active_window = work.columns(family.table), work.settings.active_window
    asked = grains(work.settings.calendar)
    sums, of_last = additive_measures(family, active_window), entity_measures(family)
    measures = tuple(one.digest for one in (*sums, *of_last))
    key = ("projection", family.name, table, asked, active_window, measures)
    sql, columns, starts, entities = work.compiled(
        key, lambda: astuple(_projection(family, table, asked, active_window, sums, of_last))
    )
    named = (Column(name, kept_as, None if grain is None else Grain(grain)) for name, kept_as, grain in columns)
    return Projection(sql, tuple(named), tuple(starts), tuple(entities))


@lru_cache(maxsize=64)  # for other shops of the same process
def _projection(
    family: RollupTable,
    table: TableColumns,
    asked: tuple[Grain, ...],
    active_window: int,
    sums: tuple[StoredMeasure, ...],
    of_last: tuple[StoredMeasure, ...],
) -> Projection:
    rows = ibis_table(table, ROWS)
    if family.of_known_customers:
        rows = rows.filter(rows[PERSON].notnull())
    # What the facts add is computed once, before the many columns that ask for it.
    seen = {fact: FactView(rows, fact, family.window or active_window) for fact in family.facts}
    added = {_name(fact, name): value for fact, one in seen.items() for name, value in one.added.items()}
    added |= {_name(fact, "only"): one.only for fact, one in seen.items() if one.only is not None}
    rows = rows.mutate(**added)
    bounds = [name for grain in asked for name in (start_of(grain), end_of(grain))]
    calendar = ibis.table(dict.fromkeys((DAY, *bounds), "int32"), name=CALENDAR)
    day = _name(family.facts[0], family.day)
    rows = rows.inner_join(calendar, rows[day if day in added else family.day] == calendar[DAY])
    chosen: dict[str, ir.Value] = {DAY: rows[DAY]} | {start_of(grain): rows[start_of(grain)] for grain in asked}
    if family.bucketed:
        chosen["bucket_"] = rows[BUCKET].cast("int32")
    chosen |= {f"by_{column}": with_unknown(rows[column]) for column in family.splits}
    columns: list[Column] = []
    for one in sums:
        for grain in asked if one.measure.of_period else (None,):
            for kind, value in _values(rows, one, grain, active_window).items():
                kept_as = f"{kind}_{one.digest}"
                column = Column(kept_as if grain is None else f"{kept_as}_{grain.value}", kept_as, grain)
                chosen[column.name] = value
                columns.append(column)
    sql = str(ibis.to_sql(rows.select(**chosen), dialect="duckdb"))
    entities = tuple(f"{_kind_of_entities(rows, one)}_{one.digest}" for one in of_last)
    return Projection(sql, tuple(columns), tuple(start_of(grain) for grain in asked), entities)


class _Bound:
    """Rows whose expressions see what a fact adds to them, the active window and a period's bounds as columns."""

    def __init__(self, rows: ir.Table, fact: Fact, more: dict[str, ir.Value]) -> None:
        self._rows, self._fact, self._more = rows, fact, more

    def __getattr__(self, name: str) -> ir.Value:
        if name in self._more:
            return self._more[name]
        own = _name(self._fact, name)
        return self._rows[own if own in self._rows.columns else name]


def _name(fact: Fact, column: str) -> str:
    return f"{fact.name}_{column}"


def _values(rows: ir.Table, one: StoredMeasure, grain: Grain | None, active_window: int) -> dict[str, ir.Value]:
    """What a row adds to the measure's columns. Nothing for a measure of floats, whose sums would not be exact."""
    more: dict[str, ir.Value] = {"active_window": ibis.literal(active_window if one.window is None else one.window)}
    if grain is not None:
        more |= {"period_start": rows[start_of(grain)], "period_end": rows[end_of(grain)]}
    names = _Bound(rows, one.measure.fact, more)
    value, where = bound(names, one.measure.of), condition(names, one.measure.where)
    if value.type().is_floating():
        return {}
    only = _name(one.measure.fact, "only")
    if only in rows.columns:
        where = rows[only] if where is None else where & rows[only]
    kind = MONEY if value.type().is_decimal() else "sum"
    counts = one.measure.of == 1 if isinstance(one.measure.of, int) else repr(one.measure.of) == "_.n"
    # A condition as a number is summed several times faster than a case.
    found = {kind: where.cast("int32") if counts and where is not None else _where(value, where)}
    if one.measure.complete:
        unknown = value.isnull() if where is None else value.isnull() & where
        found["unknown"] = unknown.cast("int32")
    return found


def _kind_of_entities(rows: ir.Table, one: StoredMeasure) -> str:
    names = _Bound(rows, one.measure.fact, {"active_window": ibis.literal(0)})
    return MONEY if one.measure.latest and bound(names, one.measure.of).type().is_decimal() else "sum"


def _where(value: ir.Value, counted: ir.BooleanValue | None) -> ir.Value:
    return value if counted is None else counted.ifelse(value, 0)
