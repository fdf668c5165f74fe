"""Questions: metrics, metric, rows, suggest-window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from regulars.cli.options import (
    ActiveWindow,
    As,
    AsLayout,
    Compare,
    Format,
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
from regulars.cli.shops import HERE, open_for_query, say_rows_not_used
from regulars.services.tables import Table
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.synonyms import also_called

if TYPE_CHECKING:
    from regulars.metrics.query_result import Value
    from regulars.metrics.shapes import Metric
    from regulars.services.metric_tables import Beside
    from regulars.vocabulary.calendar import Period


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
    list_: Annotated[bool, typer.Option("--list", help="Only say which metrics there are; needs no shop.")] = False,
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Show all metrics: the latest complete month beside the month before.

    A change is called real only where chance does not explain it; under 30 customers are too few to tell. Cohort grids
    are too large for this list: ask for one with regulars metric.

    Examples:
      regulars metrics --shop myshop
      regulars metrics --period 2011-10 --theme retention
      regulars metrics --grain quarter --split country --format csv
      regulars metrics --list
    """
    from regulars.services.metric_tables import NOT_COMPARED
    from regulars.services.query_options import (
        by_theme,
        conditions,
        known_by,
        not_available,
        periods_asked,
        require_forecast,
        splits_asked,
        waiting_for_a_forecast,
        window_asked,
        without_grids,
    )

    themes = by_theme(theme)
    if list_:
        _list(themes, format)
        return
    splits, conditions_ = splits_asked(split), conditions(where)
    chosen = {name: known_by(without_grids(found), splits, conditions_) for name, found in themes.items()}
    asked_for = tuple(one for found in chosen.values() for one in found)
    if not asked_for:
        raise UsageError(
            "No metric of this choice knows that split or condition.", "regulars explain NAME says what one knows."
        )
    from regulars.metrics.measures import FORECASTS
    from regulars.metrics.query import Query, outside_data
    from regulars.metrics.run_query import run_query

    reading = open_for_query(shop)
    with reading.facts() as facts:
        if note := require_forecast(asked_for, facts):
            tell(note)
        is_table = format is Format.TABLE
        can_forecast = "orders" in facts.coverage
        waiting = waiting_for_a_forecast(asked_for, facts) if is_table else ()
        asked_for = tuple(metric for metric in asked_for if metric not in waiting)
        if is_table:
            facts.require(*asked_for)
        unavailable = {one: reason for one in asked_for if is_table and (reason := facts.unavailable(one))}
        missing = {one: facts.missing(one) for one in unavailable}
        window = window_asked(active_window, reading.shop.settings)
        by_periods: dict[tuple[Period, ...], list[Metric]] = {}
        for one in asked_for:
            if one not in unavailable:
                periods = periods_asked(facts, grain, since, until, period, metric=one, latest=True)
                by_periods.setdefault(periods, []).append(one)
        _tell_all(outside_data(facts, periods, mine[0]) for periods, mine in by_periods.items())
        parts = []
        for periods, mine in by_periods.items():
            whole = periods[0].grain is Grain.ALL  # there is nothing before all data
            compared = not whole and (compare or (len(periods) == 1 and is_table))
            values = run_query(Query(tuple(mine), periods, splits, conditions_, window, compared), facts)
            parts.append((list(values), periods, facts.calendar.compared_with(periods[0]).label if compared else None))
    if not is_table:
        _write([value for values, *_ in parts for value in values], splits, compare, format)
        say_rows_not_used(reading, shop, tell)
        return
    _show_themes(chosen, parts, splits)
    if compare and any(periods[0].grain is Grain.ALL for periods in by_periods):
        say(NOT_COMPARED)
    for note in not_available(missing, unavailable):
        say(note)
    say_rows_not_used(reading, shop, say)
    if left_out := sum(len(without_grids(found)) for found in themes.values()) - len(asked_for) - len(waiting):
        say(f"{left_out} metrics do not know this split or condition and are left out.")
    if can_forecast and any(one.forecast == FORECASTS for one in waiting):
        say("What customers will be worth, and who is about to be lost: regulars forecast")
    say("What a metric means: regulars explain NAME")


