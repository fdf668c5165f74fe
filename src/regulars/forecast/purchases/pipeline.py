"""The steps of a forecast of purchases, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import ibis.expr.types as ir

from regulars.forecast.conventions import BACKTEST_DAYS, BACKTEST_ORIGINS, PROBABILITY_HORIZONS
from regulars.forecast.options import ForecastOptions
from regulars.forecast.prediction_intervals import backtest_lengths
from regulars.forecast.purchases import backtest, baselines, data_requirements, model_selection, total_errors
from regulars.forecast.purchases.histories import (
    customer_histories,
    daily_purchases,
    known_orders,
    rfm_summary,
    rfm_summary_to_fit,
)
from regulars.forecast.purchases.model_selection import choose_time_scale
from regulars.forecast.purchases.monetary_value import fit_monetary_value, winsorize
from regulars.forecast.purchases.result import Forecast
from regulars.forecast.purchases.scoring import predictions, score_customers, with_first_order
from regulars.forecast.purchases.total_errors import backtest_errors
from regulars.forecast.purchases.totals import totals
from regulars.vocabulary.calendar import from_epoch_day
from regulars.warehouse.engine import Engine

STEPS = ("histories", "spend", "models", "past", "scores", "totals")


def run_forecast(
    engine: Engine,
    currency: str,
    until: int,
    options: ForecastOptions,
    threads: int = 1,
    done: Callable[[str], None] = lambda step: None,
) -> tuple[Forecast, ir.Table]:
    """Return the forecast as of the day before `until`, and its predictions as a query of the engine.

    Args:
        engine: Where the facts are.
        currency: The shop's currency.
        until: First epoch day whose data are not used.
        options: Options of the forecast.
        threads: Threads that score the customers.
        done: Called with each of STEPS when it is complete.

    Raises:
        ForecastRefused: Where the data are not sufficient.
    """
    orders = engine.fact("orders")
    counts = data_requirements.count_data(engine, orders, until)
    data_requirements.require(counts)
    capped = winsorize(engine, orders, until)
    rows = engine.keep("forecast_histories", customer_histories(orders, until, capped.at))
    daily_rfm = rfm_summary(engine, rows)
    done("histories")
    spend = fit_monetary_value(engine, orders, rows, until)
    done("spend")
    to_fit = rfm_summary_to_fit(engine, rows, daily_rfm)
    candidates = model_selection.fit_candidates(to_fit, options.model)
    done("models")
    first_day = counts.first_day or until

    periods = backtest.backtest_periods(engine, orders, first_day, until, counts.customers)
    backtests = {name: backtest.backtest_model(name, periods) for name in candidates}
    choice = model_selection.choose_model(candidates, backtests, options.model)
    model = choice.fitted.model
    purchases_by_day = daily_purchases(engine, known_orders(orders, until), first_day, until)
    season_choice = choose_time_scale(choice.fitted, to_fit, backtests[model], purchases_by_day, until)
    fitted = season_choice.fitted
    backtests[model] = season_choice.backtests
    report = backtest.report(backtests, model) if backtests[model] else None
    preceding = backtest.preceding_periods(engine, orders, periods, first_day, counts.customers)
    if report:
        report["logistic"] = baselines.regressed(preceding, periods) if preceding else None
    if report and baselines.available():
        report["boosting"] = baselines.boosted(preceding, periods) if preceding else None
    of_value = backtest_lengths(options.horizon)
    backtests_by_days = (
        {BACKTEST_DAYS: season_choice.backtests} if len(season_choice.backtests) == BACKTEST_ORIGINS else {}
    )
    for days in sorted({*PROBABILITY_HORIZONS, *of_value} - set(backtests_by_days)):
        backtests_by_days[days] = backtest.backtest_model_on_days(
            model, engine, orders, first_day, until, counts.customers, days, season_choice.seasons
        )
    sample = orders.filter(orders.person.notnull(), orders.person % backtest.sampling_interval(counts.customers) == 0)
    errors = backtest_errors(engine, sample, backtests_by_days, of_value)
    done("past")
    scored = score_customers(fitted, daily_rfm, options.horizon, options.rate, threads, season_choice.time_scale)
    as_of = from_epoch_day(until - 1)
    customer_predictions = engine.keep("forecast_predictions", predictions(engine, rows, scored, spend))
    done("scores")
    fitted_on_scale = fitted, season_choice.time_scale
    spreads = {
        "purchases": total_errors.purchases_total(*fitted_on_scale, daily_rfm, options.horizon),
        "revenue": total_errors.revenue_total(
            *fitted_on_scale, total_errors.spend_by_history(engine, rows), spend, options.horizon
        ),
    }
    forecast_totals = totals(engine, customer_predictions, options.horizon, spreads, errors)
    done("totals")
    estimate = fitted.estimate
    forecast = Forecast(
        as_of=as_of,
        made_at=datetime.now(UTC).replace(microsecond=0),
        model=fitted.model,
        why=choice.why,
        status=estimate.status.name.lower(),
        reason=estimate.reason,
        parameters=estimate.parameters,
        standard_errors=dict(zip(estimate.names, map(float, estimate.standard_errors), strict=True)),
        log_likelihood=float(estimate.log_likelihood),
        customers=int(daily_rfm.customers),
        horizon=options.horizon,
        discount=options.rate,
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
        totals=forecast_totals,
        backtest=report,
        seasons=season_choice.report,
    )
    return forecast, with_first_order(customer_predictions, orders, as_of.isoformat())
