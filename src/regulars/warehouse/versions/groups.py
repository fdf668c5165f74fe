"""Groups of facts in separate files, attached to the connection of a version's main file.

The schema `facts` of the main file has a view of each of their tables, so a query uses the same name wherever the table is. A
statement that changes a table must name its own schema (`writable`), and so must one that needs row numbers (`schema_of`). A new
version starts with the previous version's files, read-only, until `writable` copies one or `begin` starts an empty one.

A connection to any database other than a version's has all tables in its own schema `facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from regulars.system.disk import copy
from regulars.warehouse.versions.connection import DATABASE, MAIN, attach, catalog

_TOGETHER = "facts"
_EMPTY = """SELECT table_name FROM duckdb_tables()
    WHERE database_name = current_database() AND schema_name = 'facts' AND comment = ?"""
"""SQL of the tables of a group that `keep_empty` made."""


def schema_of(con: duckdb.DuckDBPyConnection, group: str) -> str:
    """Return the schema of a group's tables."""
    return f"{catalog(group)}.facts" if _attached(con, group) else _TOGETHER


def writable(con: duckdb.DuckDBPyConnection, group: str) -> str:
    """Return the schema of a group's tables, in a file that may be changed."""
    folder, known = _folder(con), _attached(con, group)
    if folder is None:
        return _TOGETHER
    if known is None:
        schema = begin(con, group)
        for (table,) in con.execute(_EMPTY, [catalog(group)]).fetchall():
            con.execute(f"CREATE TABLE {schema}.{table} AS FROM facts.{table}")
            show(con, schema, table)
        return schema
    file, read_only = known
    if read_only:
        own = folder / f"{group}{DATABASE}"
        copy(file, own)
        con.execute(f"DETACH {catalog(group)}")
        attach(con, group, own, read_only=False)
    return f"{catalog(group)}.facts"


def begin(con: duckdb.DuckDBPyConnection, group: str) -> str:
    """Create an empty schema for a group, in a file that may be changed, and return its name."""
    folder, known = _folder(con), _attached(con, group)
    if folder is None:
        return _TOGETHER
    if known:
        _hide(con, group)
        _, read_only = known
        if read_only:
            con.execute(f"DETACH {catalog(group)}")
            known = None
        else:
            con.execute(f"DROP SCHEMA {catalog(group)}.facts CASCADE")
    if not known:
        attach(con, group, folder / f"{group}{DATABASE}", read_only=False)
    con.execute(f"CREATE SCHEMA {catalog(group)}.facts")
    return f"{catalog(group)}.facts"


def keep_empty(con: duckdb.DuckDBPyConnection, group: str, tables: Mapping[str, str]) -> None:
    """Create the empty tables of a group in the main file, until `writable` or `begin` gives the group a file.

    The group must have no file: call `leave_out_others` first.

    Args:
        con: Connection to the version.
        group: The group.
        tables: SQL of the columns of each table.
    """
    con.execute(
        ";".join(
            f"CREATE OR REPLACE TABLE facts.{table} ({columns}); COMMENT ON TABLE facts.{table} IS '{catalog(group)}'"
            for table, columns in tables.items()
        )
    )


def leave_out_others(con: duckdb.DuckDBPyConnection, groups: Iterable[str]) -> None:
    """Detach the files of all groups except these."""
    for group in attached(con).keys() - set(groups):
        _hide(con, group)
        con.execute(f"DETACH {catalog(group)}")


def show(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
    """Create the view `facts.TABLE` of a table in this schema, after it was created or its columns changed."""
    if schema != _TOGETHER:
        view = f"CREATE OR REPLACE VIEW facts.{table} AS FROM {schema}.{table}"
        try:
            con.execute(view)
        except duckdb.CatalogException:  # an older Regulars kept a table of this name in the main file
            con.execute(f"DROP TABLE facts.{table}")
            con.execute(view)


def drop(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> None:
    """Drop a table if it exists."""
    con.execute(f"DROP TABLE IF EXISTS {schema}.{table}")
    if schema != _TOGETHER:
        _clear_name(con, table)


def attached(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[Path, bool]]:
    """Return the path of each attached group's file, and whether it is read-only."""
    start = catalog("")
    # Without a parameter, for which DuckDB would import pandas: every question asks this.
    sql = f"SELECT database_name, path, readonly FROM duckdb_databases() WHERE starts_with(database_name, '{start}')"
    return {name.removeprefix(start): (Path(path), read_only) for name, path, read_only in con.execute(sql).fetchall()}


def _attached(con: duckdb.DuckDBPyConnection, group: str) -> tuple[Path, bool] | None:
    return attached(con).get(group)


def _folder(con: duckdb.DuckDBPyConnection) -> Path | None:
    """Return the folder of the connection's version; None for any other database."""
    sql = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ((path,),) = con.execute(sql).fetchall()
    return Path(path).parent if path and Path(path).name == MAIN else None


def _hide(con: duckdb.DuckDBPyConnection, group: str) -> None:
    """Drop the views of a group's tables."""
    sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = ?"
    for (table,) in con.execute(sql, [catalog(group)]).fetchall():
        con.execute(f"DROP VIEW IF EXISTS facts.{table}")


def _clear_name(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Drop the view of this name; or the table, where an older Regulars stored it in the main file."""
    sql = "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'facts' AND table_name = ?"
    kind = "TABLE" if con.execute(sql, [name]).fetchall() else "VIEW"
    con.execute(f"DROP {kind} IF EXISTS facts.{name}")
