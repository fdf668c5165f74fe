"""Quantiles, with and without each bucket of customers: as they are kept, or from histograms of values."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np

from regulars.metrics.cells import quantiles
from regulars.metrics.cells.occurrences import Histogram, Quantiles
from regulars.metrics.compute.asking import fetch
from regulars.metrics.compute.from_rows import WITHIN, days_within
from regulars.metrics.compute.parts import Groups, codes
from regulars.metrics.kept import Kept
from regulars.metrics.relations import BUCKET, bound, relation, with_unknown
from regulars.metrics.scope import Scope
from regulars.metrics.shapes import Quantile
from regulars.warehouse.facts.heads import BUCKETS


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
    value, counts = np.full(shape, np.nan), np.zeros(shape)
    results = found["found"].combine_chunks().flatten().to_numpy().reshape(-1, 1 + BUCKETS)[asked]
    value[at], counts[at] = results[:, 0], found["n"].to_numpy()[asked]
    if not scope.apart(metric.fact):
        return Quantiles(value, counts, None, None)
    without, filled = np.full((*shape, BUCKETS), np.nan), np.zeros((*shape, BUCKETS), dtype=bool)
    without[at] = results[:, 1:]
    filled[at] = (found["filled"].to_numpy()[asked, None] >> np.arange(BUCKETS)) & 1
    return Quantiles(value, counts, without, filled)


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
