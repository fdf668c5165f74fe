"""Forecast a shop's purchases and subscriptions. Separate from `app`, so that a load imports no model."""

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
"""First and last day of the data, and last day of the subscriptions; no row if there are no subscriptions."""


class Forecasting(App):
    """An opened shop, to query, to change and to forecast."""

    def forecast(self, options: ForecastOptions = _USUAL, progress: Progress = SILENT) -> Forecast:
        """Forecast the purchases and value of each customer, and store the forecast in a new version of the shop's data.

        It replaces a stored forecast as of the same day.

        Raises:
            ForecastRefused: The data do not meet the requirements of a forecast.
            NothingLoaded: There are no orders.
            UsageError: `options.as_of` is outside the data.
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
        """Return the stored forecasts of purchases, the latest first.

        Raises:
            NothingLoaded: The shop has no data yet.
        """
        with self.reading() as con:
            return result.STORE.listed(con)

    def actuals(self) -> tuple[ForecastActual, ...]:
        """Return the actuals of the stored forecasts of purchases, as far as the data reach."""
        with self._querying() as (con, engine):
            covered = con.execute(_COVERED).fetchall()
            return purchase_actuals(engine, result.STORE.listed(con), covered[0][1]) if covered else ()

    def forecast_subscriptions(
        self, options: ForecastOptions = _USUAL, progress: Progress = SILENT
    ) -> SubscribersForecast | None:
        """Forecast renewals and their value, and store the forecast in a new version of the shop's data.

        Args:
            options: Options; `model` is ignored.
            progress: Receives the progress.

        Returns:
            The forecast, or None if there are no subscriptions.

        Raises:
            ForecastRefused: The data do not meet the requirements of a forecast.
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
        """Forecast purchases and subscriptions. A refusal of one does not stop the other.

        Returns:
            Both forecasts, None where there is none, and the errors of those that were refused.

        Raises:
            ForecastRefused: Neither forecast is possible.
            NothingLoaded: There are no orders, and no forecast of subscriptions is possible.
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
        """Return the stored forecasts of subscriptions, the latest first.

        Raises:
            NothingLoaded: The shop has no data yet.
        """
        with self.reading() as con:
            return subscription_result.STORE.listed(con)

    def subscription_actuals(self) -> tuple[ForecastActual, ...]:
        """Return the actuals of the stored forecasts of subscriptions, as far as the data reach."""
        with self._querying() as (con, engine):
            covered = con.execute(_SUBSCRIBED).fetchall()
            forecasts = subscription_result.STORE.listed(con)
            return renewal_actuals(engine, forecasts, covered[0][1:]) if covered else ()

    def customers_of(self, forecast: Forecast) -> Customers:
        """Return the distribution of a stored forecast's value, chances and purchase rates among customers."""
        with self._querying() as (_, engine):
            return customers(engine, forecast.as_of)

    @contextmanager
    def _querying(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, Engine]]:
        with self.reading() as con:
            yield con, Engine(con=con)

    @contextmanager
    def _writing(self, purpose: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Engine]]:
        """Write a new version; the engine's temporary tables are removed from it at the end."""
        with self.warehouse.write(purpose, waiting=self.tell) as con:
            engine = Engine(con=con)
            yield con, engine
            engine.forget()
