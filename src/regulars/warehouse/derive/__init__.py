"""Derivation of persons and facts from canonical tables: a full refresh, or incrementally from the rows that a write
changed.

Both give the same result, which depends on the rows and the settings only.

statements.py           the facts as SQL, compiled from their declarations
precompiled.py          the statements of most shops, compiled with a release (statements.json)
full_refresh.py         derivation of everything
incremental.py          derivation of what a write changed
incremental_orders.py   the facts of orders incrementally, with the histories of their customers
incremental_by_key.py   any other fact incrementally, from its declaration
coverage.py             the days that each table covers
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes, FullRefreshRequired
from regulars.warehouse.derive.full_refresh import ALL_STEPS, derive_all
from regulars.warehouse.derive.incremental import update_facts
from regulars.warehouse.facts_version import is_current

__all__ = ["ALL_STEPS", "Derivation", "derive", "track_changes"]


@dataclass(frozen=True)
class Derivation:
    """How the facts were brought up to date."""

    full_refresh_reason: str = ""
    """Why a full refresh was made; empty after an incremental derivation."""
    changed_facts: frozenset[str] = frozenset()
    """The facts changed by an incremental derivation: temporary tables removed_FACT and added_FACT hold the rows."""

    @property
    def is_full(self) -> bool:
        """True after a full refresh."""
        return bool(self.full_refresh_reason)


def track_changes(con: duckdb.DuckDBPyConnection, settings: Settings) -> Changes:
    """Return the change tracking of a write. It requires a full refresh where facts are missing or of other settings."""
    return Changes(con, "" if is_current(con, settings) else "there are no facts yet, or settings changed")


def derive(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    changes: Changes | None = None,
    on_step: Callable[[str], None] = lambda step: None,
    notify: Callable[[str], None] = lambda message: None,
) -> Derivation:
    """Bring persons and facts (schema `facts`) up to date.

    Args:
        con: a connection to the version being written.
        settings: the shop's settings.
        changes: the changes of the write; without them, a full refresh is made.
        on_step: called with each name of ALL_STEPS once it is finished.
        notify: called with the reason for a full refresh, except where it is the number of changed rows.

    Raises:
        LoadRefused: the currency of an order has no exchange rate, so that sums would be too small.
    """
    reason = "it was requested" if changes is None else changes.full_refresh_reason
    if changes is not None and not reason:
        try:
            return Derivation(changed_facts=update_facts(con, settings, changes, on_step))
        except FullRefreshRequired as required:
            reason = str(required)
    if changes is None or not changes.is_size_limit:
        notify(f"Deriving all facts again: {reason}.")
    derive_all(con, settings, on_step)
    return Derivation(reason)
