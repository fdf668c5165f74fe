"""Tables of values for people: by period, by metric and period, compared with the period before, and cohort grids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from regulars.metrics.query import overlap_note
from regulars.metrics.query_result import Change, Value, Verdict
from regulars.metrics.shapes import Age, Grid, Interval, Metric
from regulars.services.serializer import reason_unknown
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.safe_text import one_line
from regulars.vocabulary.units import Better, Unit

_YEAR_CHANGE, _YEAR_VERDICT = "from a year earlier", "verdict on it"
NOT_COMPARED = "Nothing lies before all data: they are compared with nothing."
"""Note on a comparison of the period `all`."""
_ARROWS = ("", "↑ ", "↓ ")
"""By direction: 1 for a rise, -1 for a fall."""
_TONES = {Better.HIGHER: ("red", "green"), Better.LOWER: ("green", "red")}
"""Colours of a fall and of a rise."""


def marks(value: Value) -> str:
    """Return the marks of a value: * for an incomplete period, ° for a value that is not mature."""
    return ("" if value.complete else "*") + ("" if value.mature else "°")


def footnotes(
    values: Iterable[Value], incomplete: str = "incomplete: the data do not reach the period's end"
) -> list[str]:
    """Return one line for each mark of these values, with its meaning."""
    values = list(values)
    notes = []
    hidden = [value.unknown_share for value in values if value.unknown_share is not None]
    if hidden:
        notes.append(f"{numbers.NOTHING} {reason_unknown(*set(hidden))}")
    if any(value.value is None and value.unknown_share is None for value in values):
        notes.append(f"{numbers.NOTHING} nothing to tell from these data; regulars explain NAME says what it needs")
    values = [value for value in values if value.value is not None]
    if any(not value.complete for value in values):
        notes.append(f"* {incomplete}")
    overlapping = dict.fromkeys(note for value in values if value.split and (note := overlap_note(value.metric)))
    return [*notes, *overlapping, *_not_mature(values)]


def _not_mature(values: Sequence[Value]) -> list[str]:
    """When the values that are not mature can be trusted; for several metrics one line per reason, with their names."""
    waits: dict[str, dict[str, None]] = {}
    for value in values:
        if not value.mature:
            waits.setdefault(str(value.metric.maturity), {})[value.metric.name] = None
    several = len({value.metric.name for value in values}) > 1
    return [
        f"° not mature: {', '.join(names) if several else 'it'} can be trusted {wait}" for wait, names in waits.items()
    ]


def text(value: Value) -> str:
    """Return the value as text, with its marks."""
    shown = numbers.shown(value.value, value.metric.unit, value.currency)
    return shown + (marks(value) if value.value is not None else "")


def marked(values: Iterable[Value], year_earlier: bool) -> list[str]:
    """Return a line for each marked event within or between the compared periods of these values."""
    changes = [value.change for value in values]
    changes += [value.year_earlier for value in values] if year_earlier else []
    events = {event for change in changes if change is not None for event in change.events}
    return [f"Marked: {event.day} {event.text}" for event in sorted(events)]


def without_verdict(values: Iterable[Value]) -> list[str]:
    """Return a line with the metrics whose changes have no verdict."""
    changed = (value.metric for value in values if value.change is not None and value.change.difference is not None)
    names = dict.fromkeys(metric.name for metric in changed if not metric.has_verdict)
    return [f"No verdict, as time alone changes them: {', '.join(names)}"] if names else []


_Key = tuple[int, int, tuple[tuple[str, str], ...]]


class Beside:
    """Values of companion metrics: for a mean the median and the largest customer's share; else none."""

    def __init__(self, companions: Sequence[Metric] = (), values: Sequence[Value] = ()) -> None:
        self._companions = tuple(companions)
        self._values: dict[tuple[str, _Key], Value] = {(value.metric.name, _key(value)): value for value in values}

    @property
    def titles(self) -> list[str]:
        """The titles of the table's further columns."""
        return [metric.name.removeprefix(f"{metric.group}_").replace("_", " ") for metric in self._companions]

    def cells(self, value: Value) -> list[str]:
        """Return the cells of the companions in a value's row of a table."""
        return [_text(self._values.get((metric.name, _key(value)))) for metric in self._companions]

    @property
    def columns(self) -> dict[str, Metric]:
        """The further columns of the flat form, each with its metric."""
        return {name: metric for metric in self._companions for name, _ in _numbers(metric, None)}

    def record(self, value: Value) -> dict[str, Any]:
        """Return the further numbers of a value's record, by column."""
        return {
            name: number
            for metric in self._companions
            for name, number in _numbers(metric, self._values.get((metric.name, _key(value))))
        }


