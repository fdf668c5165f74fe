"""What one metric's changes come to, pair of periods by pair, before the family of all metrics is looked at together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from regulars.metrics.compute.estimates import Estimate
from regulars.metrics.inference.intervals import Array, jackknife
from regulars.metrics.inference.student import bounds, two_sided_p
from regulars.metrics.measures import Timing
from regulars.metrics.shapes import Length, Metric, Nature, Quantile
from regulars.metrics.verdicts.history import History
from regulars.metrics.verdicts.noise import FEWEST_CHANGES, SEASON, Noise, growth, noise
from regulars.metrics.verdicts.place_in_year import season_name, season_of
from regulars.metrics.verdicts.scales import Scale, is_total, plain, scales
from regulars.vocabulary.calendar import Grain, Period

FEWEST = 30
"""Customers below which a change is not judged."""
_LEVEL = 0.95
_BUCKETS_FREEDOM = 31
_YEARS = (Grain.YEAR, Grain.FISCAL_YEAR)
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Pairs of periods that are compared: places in `periods`."""

    periods: Sequence[Period]
    now: Places
    before: Places
    split: bool
    """Whether the values are split; then a total is only judged against the same days a year earlier."""
    year_earlier: bool
    """Whether `before` holds the periods a year earlier."""

    @property
    def days(self) -> Array:
        """The length of each period, of shape (periods, 1)."""
        return np.array([period.days for period in self.periods], dtype=float)[:, None]


@dataclass(frozen=True)
class Evidence:
    """Arrays of shape (pairs, groups)."""

    before: Array
    difference: Array
    low: Array
    high: Array
    """The 95 % interval of the difference, in the metric's unit, from the buckets of customers."""
    p: Array
    """Of "nothing changed"; NaN where the change is not judged."""
    away: Flags
    """Whether the interval of what is judged leaves "nothing changed" out."""
    direction: Places
    """1 where what is judged rose, −1 where it fell: orders per day, or beside the usual change, may fall while they rise."""
    judgeable: Flags
    """Whether both values are known, of complete and mature periods, of a metric that is judged."""
    few: Flags
    """Whether one of the two values rests on too few customers."""
    chance_only: Flags
    """Whether nothing is known of the shop's own noise, so that the change can only be called more than chance."""
    notes: npt.NDArray[np.object_]


@dataclass
class _Judged:
    """What is being found out: see Evidence."""

    p: Array
    away: Flags
    direction: Places
    chance_only: Flags = field(init=False)
    notes: npt.NDArray[np.object_] = field(init=False)

    def __post_init__(self) -> None:
        self.chance_only = np.zeros(self.p.shape, dtype=bool)
        self.notes = np.full(self.p.shape, "", dtype=object)

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> _Judged:
        """Where no change is judged."""
        return cls(np.full(shape, np.nan), np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.intp))


def evidence(
    metric: Metric,
    estimate: Estimate,
    people: Array,
    comparable: Flags,
    pairs: Pairs,
    start: Estimate | None,
    history: History,
) -> Evidence:
    """Judge a metric's changes by themselves.

    Args:
        metric: one that is compared.
        estimate: of shape (periods, groups), with the values without each bucket.
        people: how many customers each value rests on.
        comparable: for each pair whether both periods are complete, mature and covered.
        pairs: the periods that are compared.
        start: the customers at the start of each period, to which counts of those who leave or join are put.
        history: the periods before, which tell what is usual.
    """
    assert estimate.without is not None
    assert estimate.filled is not None
    now, before = pairs.now, pairs.before
    filled = estimate.filled[now] | estimate.filled[before]
    difference = estimate.value[now] - estimate.value[before]
    low, high, _ = jackknife(estimate.without[now] - estimate.without[before], difference, filled)
    behind = np.minimum(people, estimate.n)
    judged = _judge(metric, estimate, pairs, start, history)
    judgeable = comparable[:, None] & ~np.isnan(difference) & metric.has_verdict
    judged.p[~judgeable] = np.nan
    few = np.minimum(behind[now], behind[before]) < FEWEST
    if metric.nature is Nature.FLOW and not pairs.year_earlier:
        judged.notes[np.isnan(judged.p)] = "judged against a year earlier only"
    if metric.nature is Nature.FLOW and metric.length is not Length.NONE:
        counted = metric.length is Length.HAZARD and metric.denominator is None
        _note_contrary(judged, difference, "as a share of customers" if counted else "per day")
        _note_days(judged.notes, pairs)
    if metric.nature is Nature.STOCK and not pairs.year_earlier:
        _note_growth(judged, (low > 0) | (high < 0))
    return Evidence(
        estimate.value[before], difference, low, high, judged.p, judged.away, judged.direction, judgeable, few,
        judged.chance_only, judged.notes,
    )  # fmt: skip


