"""Open a shop for queries. Separate from `app`, so that a query does not import what changes a shop."""

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
from regulars.warehouse.versions.connection import cache_folder, version_properties

Tell = Callable[[str], None]


def silent(message: str) -> None:
    """Ignore progress messages."""


class Reading:
    """An opened shop, to query.

    Args:
        shop: The shop.
        derive_again: Derives the facts again; called if they are out of date.
        tell: Called with messages for the user.
    """

    def __init__(self, shop: Shop, derive_again: Callable[[], None], tell: Tell = silent) -> None:
        self.shop = shop
        self.tell = tell
        self.warehouse = Warehouse(shop.warehouse, shop.settings.machine)
        self.not_used = (0, 0)
        """Numbers of rejected and of waiting rows of the newest load; set by `facts`."""
        self._again = derive_again

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect to the current version; derives the facts again first if the settings or Regulars changed."""
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
        """Open the facts of the current version.

        Raises:
            NothingLoaded: The shop has no data yet.
        """
        with self.reading() as con:
            self.not_used = not_used(con)
            yield facts_of(con, self.shop)


def facts_of(con: duckdb.DuckDBPyConnection, shop: Shop) -> Facts:
    """Return the facts of an opened version of the shop's data."""
    days = con.execute("SELECT table_name, first_day, last_day FROM facts.coverage").fetchall()
    settings = shop.settings
    # Identifies these facts in caches of this process: it differs for another version, other settings or other events.
    properties, marked = version_properties(con), read_events(shop.folder)
    version = (
        str(shop.warehouse.resolve()),
        properties.get("number"),
        properties.get("at"),
        properties.get("settings"),
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
        built=LevelCache(con, _cache_of(shop, properties), json.dumps(sorted(properties.items())), settings),
        constants=known(con),
        forecasts=forecasts.stored_forecasts(con),
        events=marked,
        stale=lambda kind: forecasts.stale_reasons(con, kind),
    )


def _cache_of(shop: Shop, properties: Mapping[str, str]) -> Path:
    """The cache folder of the version with these properties, for rollup levels that queries build."""
    return cache_folder(shop.warehouse) / f"v{int(properties.get('number', 0)):06d}"
