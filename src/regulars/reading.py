"""A shop opened for questions. Kept apart from all that changes a shop, so that an answer does not wait for it to start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import ibis

from regulars.metrics.question import Facts
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.errors import NothingLoaded
from regulars.vocabulary.shop import Shop
from regulars.warehouse.edition import is_current
from regulars.warehouse.versions import Warehouse

Tell = Callable[[str], None]


def silent(message: str) -> None:
    """Nobody listens."""


class Reading:
    """An opened shop, to ask. `derive_again` is called where the facts are out of date; `tell` says so to the user."""

    def __init__(self, shop: Shop, derive_again: Callable[[], None], tell: Tell = silent) -> None:
        self.shop = shop
        self.tell = tell
        self.warehouse = Warehouse(shop.warehouse, shop.settings.machine)
        self._again = derive_again

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The current version, derived again first where the settings, or Regulars itself, changed since."""
        with self.warehouse.read() as con:
            if is_current(con, self.shop.settings):
                yield con
                return
        self.tell("The shop's settings, or Regulars itself, changed: deriving everything again …")
        self._again()
        with self.warehouse.read() as con:
            yield con

    @contextmanager
    def facts(self) -> Iterator[Facts]:
        """What metrics are asked of. Raises NothingLoaded where there are no orders."""
        with self.reading() as con:
            backend = ibis.duckdb.from_connection(con)
            days = con.execute("SELECT table_name, first_day, last_day FROM facts.coverage").fetchall()
            coverage = {name: (from_epoch_day(first), from_epoch_day(last)) for name, first, last in days}
            if "orders" not in coverage:
                raise NothingLoaded("There are no orders in this shop yet.", "Load its orders: regulars load FILE…")
            settings = self.shop.settings
            yield Facts(
                lambda name: backend.table(name, database="facts"),
                settings.calendar,
                settings.currency,
                coverage,
                settings.return_window,
            )