def _judge(metric: Metric, estimate: Estimate, pairs: Pairs, start: Estimate | None, history: History) -> _Judged:
    shape = estimate.value[pairs.now].shape
    if not metric.has_verdict:
        return _Judged.nothing(shape)
    found = scales(metric, estimate, start, pairs.days)
    if metric.nature is Nature.STOCK:
        return _stock(metric, found[0], pairs, history)
    if len(found) == 1:
        return _flow(metric, estimate, found[0], pairs.days, pairs, history)
    whole, per_day = found
    one = _flow(metric, estimate, whole, np.ones_like(pairs.days), pairs, history)
    other = _flow(metric, estimate, per_day, pairs.days, pairs, history)
    alike = one.direction == other.direction
    away = alike & one.away & other.away
    both = _Judged(np.where(alike, np.maximum(one.p, other.p), 1.0), away, np.where(alike, one.direction, 0))
    both.p[np.isnan(one.p) | np.isnan(other.p)] = np.nan
    both.chance_only = one.chance_only | other.chance_only
    weaker = one.p >= other.p
    deciding, beside = (np.where(weaker == first, one.notes, other.notes) for first in (True, False))
    also = np.where(np.where(weaker, other.away, one.away), "", beside)
    opposite = one.away & other.away & ~alike
    both.notes = np.where(opposite, "", np.where(deciding == "", also, deciding))
    return both


def _flow(metric: Metric, estimate: Estimate, scale: Scale, lengths: Array, pairs: Pairs, history: History) -> _Judged:
    """A flow's change on one scale against what is usual for the shop from one period to the next.

    What is usual is known of periods of the calendar that are not split. Elsewhere a change is judged by the chance among
    customers alone, a total only against the same days a year earlier. Where the scale does not reach, values are put to
    `lengths`.
    """
    assert estimate.filled is not None
    total, filled = is_total(metric), estimate.filled
    change, error = _changed(scale, filled, pairs)
    plainly = _changed(plain(estimate, lengths), filled, pairs)
    unknown = np.isnan(error)
    freedom = np.maximum((filled[pairs.now] | filled[pairs.before]).sum(axis=-1) - 1, 1).astype(float)
    result = _tested(np.where(unknown, plainly[0], change), np.where(unknown, plainly[1], error), freedom)
    pasts = {} if pairs.split or isinstance(metric, Quantile) else history.pasts(scale, filled)
    for row, place in enumerate(pairs.now):
        period = pairs.periods[place]
        per_year = SEASON.get(period.grain) if period.grain is not None else None
        d, c = float(change[row, 0]) if change.size else np.nan, float(error[row, 0]) if error.size else np.nan
        if pairs.split or per_year is None or np.isnan(d + c):
            if total and not pairs.year_earlier and period.grain not in _YEARS:
                result.p[row] = np.nan
            continue
        if isinstance(metric, Quantile):
            continue
        own = noise(history.before(period, pasts), season_of(period), per_year, per_year if total else FEWEST_CHANGES)
        usual, factor = (0.0, 1.0) if pairs.year_earlier else (own.usual, own.factor)
        spread = float(np.sqrt((c**2 + own.variance) * factor))
        result.p[row, 0], result.away[row, 0] = _t(d - usual, spread, own.freedom)
        result.direction[row, 0] = np.sign(d - usual)
        result.chance_only[row, 0] = total and not own.enough
        result.notes[row, 0] = _note(period, d, c, own, usual, total, bool(result.away[row, 0]))
    return result


