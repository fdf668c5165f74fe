"""A forecast, for people."""

from __future__ import annotations

from decimal import Decimal

from regulars.cli.forecasts.seasons import in_words
from regulars.cli.forecasts.tables import about_ranges, likely, percent
from regulars.cli.output import say, show
from regulars.forecast.conventions import off_by
from regulars.forecast.purchases.result import Forecast
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.units import Unit
from regulars.warehouse.forecasts import STAYING

NAMES = {
    "pareto": "Pareto/NBD: customers buy at a pace of their own and may leave at any time",
    "mbg": "MBG/NBD: customers buy at a pace of their own and may leave after each purchase, the first too",
    "bg": "BG/NBD: customers buy at a pace of their own and may leave after each purchase but the first",
    "nbd": "NBD: customers buy at a pace of their own, and none leaves for good",
}


def summary(found: Forecast) -> None:
    """What it comes to, and what one must know to read it."""
    show(_sheet(found))
    for line in (*stale(found), *caution(found), *in_words(found.seasons)):
        say(line)
    say(f"Value is {found.value_of}: {found.value_why}.")
    if found.capped_orders:
        say(
            f"{numbers.counted(found.capped_orders, 'order', 'orders')} above {_money(found.cap, found)} count as much as that:"
            f" {_money(found.capped_amount, found)} are left out, for so few would decide what customers are worth."
        )
    if found.spend["reason"]:
        say(f"Every purchase is taken to be worth the same to all customers: {found.spend['reason']}")
    say(f"{NAMES[found.model]}; {found.why}.")
    if found.model == STAYING:
        say("So who is about to be lost is not told here, and value at risk is nothing: go by the chance to buy.")


def stale(found: Forecast) -> list[str]:
    """That it is no longer up to date, and why; nothing where it is."""
    if not found.stale:
        return []
    return [f"This forecast is stale: since it was made, {', '.join(found.stale)}. Make a new one: regulars forecast"]


def caution(found: Forecast) -> list[str]:
    """How far off such forecasts were in the past, and what that makes of the ranges."""
    shown = [found.buyers_range(int(days)) for days in found.totals["buyers"]]
    about = about_ranges([*shown, found.total_range("purchases"), found.total_range(found.value_of)])
    if found.backtest is None:
        return [
            "How far off such forecasts were in the past is not known: the data are too short to hide a part of them.",
            *about,
        ]
    off = [off_by(quarter["buyers"]["forecast"], quarter["buyers"]["came"]) for quarter in found.backtest["quarters"]]
    days, several = found.backtest["days"], len(off) > 1
    times = f"The last {len(off)} times" if several else "The last time"
    between = f"{percent(min(off))} to {percent(max(off))}" if several else percent(off[0])
    return [
        f"{times} that {days} days were hidden and forecast, the number of buyers was off by {between}: sales, advertising and"
        " whatever else moves all customers at once. The ranges are as wide as such errors make them.",
        *about,
    ]


def _sheet(found: Forecast) -> Table:
    totals = found.totals
    sheet = Table(["", "expected", "eight in ten"], numbers=frozenset(["expected", "eight in ten"]))
    sheet.title = f"Forecast as of {found.as_of}, of {found.customers:,} customers"

    def add(name: str, value: str, about: str = "") -> None:
        sheet.rows.append([name, value, about])

    for days, buyers in totals["buyers"].items():
        add(f"customers who buy within {days} days", f"{buyers:,.0f}", likely(found.buyers_range(int(days))))
    ahead = f"{found.horizon} days"
    off = f", less {found.discount * 100:.3g} % a year" if found.discount else ""
    add(f"purchases within {ahead}", f"{totals['purchases']:,.0f}", likely(found.total_range("purchases")))
    value = likely(found.total_range(found.value_of), lambda amount: _money(amount, found))
    add(f"{found.value_of} within {ahead}{off}", _money(totals[found.value_of], found), value)
    if found.model == STAYING:  # then there is nothing to tell of leaving
        return sheet
    add("still customers, whether they buy or not", f"{totals['customers_alive']:,.0f}")
    add("leaving: less than half as likely to buy as at their last purchase", f"{totals['at_risk']:,}")
    add(f"{found.value_of} at risk with them within a year", _money(totals[f"{found.value_of}_at_risk"], found))
    return sheet


def _money(amount: Decimal | str | float, found: Forecast) -> str:
    return numbers.shown(float(amount), Unit.MONEY, found.currency)
