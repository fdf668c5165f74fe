"""What `regulars metrics` shows: headline metrics with a sentence each, then the metrics of each theme, then notes."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from regulars.cli.output import say, show
from regulars.metrics.query_result import Value
from regulars.metrics.shapes import Metric
from regulars.services.metric_tables import (
    alone,
    beside_before,
    footnotes,
    marked,
    sentence_tone,
    side_by_side,
    text,
    without_verdict,
    year_label,
)
from regulars.services.overview import Overview, Part, headlines, what_changed
from regulars.services.tables import Table
from regulars.vocabulary import numbers

Themes = Mapping[str, Sequence[Metric]]


def show_overview(
    answer: Overview, themes: Themes, splits: Sequence[str], limit: int, *, is_first_screen: bool
) -> None:
    """Show the values, and a line for each thing that one must know of them.

    Args:
        answer: the values and what the shop lacks.
        themes: the metrics asked for, by theme.
        splits: the names of the splits.
        limit: how many groups of a split are shown by themselves.
        is_first_screen: Whether headlines stand first, and the themes have one line per metric.
    """
    parts = [_with_a_value(part) for part in answer.parts]
    if is_first_screen and all(part.before and len(part.periods) == 1 for part in parts):
        _show_headlines(parts)
        _show_brief_themes(themes, parts)
    else:
        _show_themes(themes, parts, splits)
    for part in answer.parts:
        if note := _without_a_value(part, answer.without_costs):
            say(note)
    values = [value for part in parts for value in part.values]
    for note in (*footnotes(values), *without_verdict(values), *marked(values, year_earlier=False)):
        say(note)
    if answer.others:
        say(about_others(answer.others, splits, limit))


def say_missing(answer: Overview, shop: str) -> None:
    """Say which tables are not loaded and what they would bring. shop: the option that names the shop."""
    for line in answer.not_loaded:
        say(line)
    if answer.not_loaded:
        say(f"Load a file: regulars load FILE…{shop}; its columns: regulars tables NAME")
    for line in answer.unavailable:
        say(line)


def about_others(others: int, splits: Sequence[str], limit: int) -> str:
    """That a table shows the largest values of a split, and what the row of the others is."""
    more = "--limit shows more; --format csv has all."
    if len(splits) == 1:
        return f"others: the {others:,} values of {splits[0]} after the {limit:,} largest, counted together as one group. {more}"
    return (
        f"others: the {others:,} combinations of {' and '.join(splits)} after the {limit:,} largest, added up. It is –"
        " for metrics that do not add up, such as medians and distinct visitors: split by one column to see it."
        f" {more}"
    )


def _show_headlines(parts: Sequence[Part]) -> None:
    """The headline metrics, a table for each period: the value, the period before, a year earlier, what changed."""
    chosen = headlines(value for part in parts for value in part.values)
    for part in parts:
        rows = [value for value in chosen if value in part.values]
        if rows:
            show(_headline_table(rows, part.periods[0].label, part.before))
            say()


def _headline_table(values: Sequence[Value], period: str, before: str) -> Table:
    year = year_label(values, before)
    labels = [period, before, *([year] if year else [])]
    table = Table(["headline", *labels], numbers=frozenset(labels), leading=1)
    for value in values:
        earlier = [value.change, *([value.year_earlier] if year else [])]
        amounts = (None if change is None else change.before for change in earlier)
        shown = [numbers.shown(amount, value.metric.unit, value.currency) for amount in amounts]
        table.rows.append([value.metric.title, text(value), *shown])
        table.sentences.append((what_changed(value), sentence_tone(value)))
    return table


def _show_brief_themes(themes: Themes, parts: Sequence[Part]) -> None:
    """The metrics of each theme, one line for each where the terminal is narrow."""
    for theme, metrics in themes.items():
        for part in parts:
            rows = [value for value in part.values if value.metric in metrics]
            if rows:
                show(beside_before(rows, (), part.periods[0].label, part.before, theme, is_brief=True))
                say()


def _show_themes(themes: Themes, parts: Sequence[Part], splits: Sequence[str]) -> None:
    """A table for each theme and part."""
    for theme, metrics in themes.items():
        for part in parts:
            of_theme = [value for value in part.values if value.metric in metrics]
            labels = [period.label for period in part.periods]
            if not of_theme:
                continue
            if len(labels) > 1:
                show(side_by_side(of_theme, splits, labels, theme))
            elif part.before:
                show(beside_before(of_theme, splits, labels[0], part.before, theme))
            else:
                show(alone(of_theme, splits, labels[0], theme))
            say()


def _with_a_value(part: Part) -> Part:
    """The part without the metrics that have no value in any period or group: a table of dashes says nothing."""
    known = {value.metric for value in part.values if value.has_any}
    return replace(part, values=[value for value in part.values if value.metric in known])


def _without_a_value(part: Part, named: Container[Metric]) -> str:
    """Names the metrics that have no value, but for those that are `named` elsewhere; empty where there are none."""
    known = {value.metric for value in part.values if value.has_any}
    empty = (value.metric for value in part.values if value.metric not in known and value.metric not in named)
    names = dict.fromkeys(metric.name for metric in empty)
    first, last = part.periods[0].label, part.periods[-1].label
    periods = first if first == last else f"{first} to {last}"
    return f"No value in {periods}: {', '.join(names)}. What a metric needs: regulars explain NAME" if names else ""
