"""The rows of the log as Parquet files, each written once, and the views through which a version reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from regulars.warehouse.schema import METADATA_COLUMNS, Column, Table
from regulars.warehouse.versions.log_folder import digest_of, file_name

FILE_NO, ROW_NO = "file_no", "row_no"
"""Columns of the views `log.<table>`: the number of a row's file, and its position in it from 0."""
_OPTIONS = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, WRITE_EMPTY_FILE false"


@dataclass(frozen=True)
class RowFile:
    """A file of the log with rows of one table, of which `hidden` are not current."""

    number: int
    name: str
    loads: tuple[int, ...]
    columns: tuple[str, ...]
    rows: int
    hidden: int


def stored_columns(table: Table) -> tuple[Column, ...]:
    """Return the table's own columns and the metadata columns, each once."""
    return (*table.columns, *(column for column in METADATA_COLUMNS if not table.has(column.name)))


def folder(con: duckdb.DuckDBPyConnection) -> Path:
    """Return the folder of the log's files."""
    return Path(con.execute("SELECT current_setting('file_search_path')").fetchall()[0][0])


def files_of(con: duckdb.DuckDBPyConnection, table: Table) -> list[RowFile]:
    """Return the table's files in the order in which they were written."""
    rows = con.execute(
        "SELECT f.file_no, f.name, f.loads, f.columns, f.rows, coalesce(h.hidden, 0) FROM main.log_files f LEFT JOIN"
        ' (SELECT file_no, count(*) AS hidden FROM main.log_hidden WHERE "table" = $table GROUP BY file_no) h USING (file_no)'
        ' WHERE f."table" = $table ORDER BY f.file_no',
        {"table": table.name},
    ).fetchall()
    return [
        RowFile(number, name, tuple(loads), tuple(columns), rows, hidden)
        for number, name, loads, columns, rows, hidden in rows
    ]


