"""A forecast, made: gates, histories, fit, choice, scores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import ibis.expr.types as ir

from regulars.forecast.backtests.ranges import lengths
from regulars.forecast.conventions import BACKTEST_DAYS, BACKTEST_ORIGINS, WITHIN
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases import backtest, data_requirements, model_selection
from regulars.forecast.purchases.accuracy import chance
from regulars.forecast.purchases.accuracy.period_errors import errors_of
from regulars.forecast.purchases.histories import cells, cells_to_fit, daily_purchases, histories, known
from regulars.forecast.purchases.learning import boosting, logistic
from regulars.forecast.purchases.monetary_value import spending, winsorize
from regulars.forecast.purchases.result import Forecast
from regulars.forecast.purchases.scoring import predictions, scores, written
from regulars.forecast.purchases.season_selection import timed
from regulars.forecast.purchases.totals import totals
from regulars.vocabulary.calendar import from_epoch_day
from regulars.warehouse.engine import Engine

STEPS = ("histories", "spend", "models", "past", "scores", "totals")


def run_forecast(
    engine: Engine,
    currency: str,
    until: int,
    wish: ForecastOptions,
    threads: int = 1,
    done: Callable[[str], None] = lambda step: None,
) -> tuple[Forecast, ir.Table]:
    """A forecast as of the day before the epoch day `until`, and its predictions, still a query of the engine.

    Many customers are scored by so many threads; `done` is called with each of STEPS. Raises ForecastRefused where the data
    cannot carry a forecast.
    """
    orders = engine.fact("orders")
    seen = data_requirements.evidence(engine, orders, until)
    data_requirements.require(seen)
    capped = winsorize(engine, orders, until)
    rows = engine.keep("forecast_histories", histories(orders, until, capped.at))
    by_day = cells(engine, rows)
    done("histories")
    spend = spending(engine, orders, rows, until)
    done("spend")
    to_fit = cells_to_fit(engine, rows, by_day)
    found = model_selection.candidates(to_fit, wish.model)
    done("models")
    first_day = seen.first_day or until

    past = backtest.quarters(engine, orders, first_day, until, seen.customers)
    trials = {name: backtest.tried(name, past) for name in found}
    chosen = model_selection.choose(found, trials, wish.model)
    model = chosen.fitted.model
    daily = daily_purchases(engine, known(orders, until), first_day, until)
    on_time = timed(chosen.fitted, to_fit, trials[model], daily, until)
    fitted = on_time.fitted
    trials[model] = on_time.trials
    report = backtest.report(trials, model) if trials[model] else None
    before = backtest.quarters_before(engine, orders, past, first_day, seen.customers)
    if report:
        report["logistic"] = logistic.regressed(before, past) if before else None
    if report and boosting.available():
        report["boosting"] = boosting.boosted(before, past) if before else None
    of_value = lengths(wish.horizon)
    hidden = {BACKTEST_DAYS: on_time.trials} if len(on_time.trials) == BACKTEST_ORIGINS else {}
    for days in sorted({*WITHIN, *of_value} - set(hidden)):
        hidden[days] = backtest.tried_back(
            model, engine, orders, first_day, until, seen.customers, days, on_time.seasons
        )
    sample = orders.filter(orders.person.notnull(), orders.person % backtest.sampled(seen.customers) == 0)
    errors = errors_of(engine, sample, hidden, of_value)
    done("past")
    scored = scores(fitted, by_day, wish.horizon, wish.rate, threads, on_time.clock)
    last = from_epoch_day(until - 1)
    said = engine.keep("forecast_predictions", predictions(engine, rows, scored, spend))
    done("scores")
    on_clock = fitted, on_time.clock
    spreads = {
        "purchases": chance.purchases(*on_clock, by_day, wish.horizon),
        "revenue": chance.revenue(*on_clock, chance.spent_by_past(engine, rows), spend, wish.horizon),
    }
    sums = totals(engine, said, wish.horizon, spreads, errors)
    done("totals")
    estimate = fitted.estimate
    forecast = Forecast(
        as_of=last,
        made_at=datetime.now(UTC).replace(microsecond=0),
        model=fitted.model,
        why=chosen.why,
        status=estimate.status.name.lower(),
        reason=estimate.reason,
        parameters=estimate.parameters,
        standard_errors=dict(zip(estimate.names, map(float, estimate.standard_errors), strict=True)),
        log_likelihood=float(estimate.log_likelihood),
        customers=int(by_day.customers),
        horizon=wish.horizon,
        discount=wish.rate,
        currency=currency,
        value_of=spend.value_of,
        value_share=spend.share,
        value_why=spend.why,
        spend={
            "model": spend.model,
            "reason": spend.reason,
            "parameters": spend.parameters,
        },
        cap=capped.at,
        capped_orders=capped.orders,
        capped_amount=capped.amount,
        totals=sums,
        backtest=report,
        seasons=on_time.report,
    )
    return forecast, written(said, orders, last.isoformat())
