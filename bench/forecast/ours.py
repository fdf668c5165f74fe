"""What Regulars does with ten million customers' pasts, step by step: keep, count, fit, score."""

from __future__ import annotations

import os

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow.parquet as pq

from bench.forecast.pasts import name_of
from bench.measuring import BenchError, Place, Stopwatch
from regulars.forecast import Estimate, RFMSummary, fit, fit_spend
from regulars.forecast.purchases.histories import rfm_summary, rfm_summary_to_fit
from regulars.forecast.purchases.monetary_value import MonetaryValue, fit_gamma_gamma
from regulars.forecast.purchases.scoring import predictions, score_customers
from regulars.warehouse.engine import Engine

CELLS, SCORES, PARQUET = "cells", "scores", "parquet"
"""The parts of scoring."""
_PARQUET = {"parquet_version": "v2", "compression": "lz4_raw", "dictionary_size_limit": 10_000}
"""How it is written. Looking for more equal values than that takes a fifth of the time and saves 1 % of the room."""
HORIZON, RATE = 365, 0.1
"""Days that are forecast, and the discount a year."""


def histories(place: Place, watch: Stopwatch, law: str) -> None:
    """Keep the histories as a forecast does: equal pasts together."""
    for _ in watch.runs():
        engine = _engine()
        with watch.timing():
            _kept(engine, place, law)


def count(place: Place, watch: Stopwatch, law: str, weeks: bool = False) -> None:
    """Count equal pasts in the engine and take the cells out of it: by day, or by week as where there are many."""
    engine = _engine()
    rows = _kept(engine, place, law)
    daily_rfm = rfm_summary(engine, rows)
    for _ in watch.runs():
        with watch.timing():
            rfm_summary_to_fit(engine, rows, daily_rfm, most=0) if weeks else rfm_summary(engine, rows)


def fit_law(place: Place, watch: Stopwatch, law: str, answer: str, days: bool = False) -> None:
    """Fit a model of purchases to cells, those that a forecast takes or those by day."""
    engine = _engine()
    rows = _kept(engine, place, law)
    daily_rfm = rfm_summary(engine, rows)
    taken = daily_rfm if days else rfm_summary_to_fit(engine, rows, daily_rfm)
    for _ in watch.runs():
        fresh = RFMSummary(taken.x, taken.t_x, taken.T, taken.n)  # with nothing kept of the run before
        with watch.timing():
            found = fit(fresh, law)
    _write(place, answer, found.estimate)


def fit_money(place: Place, watch: Stopwatch, law: str) -> None:
    """Fit Gamma-Gamma as a forecast does: to customers with as many orders and a mean alike within 1 %, counted."""
    engine = _engine()
    rows = _kept(engine, place, law)
    for _ in watch.runs():
        with watch.timing():
            _, refused = fit_gamma_gamma(engine, rows)
    if refused:
        raise BenchError(f"Gamma-Gamma was refused: {refused}")


def fit_money_of_each(place: Place, watch: Stopwatch, law: str, answer: str) -> None:
    """Fit Gamma-Gamma to every customer's own mean, in memory, as others do."""
    table = pq.read_table(place.data(name_of(law)), columns=["paid", "spent"])
    paid, spent = (np.asarray(table[name].cast("float64")) for name in ("paid", "spent"))
    summary = {"frequency": paid, "monetary_value": spent / paid}
    for _ in watch.runs():
        with watch.timing():
            found = fit_spend(summary)
    _write(place, answer, found.estimate)


def score(place: Place, watch: Stopwatch, law: str) -> None:
    """From kept histories to a Parquet file of what facts.predictions holds. Raises BenchError where a customer is missing."""
    engine = _engine()
    rows = _kept(engine, place, law)
    fitted = fit(rfm_summary_to_fit(engine, rows, rfm_summary(engine, rows)), law)
    parameters, _ = fit_gamma_gamma(engine, rows)
    spend = MonetaryValue("gamma-gamma", "", parameters, "profit", 0.4, "")
    file = place.scratch(f"predictions_{law}.parquet")
    threads = len(os.sched_getaffinity(0))
    for _ in watch.runs():
        with watch.timing():
            with watch.timing(CELLS):
                daily_rfm = rfm_summary(engine, rows)
            with watch.timing(SCORES):
                scored = score_customers(fitted, daily_rfm, HORIZON, RATE, threads)
            with watch.timing(PARQUET):
                said = predictions(engine, rows, scored, spend)
                engine.backend.to_parquet(said, file, **_PARQUET)
    written = pq.read_metadata(file)
    if (written.num_rows, written.num_columns) != (daily_rfm.customers, len(said.columns)):
        raise BenchError(f"{file.name} holds {written.num_rows:,} of {daily_rfm.customers:,.0f} customers.")
    file.unlink()


def _engine() -> Engine:
    return Engine(ibis.duckdb.from_connection(duckdb.connect()))


def _kept(engine: Engine, place: Place, law: str) -> ir.Table:
    rows = engine.backend.read_parquet(place.data(name_of(law)))
    return engine.keep("forecast_histories", rows.order_by("frequency", "age", "recency"))


def _write(place: Place, answer: str, estimate: Estimate) -> None:
    errors = dict(zip(estimate.names, map(float, estimate.standard_errors), strict=True))
    place.write_answers(answer, {"parameters": dict(estimate.parameters), "standard_errors": dict(errors)})