def tables_with_rows(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the tables that have current rows."""
    rows = con.execute(
        'SELECT "table" FROM (SELECT "table", sum(rows) AS n FROM main.log_files GROUP BY ALL) LEFT JOIN'
        ' (SELECT "table", count(*) AS hidden FROM main.log_hidden GROUP BY ALL) USING ("table") WHERE n > coalesce(hidden, 0)'
    ).fetchall()
    return frozenset(name for (name,) in rows)


def write_file(con: duckdb.DuckDBPyConnection, table: Table, rows: str, loads: Sequence[int]) -> RowFile | None:
    """Write rows as a new file and list it. The views contain it after the next `create_views`.

    File names are unique: a leftover file of a failed load is never mistaken for that of the next load of the same
    number.

    Args:
        con: a connection to the version being written.
        table: the table.
        rows: a relation with the table's stored columns.
        loads: the loads of the rows.

    Returns:
        The file; None where there are no rows.
    """
    columns = stored_columns(table)
    number = int(con.execute("SELECT coalesce(max(file_no), 0) + 1 FROM main.log_files").fetchall()[0][0])
    version = con.execute("SELECT value FROM main.about WHERE key = 'number'").fetchall()
    name = file_name(table.name, int(version[0][0]) if version else 0)
    file = folder(con) / name
    if not file.parent.is_dir():
        file.parent.mkdir(mode=0o700)
    select = f"SELECT {column_list(column.name for column in columns)}, {number}::INTEGER AS {FILE_NO} FROM {rows}"
    copy = f"COPY ({select}) TO {literal(str(file))} ({_OPTIONS})"
    (count,) = con.execute(copy).fetchall()[0]
    if not count:
        return None
    names = [column.name for column in columns]
    con.execute(
        "INSERT INTO main.log_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [number, table.name, name, list(loads), names, count, file.stat().st_size, digest_of(file)],
    )
    return RowFile(number, name, tuple(loads), tuple(names), count, 0)


def create_views(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create the views `log.<table>` and `main.<table>` of the listed files and `main.log_hidden`."""
    files = files_of(con, table)
    hidden = f"(SELECT file_no, row_no, waiting FROM main.log_hidden WHERE \"table\" = '{table.name}')"
    same_row = f"h.{FILE_NO} = r.{FILE_NO} AND h.{ROW_NO} = r.{ROW_NO}"
    all_rows = f"SELECT *, true AS current, false AS waiting FROM ({scan(table, files)})"
    if any(file.hidden for file in files):
        all_rows = (
            f"SELECT r.*, h.waiting IS NULL AS current, coalesce(h.waiting, false) AS waiting FROM ({scan(table, files)}) r"
            f" LEFT JOIN {hidden} h ON {same_row}"
        )
    files_with_current_rows = [file for file in files if file.hidden < file.rows]
    current = scan(table, files_with_current_rows)
    if any(file.hidden for file in files_with_current_rows):
        current = f"SELECT * FROM ({current}) r ANTI JOIN {hidden} h ON {same_row}"
    columns = column_list(column.name for column in stored_columns(table))
    con.execute(
        f"CREATE OR REPLACE VIEW log.{table.name} AS {all_rows};"
        f" CREATE OR REPLACE VIEW main.{table.name} AS SELECT {columns} FROM ({current})"
    )


def create_empty_views(con: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> None:
    """Create the views of tables without any file."""
    for table in tables:
        con.execute(
            f"CREATE OR REPLACE VIEW log.{table.name} AS {_empty_rows(table, ', true AS current, false AS waiting')};"
            f" CREATE OR REPLACE VIEW main.{table.name} AS"
            f" SELECT {column_list(column.name for column in stored_columns(table))} FROM log.{table.name}"
        )


def scan(table: Table, files: Sequence[RowFile]) -> str:
    """SQL of all rows of files, with FILE_NO and ROW_NO. Columns that a file of an older release lacks are null."""
    columns = stored_columns(table)
    if not files:
        return _empty_rows(table)
    file_columns = {name for file in files for name in file.columns}
    columns_sql = ", ".join(
        f'"{column.name}"' if column.name in file_columns else f'NULL::{column.kind.sql} AS "{column.name}"'
        for column in columns
    )
    same_columns = all(file.columns == files[0].columns for file in files)
    paths = ", ".join(f"current_setting('file_search_path') || '/{file.name}'" for file in files)
    options = "file_row_number = true" + ("" if same_columns else ", union_by_name = true")
    return f"SELECT {columns_sql}, {FILE_NO}, file_row_number AS {ROW_NO} FROM read_parquet([{paths}], {options})"


def _empty_rows(table: Table, extra_columns: str = "") -> str:
    """SQL of no rows, with the columns of `scan` and `extra_columns`."""
    typed = ", ".join(f'NULL::{column.kind.sql} AS "{column.name}"' for column in stored_columns(table))
    return f"SELECT {typed}, NULL::INTEGER AS {FILE_NO}, NULL::BIGINT AS {ROW_NO}{extra_columns} WHERE false"


def hide(con: duckdb.DuckDBPyConnection, table: Table, rows: str, waiting: str = "false") -> None:
    """List rows (a relation with FILE_NO and ROW_NO) as not current."""
    con.execute(
        f"INSERT INTO main.log_hidden SELECT '{table.name}', {FILE_NO}, {ROW_NO}, {waiting} FROM {rows} ORDER BY ALL"
    )


def unhide(con: duckdb.DuckDBPyConnection, table: Table, rows: str) -> None:
    """Remove rows (a relation with FILE_NO and ROW_NO) from the list of those that are not current."""
    con.execute(
        f"DELETE FROM main.log_hidden WHERE \"table\" = '{table.name}'"
        f" AND ({FILE_NO}, {ROW_NO}) IN (SELECT ({FILE_NO}, {ROW_NO}) FROM {rows})"
    )


def unlist_files(con: duckdb.DuckDBPyConnection, files: Iterable[int]) -> None:
    """Remove files, by number, from the lists of files and hidden rows."""
    for number in files:
        con.execute("DELETE FROM main.log_files WHERE file_no = ?", [number])
        con.execute("DELETE FROM main.log_hidden WHERE file_no = ?", [number])


def column_list(names: Iterable[str], alias: str = "") -> str:
    """SQL of the quoted columns, separated by commas."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(f'{prefix}"{name}"' for name in names)


def columns_equal(names: Iterable[str], left: str, right: str) -> str:
    """SQL condition: the columns of two relations are equal."""
    return " AND ".join(f'{left}."{name}" = {right}."{name}"' for name in names)


def literal(value: str) -> str:
    """SQL of a text literal."""
    return "'" + value.replace("'", "''") + "'"
