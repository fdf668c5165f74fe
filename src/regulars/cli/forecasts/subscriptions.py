"""A forecast of subscriptions, for people and as a record; and how it is made beside the one of purchases."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import date
from typing import TYPE_CHECKING, Any

from regulars.cli.forecasts.tables import about_ranges, by_chance, likely, numbered, of_kept, percent
from regulars.cli.output import say, show, tell
from regulars.cli.signals import reporting
from regulars.forecast.conventions import off_by
from regulars.forecast.forecast_actual import ForecastActual
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases.result import Forecast
from regulars.forecast.subscriptions.backtest import UNLIKELY
from regulars.forecast.subscriptions.result import SubscribersForecast
from regulars.load.run import Progress
from regulars.services import serializer
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.errors import ForecastRefused, NothingLoaded
from regulars.vocabulary.settings.term import Terms
from regulars.vocabulary.units import Unit

if TYPE_CHECKING:
    from regulars.services.forecasting import Forecasting

Both = tuple[Forecast | None, SubscribersForecast | None]
"""What is forecast of purchases and of subscriptions; at least one of the two."""


def made(app: Forecasting, wish: ForecastOptions, progress: Progress) -> Both:
    """Forecast both. Where one is refused, that is said and the other is made all the same."""
    found, renewing = None, None
    refused: list[ForecastRefused | NothingLoaded] = []
    try:
        found = app.forecast(wish, progress)
    except (ForecastRefused, NothingLoaded) as error:
        refused.append(error)
    with nullcontext() if found is None else reporting("The forecast of purchases", "subscriptions are not forecast"):
        try:
            renewing = app.forecast_subscriptions(wish, progress)
        except ForecastRefused as error:
            refused.append(error)
    if found is None and renewing is None:
        raise refused[0] if len(refused) == 1 else ForecastRefused(" ".join(map(str, refused)), refused[0].hint)
    with reporting("The forecast"):
        for why in refused:
            tell(f"{'Purchases' if found is None else 'Subscriptions'} are not forecast. {why}")
    return found, renewing


def kept(app: Forecasting, as_of: date | None) -> Both:
    """Those of a day, or the latest. Raises ForecastRefused where there is none."""
    of_purchases, renewing = app.forecasts(), app.subscription_forecasts()
    known = sorted({one.as_of for one in of_purchases} | {one.as_of for one in renewing})
    if not known:
        raise ForecastRefused("No forecast has been made of this shop yet.", "Make one: regulars forecast")
    if as_of and as_of not in known:
        days = ", ".join(map(str, known))
        raise ForecastRefused(f"No forecast as of {as_of} is kept.", f"There are those of {days}.")
    return (
        next((one for one in of_purchases if as_of in (None, one.as_of)), None),
        next((one for one in renewing if as_of in (None, one.as_of)), None),
    )


def record(found: SubscribersForecast | None, app: Forecasting, report: bool) -> dict[str, Any] | None:
    """Everything a forecast says of itself, with what came of those that were kept where a report is asked for."""
    if found is None:
        return None
    return serializer.forecast(found, app.subscription_hindsight() if report else None)


def show_all(found: SubscribersForecast, app: Forecasting, report: bool, after: Forecast | None) -> None:
    """All that is said of subscriptions, below the forecast of purchases where there is one."""
    if after:
        say()
    summary(found, app.shop.settings.subscriptions_renew)
    if report:
        trust(found, app.subscription_hindsight())


def summary(found: SubscribersForecast, terms: Terms) -> None:
    """What it comes to, and what one must know to read it."""
    show(_sheet(found))
    if len(found.plans) > 1:
        say()
        show(_plans(found))
    if found.stale:
        say(f"This forecast is stale: since it was made, {', '.join(found.stale)}. Make a new one: regulars forecast")
    for line in about_ranges(found.renewing_range(int(days)) for days in found.totals["renewing"]):
        say(line)
    if found.ending:
        say(
            f"{numbers.counted(found.ending, 'subscription runs', 'subscriptions run')} out on a day that is known: nothing is"
            " forecast of them."
        )
    for plan in found.plans:
        if plan["refused"]:
            say(f"Nothing is forecast of {_name(plan['plan'])}: {plan['refused']}.")
    say(
        f"Value is {found.value_of}: {found.value_why}."
        if found.value_of
        else f"Value is not known: {found.value_why}."
    )
    say(f"{_renewing(found)}; where that is wrong, set subscriptions_renew in regulars.toml.")
    nobodys = sorted({name for name, _ in terms.plans} - {plan["plan"] for plan in found.plans})
    if nobodys:
        say(f"No subscription is of the plan {' or '.join(nobodys)}, which subscriptions_renew names.")


def trust(found: SubscribersForecast, came: Iterable[ForecastActual]) -> None:
    """Parameters, cohorts, forecasts of a hidden past beside what came, and what came of the forecasts that were kept."""
    sheets = [_parameters(found), _cohorts(found)]
    if found.backtest is not None:
        sheets += [_hidden(found.backtest), _by_cohort(found.backtest)]
    kept = of_kept(came, "Forecasts that were kept: subscriptions that renewed")
    for sheet in [*sheets, *([kept] if kept.rows else [])]:
        say()
        show(sheet)
    if found.backtest is None:
        say("How far off such forecasts were in the past is not known: the data are too short to hide a part of them.")


def _sheet(found: SubscribersForecast) -> Table:
    totals = found.totals
    sheet = numbered([""], ["expected", "eight in ten"], "")
    people = numbers.counted(totals["persons"], "customer", "customers")
    sheet.title = f"Subscriptions as of {found.as_of}: {totals['subscriptions']:,} running, of {people}"
    for days, renewing in totals["renewing"].items():
        between = likely(found.renewing_range(int(days)))
        sheet.rows.append([f"subscriptions that renew within {days} days", f"{renewing:,.0f}", between])
    ahead = f"{found.horizon} days"
    off = f", less {found.discount * 100:.3g} % a year" if found.discount else ""
    sheet.rows.append([f"renewals within {ahead}", f"{totals['purchases']:,.0f}", ""])
    if found.value_of:
        sheet.rows.append(
            [f"{found.value_of} of renewals within {ahead}{off}", _money(totals[found.value_of], found), ""]
        )
        sheet.rows.append(["less than if all stayed, within 365 days", _money(totals["value_at_stake"], found), ""])
    return sheet


def _plans(found: SubscribersForecast) -> Table:
    title = f"By plan, within {found.horizon} days"
    sheet = numbered(["plan", "renews"], ["running", "renewals", "a renewal brings", "value"], title)
    for plan in found.plans:
        told = not plan["refused"]
        sheet.rows.append(
            [_name(plan["plan"]), plan["renews"], f"{plan['subscriptions']:,}" if told else numbers.NOTHING,
             f"{plan['purchases']:,.0f}" if told else numbers.NOTHING,
             _money(plan["spend"], found), _money(plan[found.value_of] if found.value_of else None, found)]
        )  # fmt: skip
    return sheet


def _renewing(found: SubscribersForecast) -> str:
    """How often each plan renews, in one sentence."""
    plans: dict[str, list[str]] = {}
    for plan in found.plans:
        plans.setdefault(plan["renews"], []).append(plan["plan"])
    if len(plans) == 1:
        return f"Subscriptions are taken to renew {next(iter(plans))}"
    told = "; ".join(f"{renews}: {', '.join(map(_name, names))}" for renews, names in plans.items())
    return f"Subscriptions are taken to renew {told}"


def _parameters(found: SubscribersForecast) -> Table:
    columns = ["subscriptions", "alpha", "beta", "first renewal", "sixth renewal"]
    sheet = numbered(["plans"], columns, "The model of each plan, and the share it says keeps a renewal")
    for model in found.models:
        values = [_parameter(model, name) for name in ("alpha", "beta")]
        shares = [numbers.shown(model[name], Unit.SHARE) for name in ("first_renewal", "sixth_renewal")]
        sheet.rows.append([", ".join(map(_name, model["plans"])), f"{model['subscriptions']:,}", *values, *shares])
        if model["pooled"]:
            sheet.notes.append(
                f"{', '.join(map(_name, model['plans']))}: too few for a model of their own, so that of all that renew"
                f" {model['renews']}."
            )
        if model["reason"]:
            sheet.notes.append(f"{', '.join(map(_name, model['plans']))}: {model['reason']}")
    sheet.notes.append(
        "Shifted beta-geometric (Fader & Hardie 2007): those likely to leave go first, so renewing grows more sure."
    )
    return sheet


def _parameter(model: dict[str, Any], name: str) -> str:
    error = model["standard_errors"][name]
    return f"{model['parameters'][name]:.4g}" + (f" ± {error:.2g}" if error is not None else "")


def _cohorts(found: SubscribersForecast) -> Table:
    columns = ["subscriptions", "asked to renew", "renewed once", "running"]
    sheet = numbered(["began in"], columns, "Cohorts, by the quarter in which subscriptions began")
    for one in found.cohorts:
        first = numbers.shown(one["renewed"] / one["asked"], Unit.SHARE) if one["asked"] else numbers.NOTHING
        sheet.rows.append(
            [one["cohort"], f"{one['subscriptions']:,}", f"{one['asked']:,}", first, f"{one['running']:,}"]
        )
    return sheet


def _hidden(backtest: dict[str, Any]) -> Table:
    naive = "at the churn of the days before"
    columns = ["subscribed", "forecast", "by chance alone", "came", "off by", naive, "off by that"]
    title = f"The past, hidden and forecast: subscriptions that still ran after {backtest['days']} days"
    sheet = numbered(["as of"], columns, title)
    for one in backtest["quarters"]:
        guess = one["naive"]
        guessed = [f"{guess:,.0f}", percent(off_by(guess, one["came"]))] if guess is not None else [numbers.NOTHING] * 2
        sheet.rows.append([one["as_of"], *_counts(one), percent(off_by(one["forecast"], one["came"])), *guessed])
    return sheet


def _by_cohort(backtest: dict[str, Any]) -> Table:
    columns = ["subscribed", "forecast", "by chance alone", "came", "off by"]
    sheet = numbered(["began in"], columns, "The same by cohort, all hidden days together")
    for one in backtest["cohorts"]:
        sheet.rows.append([one["cohort"], *_counts(one), percent(off_by(one["forecast"], one["came"]))])
    if backtest["alike"] is not None:
        said = "may well be" if backtest["alike"] >= UNLIKELY else "are not"
        sheet.notes.append(
            f"The cohorts {said} alike, as the model takes them to be: if they were, they would differ so much with a"
            f" probability of {numbers.shown(backtest['alike'], Unit.SHARE)}."
        )
    return sheet


def _counts(one: dict[str, Any]) -> list[str]:
    between = by_chance(one["forecast"], one["spread"])
    return [f"{one['subscriptions']:,.0f}", f"{one['forecast']:,.0f}", between, f"{one['came']:,.0f}"]


def _name(plan: str) -> str:
    return plan or "(no plan told)"


def _money(amount: str | float | None, found: SubscribersForecast) -> str:
    return numbers.shown(None if amount is None else float(amount), Unit.MONEY, found.currency)
