"""Take a load back."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.errors import UsageError, WarehouseError
from regulars.warehouse.changes import Changes
from regulars.warehouse.log.compact import rewrite
from regulars.warehouse.log.row_files import RowFile, files_of, folder, forget, names_in, show
from regulars.warehouse.log.winners import decide
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions.log_folder import fault, listed


def undo(con: duckdb.DuckDBPyConnection, load_id: int, changes: Changes | None = None) -> None:
    """Take one load back: its rows and rejects go, and the rows it had replaced are current again.

    `changes` is told which rows are about to change. A load whose file is damaged can be taken back, too.

    Raises UsageError where there is no such load or it was taken back before, WarehouseError where a damaged file also holds
    rows of other loads. Other checks (an order that loses its exchange rate) are the caller's.
    """
    found = con.execute("SELECT replaced, undone_at FROM main.loads WHERE load_id = ?", [load_id]).fetchall()
    if not found:
        raise UsageError(f"There is no load {load_id}.", "See them: regulars loads")
    replaced, undone_at = found[0]
    if undone_at is not None:
        raise UsageError(f"Load {load_id} was taken back already, on {undone_at:%Y-%m-%d at %H:%M} UTC.")
    con.execute("UPDATE main.loads SET undone_at = timezone('UTC', now()) WHERE load_id = ?", [load_id])
    sources: dict[str, list[str]] = {}
    if replaced:
        for name, source in con.execute(
            'SELECT "table", source FROM main.load_tables WHERE load_id = ?', [load_id]
        ).fetchall():
            sources.setdefault(name, []).append(source)
    holding = 'SELECT DISTINCT "table" FROM main.log_files WHERE list_contains(loads, ?)'
    names = {name for (name,) in con.execute(holding, [load_id]).fetchall()} | sources.keys()
    for table in (BY_NAME[name] for name in BY_NAME if name in names):
        _forget_rows(con, table, load_id, sources.get(table.name, []), changes)
    con.execute("DELETE FROM main.rejects WHERE load_id = ?", [load_id])
    con.execute("DELETE FROM main.waiting WHERE load_id = ?", [load_id])


def _forget_rows(
    con: duckdb.DuckDBPyConnection, table: Table, load_id: int, sources: list[str], changes: Changes | None
) -> None:
    """Remove a load's rows of one table; `sources` are those whose earlier rows it had replaced as a whole."""
    version, touched = names_in(["source", *table.version_key]), f"undo_touched_{table.name}"
    holding = [file for file in files_of(con, table) if load_id in file.loads]
    if _damaged(con, holding):
        if changes is not None:
            changes.everything(f"a file of the log with rows of {table.name} was damaged")
        forget(con, [file.number for file in holding])
        show(con, table)
        decide(con, table, f"log.{table.name}")
        show(con, table)
        return
    replaced = " OR source IN (SELECT unnest($sources))" if sources else ""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {touched} AS SELECT DISTINCT {version} FROM log.{table.name}"
        f" WHERE load_id = $load{replaced}",
        {"load": load_id} | ({"sources": sources} if sources else {}),
    )
    if changes is not None:
        changes.rows(table, f"temp.{touched}")
    forget(con, [file.number for file in holding if file.loads == (load_id,)])
    for file in holding:
        if file.loads != (load_id,):
            rewrite(con, table, [file], without=load_id)
    show(con, table)
    decide(con, table, f"log.{table.name} SEMI JOIN temp.{touched} USING ({version})")
    show(con, table)
    con.execute(f"DROP TABLE temp.{touched}")


def _damaged(con: duckdb.DuckDBPyConnection, files: list[RowFile]) -> bool:
    """Whether a file is damaged or missing. Raises WarehouseError where it also holds rows of other loads."""
    place, known, damaged = folder(con), listed(con), False
    for file in files:
        if what := fault(place, known[file.name]):
            damaged = True
            if len(file.loads) > 1:
                raise WarehouseError(f"{what}.", known[file.name].remedy)
    return damaged