def _show_themes(
    chosen: dict[str, tuple[Metric, ...]],
    parts: Sequence[tuple[Sequence[Value], tuple[Period, ...], str | None]],
    splits: Sequence[str],
) -> None:
    """A table for each theme and part (values, their periods, the label of the period before), then the notes on all."""
    from regulars.services.metric_tables import alone, beside_before, footnotes, marked, side_by_side, without_verdict

    for name, found in chosen.items():
        for values, periods, before in parts:
            told = [value for value in values if value.metric in found]
            labels = [one.label for one in periods]
            if not told:
                continue
            if len(periods) > 1:
                show(side_by_side(told, splits, labels, name))
            elif before is None:
                show(alone(told, splits, labels[0], name))
            else:
                show(beside_before(told, splits, labels[0], before, name))
            say()
    every = [value for values, *_ in parts for value in values]
    for note in (*footnotes(every), *without_verdict(every), *marked(every, year_earlier=False)):
        say(note)


def _list(themes: dict[str, tuple[Metric, ...]], format: Format) -> None:
    if format is Format.TABLE:
        for theme, found in themes.items():
            rows = [
                [metric.name, metric.title, metric.question, ", ".join(also_called(metric.name))] for metric in found
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
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Show one metric, by month over all data where nothing else is said.

    Examples:
      regulars metric customer_churn_rate --shop myshop
      regulars metric net_revenue --grain quarter --split country,channel --format csv
      regulars metric average_order_value --period 2011-10 --where 'net_revenue>=50' --compare
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
    from regulars.services.metric_tables import Beside

    reading = open_for_query(shop)
    with reading.facts() as facts:
        if note := require_forecast((wanted,), facts):
            tell(note)
        facts.require(wanted)
        periods = periods_asked(facts, grain, since, until, period, metric=wanted, latest=False)
        if note := outside_data(facts, periods, wanted):
            tell(note)
        window = window_asked(active_window, reading.shop.settings)
        values = run_query(Query((metric_named,), periods, splits, conditions_, window, compare), facts)
        further = run_query(Query(shown_with, periods, splits, conditions_, window), facts) if shown_with else ()
        shown_beside = Beside(shown_with, further)
    grid = isinstance(wanted, Grid)
    if format is not Format.TABLE:
        _write(values, (*splits, "age") if grid else splits, compare, format, shown_beside)
        say_rows_not_used(reading, shop, tell)
        return
    from regulars.services.metric_tables import by_period, triangle

    show(triangle(values, splits) if grid else by_period(values, splits, compare, shown_beside))
    say_rows_not_used(reading, shop, say)


def _tell_all(notes: Iterable[str]) -> None:
    """Print each note once, beside the answer; empty ones are none."""
    for note in dict.fromkeys(notes):
        if note:
            tell(note)


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
    limit: Annotated[int, typer.Option("--limit", min=1, help="Customers in a table; CSV and JSON have all.")] = 50,
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
        window = window_asked(active_window, reading.shop.settings)
        found = customers(wanted, chosen, facts, conditions_, window)
    write(serializer.customers(found), format, sheet(wanted, chosen, found, limit), COLUMNS)


def suggest_window(format: AsLayout = Layout.TABLE, shop: ShopFolder = HERE) -> None:
    """Propose after how many days without an order a customer should count as lost.

    Example:
      regulars suggest-window --shop myshop
    """
    from regulars.metrics.window import suggest

    reading = open_for_query(shop)
    with reading.facts() as facts:
        found = suggest(facts)
    now = reading.shop.settings.active_window
    if format is Layout.JSON:
        write_json({"active_window": found.window, "share": found.share, "purchases": found.purchases, "now": now})
        return
    say(found.reason)
    if found.window is not None:
        say(f"The shop's active_window is {now} days; change it in {shop / 'regulars.toml'}.")
