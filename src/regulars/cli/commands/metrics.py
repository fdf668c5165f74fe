"""Commands of metrics: metrics, metric, drill-down, suggest-window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regulars.cli.options import (
    MOST_GROUPS,
    ActiveWindow,
    As,
    AsLayout,
    Compare,
    Format,
    Groups,
    InPeriod,
    Layout,
    Name,
    OfGrain,
    ShopFolder,
    Since,
    Splits,
    Until,
    Where,
)
from regulars.cli.output import say, show, tell, write, write_csv, write_json
from regulars.cli.shops import HERE, naming, open_for_query, say_rows_not_used
from regulars.services.tables import Table
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.synonyms import also_called

if TYPE_CHECKING:
    from regulars.metrics.query_result import Value
    from regulars.metrics.shapes import Metric
    from regulars.services.metric_tables import Beside


def metrics(
    grain: OfGrain = None,
    since: Since = None,
    until: Until = None,
    period: InPeriod = None,
    theme: Annotated[
        str | None,
        typer.Option("--theme", metavar="THEME", show_default=False, help="Only this theme, such as retention."),
    ] = None,
    split: Splits = None,
    where: Where = None,
    active_window: ActiveWindow = None,
    compare: Compare = False,
    limit: Groups = MOST_GROUPS,
    list_: Annotated[bool, typer.Option("--list", help="Only list the metrics; needs no shop.")] = False,
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Show the headline metrics with what changed, then all metrics by theme.

    It shows the latest complete month, the month before, and the same month a year earlier. A change is called real only
    if chance does not explain it; with fewer than 30 customers there are too few to tell. --theme adds intervals and
    reasons. Cohort tables are too large for this list: regulars metric shows one.

    Examples:
      regulars metrics --shop myshop
      regulars metrics --period 2011-10 --theme retention
      regulars metrics --grain quarter --split country --format csv
      regulars metrics --list
    """
    from regulars.metrics.catalogue import by_theme

    themes = by_theme(theme)
    if list_:
        _list(themes, format)
        return
    from regulars.services.queries import Options, known_metrics, without_grids

    options = Options.parse(
        grain=grain, since=since, until=until, period=period,
        split=split, where=where, active_window=active_window, compare=compare,
    )  # fmt: skip
    chosen = known_metrics(themes, options)
    known = tuple(metric for metrics in chosen.values() for metric in metrics)
    from regulars.metrics.window import misfit
    from regulars.services.overview import all_values, overview

    is_first_screen = not (theme or options.splits or options.where or compare)
    reading = open_for_query(shop)
    with reading.facts() as facts:
        if format is not Format.TABLE:
            values, notes = all_values(facts, known, options)
        else:
            answer = overview(facts, known, options, limit)
            notes = answer.notes
            window_note = misfit(facts, options.window(facts)) if is_first_screen else ""
    for note in notes:
        tell(note)
    if format is not Format.TABLE:
        _write(values, options.splits, compare, format)
        say_rows_not_used(reading, shop, tell)
        return
    if not answer.parts:
        tell(_periods_with_data("metrics", shop))
        return
    from regulars.cli.overview import say_missing, show_overview
    from regulars.services.metric_tables import NOT_COMPARED

    show_overview(answer, chosen, options.splits, limit, is_first_screen=is_first_screen)
    if compare and any(part.periods[0].grain is Grain.ALL for part in answer.parts):
        say(NOT_COMPARED)
    say_missing(answer, naming(shop))
    if window_note:
        say(f"{window_note} Next: regulars suggest-window{naming(shop)}")
    say_rows_not_used(reading, shop, say)
    if left_out := sum(len(without_grids(metrics)) for metrics in themes.values()) - len(known):
        say(f"{left_out} metrics do not know this split or condition and are left out.")
    if answer.can_forecast:
        say(f"What customers will be worth, and who is about to be lost: regulars forecast{naming(shop)}")
    say("What a metric means: regulars explain NAME")


def _list(themes: dict[str, tuple[Metric, ...]], format: Format) -> None:
    if format is Format.TABLE:
        for theme, metrics in themes.items():
            rows = [
                [metric.name, metric.title, metric.question, ", ".join(also_called(metric.name))] for metric in metrics
            ]
            show(Table(["metric", "title", "question", "also called"], rows, title=theme))
            say()
    else:
        from regulars.services import serializer

        write(serializer.listed(themes), format, Table([]))