def _changed(scale: Scale, filled: Flags, pairs: Pairs) -> tuple[Array, Array]:
    """Each change on a scale, and its jackknife error."""
    with np.errstate(invalid="ignore"):  # endless beside endless: not known
        change = scale.values[pairs.now] - scale.values[pairs.before]
        apart = scale.without[pairs.now] - scale.without[pairs.before]
    _, _, error = jackknife(apart, change, filled[pairs.now] | filled[pairs.before])
    return change, error


def _tested(change: Array, error: Array, freedom: Array) -> _Judged:
    """Whether a change differs from nothing by Student's t."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where((change == 0) & ~np.isnan(error), 1.0, two_sided_p(change / error, freedom))
        away = np.abs(change) > bounds(_LEVEL, freedom) * error
    return _Judged(p, away, np.nan_to_num(np.sign(change)).astype(np.intp))


def _t(change: float, spread: float, freedom: int) -> tuple[float, bool]:
    if change == 0:
        return 1.0, False
    if spread == 0:
        return 0.0, True
    p = float(two_sided_p(np.array([change / spread]), np.array([freedom]))[0])
    return p, abs(change) > float(bounds(_LEVEL, np.array([freedom]))[0]) * spread


def _note(period: Period, d: float, c: float, own: Noise, usual: float, total: bool, away: bool) -> str:
    """What a reader must know of the verdict on a flow."""
    if away:
        if usual:
            return f"{'higher' if d > usual else 'lower'} than usual for {season_name(period)}"
        return "season not known" if total and own.enough and not own.season_known else ""
    if usual and _t(d, float(np.sqrt(c**2 + own.variance)), own.freedom)[1]:
        return f"as usual for {season_name(period)}"
    if own.enough and _t(d, c, _BUCKETS_FREEDOM)[1]:
        return f"usual change ±{100 * np.sqrt(own.variance):.0f} %" if total else "such changes are usual here"
    return ""


def _stock(metric: Metric, scale: Scale, pairs: Pairs, history: History) -> _Judged:
    """A stock's growth against its usual growth; against a year earlier it has no verdict."""
    shape = scale.values[pairs.now].shape
    result = _Judged.nothing(shape)
    if pairs.year_earlier:
        return result
    timings = {term.timing for term in metric.numerator.terms}
    at_start = timings == {Timing.BEFORE_START}
    for row, place in enumerate(pairs.now):
        period, earlier = pairs.periods[place], pairs.periods[pairs.before[row]]
        grown = scale.values[place] - scale.values[pairs.before[row]]
        grown = grown / (earlier.days if at_start else period.days)
        for group in range(shape[1]):
            found = growth(float(grown[group]), history.growths(period, scale, group, at_start))
            if found is not None:
                result.p[row, group], result.away[row, group] = _t(found.difference, found.error, found.freedom)
                result.direction[row, group] = np.sign(found.difference)
    return result


def _note_growth(judged: _Judged, more_than_chance: Flags) -> None:
    """Say of a stock how its growth compares with the usual one."""
    judged.notes[...] = np.where(more_than_chance, "such growth is usual here", "")
    judged.notes[judged.away & (judged.direction > 0)] = "growth above the usual"
    judged.notes[judged.away & (judged.direction < 0)] = "growth below the usual"
    judged.notes[np.isnan(judged.p)] = "usual growth not known"


def _note_contrary(judged: _Judged, difference: Array, on_scale: str) -> None:
    """Say where a change goes one way, and what is judged of it the other."""
    contrary = judged.away & (judged.direction * difference < 0)
    for row, group in zip(*np.nonzero(contrary), strict=True):
        note = judged.notes[row, group]
        if "than usual" not in note:
            went = f"{on_scale} it {'rose' if judged.direction[row, group] > 0 else 'fell'}"
            judged.notes[row, group] = f"{went}; {note}" if note else went


def _note_days(notes: npt.NDArray[np.object_], pairs: Pairs) -> None:
    for row, (now, before) in enumerate(zip(pairs.now, pairs.before, strict=True)):
        more = pairs.periods[now].days - pairs.periods[before].days
        if more:
            count = f"{abs(more)} {'more' if more > 0 else 'fewer'} day{'s' if abs(more) > 1 else ''}"
            notes[row] = [f"{count}; {note}" if note else count for note in notes[row]]
