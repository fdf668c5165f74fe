"""A warehouse filled row by row, as tests about its contents need it."""

from __future__ import annotations

from datetime import datetime

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity import with_person
from regulars.warehouse.schema import METADATA_COLUMNS
from regulars.warehouse.tables import BY_NAME, TABLES

SETTINGS = Settings(name="test", currency="GBP", timezone="Europe/London", phone_country_code="44")

# What a row must have, where a test says nothing about it.
FILLED = {
    "customers": {},
    "orders": {
        "ordered_at": datetime(2024, 5, 1, 12),
        "status": "counted",
        "currency": "GBP",
        "gross": 10,
        "discount": 0,
        "shipping": 0,
        "tax": 0,
        "tax_included": False,
        "test": False,
    },
    "returns": {"returned_at": datetime(2024, 5, 9, 12), "amount": 1},
    "tickets": {"opened_at": datetime(2024, 5, 9, 12), "reopened": 0, "status": "open"},
}


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """A database in memory with every canonical table, all of them empty."""
    con = duckdb.connect()
    for table in TABLES:
        columns = {column.name: column.kind.sql for column in (*table.columns, *METADATA_COLUMNS)}
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        con.execute(f"CREATE TABLE main.{table.name} ({listed})")
    return con


def add(con: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    """Add a row; the key is counted up where it is not given."""
    row: dict[str, object] = {"source": "regulars", "load_id": 1, **FILLED.get(table, {})}
    for key in set(BY_NAME[table].key) - set(values):
        found = con.execute(f"SELECT count(*) FROM main.{table}").fetchone()
        row[key] = f"{table}-{found[0] if found else 0}"
    row |= values
    names = ", ".join(f'"{name}"' for name in row)
    con.execute(f"INSERT INTO main.{table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


WHOSE_ORDERS = f"({with_person(BY_NAME['orders'], 'main.orders')})"
WHOSE_RETURNS = f"({with_person(BY_NAME['returns'], 'main.returns')})"
"""Orders and returns with their person, once persons are derived."""

_KEYS = ("id", "person_id", "email", "phone")
RECORDS = (
    f"(SELECT {', '.join(f'of_{name}.identity AS {name}' for name in _KEYS)}, r.source, r.times FROM facts.records r "
    + " ".join(f"LEFT JOIN facts.identities of_{name} ON of_{name}.key = r.{name}" for name in _KEYS)
    + ")"
)
IDENTITIES = "(SELECT identity, person, source FROM facts.identities)"
"""What records say, and whose identities are, without the keys: these differ by the way the facts came about."""