def _key(value: Value) -> _Key:
    return value.period.first, value.period.beyond, tuple(value.split.items())


def _text(value: Value | None) -> str:
    if value is None or value.value is None:
        return numbers.NOTHING
    shown = numbers.shown(value.value, value.metric.unit, value.currency)
    interval = numbers.interval(value.low, value.high, value.metric.unit, value.currency)
    return f"{shown} ({interval})" if interval else shown


def _numbers(metric: Metric, value: Value | None) -> Iterator[tuple[str, float | None]]:
    """The value and, if the metric has an interval, its bounds."""
    name = metric.name.removeprefix(f"{metric.group}_")
    yield name, None if value is None else numbers.exact(value.value, None)
    if metric.interval is not Interval.NONE:
        yield f"{name}_low", None if value is None else numbers.exact(value.low, None)
        yield f"{name}_high", None if value is None else numbers.exact(value.high, None)


def by_period(values: Sequence[Value], splits: Sequence[str], compared: bool, beside: Beside | None = None) -> Table:
    """Return the table of one metric: a row for each period and group."""
    beside = beside or Beside()
    metric = values[0].metric if values else None
    of_all = compared and any(value.period.grain is Grain.ALL for value in values)
    compared = compared and not of_all
    titles = ["period", *splits, "value", "95 % interval"]
    below = any(value.denominator is not None for value in values)
    of_year = compared and any(value.year_earlier is not None for value in values)
    titles += ["of", "over"] if below else ["rows"]
    titles += beside.titles
    of_days = any(value.period.grain is Grain.DAY for value in values)
    titles += ["a week before" if of_days else "before", "change", "verdict"] if compared else []
    titles += [_YEAR_CHANGE, _YEAR_VERDICT] if of_year else []
    texts = {"period", *splits, "verdict", _YEAR_VERDICT}
    sheet = Table(titles, numbers=frozenset(titles) - texts, leading=1 + len(splits))
    for value in values:
        unit, currency = value.metric.unit, value.currency
        cells = [value.period.label, *(value.split[split] for split in splits), text(value)]
        cells.append(numbers.interval(value.low, value.high, unit, currency))
        cells += (
            [numbers.plain(value.numerator), numbers.plain(value.denominator)] if below else [numbers.count(value.n)]
        )
        cells += beside.cells(value)
        cells += [_before(value), *_change_cells(value, value.change)] if compared else []
        cells += _change_cells(value, value.year_earlier) if of_year else []
        sheet.rows.append(cells)
        sheet.tones.append(_tones(value))
    if metric is not None:
        sheet.title = metric.name
        if below:
            sheet.notes.append(f"value = of / over: {metric.formula}")
        sheet.notes += footnotes(values)
        sheet.notes += [*without_verdict(values), *marked(values, of_year)]
        sheet.notes += [NOT_COMPARED] if of_all else []
    return sheet


def _before(value: Value) -> str:
    change = value.change
    return "" if change is None else numbers.shown(change.before, value.metric.unit, value.currency)


def _change_cells(value: Value, change: Change | None) -> list[str]:
    """The difference with its interval, and the verdict with its note."""
    if change is None:
        return ["", ""]
    return [_difference(value, change), _verdict(change)]


def _difference(value: Value, change: Change) -> str:
    return numbers.change(change.difference, change.low, change.high, value.metric.unit, value.currency)


def _verdict(change: Change) -> str:
    """The verdict with its note, such as "within noise; 3 more days"; with an arrow if the change is real."""
    verdict = "" if change.verdict is None else change.verdict.value
    note = "" if change.note and change.note in verdict else change.note
    return _ARROWS[_direction(change)] + "; ".join(part for part in (verdict, note) if part)


def _direction(change: Change) -> int:
    """1 for a real rise, -1 for a real fall, else 0; of the tested quantity, such as orders per day."""
    return change.direction if change.verdict is Verdict.REAL else 0


def _tones(value: Value) -> dict[str, str]:
    """Green or red for a real change, by the metric's better direction; no colour if it has none."""
    tones: dict[str, str] = {}
    for change, columns_ in (
        (value.change, ("change", "verdict")),
        (value.year_earlier, (_YEAR_CHANGE, _YEAR_VERDICT)),
    ):
        direction = 0 if change is None else _direction(change)
        if direction and value.metric.better in _TONES:
            tones |= dict.fromkeys(columns_, _TONES[value.metric.better][direction > 0])
    return tones


