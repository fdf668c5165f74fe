"""A cohort grid as a triangle: cohorts below each other, their age to the right, the average in the last row."""

from __future__ import annotations

from collections.abc import Sequence

from regulars.cli.output import Table
from regulars.cli.values import footnotes
from regulars.metrics.query_result import Value
from regulars.metrics.shapes import Age, Grid
from regulars.vocabulary import numbers

AGE = "age"
_PARTLY = "only a part of the cohort has reached this age yet: a share of that part, which the average leaves out"


def triangle(values: Sequence[Value], splits: Sequence[str]) -> Table:
    """The values of one grid. Sums that grow with age have no cells for only a part of a cohort: they would seem to fall."""
    if not values:
        return Table(["cohort", "customers"], notes=["No cohort of these periods has an age that is over."])
    metric = values[0].metric
    assert isinstance(metric, Grid)
    told = [value for value in values if value.complete or not metric.cumulative]
    cells: dict[tuple[str, ...], dict[int, Value]] = {}
    for value in values:
        key = (value.period.label, *(value.split[split] for split in splits))
        cells.setdefault(key, {})[int(value.split[AGE])] = value
    ages = sorted({int(value.split[AGE]) for value in told})
    heads = ["cohort", *splits, "customers"]
    lines = [([*key, _customers(row)], [_cell(row.get(age), metric) for age in ages]) for key, row in cells.items()]
    average = ["average", *("" for _ in splits), ""], [_average(values, age) for age in ages]
    titles = [*heads, *(str(age) for age in ages)]
    sheet = Table(titles, title=metric.name, numbers=frozenset(titles[1 + len(splits) :]), leading=len(heads))
    sheet.rows = [[*head, *row] for head, row in [*lines, average]]
    unit = "months" if metric.age is Age.CALENDAR_MONTHS else "blocks of 30 days"
    amount = f" in {values[0].currency}" if values[0].currency else " in per cent"
    sheet.notes.append(f"Columns: {unit} since the first order{amount}. The average weighs cohorts by their customers.")
    sheet.notes += footnotes(told, _PARTLY)
    return sheet


def _customers(row: dict[int, Value]) -> str:
    return numbers.count(max(value.n for value in row.values()))


def _cell(value: Value | None, metric: Grid) -> str:
    if value is None or (metric.cumulative and not value.complete):
        return ""
    return _short(value.value, value) + ("" if value.complete else "*")


def _short(number: float | None, like: Value) -> str:
    """Without its unit, which the note names."""
    return numbers.shown(number, like.metric.unit, like.currency).split(" ")[0]


def _average(values: Sequence[Value], age: int) -> str:
    """All complete cells of an age: their sums above the line over those below."""
    over = [value for value in values if value.split[AGE] == str(age) and value.complete]
    known = [value for value in over if value.numerator is not None and value.denominator]
    if not known or len(known) < len(over):
        return numbers.NOTHING
    return _short(sum(v.numerator or 0 for v in known) / sum(v.denominator or 0 for v in known), known[0])
