"""Columns with the same value in all rows of a fact. A split by such a column needs no sums of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import duckdb

from regulars.metrics.measures import CUSTOMER_ORDERS, DECLARED, HISTOGRAMS, Fact
from regulars.metrics.relations import PERSON, UNKNOWN

_FACTS = (*(fact for fact in DECLARED if fact.kept_by), CUSTOMER_ORDERS)
Constants = Mapping[str, Mapping[str, str]]
"""The value of each constant column, by fact."""


def row_source(fact: Fact) -> str:
    """Return the name of the fact that has the same rows: CUSTOMER_ORDERS for facts of known customers' orders."""
    return CUSTOMER_ORDERS.name if fact is CUSTOMER_ORDERS or fact in HISTOGRAMS else fact.name


def find(con: duckdb.DuckDBPyConnection, has_rows: Callable[[str], bool]) -> None:
    """Store the constant columns among those that sums may be split by, in facts.constant_columns.

    Args:
        con: Connection to the warehouse.
        has_rows: Whether a fact's table has rows.
    """
    con.execute("CREATE OR REPLACE TABLE facts.constant_columns (fact TEXT, name TEXT, value TEXT)")
    for fact in (candidate for candidate in _FACTS if has_rows(candidate.table)):
        ends = _ends(con, fact, fact.kept_by, f"facts.{fact.table}")
        for name, (least, greatest) in ends.items():
            if least is not None and least == greatest:
                con.execute("INSERT INTO facts.constant_columns VALUES (?, ?, ?)", [fact.name, name, least])


def correct(con: duckdb.DuckDBPyConnection, changed: Iterable[str]) -> None:
    """Remove columns that are no longer constant after rows were added.

    Args:
        con: Connection to the warehouse.
        changed: Facts that changed; temp.added_F holds the added rows of each.
    """
    now = known(con)
    for fact in _FACTS:
        values = now.get(fact.name, {})
        if fact.table not in changed or not values:
            continue
        for name, ends in _ends(con, fact, values, f"temp.added_{fact.table}").items():
            if ends not in ((None, None), (values[name], values[name])):
                con.execute("DELETE FROM facts.constant_columns WHERE fact = ? AND name = ?", [fact.name, name])


def known(con: duckdb.DuckDBPyConnection) -> Constants:
    """Return the constant columns that are stored; empty where the table does not exist."""
    try:
        rows = con.execute("SELECT fact, name, value FROM facts.constant_columns").fetchall()
    except duckdb.CatalogException:
        return {}
    constants: dict[str, dict[str, str]] = {}
    for fact, name, value in rows:
        constants.setdefault(fact, {})[name] = value
    return constants


def _ends(
    con: duckdb.DuckDBPyConnection, fact: Fact, names: Iterable[str], rows: str
) -> dict[str, tuple[str | None, str | None]]:
    """Return the least and the greatest value of each column in rows of the fact, as splits show them."""
    shown = {name: f"coalesce(\"{name}\"::TEXT, '{UNKNOWN}')" for name in names}
    ends = ", ".join(f"min({value}), max({value})" for value in shown.values())
    where = f" WHERE {PERSON} IS NOT NULL" if fact is CUSTOMER_ORDERS else ""
    (row,) = con.execute(f"SELECT {ends} FROM {rows}{where}").fetchall()
    return {name: (row[2 * place], row[2 * place + 1]) for place, name in enumerate(shown)}
