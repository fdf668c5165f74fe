"""Writes the generated parts of docs/metrics.md and docs/metrics/: a table for each theme, and an entry for each metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from markdown_text import grid, wrapped

from regulars.metrics.catalogue import BY_NAME, THEMES, companions
from regulars.metrics.examples import Example
from regulars.metrics.examples import shown as rows_shown
from regulars.metrics.explain import Explanation, explain, interval_in_words
from regulars.metrics.shapes import Interval, Metric
from regulars.vocabulary.numbers import shown
from regulars.vocabulary.synonyms import also_called
from regulars.vocabulary.units import Better, Unit
from regulars.warehouse.tables import BY_NAME as TABLES

UNITS = {
    Unit.COUNT: "number", Unit.SHARE: "%", Unit.RATE: "%", Unit.MONEY: "money", Unit.NPS: "−100 to 100",
}  # fmt: skip
"""Units as the tables of themes show them, where they differ from their names."""


def page_of(theme: str) -> str:
    """The file in docs/metrics/ that describes the metrics of a theme."""
    return f"{theme.lower().replace(' ', '-')}.md"


def _theme_of(metric: Metric) -> str:
    return next(theme for theme, metrics in THEMES.items() if metric in metrics)


def _explained(metric: Metric) -> Explanation:
    return explain(metric, None, None, 365)


# Overview --------------------------------------------------------------------------------------------------------------


def overview() -> str:
    """A table for each theme: name, what it says, unit, and what must be loaded."""
    return "\n\n".join(_overview_of(theme) for theme in THEMES) + "\n"


def _overview_of(theme: str) -> str:
    metrics = THEMES[theme]
    variants: dict[str, list[Metric]] = {metric.name: [] for metric in metrics}
    for metric in metrics:
        if base := _base_name(metric, variants):
            variants[base].append(metric)
    rows = (
        (
            " ".join((_link(metric), *(_link(variant, _suffix(variant, metric)) for variant in variants[metric.name]))),
            metric.question,
            _unit(metric),
            _needs(metric),
        )
        for metric in metrics
        if not _base_name(metric, variants)
    )
    return f"## {theme}\n\n{grid(('metric', 'what it says', 'unit', 'needs'), rows)}"


def _base_name(metric: Metric, names: Iterable[str]) -> str:
    """The shortest name that the metric's own extends, such as resolution_time for resolution_time_p90; empty without one."""
    return min((name for name in names if metric.name.startswith(f"{name}_")), key=len, default="")


def _suffix(variant: Metric, metric: Metric) -> str:
    return variant.name.removeprefix(metric.name)


def _link(metric: Metric, text: str = "") -> str:
    """A link to the metric's entry, from docs/metrics.md."""
    return f"[{text or metric.name}](metrics/{page_of(_theme_of(metric))}#{metric.name})"


def _link_from(other: Metric, metric: Metric) -> str:
    """A link to the metric's entry, from that of another one."""
    page = "" if _theme_of(other) == _theme_of(metric) else page_of(_theme_of(metric))
    return f"[{metric.name}]({page}#{metric.name})"


def _unit(metric: Metric) -> str:
    return UNITS.get(metric.unit, metric.unit.value)


def _needs(metric: Metric) -> str:
    """Tables to load, and what else there must be."""
    tables = [table for table in _explained(metric).tables if table in TABLES]
    tables += ["returns"] if "linked_returns" in metric.needs and "returns" not in tables else []
    tables += ["subscriptions"] if metric.forecast == "subscription_forecasts" else []
    costs = ["costs"] if "profit" in metric.name else []
    return ", ".join((*tables, *costs, *(["a forecast"] if metric.forecast else [])))


def everyday_names() -> str:
    """Titles and everyday words in alphabetical order, each with the metrics that it may mean."""
    meant: dict[str, list[Metric]] = {}
    for metric in BY_NAME.values():
        for word in dict.fromkeys((metric.title, *also_called(metric.name))):
            if word.lower().replace(" ", "_") != metric.name or word == metric.title:
                meant.setdefault(word if word[1:2].isupper() else word[0].upper() + word[1:], []).append(metric)
    rows = ((word, ", ".join(_link(metric) for metric in meant[word])) for word in sorted(meant, key=str.lower))
    return grid(("everyday name", "metric"), rows) + "\n"


# Entries ---------------------------------------------------------------------------------------------------------------


def theme(name: str) -> str:
    """An entry for each metric of a theme; example rows that several metrics use stand once, at the end."""
    metrics = THEMES[name]
    used = Counter(_rows_of(metric.example) for metric in metrics)
    shared = {rows: f"Example {number}" for number, rows in enumerate((r for r, n in used.items() if n > 1), start=1)}
    parts = [_entry(metric, shared) for metric in metrics]
    parts += [f"## {title}\n\n{rows}" for rows, title in shared.items()]
    return wrapped("\n\n".join(parts)) + "\n"


def _entry(metric: Metric, shared: dict[str, str]) -> str:
    parts = [f"## {metric.name}", f"**{metric.title}.** {metric.question}", metric.caveat]
    return "\n\n".join((*filter(None, parts), "\n".join(_properties(metric)), *_example(metric, shared)))


def _properties(metric: Metric) -> Iterator[str]:
    explanation = _explained(metric)
    better = "" if metric.better is Better.NEITHER else f", {metric.better} is better"
    yield f"- formula: {metric.formula}"
    yield f"- unit: {metric.unit}{better}"
    if called := also_called(metric.name):
        yield f"- also called: {', '.join(called)}"
    group = "its own" if metric.group == metric.name else _link_from(metric, BY_NAME[metric.group])
    yield f"- group: {group}; nature: {metric.nature}" + ("" if metric.length is None else f", length {metric.length}")
    if metric.interval is not Interval.NONE:
        yield f"- interval: {interval_in_words(metric)}"
    if not metric.maturity.at_once:
        yield f"- mature: {metric.maturity}"
    yield f"- splits: {', '.join(explanation.splits)}"
    yield f"- facts: {', '.join(fact.name for fact in metric.facts)}; needs: {_needs(metric)}"
    for companion in companions(metric):
        yield f"- shown beside it: {companion.formula} (`{companion.name}`)"
    if metric.variants:
        yield f"- variants: {', '.join(_link_from(metric, BY_NAME[name]) for name in metric.variants)}"


def _example(metric: Metric, shared: dict[str, str]) -> Iterator[str]:
    example = metric.example
    value = "unknown" if example.value is None else shown(float(example.value), metric.unit, "GBP")
    circumstances = f", {example.circumstances}" if example.circumstances else ""
    split = "".join(f", {name} {text}" for name, text in example.split.items())
    rows = _rows_of(example)
    title = shared.get(rows)
    where = f"with the rows of [{title}](#{title.lower().replace(' ', '-')})" if title else "with these rows"
    yield f"Example: {example.period}{circumstances}{split} → **{value}**, {where}."
    if not title:
        yield rows


def _rows_of(example: Example) -> str:
    """The rows of an example and what its forecasts say, as Markdown."""
    parts = [f"{table.table}:\n\n{grid(table.columns, table.cells)}" for table in rows_shown(example)]
    if example.predicted:
        forecasts = "\n".join(f"- as of {prediction.as_of}: {prediction.sentence}" for prediction in example.predicted)
        parts.append(f"Forecasts:\n\n{forecasts}")
    return "\n\n".join(parts)
