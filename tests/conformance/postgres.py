"""Databases of the session's PostgreSQL, and shops copied into them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import psycopg

from regulars.warehouse.portable import FUNCTIONS

Connection = psycopg.Connection[Any]
TYPES = {
    "VARCHAR": 'text COLLATE "C"',  # text is compared by its bytes, whatever language the database speaks
    "TIMESTAMP": "timestamp",
    "DATE": "date",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TINYINT": "smallint",
    "BOOLEAN": "boolean",
    "DOUBLE": "double precision",
    "FLOAT": "real",
}
"""What DuckDB's types are called in PostgreSQL; decimals keep their name."""


@contextmanager
def database(address: str, name: str) -> Iterator[Connection]:
    """A database of its own that knows what Regulars teaches an engine, with the schemas main, facts and scratch."""
    with psycopg.connect(address, autocommit=True) as con:
        try:
            # Where the machine has a language, the database speaks it, as a shop's own would.
            con.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 LOCALE 'en_US.UTF-8'")
        except psycopg.errors.Error:
            con.execute(f'CREATE DATABASE "{name}"')
    with psycopg.connect(address.replace("/postgres?", f"/{name}?"), autocommit=True) as con:
        # Not UTC: whoever lets the session's zone into an answer shall be found.
        con.execute("SET TimeZone = 'Asia/Tokyo'")
        con.execute("CREATE SCHEMA main; CREATE SCHEMA facts; CREATE SCHEMA scratch")
        for function in FUNCTIONS["postgres"]:
            con.execute(function)
        yield con


def copy(source: duckdb.DuckDBPyConnection, target: Connection, table: str, name: str = "") -> None:
    """Copy a table or view of DuckDB, such as main.orders, with its types; `name` is what it is called there, if otherwise."""
    described = source.execute(f"DESCRIBE {table}").fetchall()
    columns = {str(column): str(kind) for column, kind, *_ in described}
    assert all(kind in TYPES or kind.startswith("DECIMAL") for kind in columns.values()), columns
    typed = ", ".join(f'"{column}" {TYPES.get(kind, kind)}' for column, kind in columns.items())
    name = name or table
    target.execute(f"CREATE TABLE {name} ({typed})")
    with target.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as rows:
        for row in source.execute(f"FROM {table}").fetchall():
            rows.write_row(row)
    target.execute(f"ANALYZE {name}")
