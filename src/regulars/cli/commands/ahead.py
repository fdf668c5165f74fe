"""Looking ahead: forecast."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from regulars.cli.options import AsLayout, Layout, PurchaseModel, ShopFolder
from regulars.cli.output import say, write_json
from regulars.cli.progress import bar
from regulars.cli.shops import HERE, changed


def _day(given: str | None) -> date | None:
    try:
        return None if given is None else date.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no day such as 2011-10-31.") from None


def forecast(
    horizon: Annotated[
        int, typer.Option("--horizon", metavar="DAYS", help="How far ahead purchases and value go.")
    ] = 365,
    rate: Annotated[
        float,
        typer.Option("--rate", metavar="SHARE", help="Discount a year: 0.1 takes 10 % off what comes a year later."),
    ] = 0.1,
    model: Annotated[
        PurchaseModel | None,
        typer.Option(
            "--model", help="How purchases come about; the best of them where nothing is said.", show_default=False
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DAY",
            callback=lambda given: given if given is None else str(_day(given)),
            show_default=False,
            help="The last day the forecast shall know, such as 2011-10-31; the last one of the data where nothing is said.",
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Make none: show the latest, how it was made and how far to trust it.")
    ] = False,
    format: AsLayout = Layout.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Forecast who will come back, who is leaving and what customers will be worth; say how far to trust it.

    Where the shop has subscriptions, also who will renew. They renew every month, or as subscriptions_renew in regulars.toml says.

    The last five forecasts are kept, one for each day they are as of. After a later load the latest is stale: make a new one.

    Examples:
      regulars forecast --shop myshop
      regulars forecast --report
      regulars forecast --horizon 730 --rate 0.08
      regulars forecast --as-of 2011-06-30
    """
    from regulars.cli.forecasts import subscriptions
    from regulars.cli.forecasts.summary import record, summary
    from regulars.cli.forecasts.trust import trust
    from regulars.forecast.shop.making import Wish

    app = changed(shop)
    if report:
        found, renewing = subscriptions.latest(app)
    else:
        with bar() as progress:
            found, renewing = subscriptions.made(app, Wish(horizon, rate, model and model.value, _day(as_of)), progress)
    if format is Layout.JSON:
        came = {"came": [asdict(one) for one in app.hindsight()]} if report else {}
        write_json(
            (record(found) | came if found else {}) | {"subscriptions": subscriptions.record(renewing, app, report)}
        )
        return
    if found:
        summary(found)
        if report:
            trust(found, app.hindsight())
    if renewing:
        if found:
            say()
        subscriptions.summary(renewing, app.shop.settings.subscriptions_renew)
        if report:
            subscriptions.trust(renewing, app.subscription_hindsight())
