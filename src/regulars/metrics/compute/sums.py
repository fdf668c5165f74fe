"""Sums of measures by period, split and bucket: one query for each fact, timing and day column, however many measures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from ibis.common.deferred import Deferred

from regulars.metrics.compute.relations import BUCKET, PERSON, relation, split_columns, with_unknown
from regulars.metrics.compute.sets import counts_by_sets
from regulars.metrics.measures import Amount, Expression, Fact, Measure, Term, Timing
from regulars.metrics.question import Condition, Facts
from regulars.vocabulary.calendar import Period, epoch_day
from regulars.warehouse.facts.heads import BUCKETS

Array = npt.NDArray[np.float64]
MONEY_SCALE = 10_000
"""Money travels as whole ten-thousandths: sums stay exact."""
BY_PERSON = "customer"
"""The split that `rows` uses: one group for each person."""


@dataclass(frozen=True)
class Scope:
    """What the sums are over."""

    facts: Facts
    periods: tuple[Period, ...]
    splits: tuple[str, ...]
    where: tuple[Condition, ...]
    active_window: int
    bucketed: bool
    """Whether sums are kept apart by bucket, as intervals and comparisons need them."""

    @property
    def buckets(self) -> int:
        """Length of the bucket axis."""
        return BUCKETS if self.bucketed else 1

    def by(self, fact: Fact) -> dict[str, str]:
        """Grouping columns of a fact: split -> column."""
        person = {BY_PERSON: PERSON} if BY_PERSON in self.splits and fact.of_customers else {}
        return {**split_columns(fact, self.splits), **person}


@dataclass
class Sums:
    """Sums of measures: arrays of shape (periods, groups, buckets). `groups` are values of the splits, in their order."""

    scope: Scope
    groups: list[tuple[str, ...]] = field(default_factory=list)
    _found: dict[tuple[Measure, Timing], _Part] = field(default_factory=dict)

    def of(self, amount: Amount) -> Array:
        """The amount; NaN where a measure that must be complete is not."""
        total = np.zeros((len(self.scope.periods), len(self.groups), self.scope.buckets))
        for term in amount.terms:
            total = total + term.sign * self._spread(self._found[term.measure, term.timing])
        return total

    def is_money(self, amount: Amount) -> bool:
        """Whether the amount is in ten-thousandths of the currency."""
        return any(self._found[term.measure, term.timing].money for term in amount.terms)

    def _spread(self, part: _Part) -> Array:
        """The part's sums laid out over all groups; a fact that lacks a split gives its whole to each of its values."""
        places = [self.scope.splits.index(split) for split in part.splits]
        index = {group: number for number, group in enumerate(part.groups)}
        rows = np.array([index.get(tuple(group[place] for place in places), -1) for group in self.groups], dtype=int)
        padded = np.concatenate([part.values, np.zeros((part.values.shape[0], 1, part.values.shape[2]))], axis=1)
        return padded[:, rows, :]


@dataclass
class _Part:
    splits: tuple[str, ...]
    groups: list[tuple[str, ...]]
    values: Array
    money: bool


def sums(amounts: Iterable[Amount], scope: Scope) -> Sums:
    """All measures of the amounts. Groups are those that any fact knowing all its splits has."""
    result = Sums(scope)
    for (fact, day, inside), terms in batches(amounts).items():
        read = _within if inside else _running
        result._found.update(read(fact, day, terms, scope))
    result.groups = _groups(result, scope)
    return result


def batches(amounts: Iterable[Amount]) -> dict[tuple[Fact, str, bool], list[Term]]:
    """Terms that one query can sum, by fact, day column, and whether they count inside the period; each term once."""
    found: dict[tuple[Fact, str, bool], dict[tuple[Measure, Timing], Term]] = defaultdict(dict)
    for amount in amounts:
        for term in amount.terms:
            key = (term.measure.fact, term.measure.day, term.timing is Timing.WITHIN)
            found[key][term.measure, term.timing] = term
    return {key: list(terms.values()) for key, terms in found.items()}


