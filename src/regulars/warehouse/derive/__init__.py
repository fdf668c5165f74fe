"""From canonical tables to persons and facts: everything anew, or only what a write touched.

The result depends on the rows and the settings alone, whichever way it came about.

statements.py  the facts as SQL, compiled from the declarations
shipped.py     the same for most shops, compiled beforehand (statements.json)
full.py        everything anew
difference.py  what hangs on the rows that changed
of_orders.py   the facts of orders by difference, with their customers' histories
of_keys.py     any other fact by difference, from its declaration
coverage.py    which days each table covers
merged_persons.py  who customers of kept forecasts are today
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes, NotEnough
from regulars.warehouse.derive.difference import correct
from regulars.warehouse.derive.full import ALL_STEPS, derive_all
from regulars.warehouse.facts_version import is_current

__all__ = ["ALL_STEPS", "Derived", "changes_of", "derive"]


@dataclass(frozen=True)
class Derived:
    """How facts were brought up to date."""

    why: str = ""
    """Why everything was derived anew; empty where differences were enough."""
    changed: frozenset[str] = frozenset()
    """The facts whose rows changed, where differences were enough: removed_FACT and added_FACT hold them."""

    @property
    def everything(self) -> bool:
        """Whether everything was derived anew."""
        return bool(self.why)


def changes_of(con: duckdb.DuckDBPyConnection, settings: Settings) -> Changes:
    """Where a write notes what it changes. Facts that are not there, or of other settings, are derived anew anyway."""
    return Changes(con, "" if is_current(con, settings) else "these are the first facts, or settings changed")


def derive(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    changes: Changes | None = None,
    done: Callable[[str], None] = lambda step: None,
    tell: Callable[[str], None] = lambda message: None,
) -> Derived:
    """Bring persons and facts (schema `facts`) up to date. `done` is called with each name of ALL_STEPS as it is finished.

    Without `changes` everything is derived anew; `tell` is told why, where differences were not enough, if not for
    their number alone. Raises LoadRefused where an order's currency has no exchange rate: a silent gap would make every
    sum wrong.
    """
    why = "everything was asked for" if changes is None else changes.why
    if changes is not None and not why:
        try:
            return Derived(changed=correct(con, settings, changes, done))
        except NotEnough as reason:
            why = str(reason)
    if changes is None or not changes.many:
        tell(f"Deriving everything anew: {why}.")
    derive_all(con, settings, done)
    return Derived(why)
