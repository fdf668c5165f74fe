"""A shop opened for questions. Kept apart from all that changes a shop, so that an answer does not wait for it to start."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from regulars.metrics.query import Facts
from regulars.metrics.rollups.constant_columns import known
from regulars.metrics.rollups.level_cache import LevelCache
from regulars.metrics.rollups.registry import read_levels
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.events import read_events
from regulars.vocabulary.shop import Shop
from regulars.warehouse import forecasts
from regulars.warehouse.engine import Engine
from regulars.warehouse.facts_version import is_current
from regulars.warehouse.load_history import not_used
from regulars.warehouse.versions import Warehouse
from regulars.warehouse.versions.connection import about, cache_folder

Tell = Callable[[str], None]


def silent(message: str) -> None:
    """Ignore progress messages."""


class Reading:
    """An opened shop, to ask. `derive_again` is called where the facts are out of date; `tell` says so to the user."""

    def __init__(self, shop: Shop, derive_again: Callable[[], None], tell: Tell = silent) -> None:
        self.shop = shop
        self.tell = tell
        self.warehouse = Warehouse(shop.warehouse, shop.settings.machine)
        self.not_used = (0, 0)
        """How many rows of the newest load were rejected and how many wait; known once facts were read."""
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
        """What metrics are asked of. Raises NothingLoaded before the first load."""
        with self.reading() as con:
            self.not_used = not_used(con)
            yield facts_of(con, self.shop)


def facts_of(con: duckdb.DuckDBPyConnection, shop: Shop) -> Facts:
    """The facts of an opened version of the shop's data."""
    days = con.execute("SELECT table_name, first_day, last_day FROM facts.coverage").fetchall()
    settings = shop.settings
    # Names these facts among all that this process may read: another version, other settings or events, another name.
    metadata, marked = about(con), read_events(shop.folder)
    version = (
        str(shop.warehouse.resolve()),
        metadata.get("number"),
        metadata.get("at"),
        metadata.get("settings"),
        marked,
    )
    return Facts(
        Engine(con=con),
        settings.calendar,
        settings.currency,
        {name: (from_epoch_day(first), from_epoch_day(last)) for name, first, last in days},
        settings,
        version=" ".join(map(str, version)),
        rollups=read_levels(con),
        built=LevelCache(con, _cache_of(shop, metadata), json.dumps(sorted(metadata.items())), settings),
        constants=known(con),
        forecasts=forecasts.stored_forecasts(con),
        events=marked,
        stale=lambda kind: forecasts.stale_reasons(con, kind),
    )


def _cache_of(shop: Shop, metadata: Mapping[str, str]) -> Path:
    """Where levels are kept that are built for questions about the version that says this about itself."""
    return cache_folder(shop.warehouse) / f"v{int(metadata.get('number', 0)):06d}"
