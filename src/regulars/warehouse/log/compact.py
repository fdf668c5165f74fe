"""Merge many small files of a table into one, and write files again without some rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import duckdb

from regulars.vocabulary.errors import WarehouseError
from regulars.warehouse.log.row_files import (
    FILE_NO,
    ROW_NO,
    RowFile,
    files_of,
    forget,
    scan,
    show,
    write_file,
)
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import BY_NAME

MOST_FILES = 20
"""Files of a table from which on those of earlier loads are merged."""
RECENT_LOADS = 5
"""Loads whose files stay as they are: kept versions may have been written before them."""
LARGE = 4
"""A file this many times as large as all smaller ones together is not written again: merging costs little for each load."""


def compact(con: duckdb.DuckDBPyConnection) -> None:
    """Merge files of earlier loads, by table and year of the load, for each table with more than MOST_FILES files.

    Rows keep their `load_id` and what `main.log_hidden` says of them. The old files stay for the versions that list them.
    """
    many = 'SELECT "table" FROM main.log_files GROUP BY "table" HAVING count(*) > ? ORDER BY "table"'
    for (name,) in con.execute(many, [MOST_FILES]).fetchall():
        table = BY_NAME[name]
        for files in _groups(con, table):
            rewrite(con, table, files)
        show(con, table)


def _groups(con: duckdb.DuckDBPyConnection, table: Table) -> list[list[RowFile]]:
    """The files of the table that become one each."""
    (newest,) = con.execute("SELECT coalesce(max(load_id), 0) FROM main.loads").fetchall()[0]
    years = dict(con.execute('SELECT load_id, year("at") FROM main.loads').fetchall())
    by_year: dict[int, list[RowFile]] = {}
    for file in files_of(con, table):
        if max(file.loads) <= newest - RECENT_LOADS:
            by_year.setdefault(years[max(file.loads)], []).append(file)
    groups = []
    for files in by_year.values():
        by_size = sorted(files, key=lambda file: file.rows)
        smaller = [0, *accumulate(file.rows for file in by_size)]
        large = [place for place, file in enumerate(by_size) if place and file.rows > LARGE * smaller[place]]
        small = by_size[: large[0]] if large else by_size
        if len(small) > 1:
            groups.append(sorted(small, key=lambda file: file.number))
    return groups


def rewrite(con: duckdb.DuckDBPyConnection, table: Table, files: Sequence[RowFile], without: int | None = None) -> None:
    """Put one new file in the place of some, one after the other, `without` the rows of a load. `show` must follow.

    DuckDB keeps the order of rows from Parquet to Parquet, so a row's new number is its old one plus the rows before its file;
    the rows of a load lie together, so that the rows behind them move up by their number.
    """
    loads = sorted({load for file in files for load in file.loads} - {without})
    every, kept, count, first = f"({scan(table, files)})", f"({scan(table, files)})", 0, 0
    if without is not None:
        kept = f"(SELECT * FROM {every} WHERE load_id <> {without})"
        first, last, count = con.execute(
            f"SELECT coalesce(min({ROW_NO}), 0), coalesce(max({ROW_NO}), -1), count(*) FROM {every} WHERE load_id = {without}"
        ).fetchall()[0]
        if last - first + 1 != count or len(files) > 1:
            raise WarehouseError(f"Rows of load {without} do not lie together in {files[0].name}.")
    new = write_file(con, table, kept, loads)
    if (new.rows if new else 0) != sum(file.rows for file in files) - count:
        raise WarehouseError(f"Not all rows of {table.name} could be written again.")
    before = 0
    for file in files:
        if new:
            con.execute(
                f'INSERT INTO main.log_hidden SELECT "table", {new.number}, {ROW_NO} + {before}'
                f" - CASE WHEN {count} > 0 AND {ROW_NO} >= {first + count} THEN {count} ELSE 0 END, waiting FROM main.log_hidden"
                f" WHERE {FILE_NO} = {file.number}"
                + (f" AND NOT {ROW_NO} BETWEEN {first} AND {first + count - 1}" if count else "")
            )
        before += file.rows
    forget(con, [file.number for file in files])