def sentence_tone(value: Value) -> str:
    """Return the colour of the sentence on the changes: theirs if all have the same; else empty."""
    tones = _tones(value)
    changes = {"verdict": value.change, _YEAR_VERDICT: value.year_earlier}
    colours = {tones.get(name, "") for name, change in changes.items() if change and change.difference is not None}
    return colours.pop() if len(colours) == 1 else ""


def alone(values: Sequence[Value], splits: Sequence[str], period: str, title: str) -> Table:
    """Return the table of several metrics in one period, without a comparison."""
    sheet = Table(
        ["metric", *splits, period, "95 % interval"], title=title, numbers=frozenset((period, "95 % interval"))
    )
    for value in values:
        interval = numbers.interval(value.low, value.high, value.metric.unit, value.currency)
        sheet.rows.append([value.metric.name, *(value.split[split] for split in splits), text(value), interval])
    return sheet


def beside_before(
    values: Sequence[Value], splits: Sequence[str], period: str, before: str, title: str, *, is_brief: bool = False
) -> Table:
    """Return the table of several metrics in one period, with the period before, a year earlier, and the verdict.

    A wide terminal also shows the difference to a year earlier.

    Args:
        values: Compared values of one period.
        splits: Names of the splits.
        period: Label of the period.
        before: Label of the period before.
        title: Title of the table.
        is_brief: Whether a narrow terminal gets one line per metric: rounded amounts, verdicts without notes and intervals.
    """
    year = year_label(values, before)
    years = [year] if year else []
    titles = ["metric", *splits, period, "95 % interval", before, *years, "change", "verdict"]
    right = frozenset((period, "95 % interval", before, *years, "change", _YEAR_CHANGE))
    sheet = Table(titles, title=title, numbers=right, leading=1)
    wide = Table([*titles, _YEAR_CHANGE, _YEAR_VERDICT], title=title, numbers=right, leading=1)
    short = frozenset((period, before, *years))
    stacked_titles = ["metric", *splits, period, before, *(years if is_brief else []), "verdict"]
    narrow, names_whole = (Table(stacked_titles, title=title, numbers=short, leading=1) for _ in range(2))
    for value in values:
        name, groups = value.metric.name, [value.split[split] for split in splits]
        interval = numbers.interval(value.low, value.high, value.metric.unit, value.currency)
        earlier, (change, verdict) = _before(value), _change_cells(value, value.change)
        year_value = [_of_year(value)] if year else []
        sheet.rows.append([name, *groups, text(value), interval, earlier, *year_value, change, verdict])
        wide.rows.append([*sheet.rows[-1], *_change_cells(value, value.year_earlier)])
        cells = (
            _one_line_cells(value, is_year_known=bool(year))
            if is_brief
            else _stacked_cells(value, interval, earlier, change, verdict)
        )
        cells = [*map(one_line, groups), *cells]
        narrow.rows.append([_broken(name, 18), *cells])
        names_whole.rows.append([_broken(name, 22 if is_brief else 32), *cells])
        for form in (sheet, wide, narrow, names_whole):
            form.tones.append(_tones(value))
    narrow.wide = names_whole
    sheet.narrow = narrow
    if year:
        sheet.wide = wide
    return sheet


def year_label(values: Iterable[Value], before: str) -> str:
    """Return the label of the period a year earlier; empty if no value has one, or it is the period before."""
    labels = (value.year_earlier.period.label for value in values if value.year_earlier is not None)
    return next((label for label in labels if label != before), "")


def _of_year(value: Value) -> str:
    change = value.year_earlier
    return numbers.shown(None if change is None else change.before, value.metric.unit, value.currency)


def _stacked_cells(value: Value, interval: str, earlier: str, change: str, verdict: str) -> list[str]:
    """The value over its interval; the period before over the change and the value a year earlier; the verdict."""
    year = value.year_earlier
    of_year = "" if year is None or year.before is None else f"{year.period.label}: {_of_year(value)}"
    before = [earlier, *change.replace(" (", "\n(").split("\n"), of_year]
    return [f"{text(value)}\n{interval}".rstrip(), "\n".join(filter(None, before)), verdict]


