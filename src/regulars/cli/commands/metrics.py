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
from regulars.vocabulary.errors import UsageError
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
    from regulars.services.query_options import (
        by_theme,
        conditions,
        known_by,
        periods_asked,
        require_forecast,
        splits_asked,
        window_asked,
        without_grids,
    )

    themes = by_theme(theme)
    if list_:
        _list(themes, format)
        return
    splits, conditions_ = splits_asked(split), conditions(where)
    chosen = {name: known_by(without_grids(metrics), splits, conditions_) for name, metrics in themes.items()}
    known = tuple(metric for metrics in chosen.values() for metric in metrics)
    if not known:
        raise UsageError(
            "No metric of this choice knows that split or condition.", "regulars explain NAME says what one knows."
        )
    from regulars.metrics.window import misfit
    from regulars.services.overview import Choice, all_values, overview

    reading = open_for_query(shop)
    with reading.facts() as facts:
        if note := require_forecast(known, facts):
            tell(note)
        choice = Choice(
            lambda metric: periods_asked(facts, grain, since, until, period, metric=metric, latest=True),
            splits,
            conditions_,
            window_asked(active_window, reading.shop.settings),
            compare,
        )
        if format is not Format.TABLE:
            _write(all_values(facts, known, choice), splits, compare, format)
            say_rows_not_used(reading, shop, tell)
            return
        answer = overview(facts, known, choice, limit)
        is_first_screen = not (theme or splits or conditions_ or compare)
        window_note = misfit(facts, choice.active_window) if is_first_screen else ""
    for note in answer.outside:
        tell(note)
    if not answer.parts:
        tell(_periods_with_data("metrics", shop))
        return
    from regulars.cli.overview import say_missing, show_overview
    from regulars.services.metric_tables import NOT_COMPARED

    show_overview(answer, chosen, splits, limit, is_first_screen=is_first_screen)
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
    from regulars.metrics.catalogue import companions, named
    from regulars.services.query_options import (
        answered_by,
        conditions,
        periods_asked,
        require_forecast,
        splits_asked,
        window_asked,
    )

    splits, conditions_ = splits_asked(split), conditions(where)
    metric_named = named(name)
    wanted = answered_by(metric_named, splits, conditions_)
    shown_with = companions(wanted)
    from regulars.metrics.query import Query, outside_data
    from regulars.metrics.run_query import run_query
    from regulars.metrics.shapes import Grid
    from regulars.services.largest_groups import largest_groups
    from regulars.services.metric_tables import Beside

    is_table = format is Format.TABLE
    reading = open_for_query(shop)
    with reading.facts() as facts:
        if note := require_forecast((wanted,), facts):
            tell(note)
        facts.require(wanted)
        periods = periods_asked(facts, grain, since, until, period, metric=wanted, latest=False)
        if note := outside_data(facts, periods, wanted):
            tell(note)
            if is_table:
                tell(_periods_with_data(f"metric {wanted.name}", shop))
                return
        window = window_asked(active_window, reading.shop.settings)
        query = Query((metric_named,), periods, splits, conditions_, window, compare)
        result = run_query(query, facts)
        values, others = largest_groups(result, query, facts, limit) if is_table else (result, 0)
        further = run_query(Query(shown_with, periods, splits, conditions_, window), facts) if shown_with else ()
        shown_beside = Beside(shown_with, further)
    if where and not any(value.n for value in values):
        tell(_no_rows(wanted.name, where, conditions_[0].column, shop))
    grid = isinstance(wanted, Grid)
    if not is_table:
        _write(values, (*splits, "age") if grid else splits, compare, format, shown_beside)
        say_rows_not_used(reading, shop, tell)
        return
    from regulars.cli.overview import about_others
    from regulars.services.metric_tables import by_period, triangle

    show(triangle(values, splits) if grid else by_period(values, splits, compare, shown_beside))
    if others:
        say(about_others(others, splits, limit))
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
    from regulars.metrics.catalogue import named
    from regulars.services.query_options import answered_by, conditions, require_forecast, window_asked

    conditions_ = conditions(where)
    wanted = answered_by(named(name), (), conditions_)
    from regulars.cli.customers import COLUMNS, sheet
    from regulars.metrics.customers.drill_down import rows as customers
    from regulars.metrics.query import outside_data, period_named
    from regulars.services import serializer

    reading = open_for_query(shop)
    with reading.facts() as facts:
        if note := require_forecast((wanted,), facts):
            tell(note)
        facts.require(wanted)
        chosen = period_named(facts, period, wanted)
        if note := outside_data(facts, (chosen,), wanted):
            tell(note)
            if format is Format.TABLE:
                tell(_periods_with_data(f"drill-down {wanted.name}", shop))
                return
        window = window_asked(active_window, reading.shop.settings)
        rows = customers(wanted, chosen, facts, conditions_, window)
    write(serializer.customers(rows), format, sheet(wanted, chosen, rows, limit), COLUMNS)


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
