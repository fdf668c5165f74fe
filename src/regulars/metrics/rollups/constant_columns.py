"""Columns that have one value in all rows of a fact: sums split by one are sums that are not, under that value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import duckdb

from regulars.metrics.measures import CUSTOMER_ORDERS, DECLARED, HISTOGRAMS, Fact
from regulars.metrics.relations import PERSON, UNKNOWN

_ASKED = (*(fact for fact in DECLARED if fact.kept_by), CUSTOMER_ORDERS)
Constants = Mapping[str, Mapping[str, str]]
"""The value of each such column, by fact (see `seen_as`)."""


def row_source(fact: Fact) -> str:
    """The fact that has the same rows: that of histories, for all that is seen of known customers' orders."""
    return CUSTOMER_ORDERS.name if fact is CUSTOMER_ORDERS or fact in HISTOGRAMS else fact.name


def find(con: duckdb.DuckDBPyConnection, has_rows: Callable[[str], bool]) -> None:
    """Write down which columns have one value, of those that sums may be split by. has_rows: whether a fact has any."""
    con.execute("CREATE OR REPLACE TABLE facts.constant_columns (fact TEXT, name TEXT, value TEXT)")
    for fact in (one for one in _ASKED if has_rows(one.table)):
        found = _ends(con, fact, fact.kept_by, f"facts.{fact.table}")
        for name, (least, greatest) in found.items():
            if least is not None and least == greatest:
                con.execute("INSERT INTO facts.constant_columns VALUES (?, ?, ?)", [fact.name, name, least])


def correct(con: duckdb.DuckDBPyConnection, changed: Iterable[str]) -> None:
    """Forget those that have another value in rows that came. changed: facts, each by temp.added_F."""
    now = known(con)
    for fact in _ASKED:
        mine = now.get(fact.name, {})
        if fact.table not in changed or not mine:
            continue
        for name, ends in _ends(con, fact, mine, f"temp.added_{fact.table}").items():
            if ends not in ((None, None), (mine[name], mine[name])):
                con.execute("DELETE FROM facts.constant_columns WHERE fact = ? AND name = ?", [fact.name, name])


def known(con: duckdb.DuckDBPyConnection) -> Constants:
    """What is written down; nothing where nothing is."""
    try:
        rows = con.execute("SELECT fact, name, value FROM facts.constant_columns").fetchall()
    except duckdb.CatalogException:
        return {}
    found: dict[str, dict[str, str]] = {}
    for fact, name, value in rows:
        found.setdefault(fact, {})[name] = value
    return found


def _ends(
    con: duckdb.DuckDBPyConnection, fact: Fact, names: Iterable[str], rows: str
) -> dict[str, tuple[str | None, str | None]]:
    """The least and the greatest value of columns in some rows of the fact, as splits show them."""
    shown = {name: f"coalesce(\"{name}\"::TEXT, '{UNKNOWN}')" for name in names}
    ends = ", ".join(f"min({value}), max({value})" for value in shown.values())
    where = f" WHERE {PERSON} IS NOT NULL" if fact is CUSTOMER_ORDERS else ""
    (row,) = con.execute(f"SELECT {ends} FROM {rows}{where}").fetchall()
    return {name: (row[2 * place], row[2 * place + 1]) for place, name in enumerate(shown)}
