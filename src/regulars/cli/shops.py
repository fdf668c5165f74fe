"""Opening the shop a command is about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from regulars.cli.output import tell
from regulars.system.shell import quoted
from regulars.vocabulary.errors import WarehouseError
from regulars.vocabulary.machine import SHARING
from regulars.vocabulary.shop import SETTINGS_FILE, Shop

if TYPE_CHECKING:
    import duckdb

    from regulars.services.app import App
    from regulars.services.forecasting import Forecasting
    from regulars.services.reading import Reading
    from regulars.warehouse.versions import Warehouse

OWN, SHARED = 0o077, 0o007
"""The umask of a command: what it writes, exports included, is for the owner alone, or for the group too."""

HERE = Path()
"""The current folder, the shop by default."""


def open_shop(folder: Path) -> Shop:
    """The shop; what a command writes from here on may be read by those who share it."""
    shop = Shop.open(folder)
    if shop.settings.machine.shared:
        os.umask(SHARED)
    return shop


def open_for_query(folder: Path) -> Reading:
    """The shop, to query. What changes a shop is imported only when it has to be derived again."""
    from regulars.services.reading import Reading

    shop = open_shop(folder)
    return Reading(shop, lambda: _derived_again(folder), tell)


def _derived_again(folder: Path) -> None:
    try:
        open_for_write(folder).derive_again()
    except WarehouseError as error:
        hint = f"Run the command once as someone who may write there, or take back what was changed in {SETTINGS_FILE}."
        raise WarehouseError(str(error), hint if error.hint in ("", SHARING) else error.hint) from error


def open_for_write(folder: Path) -> App:
    """The shop, to query and to change."""
    from regulars.services.app import App

    return App(open_shop(folder), tell)


def forecasting(folder: Path) -> Forecasting:
    """The shop, to forecast."""
    from regulars.services.forecasting import Forecasting

    return Forecasting(open_shop(folder), tell)


def naming(folder: Path) -> str:
    """The option that names this shop, for a command to type next; nothing where it goes without saying."""
    if folder == HERE or os.environ.get("REGULARS_SHOP") == str(folder):
        return ""
    return f" --shop {quoted(str(folder))}"


def say_rows_not_used(reading: Reading, folder: Path, out: Callable[[str], None]) -> None:
    """Give `out` a line for the rejected and one for the waiting rows of the newest load, which the numbers do not hold."""
    rejected, waiting = reading.not_used
    if rejected:
        what = "1 row of the newest load was" if rejected == 1 else f"{rejected:,} rows of the newest load were"
        out(f"{what} rejected: regulars rejects{naming(folder)}")
    if waiting:
        what = "1 row of the newest load waits" if waiting == 1 else f"{waiting:,} rows of the newest load wait"
        out(f"{what} for exchange rates: regulars rejects --waiting{naming(folder)}")


def stored(folder: Path) -> Warehouse:
    """The shop's stored data as they are, for what does not depend on settings, such as the list of loads."""
    from regulars.warehouse.versions import Warehouse

    shop = open_shop(folder)
    return Warehouse(shop.warehouse, shop.settings.machine)


@contextmanager
def load_history(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The stored loads and rejects; what an older Regulars stored is brought up to date first."""
    from regulars.warehouse import log

    with stored(folder).read() as con:
        if log.is_complete(con):
            yield con
            return
    tell("An older Regulars wrote this shop: deriving everything again …")
    _derived_again(folder)
    with stored(folder).read() as con:
        yield con
