"""Tests of one metric's changes between pairs of periods, before the correction for the number of metrics tested."""

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
from regulars.metrics.verdicts.history import History, season_name, season_of
from regulars.metrics.verdicts.noise import FEWEST_CHANGES, SEASON, Noise, growth, noise
from regulars.metrics.verdicts.scales import Scale, is_total, plain, scales
from regulars.vocabulary.calendar import Grain, Period

FEWEST = 30
"""Customers below which a change has no verdict."""
_LEVEL = 0.95
_BUCKETS_FREEDOM = 31
_YEARS = (Grain.YEAR, Grain.FISCAL_YEAR)
Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Pairs of periods that are compared, as indices into `periods`."""

    periods: Sequence[Period]
    now: Places
    before: Places
    split: bool
    """Whether the values are split; then a total is only tested against the same days a year earlier."""
    year_earlier: bool
    """Whether `before` holds the periods a year earlier."""

    @property
    def days(self) -> Array:
        """The length of each period in days, of shape (periods, 1)."""
        return np.array([period.days for period in self.periods], dtype=float)[:, None]


@dataclass(frozen=True)
class Evidence:
    """The tests of one metric's changes. Arrays of shape (pairs, groups)."""

    before: Array
    difference: Array
    low: Array
    high: Array
    """The 95 % interval of the difference, in the metric's unit, from the buckets of customers."""
    p: Array
    """p value of "nothing changed"; NaN where the change is not tested."""
    away: Flags
    """Whether the interval of the tested value excludes "nothing changed"."""
    direction: Places
    """1 where the tested value rose, −1 where it fell. Orders may rise while the tested orders per day fall."""
    judgeable: Flags
    """Whether both values are known, of complete and mature periods, of a metric that has verdicts."""
    few: Flags
    """Whether there are too few customers behind one of the two values."""
    chance_only: Flags
    """Whether the shop's own noise is unknown, so that the verdict is at most "more than chance"."""
    notes: npt.NDArray[np.object_]


@dataclass
class _TestResult:
    """Results of the tests, with the fields of Evidence."""

    p: Array
    away: Flags
    direction: Places
    chance_only: Flags = field(init=False)
    notes: npt.NDArray[np.object_] = field(init=False)

    def __post_init__(self) -> None:
        self.chance_only = np.zeros(self.p.shape, dtype=bool)
        self.notes = np.full(self.p.shape, "", dtype=object)

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> _TestResult:
        """Return results without any tested change."""
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
    """Test the changes of one metric.

    Args:
        metric: A metric that is compared.
        estimate: Of shape (periods, groups), with the values without each bucket.
        people: The number of customers behind each value.
        comparable: For each pair whether both periods are complete, mature and covered.
        pairs: The periods that are compared.
        start: The customers at the start of each period, the denominator for counts of customers who leave or join.
        history: The earlier periods, which show the usual changes.
    """
    assert estimate.without is not None
    assert estimate.filled is not None
    now, before = pairs.now, pairs.before
    filled = estimate.filled[now] | estimate.filled[before]
    difference = estimate.value[now] - estimate.value[before]
    low, high, _ = jackknife(estimate.without[now] - estimate.without[before], difference, filled)
    behind = np.minimum(people, estimate.n)
    tested = _test(metric, estimate, pairs, start, history)
    judgeable = comparable[:, None] & ~np.isnan(difference) & metric.has_verdict
    tested.p[~judgeable] = np.nan
    few = np.minimum(behind[now], behind[before]) < FEWEST
    if metric.nature is Nature.FLOW and not pairs.year_earlier:
        tested.notes[np.isnan(tested.p)] = "judged against a year earlier only"
    if metric.nature is Nature.FLOW and metric.length is not Length.NONE:
        counted = metric.length is Length.HAZARD and metric.denominator is None
        _note_contrary(tested, difference, "as a share of customers" if counted else "per day")
        _note_days(tested.notes, pairs)
    if metric.nature is Nature.STOCK and not pairs.year_earlier:
        _note_growth(tested, (low > 0) | (high < 0))
    return Evidence(
        estimate.value[before], difference, low, high, tested.p, tested.away, tested.direction, judgeable, few,
        tested.chance_only, tested.notes,
    )  # fmt: skip


def _test(metric: Metric, estimate: Estimate, pairs: Pairs, start: Estimate | None, history: History) -> _TestResult:
    shape = estimate.value[pairs.now].shape
    if not metric.has_verdict:
        return _TestResult.nothing(shape)
    metric_scales = scales(metric, estimate, start, pairs.days)
    if metric.nature is Nature.STOCK:
        return _stock(metric, metric_scales[0], pairs, history)
    if len(metric_scales) == 1:
        return _flow(metric, estimate, metric_scales[0], pairs.days, pairs, history)
    whole_scale, daily_scale = metric_scales
    whole = _flow(metric, estimate, whole_scale, np.ones_like(pairs.days), pairs, history)
    daily = _flow(metric, estimate, daily_scale, pairs.days, pairs, history)
    alike = whole.direction == daily.direction
    away = alike & whole.away & daily.away
    both = _TestResult(np.where(alike, np.maximum(whole.p, daily.p), 1.0), away, np.where(alike, whole.direction, 0))
    both.p[np.isnan(whole.p) | np.isnan(daily.p)] = np.nan
    both.chance_only = whole.chance_only | daily.chance_only
    weaker = whole.p >= daily.p
    deciding, beside = (np.where(weaker == first, whole.notes, daily.notes) for first in (True, False))
    also = np.where(np.where(weaker, daily.away, whole.away), "", beside)
    opposite = whole.away & daily.away & ~alike
    both.notes = np.where(opposite, "", np.where(deciding == "", also, deciding))
    return both


