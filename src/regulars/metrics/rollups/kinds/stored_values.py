"""The values of which the catalogue takes quantiles and largest shares, and the rows that they come from."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.catalogue import CATALOGUE, SHOWN_BESIDE
from regulars.metrics.measures import CUSTOMER_ORDERS, DECLARED, HISTOGRAMS, Timing
from regulars.metrics.relations import BUCKET, PERSON, FactView, bound, condition, ten_thousandths, with_unknown
from regulars.metrics.rollups.constant_columns import row_source
from regulars.metrics.rollups.kinds.projection import ROWS, days_of, start_of
from regulars.metrics.rollups.rollup import RollupUpdate, TableColumns, ibis_table
from regulars.metrics.rollups.rollup_tables import STORED_OF_VALUES, UNSPLIT, grains
from regulars.metrics.shapes import LargestShare, Quantile
from regulars.vocabulary.calendar import Grain
from regulars.warehouse.fact_table import BUCKETS
from regulars.warehouse.lazy_imports import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

LONG = (Grain.MONTH, Grain.QUARTER, Grain.YEAR, Grain.FISCAL_YEAR)
"""Grains that counts of values are stored for; those of gaps, unsplit, for days and weeks too."""
ValueMetric = Quantile | LargestShare
Kind = tuple[ValueMetric, ...]
"""The metrics of the same values."""


def kinds() -> tuple[Kind, ...]:
    """Return the metrics with storable values, those of the same values together."""
    together: dict[tuple[str, ...], dict[str, ValueMetric]] = {}
    for metric in (*CATALOGUE, *SHOWN_BESIDE):
        if isinstance(metric, Quantile | LargestShare) and _can_be_stored(metric):
            together.setdefault(metric.kind, {})[repr(metric.q) if isinstance(metric, Quantile) else "largest"] = metric
    return tuple(tuple(metrics.values()) for metrics in together.values())


def _can_be_stored(metric: ValueMetric) -> bool:
    """Return whether the metric's values can be stored. Those that depend on the active window cannot."""
    return (
        (metric.fact in HISTOGRAMS or metric.fact is CUSTOMER_ORDERS or metric.fact in DECLARED)
        and metric.fact.of_customers
        and (metric.timing is Timing.WITHIN or (metric.timing is Timing.BEFORE_END and bool(metric.per)))
        and metric.day == "day"
        and repr(metric.weight) in ("1", "_.n")
        and not any(word in text for text in metric.kind for word in ("_.active_window", "_.period_"))
    )


def levels_of(work: RollupUpdate, kind: Kind) -> list[tuple[str, Grain]]:
    """Return the splits and grains for which values may be stored."""
    metric = kind[0]
    every = grains(work.settings.calendar)
    long = tuple(grain for grain in every if grain in LONG)
    return [
        (by, grain)
        for by in _splits(work, metric)
        for grain in (every if by == UNSPLIT and metric.fact in HISTOGRAMS else long)
    ]


def _splits(work: RollupUpdate, metric: ValueMetric) -> list[str]:
    """Return the splits of the values: columns of the fact's own table that are not constant."""
    own_columns = dict(work.columns(metric.fact.table)).keys()
    known = {*metric.fact.splits.values()} & own_columns - work.constants.get(row_source(metric.fact), {}).keys()
    return [by for by in STORED_OF_VALUES if by == UNSPLIT or by in known]


def sizes(
    work: RollupUpdate, kind: Kind, splits_and_grains: Iterable[tuple[str, Grain]]
) -> dict[tuple[str, Grain], int]:
    """Return the maximum number of combinations of period, split value and bucket, for each split and grain."""
    fact, levels = kind[0].fact.table, list(splits_and_grains)
    ((first, last),) = work.con.execute(f"SELECT min(day), max(day) FROM facts.{fact}").fetchall()
    days = days_of(work.settings.calendar, first, last)
    values = {
        by: work.number(f'SELECT count(DISTINCT "{by}") + 1 FROM facts.{fact}') if by else 1 for by in dict(levels)
    }
    return {(by, grain): len(np.unique(days[start_of(grain)])) * values[by] * BUCKETS for by, grain in levels}


def rows_of(work: RollupUpdate, metric: ValueMetric, splits: tuple[str, ...]) -> str:
    """Return SQL over ROWS of the counted rows: day, value, bucket, split values, and entity where the metric has one.

    Empty where values are floats, whose sum depends on the order of addition.
    """
    table = work.columns(metric.fact.table)
    key = ("values", table, metric.kind, splits)
    return work.compiled(key, lambda: _counted(table, metric, splits))


@lru_cache(maxsize=64)  # for other shops of the same process
def _counted(table: TableColumns, metric: ValueMetric, splits: tuple[str, ...]) -> str:
    rows = ibis_table(table, ROWS)
    if metric.fact not in DECLARED or metric.per:
        rows = rows.filter(rows[PERSON].notnull())
    view = FactView(rows, metric.fact, 0)
    rows = (rows if view.only is None else rows.filter(view.only)).mutate(**view.added)
    where = condition(rows, metric.where)
    rows = rows if where is None else rows.filter(where)
    rows = rows.mutate(active_window=ibis.literal(0))
    rows = rows.mutate(value=ten_thousandths(bound(rows, metric.of))).filter(lambda valued: valued.value.notnull())
    if rows.value.type().is_floating():
        return ""
    chosen: dict[str, ir.Value] = {
        "day": rows.day,
        "value": rows.value.cast("int64"),
        "bucket": rows[BUCKET].cast("int8"),
    }
    chosen |= {f"by_{name}": with_unknown(rows[name]) for name in splits}
    if metric.per:
        chosen["entity"] = rows[metric.per]
    return str(ibis.to_sql(rows.select(**chosen), dialect="duckdb"))
