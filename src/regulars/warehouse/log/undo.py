"""Undoing a load."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.errors import UsageError, WarehouseError
from regulars.warehouse.changes import Changes
from regulars.warehouse.log.compact import rewrite
from regulars.warehouse.log.current_rows import update_current_rows
from regulars.warehouse.log.data_files import RowFile, column_list, create_views, files_of, folder, unlist_files
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions.log_folder import fault, listed


def undo(con: duckdb.DuckDBPyConnection, load_id: int, changes: Changes | None = None) -> None:
    """Undo a load: its rows and rejects are removed, and the rows that it replaced are current again.

    A load whose file is damaged can be undone too. The caller checks exchange rates of orders afterwards.

    Args:
        con: a connection to the version being written.
        load_id: the load.
        changes: records the rows that change.

    Raises:
        UsageError: there is no such load, or it was undone before.
        WarehouseError: a damaged file also holds rows of other loads.
    """
    rows = con.execute("SELECT replaced, undone_at FROM main.loads WHERE load_id = ?", [load_id]).fetchall()
    if not rows:
        raise UsageError(f"There is no load {load_id}.", "See them: regulars loads")
    replaced, undone_at = rows[0]
    if undone_at is not None:
        raise UsageError(f"Load {load_id} was already undone, on {undone_at:%Y-%m-%d at %H:%M} UTC.")
    con.execute("UPDATE main.loads SET undone_at = timezone('UTC', now()) WHERE load_id = ?", [load_id])
    sources: dict[str, list[str]] = {}
    if replaced:
        for name, source in con.execute(
            'SELECT "table", source FROM main.load_tables WHERE load_id = ?', [load_id]
        ).fetchall():
            sources.setdefault(name, []).append(source)
    tables_of_load = 'SELECT DISTINCT "table" FROM main.log_files WHERE list_contains(loads, ?)'
    names = {name for (name,) in con.execute(tables_of_load, [load_id]).fetchall()} | sources.keys()
    for table in (BY_NAME[name] for name in BY_NAME if name in names):
        _remove_rows(con, table, load_id, sources.get(table.name, []), changes)
    con.execute("DELETE FROM main.rejects WHERE load_id = ?", [load_id])
    con.execute("DELETE FROM main.waiting WHERE load_id = ?", [load_id])


def _remove_rows(
    con: duckdb.DuckDBPyConnection, table: Table, load_id: int, sources: list[str], changes: Changes | None
) -> None:
    """Remove a load's rows of one table; `sources` are those whose earlier rows it replaced as a whole."""
    version, touched = column_list(["source", *table.version_key]), f"undo_touched_{table.name}"
    files_of_load = [file for file in files_of(con, table) if load_id in file.loads]
    if _is_damaged(con, files_of_load):
        if changes is not None:
            changes.require_full_refresh(f"a file of the log with rows of {table.name} was damaged")
        unlist_files(con, [file.number for file in files_of_load])
        create_views(con, table)
        update_current_rows(con, table, f"log.{table.name}")
        create_views(con, table)
        return
    replaced_condition = " OR source IN (SELECT unnest($sources))" if sources else ""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {touched} AS SELECT DISTINCT {version} FROM log.{table.name}"
        f" WHERE load_id = $load{replaced_condition}",
        {"load": load_id} | ({"sources": sources} if sources else {}),
    )
    if changes is not None:
        changes.record(table, f"temp.{touched}")
    unlist_files(con, [file.number for file in files_of_load if file.loads == (load_id,)])
    for file in files_of_load:
        if file.loads != (load_id,):
            rewrite(con, table, [file], without=load_id)
    create_views(con, table)
    update_current_rows(con, table, f"log.{table.name} SEMI JOIN temp.{touched} USING ({version})")
    create_views(con, table)
    con.execute(f"DROP TABLE temp.{touched}")


def _is_damaged(con: duckdb.DuckDBPyConnection, files: list[RowFile]) -> bool:
    """Return True where a file is damaged or missing.

    Raises:
        WarehouseError: that file also holds rows of other loads.
    """
    path, listed_files, damaged = folder(con), listed(con), False
    for file in files:
        if fault_text := fault(path, listed_files[file.name]):
            damaged = True
            if len(file.loads) > 1:
                raise WarehouseError(f"{fault_text}.", listed_files[file.name].remedy)
    return damaged