def _one_line_cells(value: Value, *, is_year_known: bool) -> list[str]:
    """The value, those of the period before and of a year earlier, and the verdict, in short forms."""
    change, year = value.change, value.year_earlier
    of_year = [_rounded(value, None if year is None else year.before)] if is_year_known else []
    verdict = "" if change is None or change.verdict is None else change.verdict.value.partition(";")[0]
    arrow = "" if change is None else _ARROWS[_direction(change)]
    now = _rounded(value, value.value) + (marks(value) if value.value is not None else "")
    return [now, "" if change is None else _rounded(value, change.before), *of_year, arrow + verdict]


def _rounded(value: Value, amount: float | None) -> str:
    """A number in the value's unit; money from 1,000 on without decimals."""
    if amount is not None and value.metric.unit is Unit.MONEY and abs(amount) >= 1000:
        return f"{amount:,.0f} {value.currency or ''}".rstrip()
    return numbers.shown(amount, value.metric.unit, value.currency)


def _broken(name: str, longest: int) -> str:
    """A long name in several lines, split after underscores."""
    lines = [""]
    for part in re.findall(r"[^_]*_|[^_]+", name):
        if lines[-1] and len(lines[-1] + part) > longest:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def side_by_side(values: Sequence[Value], splits: Sequence[str], periods: Sequence[str], title: str) -> Table:
    """Return the table of several metrics over several periods: a column for each period."""
    sheet = Table(["metric", *splits, *periods], title=title, numbers=frozenset(periods), leading=1 + len(splits))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for value in values:
        key = (value.metric.name, *(value.split[split] for split in splits))
        rows.setdefault(key, {})[value.period.label] = text(value)
    for key, cells in rows.items():
        sheet.rows.append([*key, *(cells.get(period, "") for period in periods)])
    return sheet


# Cohort grids ---------------------------------------------------------------------------------------------------------

AGE = "age"
_PARTLY = "only a part of the cohort has reached this age yet: a share of that part, which the average leaves out"


def triangle(values: Sequence[Value], splits: Sequence[str]) -> Table:
    """Return the table of one cohort grid. A cumulative metric has no cells of ages that only a part of a cohort reached."""
    if not values:
        return Table(["cohort", "customers"], notes=["No cohort of these periods has an age that is over."])
    metric = values[0].metric
    assert isinstance(metric, Grid)
    shown = [value for value in values if value.complete or not metric.cumulative]
    cells: dict[tuple[str, ...], dict[int, Value]] = {}
    for value in values:
        key = (value.period.label, *(value.split[split] for split in splits))
        cells.setdefault(key, {})[int(value.split[AGE])] = value
    ages = sorted({int(value.split[AGE]) for value in shown})
    leading = ["cohort", *splits, "customers"]
    lines = [([*key, _customers(row)], [_cell(row.get(age), metric) for age in ages]) for key, row in cells.items()]
    average = ["average", *("" for _ in splits), ""], [_average(values, age) for age in ages]
    titles = [*leading, *(str(age) for age in ages)]
    sheet = Table(titles, title=metric.name, numbers=frozenset(titles[1 + len(splits) :]), leading=len(leading))
    sheet.rows = [[*head, *row] for head, row in [*lines, average]]
    unit = "months" if metric.age is Age.CALENDAR_MONTHS else "blocks of 30 days"
    amount = f" in {values[0].currency}" if values[0].currency else " in per cent"
    sheet.notes.append(f"Columns: {unit} since the first order{amount}. The average weighs cohorts by their customers.")
    sheet.notes += footnotes(shown, _PARTLY)
    return sheet


def _customers(row: dict[int, Value]) -> str:
    return numbers.count(max(value.n for value in row.values()))


def _cell(value: Value | None, metric: Grid) -> str:
    if value is None or (metric.cumulative and not value.complete):
        return ""
    return _short(value.value, value) + ("" if value.complete else "*")


def _short(number: float | None, like: Value) -> str:
    """A number without its unit, which is in the note."""
    return numbers.shown(number, like.metric.unit, like.currency).split(" ")[0]


def _average(values: Sequence[Value], age: int) -> str:
    """The ratio of the sums of numerators and denominators, over all complete cells of an age."""
    over = [value for value in values if value.split[AGE] == str(age) and value.complete]
    known = [value for value in over if value.numerator is not None and value.denominator]
    if not known or len(known) < len(over):
        return numbers.NOTHING
    return _short(sum(v.numerator or 0 for v in known) / sum(v.denominator or 0 for v in known), known[0])
