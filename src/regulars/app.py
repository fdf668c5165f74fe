"""One shop, wired: sources, warehouse and metrics behind the few things a door (command line, page, notebook) asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import ibis

from regulars.forecast.shop import books
from regulars.forecast.shop.books import Forecast
from regulars.forecast.shop.engine import Engine
from regulars.forecast.shop.hindsight import Outcome, outcomes
from regulars.forecast.shop.making import STEPS as FORECAST_STEPS
from regulars.forecast.shop.making import Wish, make, until_of
from regulars.forecast.subscribers import books as subscriber_books
from regulars.forecast.subscribers import hindsight as subscriber_hindsight
from regulars.forecast.subscribers.books import SubscribersForecast
from regulars.forecast.subscribers.making import STEPS as SUBSCRIBER_STEPS
from regulars.forecast.subscribers.making import make as make_of_subscribers
from regulars.metrics.cells.refresh import refresh
from regulars.reading import Reading, Tell, silent
from regulars.reports.forecasts.customers import Customers, customers
from regulars.sources import catalogue, mapping_file, own
from regulars.vocabulary.errors import NothingLoaded, UsageError
from regulars.vocabulary.shop import Shop
from regulars.warehouse import log
from regulars.warehouse.changes import Changes
from regulars.warehouse.derive import STEPS, changes_of, derive
from regulars.warehouse.load.files import InputFile, expand
from regulars.warehouse.load.mapping import Source
from regulars.warehouse.load.run import SILENT, Input, LoadOptions, LoadResult, Progress, load

_DEFAULT = LoadOptions()
_USUAL = Wish()
_COVERED = "SELECT first_day, last_day FROM facts.coverage WHERE table_name = 'orders'"
_SUBSCRIBED = """SELECT min(first_day), coalesce(max(last_day) FILTER (table_name = 'orders'), max(last_day)),
    max(last_day) FILTER (table_name = 'subscriptions') FROM facts.coverage WHERE table_name IN ('orders', 'subscriptions')
    HAVING count(*) FILTER (table_name = 'subscriptions') > 0"""
"""The first and last day of the shop's data, and the last that subscriptions cover; no row where there are none."""


class _NothingChanged(Exception):
    """Leaves a write without a new version."""


