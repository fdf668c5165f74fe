"""Commands of forecasts: forecast, segments."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulars.cli.options import As, AsLayout, Drawing, Format, Layout, PurchaseModel, ShopFolder, WhereCustomers, day
from regulars.cli.output import say, tell, write, write_json
from regulars.cli.progress import bar
from regulars.cli.shops import HERE, forecasting, open_for_query
from regulars.cli.signals import reporting

if TYPE_CHECKING:
    from regulars.forecast.actuals import ForecastActual
    from regulars.forecast.purchases.result import Forecast
    from regulars.services.forecasting import Forecasting


def _day(text: str | None) -> date | None:
    return None if text is None else day(text)


def forecast(
    horizon: Annotated[
        int | None,
        typer.Option(
            "--horizon",
            metavar="DAYS",
            show_default=False,
            help="How many days ahead purchases and value are forecast. [default: 365]",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            metavar="SHARE",
            show_default=False,
            help="Discount rate per year: with 0.1, money that comes in a year counts 10 % less. [default: 0.1]",
        ),
    ] = None,
    model: Annotated[
        PurchaseModel | None,
        typer.Option(
            "--model",
            help="The model of purchases; by default the one that forecasts the past best.",
            show_default=False,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DAY",
            callback=lambda text: text if text is None else str(_day(text)),
            show_default=False,
            help="The last day whose orders the forecast uses, such as 2011-10-31; by default the last day of the data."
            " With --report: the forecast of that day.",
        ),
    ] = None,
    report: Annotated[
        bool,
        typer.Option("--report", help="Make no new forecast: show the latest, with its model and its past errors."),
    ] = False,
    pictures: Annotated[
        Path | None,
        typer.Option(
            "--pictures",
            metavar="DIR",
            show_default=False,
            help="Also write charts of the forecast and of its past errors, and forecast.html with all of them.",
        ),
    ] = None,
    pictures_as: Annotated[Drawing, typer.Option("--pictures-as", help="File format of each chart.")] = Drawing.SVG,
    format: AsLayout = Layout.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Forecast who will come back, who is leaving and what customers will be worth; say how far to trust it.

    Where the shop has subscriptions, also who will renew. They renew every month, or as subscriptions_renew in regulars.toml says.

    The last five forecasts are kept, one for each day they are as of. After a later load the latest is stale: make a new one.

    Examples:
      regulars forecast --shop myshop
      regulars forecast --report
      regulars forecast --report --pictures charts
      regulars forecast --horizon 730 --rate 0.08
      regulars forecast --as-of 2011-06-30
    """
    from regulars.cli.forecasts import subscriptions
    from regulars.cli.forecasts.backtest import trust
    from regulars.cli.forecasts.summary import summary
    from regulars.forecast.options import ForecastOptions
    from regulars.services import serializer
    from regulars.vocabulary.errors import UsageError

    app = forecasting(shop)
    if pictures:
        _require_folder(pictures, pictures_as)
    every_option = {"horizon": horizon, "rate": rate, "model": model and model.value}
    options: dict[str, Any] = {name: value for name, value in every_option.items() if value is not None}
    if report and options:
        raise UsageError(
            f"A report shows a forecast as it was made: leave out --{next(iter(options))}.",
            "Without --report, another forecast is made.",
        )
    if report:
        purchases, renewing = subscriptions.kept(app, _day(as_of))
    else:
        with bar() as progress:
            purchases, renewing = subscriptions.made(app, ForecastOptions(as_of=_day(as_of), **options), progress)
    with nullcontext() if report else reporting("The forecast"):
        actuals = app.actuals() if purchases and (report or pictures) else ()
        drawn = _drawn(app, purchases, actuals, pictures, pictures_as) if purchases and pictures else []
        if format is Layout.JSON:
            content = serializer.forecast(purchases, actuals if report else None) if purchases else {}
            content |= {"subscriptions": subscriptions.record(renewing, app, report)}
            write_json(content | ({"pictures": drawn} if pictures else {}))
            return
        if purchases:
            summary(purchases)
            if report:
                trust(purchases, actuals)
        if renewing:
            subscriptions.show_all(renewing, app, report, after=purchases)
        if drawn:
            say("Drawn: " + ", ".join(drawn))


def _require_folder(folder: Path, ending: Drawing) -> None:
    """Refuse a folder that cannot be drawn into before the forecast is made. What draws is heavy, and imported only here."""
    from regulars.cli.forecasts.pictures import require_folder

    require_folder(folder, ending.value)


def _drawn(
    app: Forecasting, purchases: Forecast, actuals: Iterable[ForecastActual], folder: Path, ending: Drawing
) -> list[str]:
    from regulars.cli.forecasts.pictures import draw

    return [str(path) for path in draw(app, purchases, actuals, folder, ending.value)]


def segments(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", show_default=False, help="Whose customers to show, such as due-now.")
    ] = None,
    where: WhereCustomers = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Customers in a table; CSV and JSON have all.")
    ] = 50,
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Show the customers to act on, by the latest forecast: who is worth keeping and leaving, who is due now, which one-time
    buyers are likely to return.

    Examples:
      regulars segments --shop myshop
      regulars segments worth-keeping-and-leaving --format csv > write_to_them.csv
      regulars segments due-now --where first_country=DE
    """
    from regulars.cli.forecasts import segments as drawn
    from regulars.metrics.catalogue import named as metric_named
    from regulars.metrics.customers.segments import members, named, sizes
    from regulars.metrics.measures import FORECASTS
    from regulars.services import serializer
    from regulars.services.queries import conditions, require_forecast

    chosen, conditions_ = named(name) if name else None, conditions(where)
    with open_for_query(shop).facts() as facts:
        if note := require_forecast((metric_named("customers_at_risk"),), facts):
            tell(note)
        latest, currency = facts.forecasts[FORECASTS][-1], facts.currency
        shown = [size for size in sizes(facts, conditions_) if chosen in (None, size.segment)]
        if chosen is not None:
            people = members(chosen, facts, conditions_, limit if format is Format.TABLE else None)
    if chosen is None:
        records = serializer.segment_sizes(shown, latest.as_of, currency)
        write(records, format, drawn.size_sheet(shown, latest, currency))
    else:
        sheet = drawn.member_sheet(shown[0], people, latest, currency)
        write(serializer.segment_members(people), format, sheet, drawn.MEMBER_COLUMNS)