def _flow(
    metric: Metric, estimate: Estimate, scale: Scale, lengths: Array, pairs: Pairs, history: History
) -> _TestResult:
    """Test a flow's change on one scale against the shop's usual changes from one period to the next.

    Usual changes are known for unsplit periods of the calendar. Elsewhere a change is tested by the variation between customers
    alone, a total only against the same days a year earlier. Where the scale is not defined, values are divided by `lengths`.
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
    """Return each change on a scale, and its jackknife error."""
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN
        change = scale.values[pairs.now] - scale.values[pairs.before]
        apart = scale.without[pairs.now] - scale.without[pairs.before]
    _, _, error = jackknife(apart, change, filled[pairs.now] | filled[pairs.before])
    return change, error


def _tested(change: Array, error: Array, freedom: Array) -> _TestResult:
    """Test whether changes differ from 0, by Student's t."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where((change == 0) & ~np.isnan(error), 1.0, two_sided_p(change / error, freedom))
        away = np.abs(change) > bounds(_LEVEL, freedom) * error
    return _TestResult(p, away, np.nan_to_num(np.sign(change)).astype(np.intp))


def _t(change: float, spread: float, freedom: int) -> tuple[float, bool]:
    if change == 0:
        return 1.0, False
    if spread == 0:
        return 0.0, True
    p = float(two_sided_p(np.array([change / spread]), np.array([freedom]))[0])
    return p, abs(change) > float(bounds(_LEVEL, np.array([freedom]))[0]) * spread


def _note(period: Period, d: float, c: float, own: Noise, usual: float, total: bool, away: bool) -> str:
    """Return the note beside the verdict on a flow."""
    if away:
        if usual:
            return f"{'higher' if d > usual else 'lower'} than usual for {season_name(period)}"
        return "season not known" if total and own.enough and not own.season_known else ""
    if usual and _t(d, float(np.sqrt(c**2 + own.variance)), own.freedom)[1]:
        return f"as usual for {season_name(period)}"
    if own.enough and _t(d, c, _BUCKETS_FREEDOM)[1]:
        return f"usual change ±{100 * np.sqrt(own.variance):.0f} %" if total else "such changes are usual here"
    return ""


def _stock(metric: Metric, scale: Scale, pairs: Pairs, history: History) -> _TestResult:
    """Test a stock's growth against its usual growth. There is no test against a year earlier."""
    shape = scale.values[pairs.now].shape
    result = _TestResult.nothing(shape)
    if pairs.year_earlier:
        return result
    timings = {term.timing for term in metric.numerator.terms}
    at_start = timings == {Timing.BEFORE_START}
    for row, place in enumerate(pairs.now):
        period, earlier = pairs.periods[place], pairs.periods[pairs.before[row]]
        grown = scale.values[place] - scale.values[pairs.before[row]]
        grown = grown / (earlier.days if at_start else period.days)
        for group in range(shape[1]):
            compared = growth(float(grown[group]), history.growths(period, scale, group, at_start))
            if compared is not None:
                result.p[row, group], result.away[row, group] = _t(
                    compared.difference, compared.error, compared.freedom
                )
                result.direction[row, group] = np.sign(compared.difference)
    return result


def _note_growth(tested: _TestResult, more_than_chance: Flags) -> None:
    """Note how the growth of a stock compares with the usual one."""
    tested.notes[...] = np.where(more_than_chance, "such growth is usual here", "")
    tested.notes[tested.away & (tested.direction > 0)] = "growth above the usual"
    tested.notes[tested.away & (tested.direction < 0)] = "growth below the usual"
    tested.notes[np.isnan(tested.p)] = "usual growth not known"


def _note_contrary(tested: _TestResult, difference: Array, on_scale: str) -> None:
    """Note where a change and its tested value have opposite signs."""
    contrary = tested.away & (tested.direction * difference < 0)
    for row, group in zip(*np.nonzero(contrary), strict=True):
        note = tested.notes[row, group]
        if "than usual" not in note:
            went = f"{on_scale} it {'rose' if tested.direction[row, group] > 0 else 'fell'}"
            tested.notes[row, group] = f"{went}; {note}" if note else went


def _note_days(notes: npt.NDArray[np.object_], pairs: Pairs) -> None:
    for row, (now, before) in enumerate(zip(pairs.now, pairs.before, strict=True)):
        more = pairs.periods[now].days - pairs.periods[before].days
        if more:
            count = f"{abs(more)} {'more' if more > 0 else 'fewer'} day{'s' if abs(more) > 1 else ''}"
            notes[row] = [f"{count}; {note}" if note else count for note in notes[row]]
