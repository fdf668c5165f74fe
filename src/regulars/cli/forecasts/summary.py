"""A forecast, for people."""

from __future__ import annotations

from decimal import Decimal

from regulars.cli.forecasts.seasons import in_words
from regulars.cli.forecasts.tables import about_ranges, likely, percent
from regulars.cli.output import say, show
from regulars.forecast.conventions import relative_error
from regulars.forecast.purchases.result import Forecast
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.units import Unit
from regulars.warehouse.forecasts import NO_DROPOUT_MODEL

NAMES = {
    "pareto": "Pareto/NBD: customers buy at a pace of their own and may leave at any time",
    "mbg": "MBG/NBD: customers buy at a pace of their own and may leave after each purchase, the first too",
    "bg": "BG/NBD: customers buy at a pace of their own and may leave after each purchase but the first",
    "nbd": "NBD: customers buy at a pace of their own, and none leaves for good",
}


def summary(forecast: Forecast) -> None:
    """What it comes to, and what one must know to read it."""
    show(_sheet(forecast))
    for line in (*stale(forecast), *caution(forecast), *in_words(forecast.seasons)):
        say(line)
    say(f"Value is {forecast.value_of}: {forecast.value_why}.")
    if forecast.capped_orders:
        orders = numbers.counted(forecast.capped_orders, "order", "orders")
        say(
            f"{orders} above {_money(forecast.cap, forecast)} count as {_money(forecast.cap, forecast)} each, so that a few large"
            f" orders do not decide what customers are worth: {_money(forecast.capped_amount, forecast)} are left out."
        )
    if forecast.spend["reason"]:
        say(f"Every purchase is taken to be worth the same to all customers: {forecast.spend['reason']}")
    say(f"{NAMES[forecast.model]}; {forecast.why}.")
    if forecast.model == NO_DROPOUT_MODEL:
        say("So who is about to be lost is not told here, and value at risk is nothing: go by the chance to buy.")


def stale(forecast: Forecast) -> list[str]:
    """That it is no longer up to date, and why; nothing where it is."""
    if not forecast.stale:
        return []
    return [
        f"This forecast is stale: since it was made, {', '.join(forecast.stale)}. Make a new one: regulars forecast"
    ]


def caution(forecast: Forecast) -> list[str]:
    """How far off such forecasts were in the past, and what that makes of the ranges."""
    shown = [forecast.buyers_range(int(days)) for days in forecast.totals["buyers"]]
    about = about_ranges([*shown, forecast.total_range("purchases"), forecast.total_range(forecast.value_of)])
    if forecast.backtest is None:
        return [
            "How far off such forecasts were in the past is not known: the data are too short to hide a part of them.",
            *about,
        ]
    off = [
        relative_error(quarter["buyers"]["forecast"], quarter["buyers"]["actual"])
        for quarter in forecast.backtest["quarters"]
    ]
    days, several = forecast.backtest["days"], len(off) > 1
    periods = f"{len(off)} periods" if several else "1 period"
    between = f"{percent(min(off))} to {percent(max(off))}" if several else percent(off[0])
    return [
        f"Backtest over {periods}: the forecast of buyers within {days} days was off by {between}. Causes are sales,"
        " advertising and all that moves many customers at once. The ranges are as wide as such errors.",
        *about,
    ]


def _sheet(forecast: Forecast) -> Table:
    totals = forecast.totals
    sheet = Table(["", "expected", "eight in ten"], numbers=frozenset(["expected", "eight in ten"]))
    sheet.title = f"Forecast as of {forecast.as_of}, of {forecast.customers:,} customers"

    def add(name: str, value: str, about: str = "") -> None:
        sheet.rows.append([name, value, about])

    for days, buyers in totals["buyers"].items():
        add(f"customers who buy within {days} days", f"{buyers:,.0f}", likely(forecast.buyers_range(int(days))))
    ahead = f"{forecast.horizon} days"
    off = f", less {forecast.discount * 100:.3g} % a year" if forecast.discount else ""
    add(f"purchases within {ahead}", f"{totals['purchases']:,.0f}", likely(forecast.total_range("purchases")))
    value = likely(forecast.total_range(forecast.value_of), lambda amount: _money(amount, forecast))
    add(f"{forecast.value_of} within {ahead}{off}", _money(totals[forecast.value_of], forecast), value)
    if forecast.model == NO_DROPOUT_MODEL:  # then there is nothing to tell of leaving
        return sheet
    add("still customers, whether they buy or not", f"{totals['customers_alive']:,.0f}")
    add("leaving: less than half as likely to buy as at their last purchase", f"{totals['at_risk']:,}")
    add(
        f"{forecast.value_of} at risk with them within a year", _money(totals[f"{forecast.value_of}_at_risk"], forecast)
    )
    return sheet


def _money(amount: Decimal | str | float, forecast: Forecast) -> str:
    return numbers.shown(float(amount), Unit.MONEY, forecast.currency)
