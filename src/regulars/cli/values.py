"""Values as records for programs (the contract of `metric` and `metrics`), and as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from regulars.cli import numbers
from regulars.cli.output import Sheet
from regulars.metrics.answer import Change, Value
from regulars.metrics.shapes import Total
from regulars.vocabulary import money
from regulars.vocabulary.safe_text import one_line
from regulars.vocabulary.units import Unit

_CHANGE = ("before", "difference", "difference_low", "difference_high", "verdict")


def record(value: Value, compared: bool) -> dict[str, Any]:
    """One value with everything that belongs to it; `change` only where a comparison was asked for."""
    places = _places(value)
    period = value.period
    found: dict[str, Any] = {
        "metric": value.metric.name,
        "period": {
            "label": period.label,
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
            "finished": value.finished,
            "ripe": value.ripe,
        },
        "split": value.split,
        "value": numbers.exact(value.value, places),
        "low": numbers.exact(value.low, places),
        "high": numbers.exact(value.high, places),
        "n": value.n,
        "numerator": numbers.exact(value.numerator, money.SCALE),
        "denominator": numbers.exact(value.denominator, money.SCALE),
        "unit": value.metric.unit.value,
        "currency": value.currency,
        "timezone": value.timezone,
    }
    if value.unknown_share is not None:
        found["unknown_share"] = numbers.exact(value.unknown_share, 4)
        found["reason"] = _reason(value.unknown_share)
    if compared:
        found["change"] = None if value.change is None else _change(value.change, places)
    return found


def _reason(*unknown_shares: float) -> str:
    """Why there is no value, where too much of the metric has no value of the split or filter."""
    share = ("up to " if len(unknown_shares) > 1 else "") + numbers.shown(max(unknown_shares), Unit.SHARE)
    return f"not known by this split or filter: {share} of the metric stands under unknown"


def _change(change: Change, places: int | None) -> dict[str, Any]:
    return {
        "before": numbers.exact(change.before, places),
        "difference": numbers.exact(change.difference, places),
        "low": numbers.exact(change.low, places),
        "high": numbers.exact(change.high, places),
        "verdict": None if change.verdict is None else change.verdict.value,
    }


def _places(value: Value) -> int | None:
    """Decimal places of a sum of money: the currency's. An average has as many as it needs."""
    return money.digits(value.currency) if value.currency and isinstance(value.metric, Total) else None


def columns(splits: Sequence[str], compared: bool) -> list[str]:
    """The columns of the flat form. A split that is called like one of them gets `split_` before its name."""
    fixed = ["metric", "period", "start", "end", "finished", "ripe"]
    rest = ["value", "low", "high", "n", "numerator", "denominator", "unit", "currency", "timezone"]
    named = [f"split_{split}" if split in (*fixed, *rest) else split for split in splits]
    return [*fixed, *named, *rest, *(_CHANGE if compared else ())]


def flat(value: Value, splits: Sequence[str], compared: bool) -> dict[str, Any]:
    """The same record in one row, for CSV; sums of money with all their decimals."""
    found = record(value, compared)
    period, change = found["period"], found.get("change") or {}
    cells: list[Any] = [found["metric"], *period.values(), *(value.split.get(split) for split in splits)]
    cells += [found["value"], found["low"], found["high"], found["n"], found["numerator"], found["denominator"]]
    cells += [found["unit"], found["currency"], found["timezone"]]
    if compared:
        cells += [change.get(name) for name in ("before", "difference", "low", "high", "verdict")]
    row = dict(zip(columns(splits, compared), cells, strict=True))
    places = _places(value)
    if places is not None:
        for name in {"value", "numerator", "before", "difference", "difference_low", "difference_high"} & row.keys():
            row[name] = numbers.fixed(row[name], places)
    return row


def marks(value: Value) -> str:
    """* for a period that is not over, ° for one whose late events are still to come."""
    return ("" if value.finished else "*") + ("" if value.ripe else "°")


def footnotes(
    values: Iterable[Value], unfinished: str = "not finished: the data do not reach the period's end"
) -> list[str]:
    """What the marks of these values mean, where there are any."""
    values = list(values)
    notes = []
    hidden = [value.unknown_share for value in values if value.unknown_share is not None]
    if hidden:
        notes.append(f"{numbers.NOTHING} {_reason(*set(hidden))}")
    if any(value.value is None and value.unknown_share is None for value in values):
        notes.append(f"{numbers.NOTHING} nothing to tell from these data; regulars explain NAME says what it needs")
    values = [value for value in values if value.value is not None]
    if any(not value.finished for value in values):
        notes.append(f"* {unfinished}")
    waits = dict.fromkeys(value.metric.ripens.value for value in values if not value.ripe)
    if waits:
        notes.append(f"° not ripe: it can be trusted {'; '.join(waits)}")
    return notes


