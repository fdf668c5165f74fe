"""What a metric means, drawn for people or as a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from regulars.cli.output import say, say_lines, show
from regulars.cli.shops import HERE, open_for_query
from regulars.metrics.catalogue import companions
from regulars.metrics.compute.from_rows import BEFORE, WITHIN
from regulars.metrics.compute.plan import Step
from regulars.metrics.examples import shown
from regulars.metrics.explain import Explanation, explain, interval_in_words
from regulars.metrics.query import latest_complete
from regulars.metrics.shapes import Length, Metric, Nature
from regulars.services import serializer
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.errors import NothingLoaded
from regulars.vocabulary.shop import SETTINGS_FILE
from regulars.vocabulary.synonyms import also_called
from regulars.warehouse.schema import Kind
from regulars.warehouse.tables import BY_NAME

_LABEL = 20
_NUMBERS = (Kind.MONEY, Kind.INTEGER, Kind.NUMBER)
_OF_FIRST_ORDER = (
    "country, channel, coupon and product split by the customer's first order: --split country asks where they began."
    " --where chooses among all their orders: --where country=DE keeps those from DE."
    " The people behind a split value: --where first_country=DE"
)


def explained(metric: Metric, folder: Path | None) -> Explanation:
    """What a metric means; with a shop, named or in the current folder, its SQL and what the shop's data lack.

    A shop without data has no SQL.
    """
    if folder is None and not (HERE / SETTINGS_FILE).exists():
        return explain(metric, None, None, 365)
    reading = open_for_query(folder or HERE)
    window = reading.shop.settings.active_window
    try:
        with reading.facts() as facts:
            return explain(metric, facts, latest_complete(facts, Grain.MONTH, metric), window)
    except NothingLoaded:
        return explain(metric, None, None, window)


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as a record."""
    metric = explanation.metric
    return serializer.explanation(explanation, companions(metric), interval_in_words(metric), _split_and_where(metric))


def describe(explanation: Explanation) -> None:
    """Print the explanation as a page."""
    metric = explanation.metric
    say(f"{metric.title} ({metric.name})")
    say(metric.question)
    say()
    _line("Also called", ", ".join(also_called(metric.name)))
    _line("Formula", metric.formula)
    _line("Unit", f"{metric.unit.value}; better: {metric.better.value}")
    _line("Caveat", metric.caveat)
    _line("Variants", ", ".join(metric.variants))
    _line("Beside it", "; ".join(f"{beside.formula} ({beside.name})" for beside in companions(metric)))
    _line("Group", metric.group)
    _line("Nature", _nature(metric))
    _line("Interval", ("95 %, " if metric.interval.name != "NONE" else "") + interval_in_words(metric))
    _line("Mature", str(metric.maturity))
    _line("Splits", ", ".join(explanation.splits))
    _line("Splits and filters", _split_and_where(metric))
    _line("Facts", "; ".join(explanation.reads))
    _line("From tables", ", ".join(explanation.tables))
    _line("Not loaded", _not_loaded(explanation.missing))
    for number, sentence in enumerate(explanation.missing_data):
        _line("" if number else "In this shop", sentence)
    _line("Needs", "a forecast: regulars forecast" if metric.forecast else "")
    say()
    for sheet in _example(metric):
        show(sheet)
    for line in _example_values(metric):
        say(line)
    for number, sql in enumerate(explanation.sql, start=1):
        say()
        say("SQL" if len(explanation.sql) == 1 else f"SQL {number} of {len(explanation.sql)}")
        say_lines(sql)
    if explanation.sql:
        say()
        say(f"{WITHIN} and {BEFORE} list the days asked about, as numbers since 1970-01-01, and what they count for.")
    else:
        say()
        say("The SQL is shown where there is a shop with data: --shop DIR")


def tell_plan(metric: Metric, steps: Sequence[Step]) -> None:
    """Print from what a question is answered, one row for each query."""
    rows = [
        [
            step.fact.name,
            step.source.value,
            step.about,
            "" if step.rows is None else f"{step.rows:,}",
            step.why_not_smaller,
        ]
        for step in steps
    ]
    titles = ["fact", "answered from", "which", "its rows", "reason for scanning more"]
    show(Table(titles, rows, title=metric.name, numbers=frozenset(("its rows",))))


_NATURES = {
    Nature.FLOW: "flow: of a period",
    Nature.STOCK: "stock: at a moment",
    Nature.CUMULATIVE: "cumulative: of all time so far; time alone changes it, so its changes are not judged",
    Nature.MOVING: "moving: its past values change as time passes, so its changes are not judged",
}
_LENGTHS = {
    Length.PROPORTIONAL: "it grows with the number of days",
    Length.HAZARD: "customers are lost and won day by day",
    Length.NONE: "its length does not matter",
    Length.BETWEEN: "it changes with the number of days, by less than in proportion",
}


def _nature(metric: Metric) -> str:
    return _NATURES[metric.nature] + ("" if metric.length is None else f"; {_LENGTHS[metric.length]}")


def _split_and_where(metric: Metric) -> str:
    """How the two differ, for metrics of customers' orders."""
    of_first = (fact for fact in metric.facts if fact.table == "orders")
    return _OF_FIRST_ORDER if any(fact.splits["country"] == "first_country" for fact in of_first) else ""


def _not_loaded(tables: Sequence[str]) -> str:
    """Which tables this shop lacks for the metric, and how their files are made."""
    shown = "; ".join(f"regulars tables {table}" for table in tables)
    each, columns = ("it", "its columns") if len(tables) == 1 else ("each", "their columns")
    return f"{', '.join(tables)}: load a file of {each}; {columns}: {shown}" if tables else ""


def _line(label: str, text: str) -> None:
    if text:
        say(f"{label:<{_LABEL}}{text}")


def _example(metric: Metric) -> Iterator[Table]:
    """The example's rows, a table each, and below the last what the metric says of them."""
    example = metric.example
    for rows in shown(example):
        sheet = Table(list(rows.columns), [list(cells) for cells in rows.cells], title=f"Example: {rows.table}")
        sheet.numbers = frozenset(
            column for column in rows.columns if BY_NAME[rows.table].column(column).kind in _NUMBERS
        )
        yield sheet


def _example_values(metric: Metric) -> Iterator[str]:
    example = metric.example
    yield from (f"forecast as of {prediction.as_of}: {prediction.sentence}" for prediction in example.predicted)
    value = None if example.value is None else float(example.value)
    currency = "of the shop's currency" if metric.unit.value == "money" else None
    where = "".join(f", {name} {text}" for name, text in example.split.items())
    circumstances = f" ({example.circumstances})" if example.circumstances else ""
    text = numbers.shown(value, metric.unit, None) + (f" {currency}" if currency and value is not None else "")
    yield f"{example.period}{where}: {text}{circumstances}"