def metric(
    name: Name,
    grain: OfGrain = None,
    since: Since = None,
    until: Until = None,
    period: InPeriod = None,
    split: Splits = None,
    where: Where = None,
    active_window: ActiveWindow = None,
    compare: Compare = False,
    limit: Groups = MOST_GROUPS,
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Show one metric, by default by month over all data.

    Examples:
      regulars metric customer_churn_rate --shop myshop
      regulars metric net_revenue --grain quarter --split country,channel --format csv
      regulars metric average_order_value --period 2011-10 --where "net_revenue>=50" --compare
      regulars metric cohort_retention_rate --since 2011-01
    """
    from regulars.services.queries import Options, query_of

    options = Options.parse(
        grain=grain, since=since, until=until, period=period,
        split=split, where=where, active_window=active_window, compare=compare,
    )  # fmt: skip
    query = query_of(name, options)
    is_table = format is Format.TABLE
    reading = open_for_query(shop)
    with reading.facts() as facts:
        result = query.run(facts, limit if is_table else None)
    for note in result.notes:
        tell(note)
    if is_table and result.is_outside:
        tell(_periods_with_data(f"metric {result.metric.name}", shop))
        return
    if where and not any(value.n for value in result.values):
        tell(_no_rows(result.metric.name, where, options.where[0].column, shop))
    if not is_table:
        _write(result.values, result.splits, compare, format, result.beside)
        say_rows_not_used(reading, shop, tell)
        return
    from regulars.cli.overview import about_others

    show(result.table())
    if result.others:
        say(about_others(result.others, options.splits, limit))
    say_rows_not_used(reading, shop, say)


def _periods_with_data(command: str, shop: Path) -> str:
    """What to type next where the period asked for has no data."""
    return f"Next: regulars {command} --period last-month{naming(shop)} (or last-90-days, this-year, all)"


def _no_rows(metric: str, where: Sequence[str], column: str, shop: Path) -> str:
    """That no row meets the conditions, and how to see the values of the first one's column."""
    written = " ".join(f"--where {condition}" for condition in where)
    return (
        f"No row of these periods meets {written}."
        f" The values of {column}: regulars metric {metric} --split {column} --period all{naming(shop)}"
    )


def _write(
    values: Sequence[Value], splits: Sequence[str], compared: bool, format: Format, beside: Beside | None = None
) -> None:
    from regulars.services.metric_tables import Beside
    from regulars.services.serializer import columns, flat, record

    beside = beside or Beside()
    if format is Format.JSON:
        write_json([record(value, compared) | beside.record(value) for value in values])
    else:
        rows = (flat(value, splits, compared) | beside.record(value) for value in values)
        write_csv([*columns(splits, compared), *beside.columns], rows)


def drill_down(
    name: Name,
    period: Annotated[
        str, typer.Option("--period", metavar="PERIOD", show_default=False, help="The period, such as 2011-10, or all.")
    ],
    where: Where = None,
    active_window: ActiveWindow = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Customers in a table; CSV and JSON have all.")
    ] = 50,
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Show exactly the customers behind a number, and what each adds above and below the metric's line.

    Metrics of customers are split by the customer's first order: the people behind --split country=DE are those of
    --where first_country=DE. --where country=DE keeps the orders from DE instead, whoever placed them.

    Examples:
      regulars drill-down returning_customer_rate --period 2011-10 --format csv > october.csv
      regulars drill-down lost_customers --period 2011-Q3 --where country=France
    """
    from regulars.services.queries import Options, query_of

    query = query_of(name, Options.parse(period=period, where=where, active_window=active_window))
    from regulars.services import serializer
    from regulars.services.result_table import CUSTOMERS

    reading = open_for_query(shop)
    with reading.facts() as facts:
        result = query.drill_down(facts)
    for note in result.notes:
        tell(note)
    if result.is_outside and format is Format.TABLE:
        tell(_periods_with_data(f"drill-down {result.metric.name}", shop))
        return
    columns = [column.name for column in CUSTOMERS]
    write(serializer.customers(result.customers), format, result.table(limit), columns)


def suggest_window(format: AsLayout = Layout.TABLE, shop: ShopFolder = HERE) -> None:
    """Propose after how many days without an order a customer should count as lost.

    Example:
      regulars suggest-window --shop myshop
    """
    from regulars.metrics.window import suggest

    reading = open_for_query(shop)
    with reading.facts() as facts:
        suggestion = suggest(facts)
    now = reading.shop.settings.active_window
    if format is Layout.JSON:
        write_json(
            {
                "active_window": suggestion.window,
                "share": suggestion.share,
                "purchases": suggestion.purchases,
                "now": now,
            }
        )
        return
    say(suggestion.reason)
    if suggestion.window is not None:
        say(f"The shop's active_window is {now} days.")
    if suggestion.window not in (None, now):
        say(f"Next: write active_window = {suggestion.window} in {shop / 'regulars.toml'}")