def _groups(result: Sums, scope: Scope) -> list[tuple[str, ...]]:
    full = [part for part in result._found.values() if part.splits == scope.splits]
    if not scope.splits:
        return [()]
    return sorted({group for part in full for group in part.groups})


def aggregate(fact: Fact, day: str, terms: list[Term], scope: Scope, days: ir.Table) -> ir.Table:
    """The query of a batch: rows joined with the days that count, summed by period, split and bucket."""
    by = scope.by(fact)
    bucketed = scope.bucketed and fact.of_customers
    columns = (*by.values(), *((BUCKET,) if bucketed else ()))
    rows = relation(scope.facts, fact, scope.where, scope.active_window, columns)
    # Lazily bound names: the measures' expressions see the fact's columns and the period's.
    rows = rows.inner_join(days, rows[day] == days.counted_day)
    grouped: dict[str, ir.Value] = {"period": rows.period}
    grouped |= {f"split_{number}": _label(rows, column) for number, column in enumerate(by.values())}
    if bucketed:
        grouped["bucket_"] = rows.bucket.cast("int64")
    sums_: dict[str, ir.Value] = {}
    for number, term in enumerate(terms):
        measure = term.measure
        value = bound(rows, measure.of)
        chosen = condition(rows, measure.where)
        kind = "money" if value.type().is_decimal() else "sum"
        total = value.nunique(where=chosen) if measure.distinct else exact(value.sum(where=chosen))
        sums_[f"{kind}_{number}"] = total
        if measure.complete:
            unknown = value.isnull() if chosen is None else value.isnull() & chosen
            sums_[f"unknown_{number}"] = unknown.sum()
    return rows.group_by(**grouped).agg(**sums_)


def _label(rows: ir.Table, column: str) -> ir.Value:
    return rows[column] if column == PERSON else with_unknown(rows[column])


def bound(rows: ir.Table, expression: Expression) -> ir.NumericValue:
    """A measure's expression over these rows; a number counts for each row."""
    if isinstance(expression, Deferred):
        return expression.resolve(rows)
    # Every relation has the active window as a column: a constant of a row must be a column too, to be summed.
    return (rows.active_window * 0 + expression).cast("int64")


def condition(rows: ir.Table, expression: Expression) -> ir.BooleanValue | None:
    """A measure's `where` over these rows; None where all count."""
    return expression.resolve(rows) if isinstance(expression, Deferred) else None


def exact(total: ir.NumericValue) -> ir.NumericValue:
    """A sum of money as whole ten-thousandths."""
    if not total.type().is_decimal():
        return total
    scale = ibis.literal(MONEY_SCALE, type="decimal(38, 0)")
    return (total.cast("decimal(38, 4)") * scale).cast("int64")


def days_within(scope: Scope) -> ir.Table:
    """Which days count for which period: counted_day, period, period_start, period_end."""
    days: dict[str, list[npt.NDArray[np.int64]]] = defaultdict(list)
    for number, period in enumerate(scope.periods):
        inside = np.arange(period.first, period.beyond)
        days["counted_day"].append(inside)
        for name, value in (("period", number), ("period_start", period.first), ("period_end", period.beyond)):
            days[name].append(np.full(len(inside), value))
    return ibis.memtable(pa.table({name: np.concatenate(parts).astype(np.int32) for name, parts in days.items()}))


def boundaries(scope: Scope) -> list[int]:
    """The epoch days at which the periods start and end, ascending."""
    return sorted({p.first for p in scope.periods} | {p.beyond for p in scope.periods})


def days_before(scope: Scope) -> ir.Table:
    """Which days come to count at which boundary: counted_day, period (the place of the first boundary after it)."""
    ends = boundaries(scope)
    first = min((epoch_day(start) for start, _ in scope.facts.coverage.values()), default=ends[0])
    days = np.arange(min(first, ends[0] - 1), ends[-1])
    place = np.searchsorted(np.array(ends), days, side="right")
    return ibis.memtable(pa.table({"counted_day": days.astype(np.int32), "period": place.astype(np.int32)}))


