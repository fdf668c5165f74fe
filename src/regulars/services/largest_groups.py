"""Limit a split to its largest groups, and combine all others into one group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.intervals import ratio
from regulars.metrics.query import Condition, Facts, Query
from regulars.metrics.query_result import Block, Result, Value
from regulars.metrics.relations import filter_column
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Grid, LargestShare, Metric, Quantile

Group = tuple[str, ...]


def largest_groups(result: Result, query: Query, facts: Facts, limit: int) -> tuple[list[Value], int]:
    """Return the values of the largest groups, and for each period one value of all other groups combined.

    The other groups are queried as one set: a customer in several of them counts once. If no condition selects them, their
    sums are added up; a metric that is not additive has no value then.

    Args:
        result: The result of `query`, with all groups.
        query: A query with splits.
        facts: Facts of the shop.
        limit: Number of groups to show separately.

    Returns:
        The values, the largest groups first in each period, and the number of combined groups: 0 if all are shown.
    """
    splits = len(query.splits)
    keys = list(dict.fromkeys(group[:splits] for block in result.blocks for group in block.groups))
    if not splits or len(keys) <= limit + 1:  # one group more takes no more room than a row of others
        return list(result), 0
    sizes = _sizes(result.blocks, keys, splits)
    ranked = [keys[place] for place in np.argsort(-sizes, kind="stable")]
    shown, others = ranked[:limit], ranked[limit:]
    label = f"others ({len(others):,})"
    of_others = _of_others(result.blocks, query, facts, shown, label)
    values: list[Value] = []
    for block in result.blocks:
        together = of_others.get(block.metric) or _added_up(block, query.splits, set(others), label)
        for period in block.periods:
            values += _of_period(block, period.first, shown, splits)
            values += [value for value in together if value.period == period]
    return values, len(others)


def _sizes(blocks: Sequence[Block], keys: Sequence[Group], splits: int) -> npt.NDArray[np.float64]:
    """The size of each group: the amount if the only metric is a total, else the number of rows or customers."""
    place = {key: number for number, key in enumerate(keys)}
    sizes = np.zeros(len(keys))
    for block in blocks:
        is_total = (
            len(blocks) == 1 and block.denominator is None and not isinstance(block.metric, Quantile | LargestShare)
        )
        amounts = np.abs(np.nan_to_num(block.numerator if is_total else block.n)).sum(axis=0)
        np.add.at(sizes, [place[group[:splits]] for group in block.groups], amounts)
    return sizes


def _of_period(block: Block, first: int, shown: Sequence[Group], splits: int) -> Iterator[Value]:
    """The values of the groups shown in the period that starts on an epoch day, in their order."""
    rank = {key: number for number, key in enumerate(shown)}
    ranks = np.array([rank.get(group[:splits], -1) for group in block.groups], dtype=np.int64)
    period, group = np.divmod(block.cells, max(len(block.groups), 1))
    starts = np.array([period.first for period in block.periods])
    places = np.flatnonzero((starts[period] == first) & (ranks[group] >= 0))
    for place in places[np.argsort(ranks[group[places]], kind="stable")]:
        yield block.at(int(place))


def _of_others(
    blocks: Sequence[Block], query: Query, facts: Facts, shown: Sequence[Group], label: str
) -> dict[Metric, list[Value]]:
    """By metric, the values over all rows outside the shown groups, if a condition selects these rows."""
    if len(query.splits) > 1:
        return {}
    (split,) = query.splits
    by_column: dict[str, list[Metric]] = {}
    for block in blocks:
        if column := _condition_column(block.metric, split):
            by_column.setdefault(column, []).append(block.metric)
    values: dict[Metric, list[Value]] = {}
    for column, metrics in by_column.items():
        rest = Condition(column, "!=", tuple(value for (value,) in shown))
        where = (*query.where, rest)
        result = run_query(Query(tuple(metrics), query.periods, (), where, query.active_window), facts)
        for block, metric in zip(result.blocks, metrics, strict=True):
            own = [block.at(place) for place in range(len(block.cells))]
            values[metric] = [replace(value, metric=metric, split={split: label, **value.split}) for value in own]
    return values


def _condition_column(metric: Metric, split: str) -> str:
    """The column whose condition selects the same rows as a value of the split; empty if there is none."""
    columns = dict.fromkeys((split, *(fact.splits[split] for fact in metric.facts if split in fact.splits)))
    for column in columns:
        chooses_alike = all(
            filter_column(fact, Condition(column, "!=", ())) == fact.splits.get(split, "") for fact in metric.facts
        )
        if column in metric.filters and chooses_alike:
            return column
    return ""


def _added_up(block: Block, splits: Sequence[str], others: set[Group], label: str) -> list[Value]:
    """For each period the sum over the other groups; no value if the metric is not additive over groups."""
    if isinstance(block.metric, Grid):
        return []
    places = np.array([number for number, group in enumerate(block.groups) if group in others])
    numerator = block.numerator[:, places].sum(axis=1)
    denominator = None if block.denominator is None else block.denominator[:, places].sum(axis=1)
    value = numerator if denominator is None else ratio(numerator, denominator)
    rows = block.n[:, places].sum(axis=1)
    adds_up = _adds_up(block.metric, splits)
    names = {split: label if number == 0 else "" for number, split in enumerate(splits)}
    values = []
    for number in range(len(block.periods)):
        value_of_group = block.at(number * len(block.groups) + int(places[0]))
        known = adds_up and bool(block.there[number]) and not np.isnan(value[number])
        values.append(
            replace(
                value_of_group,
                split=names,
                value=float(value[number]) if known else None,
                low=None,
                high=None,
                n=int(rows[number]),
                numerator=float(numerator[number]) if known else None,
                denominator=float(denominator[number]) if known and denominator is not None else None,
                change=None,
                year_earlier=None,
                unknown_share=None,
            )
        )
    return values


def _adds_up(metric: Metric, splits: Sequence[str]) -> bool:
    """Whether the metric's sums are additive over the groups of these splits."""
    if isinstance(metric, Quantile | LargestShare):
        return False
    terms = (*metric.numerator.terms, *(metric.denominator.terms if metric.denominator else ()))
    return all(term.measure.adds_up and {*splits} <= {*term.measure.fact.splits} for term in terms)
