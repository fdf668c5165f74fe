"""A forecast of subscriptions, for people and as a record; and how it is made beside the one of purchases."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import date
from typing import TYPE_CHECKING, Any

from regulars.cli.forecasts.tables import about_ranges, by_chance, likely, numbered, of_kept, percent
from regulars.cli.output import say, show, tell
from regulars.cli.signals import reporting
from regulars.forecast.actuals import ForecastActual
from regulars.forecast.conventions import relative_error
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases.result import Forecast
from regulars.forecast.subscriptions.backtest import MIN_P_VALUE
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


def made(app: Forecasting, options: ForecastOptions, progress: Progress) -> Both:
    """Forecast both. Where one is refused, that is said and the other is made all the same."""
    purchases, renewing = None, None
    refused: list[ForecastRefused | NothingLoaded] = []
    try:
        purchases = app.forecast(options, progress)
    except (ForecastRefused, NothingLoaded) as error:
        refused.append(error)
    with (
        nullcontext() if purchases is None else reporting("The forecast of purchases", "subscriptions are not forecast")
    ):
        try:
            renewing = app.forecast_subscriptions(options, progress)
        except ForecastRefused as error:
            refused.append(error)
    if purchases is None and renewing is None:
        raise refused[0] if len(refused) == 1 else ForecastRefused(" ".join(map(str, refused)), refused[0].hint)
    with reporting("The forecast"):
        for why in refused:
            tell(f"{'Purchases' if purchases is None else 'Subscriptions'} are not forecast. {why}")
    return purchases, renewing


def kept(app: Forecasting, as_of: date | None) -> Both:
    """Those of a day, or the latest. Raises ForecastRefused where there is none."""
    of_purchases, renewing = app.forecasts(), app.subscription_forecasts()
    known = sorted({forecast.as_of for forecast in of_purchases} | {forecast.as_of for forecast in renewing})
    if not known:
        raise ForecastRefused("No forecast has been made of this shop yet.", "Make one: regulars forecast")
    if as_of and as_of not in known:
        days = ", ".join(map(str, known))
        raise ForecastRefused(f"No forecast as of {as_of} is kept.", f"There are those of {days}.")
    return (
        next((forecast for forecast in of_purchases if as_of in (None, forecast.as_of)), None),
        next((forecast for forecast in renewing if as_of in (None, forecast.as_of)), None),
    )


def record(forecast: SubscribersForecast | None, app: Forecasting, report: bool) -> dict[str, Any] | None:
    """Show a forecast, with a report also the stored forecasts beside the actuals."""
    if forecast is None:
        return None
    return serializer.forecast(forecast, app.subscription_actuals() if report else None)


def show_all(forecast: SubscribersForecast, app: Forecasting, report: bool, after: Forecast | None) -> None:
    """All that is said of subscriptions, below the forecast of purchases where there is one."""
    if after:
        say()
    summary(forecast, app.shop.settings.subscriptions_renew)
    if report:
        trust(forecast, app.subscription_actuals())


def summary(forecast: SubscribersForecast, terms: Terms) -> None:
    """What it comes to, and what one must know to read it."""
    show(_sheet(forecast))
    if len(forecast.plans) > 1:
        say()
        show(_plans(forecast))
    if forecast.stale:
        say(
            f"This forecast is stale: since it was made, {', '.join(forecast.stale)}. Make a new one: regulars forecast"
        )
    for line in about_ranges(forecast.renewing_range(int(days)) for days in forecast.totals["renewing"]):
        say(line)
    if forecast.ending:
        say(
            f"{numbers.counted(forecast.ending, 'subscription runs', 'subscriptions run')} out on a day that is known: nothing is"
            " forecast of them."
        )
    for plan in forecast.plans:
        if plan["refused"]:
            say(f"Nothing is forecast of {_name(plan['plan'])}: {plan['refused']}.")
    say(
        f"Value is {forecast.value_of}: {forecast.value_why}."
        if forecast.value_of
        else f"Value is not known: {forecast.value_why}."
    )
    say(f"{_renewing(forecast)}; where that is wrong, set subscriptions_renew in regulars.toml.")
    unused = sorted({name for name, _ in terms.plans} - {plan["plan"] for plan in forecast.plans})
    if unused:
        say(f"No subscription is of the plan {' or '.join(unused)}, which subscriptions_renew names.")


def trust(forecast: SubscribersForecast, actuals: Iterable[ForecastActual]) -> None:
    """Show parameters, cohorts, the backtest, and the kept forecasts beside the actuals."""
    tables = [_parameters(forecast), _cohorts(forecast)]
    if forecast.backtest is not None:
        tables += [_hidden(forecast.backtest), _by_cohort(forecast.backtest)]
    kept = of_kept(actuals, "Earlier forecasts and what happened: subscriptions that renewed")
    for table in [*tables, *([kept] if kept.rows else [])]:
        say()
        show(table)
    if forecast.backtest is None:
        say("How far off such forecasts were in the past is not known: the data are too short to hide a part of them.")


def _sheet(forecast: SubscribersForecast) -> Table:
    totals = forecast.totals
    sheet = numbered([""], ["expected", "eight in ten"], "")
    people = numbers.counted(totals["persons"], "customer", "customers")
    sheet.title = f"Subscriptions as of {forecast.as_of}: {totals['subscriptions']:,} running, of {people}"
    for days, renewing in totals["renewing"].items():
        between = likely(forecast.renewing_range(int(days)))
        sheet.rows.append([f"subscriptions that renew within {days} days", f"{renewing:,.0f}", between])
    ahead = f"{forecast.horizon} days"
    off = f", less {forecast.discount * 100:.3g} % a year" if forecast.discount else ""
    sheet.rows.append([f"renewals within {ahead}", f"{totals['purchases']:,.0f}", ""])
    if forecast.value_of:
        sheet.rows.append(
            [f"{forecast.value_of} of renewals within {ahead}{off}", _money(totals[forecast.value_of], forecast), ""]
        )
        sheet.rows.append(["less than if all stayed, within 365 days", _money(totals["value_at_risk"], forecast), ""])
    return sheet


def _plans(forecast: SubscribersForecast) -> Table:
    title = f"By plan, within {forecast.horizon} days"
    sheet = numbered(["plan", "renews"], ["running", "renewals", "a renewal brings", "value"], title)
    for plan in forecast.plans:
        is_forecast = not plan["refused"]
        sheet.rows.append(
            [_name(plan["plan"]), plan["renews"], f"{plan['subscriptions']:,}" if is_forecast else numbers.NOTHING,
             f"{plan['purchases']:,.0f}" if is_forecast else numbers.NOTHING,
             _money(plan["spend"], forecast), _money(plan[forecast.value_of] if forecast.value_of else None, forecast)]
        )  # fmt: skip
    return sheet


def _renewing(forecast: SubscribersForecast) -> str:
    """How often each plan renews, in one sentence."""
    plans: dict[str, list[str]] = {}
    for plan in forecast.plans:
        plans.setdefault(plan["renews"], []).append(plan["plan"])
    if len(plans) == 1:
        return f"Subscriptions are taken to renew {next(iter(plans))}"
    listed = "; ".join(f"{renews}: {', '.join(map(_name, names))}" for renews, names in plans.items())
    return f"Subscriptions are taken to renew {listed}"


def _parameters(forecast: SubscribersForecast) -> Table:
    columns = ["subscriptions", "alpha", "beta", "first renewal", "sixth renewal"]
    sheet = numbered(["plans"], columns, "The model of each plan, and the share it says keeps a renewal")
    for model in forecast.models:
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


def _cohorts(forecast: SubscribersForecast) -> Table:
    columns = ["subscriptions", "asked to renew", "renewed once", "running"]
    sheet = numbered(["began in"], columns, "Cohorts, by the quarter in which subscriptions began")
    for cohort in forecast.cohorts:
        first = numbers.shown(cohort["renewed"] / cohort["asked"], Unit.SHARE) if cohort["asked"] else numbers.NOTHING
        sheet.rows.append(
            [cohort["cohort"], f"{cohort['subscriptions']:,}", f"{cohort['asked']:,}", first, f"{cohort['running']:,}"]
        )
    return sheet


def _hidden(backtest: dict[str, Any]) -> Table:
    naive = "naive: same churn as the days before"
    columns = ["subscribed", "forecast", "range by chance alone", "actual", "error", naive, "error of naive"]
    title = f"Backtest: subscriptions still active after {backtest['days']} days"
    sheet = numbered(["as of"], columns, title)
    for period in backtest["quarters"]:
        guess = period["naive"]
        guessed = (
            [f"{guess:,.0f}", percent(relative_error(guess, period["actual"]))]
            if guess is not None
            else [numbers.NOTHING] * 2
        )
        sheet.rows.append(
            [period["as_of"], *_counts(period), percent(relative_error(period["forecast"], period["actual"])), *guessed]
        )
    return sheet


def _by_cohort(backtest: dict[str, Any]) -> Table:
    columns = ["subscribed", "forecast", "range by chance alone", "actual", "error"]
    sheet = numbered(["began in"], columns, "Backtest by cohort, all periods together")
    for cohort in backtest["cohorts"]:
        sheet.rows.append(
            [cohort["cohort"], *_counts(cohort), percent(relative_error(cohort["forecast"], cohort["actual"]))]
        )
    if backtest["alike"] is not None:
        likeness = "may well be" if backtest["alike"] >= MIN_P_VALUE else "are not"
        sheet.notes.append(
            f"The cohorts {likeness} alike, as the model takes them to be: if they were, they would differ so much with a"
            f" probability of {numbers.shown(backtest['alike'], Unit.SHARE)}."
        )
    return sheet


def _counts(counts: dict[str, Any]) -> list[str]:
    between = by_chance(counts["forecast"], counts["spread"])
    return [f"{counts['subscriptions']:,.0f}", f"{counts['forecast']:,.0f}", between, f"{counts['actual']:,.0f}"]


def _name(plan: str) -> str:
    return plan or "(no plan told)"


def _money(amount: str | float | None, forecast: SubscribersForecast) -> str:
    return numbers.shown(None if amount is None else float(amount), Unit.MONEY, forecast.currency)