def text(value: Value) -> str:
    """The value for people, with its marks."""
    shown = numbers.shown(value.value, value.metric.unit, value.currency)
    return shown + (marks(value) if value.value is not None else "")


def by_period(values: Sequence[Value], splits: Sequence[str], compared: bool) -> Sheet:
    """One metric: a row for each period and group."""
    metric = values[0].metric if values else None
    titles = ["period", *splits, "value", "95 % interval"]
    below = any(value.denominator is not None for value in values)
    titles += ["of", "over"] if below else ["rows"]
    titles += ["before", "change", "verdict"] if compared else []
    sheet = Sheet(titles, numbers=frozenset(titles) - {"period", *splits, "verdict"}, leading=1 + len(splits))
    for value in values:
        unit, currency = value.metric.unit, value.currency
        cells = [value.period.label, *(value.split[split] for split in splits), text(value)]
        cells.append(numbers.interval(value.low, value.high, unit, currency))
        cells += (
            [numbers.plain(value.numerator), numbers.plain(value.denominator)] if below else [numbers.count(value.n)]
        )
        sheet.rows.append([*cells, *(_compared(value) if compared else ())])
    if metric is not None:
        sheet.title = metric.name
        if below:
            sheet.notes.append(f"value = of / over: {metric.formula}")
        sheet.notes += footnotes(values)
    return sheet


def _compared(value: Value) -> list[str]:
    unit, currency, change = value.metric.unit, value.currency, value.change
    if change is None:
        return ["", "", ""]
    return [
        numbers.shown(change.before, unit, currency),
        numbers.difference(change.difference, unit, currency),
        "" if change.verdict is None else change.verdict.value,
    ]


def alone(values: Sequence[Value], splits: Sequence[str], period: str, title: str) -> Sheet:
    """Many metrics in one period that has none before it."""
    sheet = Sheet(
        ["metric", *splits, period, "95 % interval"], title=title, numbers=frozenset((period, "95 % interval"))
    )
    for value in values:
        interval = numbers.interval(value.low, value.high, value.metric.unit, value.currency)
        sheet.rows.append([value.metric.name, *(value.split[split] for split in splits), text(value), interval])
    return sheet


def beside_before(values: Sequence[Value], splits: Sequence[str], period: str, before: str, title: str) -> Sheet:
    """Many metrics in one period: each beside the period before, and whether the change is real."""
    titles = ["metric", *splits, period, "95 % interval", before, "change", "verdict"]
    sheet = Sheet(titles, title=title, numbers=frozenset((period, "95 % interval", before, "change")))
    narrow = Sheet(["metric", *splits, period, before], title=title, numbers=frozenset((period, before)))
    for value in values:
        name, groups = value.metric.name, [value.split[split] for split in splits]
        interval = numbers.interval(value.low, value.high, value.metric.unit, value.currency)
        earlier, change, verdict = _compared(value)
        sheet.rows.append([name, *groups, text(value), interval, earlier, change, verdict])
        below = ", ".join(part for part in (change, verdict) if part)
        narrow.rows.append(
            [
                _broken(name),
                *map(one_line, groups),
                f"{text(value)}\n{interval}".rstrip(),
                f"{earlier}\n{below}".rstrip(),
            ]
        )
    sheet.narrow = narrow
    return sheet


def _broken(name: str, longest: int = 26) -> str:
    """A long name in two lines."""
    if len(name) <= longest:
        return name
    end = name.rindex("_", 0, longest) + 1
    return f"{name[:end]}\n{name[end:]}"


def side_by_side(values: Sequence[Value], splits: Sequence[str], periods: Sequence[str], title: str) -> Sheet:
    """Many metrics over several periods: a column for each period."""
    sheet = Sheet(["metric", *splits, *periods], title=title, numbers=frozenset(periods), leading=1 + len(splits))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for value in values:
        key = (value.metric.name, *(value.split[split] for split in splits))
        rows.setdefault(key, {})[value.period.label] = text(value)
    for key, cells in rows.items():
        sheet.rows.append([*key, *(cells.get(period, "") for period in periods)])
    return sheet
