"""Quantiles with their intervals: as they are kept, or from histograms of values."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np

from regulars.metrics.cells import quantiles
from regulars.metrics.cells.occurrences import Histogram, Quantiles
from regulars.metrics.compute.asking import fetch
from regulars.metrics.compute.from_rows import WITHIN, days_within
from regulars.metrics.compute.parts import Groups, codes
from regulars.metrics.inference.intervals import Array
from regulars.metrics.kept import Kept
from regulars.metrics.relations import BUCKET, bound, relation, with_unknown
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Quantile
from regulars.warehouse.fact_table import BUCKETS


def kept_quantiles(metric: Quantile, kept: Kept, scope: Scope, groups: Groups) -> Quantiles:
    """The results that are kept. Groups are those of the customers counted beside it."""
    assert scope.facts.run is not None
    since, until = scope.boundaries[0], scope.boundaries[-1]
    found = scope.facts.run(f"{quantiles.read(kept, metric)} AND period >= {since} AND period < {until}", {})
    names, group = codes([found["split"] for _ in scope.by(metric.fact)], found.num_rows)
    index = {one: number for number, one in enumerate(groups)}
    column = np.array([index.get(one, -1) for one in names], dtype=np.int64)[group]
    start_of = {first: number for number, first in enumerate(scope.first.tolist())}
    row = np.array([start_of.get(first, -1) for first in found["period"].to_pylist()], dtype=np.int64)
    asked = (row >= 0) & (column >= 0)
    at = row[asked], column[asked]
    shape = (len(scope.periods), len(groups))

    def laid_out(name: str, fill: float, length: int) -> Array:
        result = np.full((*shape, length), fill)
        result[at] = found[name].combine_chunks().flatten().to_numpy().reshape(-1, length)[asked]
        return result

    value, low, high = np.moveaxis(laid_out("found", np.nan, 3), -1, 0)
    return Quantiles(value, low, high, laid_out("rows", 0, BUCKETS), laid_out("at_most", 0, BUCKETS))


def histogram(metric: Quantile, scope: Scope, groups: Groups) -> Histogram:
    """Read the metric's histogram. Groups are those of the customers counted beside it."""
    by, apart = scope.by(metric.fact), scope.apart(metric.fact)
    key = ("histogram", *metric.kind, scope.splits, scope.where, scope.active_window, apart)
    found = fetch(scope.facts, key, lambda days: _query(metric, scope, days[WITHIN]), {WITHIN: days_within(scope)})
    names, group = codes([found[f"split_{place}"] for place in range(len(by))], found.num_rows)
    index = {one: number for number, one in enumerate(groups)}
    place = np.array([index.get(one, -1) for one in names], dtype=np.int64)[group]
    cell = found["period"].to_numpy().astype(np.int64) * len(groups) + place
    bucket = found["bucket_"].to_numpy().astype(np.int64)
    value = found["value"].to_numpy().astype(np.float64)
    weight = found["weight"].to_numpy().astype(np.float64)
    order = np.lexsort((value, cell))
    # What a later load took back is left in the histograms with nothing in it.
    order = order[(place[order] >= 0) & (weight[order] > 0)]
    shape = (len(scope.periods), len(groups), scope.buckets)
    return Histogram(cell[order], bucket[order], value[order], weight[order], shape)


def _query(metric: Quantile, scope: Scope, days: ir.Table) -> ir.Table:
    by, apart = scope.by(metric.fact), scope.apart(metric.fact)
    columns = (*by.values(), *((BUCKET,) if apart else ()))
    rows = relation(scope.facts, metric.fact, scope.where, scope.active_window, columns)
    if metric.where is not None:
        rows = rows.filter(metric.where)
    rows = rows.inner_join(days, rows[metric.day] == days.counted_day)
    labels = {f"split_{place}": with_unknown(rows[column]) for place, column in enumerate(by.values())}
    bucket = rows.bucket.cast("int64") if apart else ibis.literal(0, type="int64")
    value, weight = bound(rows, metric.of).cast("float64"), bound(rows, metric.weight)
    return rows.group_by(period=rows.period, bucket_=bucket, value=value, **labels).agg(weight=weight.sum())