class App(Reading):
    """An opened shop, to ask and to change. `tell` is given what the user should know while waiting."""

    def __init__(self, shop: Shop, tell: Tell = silent) -> None:
        super().__init__(shop, self.derive_again, tell)

    def load(
        self,
        paths: Sequence[str | Path],
        *,
        mapping: Path | None = None,
        source: str = "",
        account: str = "",
        command: str = "load",
        options: LoadOptions = _DEFAULT,
        progress: Progress = SILENT,
    ) -> LoadResult:
        """Load files, all or nothing, and bring the facts up to date.

        `mapping` reads all files by a mapping file; else each file is recognised by its header. `source` gives files in our own
        column names the ids of another source, such as shopify for the costs of its products.
        """
        inputs = [Input(file, self._source(file, mapping, source), account) for file in expand(paths)]
        if not inputs:
            raise UsageError("There is nothing to load.", "Name at least one file or folder.")
        names = ", ".join(given.file.name for given in inputs[:3]) + (" …" if len(inputs) > 3 else "")
        try:
            with self._changing(f"load {names}", progress) as changes:
                result = load(
                    changes.con, inputs, settings=self.shop.settings, command=command, options=options, progress=progress,
                    changes=changes,
                )  # fmt: skip
                if result.unchanged:
                    raise _NothingChanged
        except _NothingChanged:
            pass
        return result

    @staticmethod
    def _source(file: InputFile, mapping: Path | None, name: str) -> Source:
        header = file.header()
        if mapping is not None:
            found = mapping_file.read(mapping)
            catalogue.insist(found, file.name, header)
            return found
        found = catalogue.recognise(file.name, header)
        return replace(found, name=name) if name and found in own.SOURCES else found

    def undo(self, load_id: int, progress: Progress = SILENT) -> None:
        """Take one load back and bring the facts up to date."""
        self.change(f"undo load {load_id}", lambda changes: log.undo(changes.con, load_id, changes), progress)

    def change(self, purpose: str, act: Callable[[Changes], object], progress: Progress = SILENT) -> None:
        """Change the shop's data as a new version, and bring the facts up to date; `act` notes what it changes."""
        if self.warehouse.number is None:
            raise NothingLoaded("Nothing has been loaded into this shop yet.", "Load its files: regulars load FILE…")
        with self._changing(purpose, progress) as changes:
            act(changes)

    @contextmanager
    def _changing(self, purpose: str, progress: Progress) -> Iterator[Changes]:
        with self.warehouse.write(purpose, waiting=self.tell) as con:
            log.ensure(con)
            changes = changes_of(con, self.shop.settings)
            # The first facts, and those of changed settings, need no excuse.
            tell = silent if changes.why else self.tell
            yield changes
            progress.start("deriving", len(STEPS))
            derived = derive(con, self.shop.settings, changes, lambda _: progress.advance(), tell)
            refresh(con, self.shop.settings, changed=not derived.everything)

    def derive_again(self) -> None:
        """Derive everything anew from the stored rows and the settings as they are now."""
        self.change("derive again: changed settings", lambda changes: changes.everything("it was asked for"))

    def forecast(self, wish: Wish = _USUAL, progress: Progress = SILENT) -> Forecast:
        """Forecast who will come back and what they will be worth, and keep it as a new version of the shop's data.

        A forecast as of the same day is replaced. Raises ForecastRefused where the data cannot carry one, NothingLoaded where
        there are no orders.
        """
        with self.facts():  # where settings changed, this derives everything again first
            pass
        with self.warehouse.write("forecast", waiting=self.tell) as con:
            covered = con.execute(_COVERED).fetchall()[0]
            engine = Engine(ibis.duckdb.from_connection(con))
            progress.start("forecasting", len(FORECAST_STEPS))
            settings = self.shop.settings
            threads = settings.machine.threads or os.cpu_count() or 1
            until = until_of(wish, covered)
            found, rows = make(engine, settings.currency, until, wish, threads, lambda _: progress.advance())
            books.SHELF.write(con, found, ibis.to_sql(rows, dialect="duckdb"))
            engine.forget()
        return found

    def forecasts(self) -> tuple[Forecast, ...]:
        """The forecasts that are kept, the latest first; each says whether it is stale. Raises NothingLoaded before any load."""
        with self.reading() as con:
            return books.SHELF.listed(con)

    def hindsight(self) -> tuple[Outcome, ...]:
        """What came of the forecasts that are kept, as far as the data reach by now."""
        with self.reading() as con:
            covered = con.execute(_COVERED).fetchall()
            engine = Engine(ibis.duckdb.from_connection(con))
            return outcomes(engine, books.SHELF.listed(con), covered[0][1]) if covered else ()

    def forecast_subscriptions(self, wish: Wish = _USUAL, progress: Progress = SILENT) -> SubscribersForecast | None:
        """Forecast who will renew and what that brings, and keep it as a new version; None where there are no subscriptions.

        Of the wish the model is that of purchases. Raises ForecastRefused where the data cannot carry one.
        """
        with self.reading() as con:
            if not con.execute(_SUBSCRIBED).fetchall():
                return None
        with self.warehouse.write("forecast subscriptions", waiting=self.tell) as con:
            first, last, told_until = con.execute(_SUBSCRIBED).fetchall()[0]
            until = until_of(wish, (first, last))
            engine = Engine(ibis.duckdb.from_connection(con))
            progress.start("forecasting subscriptions", len(SUBSCRIBER_STEPS))
            settings = self.shop.settings
            found, rows = make_of_subscribers(
                engine, settings.currency, settings.subscriptions_renew, (last, told_until), until, wish,
                lambda _: progress.advance(),
            )  # fmt: skip
            subscriber_books.SHELF.write(con, found, ibis.to_sql(rows, dialect="duckdb"))
            engine.forget()
        return found

    def subscription_forecasts(self) -> tuple[SubscribersForecast, ...]:
        """The forecasts of subscriptions that are kept, the latest first. Raises NothingLoaded before any load."""
        with self.reading() as con:
            return subscriber_books.SHELF.listed(con)

    def subscription_hindsight(self) -> tuple[Outcome, ...]:
        """What came of them, as far as subscriptions are known by now."""
        with self.reading() as con:
            covered = con.execute(_SUBSCRIBED).fetchall()
            engine = Engine(ibis.duckdb.from_connection(con))
            forecasts = subscriber_books.SHELF.listed(con)
            return subscriber_hindsight.outcomes(engine, forecasts, covered[0][1:]) if covered else ()

    def customers_of(self, forecast: Forecast) -> Customers:
        """Where a kept forecast's value lies among its customers, and how unlike their paces are."""
        with self.reading() as con:
            return customers(Engine(ibis.duckdb.from_connection(con)), forecast.as_of)