def _within(fact: Fact, day: str, terms: list[Term], scope: Scope) -> dict[tuple[Measure, Timing], _Part]:
    """Sums over the rows inside each period."""
    query = aggregate(fact, day, terms, scope, days_within(scope))
    parts = _parts(fact, terms, scope, query, len(scope.periods))
    _replace_long(parts, scope)
    return parts


def _replace_long(parts: dict[tuple[Measure, Timing], _Part], scope: Scope) -> None:
    """For periods longer than the active window the histograms do not tell: take the sets from the orders."""
    long = [number for number, period in enumerate(scope.periods) if period.days > scope.active_window]
    wanted = {measure.by_sets: key for key in parts if (measure := key[0]).by_sets}
    if not long or not wanted:
        return
    by = dict(scope.by(next(iter(parts))[0].fact).items())
    counted = counts_by_sets(scope.facts, scope.where, scope.active_window, [scope.periods[n] for n in long],
                             tuple(by.values()), scope.bucketed)  # fmt: skip
    for name, key in wanted.items():
        part = parts[key]
        part.values[long] = 0
        for row in counted.to_pylist():
            group = tuple(_text(row[f"split_{number}"]) for number in range(len(by)))
            if group not in part.groups:
                part.groups.append(group)
                part.values = np.concatenate([part.values, np.zeros_like(part.values[:, :1, :])], axis=1)
            part.values[long[row["period"]], part.groups.index(group), row.get("bucket_", 0)] += row[name]


def _running(fact: Fact, day: str, terms: list[Term], scope: Scope) -> dict[tuple[Measure, Timing], _Part]:
    """Sums over all rows before each period's start or end, as running totals over the boundaries."""
    ends = boundaries(scope)
    parts = _parts(fact, terms, scope, aggregate(fact, day, terms, scope, days_before(scope)), len(ends))
    index = {boundary: number for number, boundary in enumerate(ends)}
    starts = [index[p.first] for p in scope.periods]
    finishes = [index[p.beyond] for p in scope.periods]
    for (_, timing), part in parts.items():
        running = np.cumsum(part.values, axis=0)
        part.values = running[starts if timing is Timing.BEFORE_START else finishes]
    return parts


def _parts(
    fact: Fact, terms: list[Term], scope: Scope, query: ir.Table, length: int
) -> dict[tuple[Measure, Timing], _Part]:
    found = query.to_pyarrow()
    splits = tuple(scope.by(fact))
    groups, group = _grouped(found, len(splits))
    period = found["period"].to_numpy()
    bucketed = scope.bucketed and fact.of_customers
    bucket = found["bucket_"].to_numpy() if bucketed else np.zeros(found.num_rows, dtype=int)
    parts: dict[tuple[Measure, Timing], _Part] = {}
    for number, term in enumerate(terms):
        values = np.zeros((length, len(groups), scope.buckets))
        money = f"money_{number}" in found.column_names
        read = pc.fill_null(found[f"{'money' if money else 'sum'}_{number}"], 0).to_numpy().astype(np.float64)
        if term.measure.complete:
            read = np.where(found[f"unknown_{number}"].to_numpy() > 0, np.nan, read)
        values[period, group, bucket] = read
        if scope.bucketed and not bucketed:
            values = np.repeat(values[..., :1] / scope.buckets, scope.buckets, axis=2)
        parts[term.measure, term.timing] = _Part(splits, list(groups), values, money)
    return parts


def _grouped(found: pa.Table, splits: int) -> tuple[list[tuple[str, ...]], npt.NDArray[np.int64]]:
    """The distinct groups and each row's place among them."""
    if splits == 0:
        return [()], np.zeros(found.num_rows, dtype=np.int64)
    keys = list(zip(*(found[f"split_{number}"].to_pylist() for number in range(splits)), strict=True))
    groups = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return [tuple(_text(value) for value in key) for key in groups], np.array(
        [groups[key] for key in keys], dtype=np.int64
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
