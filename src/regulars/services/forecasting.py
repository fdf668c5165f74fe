"""A shop opened to look ahead. Kept apart from all that loads, so that a load does not wait for what forecasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import ibis

from regulars.forecast.actuals import ForecastActual, purchase_actuals, renewal_actuals
from regulars.forecast.options import ForecastOptions, training_end
from regulars.forecast.purchases import result
from regulars.forecast.purchases.pipeline import STEPS as FORECAST_STEPS
from regulars.forecast.purchases.pipeline import run_forecast
from regulars.forecast.purchases.result import Forecast
from regulars.forecast.subscriptions import result as subscription_result
from regulars.forecast.subscriptions.pipeline import STEPS as SUBSCRIBER_STEPS
from regulars.forecast.subscriptions.pipeline import run_forecast as run_subscription_forecast
from regulars.forecast.subscriptions.result import SubscribersForecast
from regulars.load.run import SILENT, Progress
from regulars.reports.forecasts.customers import Customers, customers
from regulars.services.app import App
from regulars.vocabulary.errors import ForecastRefused, NothingLoaded, RegularsError
from regulars.warehouse.engine import Engine

_USUAL = ForecastOptions()
_COVERED = "SELECT first_day, last_day FROM facts.coverage WHERE table_name = 'orders'"
_SUBSCRIBED = """SELECT min(first_day), coalesce(max(last_day) FILTER (table_name = 'orders'), max(last_day)),
    max(last_day) FILTER (table_name = 'subscriptions') FROM facts.coverage WHERE table_name IN ('orders', 'subscriptions')
    HAVING count(*) FILTER (table_name = 'subscriptions') > 0"""
"""The first and last day of the shop's data, and the last that subscriptions cover; no row where there are none."""


class Forecasting(App):
    """An opened shop, to ask, to change and to forecast."""

    def forecast(self, options: ForecastOptions = _USUAL, progress: Progress = SILENT) -> Forecast:
        """Forecast who will come back and what they will be worth, and keep it as a new version of the shop's data.

        A forecast as of the same day is replaced. Raises ForecastRefused where the data cannot carry one, NothingLoaded where
        there are no orders.
        """
        with self.facts() as facts:  # where settings changed, this derives everything again first
            facts.require_table("orders")
        settings = self.shop.settings
        threads = settings.machine.threads or os.cpu_count() or 1
        with self._writing("forecast") as (con, engine):
            until = training_end(options, con.execute(_COVERED).fetchall()[0])
            progress.start("forecasting", len(FORECAST_STEPS))
            forecast, rows = run_forecast(
                engine, settings.currency, until, options, threads, lambda _: progress.advance()
            )
            result.STORE.write(con, forecast, ibis.to_sql(rows, dialect="duckdb"))
        return forecast

    def forecasts(self) -> tuple[Forecast, ...]:
        """The forecasts that are kept, the latest first; each says whether it is stale. Raises NothingLoaded before any load."""
        with self.reading() as con:
            return result.STORE.listed(con)

    def actuals(self) -> tuple[ForecastActual, ...]:
        """What came of the forecasts that are kept, as far as the data reach by now."""
        with self._querying() as (con, engine):
            covered = con.execute(_COVERED).fetchall()
            return purchase_actuals(engine, result.STORE.listed(con), covered[0][1]) if covered else ()

    def forecast_subscriptions(
        self, options: ForecastOptions = _USUAL, progress: Progress = SILENT
    ) -> SubscribersForecast | None:
        """Forecast who will renew and what that brings, and keep it as a new version; None where there are no subscriptions.

        Of the wish the model is that of purchases. Raises ForecastRefused where the data cannot carry one.
        """
        with self.reading() as con:
            if not con.execute(_SUBSCRIBED).fetchall():
                return None
        settings = self.shop.settings
        with self._writing("forecast subscriptions") as (con, engine):
            first, last, known_until = con.execute(_SUBSCRIBED).fetchall()[0]
            until = training_end(options, (first, last))
            progress.start("forecasting subscriptions", len(SUBSCRIBER_STEPS))
            forecast, rows = run_subscription_forecast(
                engine, settings.currency, settings.subscriptions_renew, (last, known_until), until, options,
                lambda _: progress.advance(),
            )  # fmt: skip
            subscription_result.STORE.write(con, forecast, ibis.to_sql(rows, dialect="duckdb"))
        return forecast

    def forecast_both(
        self, options: ForecastOptions = _USUAL
    ) -> tuple[Forecast | None, SubscribersForecast | None, list[RegularsError]]:
        """Forecast purchases and subscriptions. Where one is refused, the other is made all the same.

        Returns:
            Both forecasts, None where there is none, and why one was refused. Raises the refusal where none is made.
        """
        purchases, renewals = None, None
        refused: list[RegularsError] = []
        try:
            purchases = self.forecast(options)
        except (ForecastRefused, NothingLoaded) as error:
            refused.append(error)
        try:
            renewals = self.forecast_subscriptions(options)
        except ForecastRefused as error:
            refused.append(error)
        if purchases is None and renewals is None:
            raise refused[0]
        return purchases, renewals, refused

    def subscription_forecasts(self) -> tuple[SubscribersForecast, ...]:
        """The forecasts of subscriptions that are kept, the latest first. Raises NothingLoaded before any load."""
        with self.reading() as con:
            return subscription_result.STORE.listed(con)

    def subscription_actuals(self) -> tuple[ForecastActual, ...]:
        """What came of them, as far as subscriptions are known by now."""
        with self._querying() as (con, engine):
            covered = con.execute(_SUBSCRIBED).fetchall()
            forecasts = subscription_result.STORE.listed(con)
            return renewal_actuals(engine, forecasts, covered[0][1:]) if covered else ()

    def customers_of(self, forecast: Forecast) -> Customers:
        """Where a kept forecast's value lies among its customers, and how unlike their paces are."""
        with self._querying() as (_, engine):
            return customers(engine, forecast.as_of)

    @contextmanager
    def _querying(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, Engine]]:
        with self.reading() as con:
            yield con, Engine(con=con)

    @contextmanager
    def _writing(self, purpose: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Engine]]:
        """A new version to write a forecast into; what the engine made on the way does not stay in it."""
        with self.warehouse.write(purpose, waiting=self.tell) as con:
            engine = Engine(con=con)
            yield con, engine
            engine.forget()
