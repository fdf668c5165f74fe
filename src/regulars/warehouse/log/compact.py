"""Compaction: merging many small files of a table into one, and rewriting files without some rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import duckdb

from regulars.vocabulary.errors import WarehouseError
from regulars.warehouse.log.data_files import (
    FILE_NO,
    ROW_NO,
    RowFile,
    create_views,
    files_of,
    scan,
    unlist_files,
    write_file,
)
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import BY_NAME

MOST_FILES = 20
"""Number of files of a table above which those of earlier loads are merged."""
RECENT_LOADS = 5
"""Number of latest loads whose files are not merged: kept versions may list them."""
LARGE = 4
"""A file this many times as large as all smaller ones together is not rewritten, so that compaction costs little per
load.
"""


def compact(con: duckdb.DuckDBPyConnection) -> None:
    """Merge files of earlier loads, by table and year of the load, for each table with more than MOST_FILES files.

    Rows keep their `load_id` and their entries in `main.log_hidden`. The old files stay for the versions that list
    them.
    """
    large_tables = 'SELECT "table" FROM main.log_files GROUP BY "table" HAVING count(*) > ? ORDER BY "table"'
    for (name,) in con.execute(large_tables, [MOST_FILES]).fetchall():
        table = BY_NAME[name]
        for files in _files_to_merge(con, table):
            rewrite(con, table, files)
        create_views(con, table)


def _files_to_merge(con: duckdb.DuckDBPyConnection, table: Table) -> list[list[RowFile]]:
    """Return the groups of files that become one file each."""
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
        large_places = [place for place, file in enumerate(by_size) if place and file.rows > LARGE * smaller[place]]
        small_files = by_size[: large_places[0]] if large_places else by_size
        if len(small_files) > 1:
            groups.append(sorted(small_files, key=lambda file: file.number))
    return groups


def rewrite(con: duckdb.DuckDBPyConnection, table: Table, files: Sequence[RowFile], without: int | None = None) -> None:
    """Replace files by one new file with their rows in order. The caller calls `create_views` afterwards.

    DuckDB keeps the order of rows from Parquet to Parquet, so that a row's new number is its old one plus the number
    of rows in the files before. The rows of a load are adjacent: without them, the later rows move up by their
    number.

    Args:
        con: a connection to the version being written.
        table: the table of the files.
        files: the files.
        without: a load whose rows are left out.

    Raises:
        WarehouseError: the rows of that load are not adjacent, or the new file lacks rows.
    """
    loads = sorted({load for file in files for load in file.loads} - {without})
    all_rows, kept_rows, count, first = f"({scan(table, files)})", f"({scan(table, files)})", 0, 0
    if without is not None:
        kept_rows = f"(SELECT * FROM {all_rows} WHERE load_id <> {without})"
        first, last, count = con.execute(
            f"SELECT coalesce(min({ROW_NO}), 0), coalesce(max({ROW_NO}), -1), count(*) FROM {all_rows} WHERE load_id = {without}"
        ).fetchall()[0]
        if last - first + 1 != count or len(files) > 1:
            raise WarehouseError(f"Rows of load {without} are not adjacent in {files[0].name}.")
    new_file = write_file(con, table, kept_rows, loads)
    if (new_file.rows if new_file else 0) != sum(file.rows for file in files) - count:
        raise WarehouseError(f"Not all rows of {table.name} could be rewritten. Nothing was changed.")
    before = 0
    for file in files:
        if new_file:
            con.execute(
                f'INSERT INTO main.log_hidden SELECT "table", {new_file.number}, {ROW_NO} + {before}'
                f" - CASE WHEN {count} > 0 AND {ROW_NO} >= {first + count} THEN {count} ELSE 0 END, waiting FROM main.log_hidden"
                f" WHERE {FILE_NO} = {file.number}"
                + (f" AND NOT {ROW_NO} BETWEEN {first} AND {first + count - 1}" if count else "")
            )
        before += file.rows
    unlist_files(con, [file.number for file in files])
