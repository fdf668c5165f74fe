"""Adding the rows of a load to the log."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import duckdb

from regulars.vocabulary.errors import LoadRefused
from regulars.warehouse.changes import Changes
from regulars.warehouse.log.current_rows import update_current_rows
from regulars.warehouse.log.data_files import (
    FILE_NO,
    ROW_NO,
    column_list,
    columns_equal,
    create_views,
    files_of,
    hide,
    literal,
    scan,
    stored_columns,
    unhide,
    write_file,
)
from regulars.warehouse.log.metadata_tables import TableCount, add_counts
from regulars.warehouse.schema import Table


def append_waiting(con: duckdb.DuckDBPyConnection, table: Table, load_id: int, staged: str) -> None:
    """Append rows that wait for a missing exchange rate: they are not current before `release_waiting`."""
    if file := write_file(con, table, _log_rows(table, load_id, staged), [load_id]):
        every_row = f"(SELECT {file.number} AS {FILE_NO}, range AS {ROW_NO} FROM range({file.rows}))"
        hide(con, table, every_row, waiting="true")
        create_views(con, table)


def release_waiting(
    con: duckdb.DuckDBPyConnection, tables: Iterable[Table], complete: str, changes: Changes | None = None
) -> None:
    """Make waiting rows count as if their load had added them in full, oldest load first.

    Args:
        con: a connection to the version being written.
        tables: the tables of the rows; all have the columns of `complete`.
        complete: a table (load_id, source, order_id) of the orders that no longer wait.
        changes: records the rows that change.
    """
    loads = con.execute(f"SELECT DISTINCT load_id FROM {complete} ORDER BY load_id").fetchall()
    for table in tables:
        version, columns = (
            column_list(["source", *table.version_key]),
            column_list(c.name for c in stored_columns(table)),
        )
        for (load_id,) in loads:
            rows, touched, before = (f"waited_{what}_{table.name}" for what in ("rows", "touched", "before"))
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {rows} AS SELECT * FROM log.{table.name} WHERE waiting AND load_id = {load_id}"
                f" AND (load_id, source, order_id) IN (SELECT (load_id, source, order_id) FROM {complete})"
            )
            con.execute(f"CREATE OR REPLACE TEMP TABLE {touched} AS SELECT DISTINCT {version} FROM {rows}")
            if changes is not None:
                changes.record(table, f"temp.{touched}")
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {before} AS SELECT {columns} FROM main.{table.name}"
                f" SEMI JOIN {touched} USING ({version})"
            )
            unhide(con, table, rows)
            update_current_rows(con, table, f"log.{table.name} SEMI JOIN {touched} USING ({version})")
            create_views(con, table)
            key = ["source", *table.key]
            after = f"(SELECT * FROM main.{table.name} SEMI JOIN {rows} USING ({column_list(key)}))"
            for source, count in _counts(con, table, rows, before, after).items():
                add_counts(con, table, load_id, source, count)
            con.execute(f"DROP TABLE temp.{rows}; DROP TABLE temp.{touched}; DROP TABLE temp.{before}")


def merge(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    load_id: int,
    staged: str,
    replacing: Collection[str] = (),
    changes: Changes | None = None,
) -> dict[str, TableCount]:
    """Append staged rows to the log and update which rows are current.

    Args:
        con: a connection to the version being written. `main.loads` must have the load.
        table: the table.
        load_id: the load.
        staged: a relation with the table's columns, `source`, `updated_at` and `zone`, one row per key and source.
        replacing: the sources whose rows of this table the load replaces as a whole.
        changes: records the rows that change.

    Returns:
        The counts of each source.
    """
    version, columns = ["source", *table.version_key], column_list(column.name for column in stored_columns(table))
    log_rows = _log_rows(table, load_id, staged)
    earlier, before, new = (f"merge_{what}_{table.name}" for what in ("earlier", "before", "new"))
    for source in sorted(replacing):
        add_counts(con, table, load_id, source)
    overlap = bool(files_of(con, table)) and _write_earlier_rows(con, table, staged, replacing, earlier)
    current = f"(FROM main.{table.name} LIMIT 0)"
    if overlap:
        rows = f"SELECT ({FILE_NO}, {ROW_NO}) FROM temp.{earlier} WHERE current"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {before} AS SELECT {columns} FROM log.{table.name}"
            f" WHERE ({FILE_NO}, {ROW_NO}) IN ({rows})"
        )
        current = f"temp.{before}"
    if changes is not None:
        keys = f"SELECT DISTINCT {column_list(version)} FROM {staged}"
        keys += f" UNION SELECT {column_list(version)} FROM temp.{earlier}" if overlap else ""
        changes.record(table, f"({keys})", current)
    file = write_file(con, table, log_rows, [load_id])
    if overlap:
        file_rows = scan(table, [file] if file else [])
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {new} AS SELECT {column_list(version)}, load_id, updated_at, {FILE_NO}, {ROW_NO},"
            f" true AS current, false AS waiting FROM ({file_rows}) SEMI JOIN temp.{earlier} USING ({column_list(version)})"
        )
        update_current_rows(con, table, f"(FROM temp.{earlier} UNION ALL FROM temp.{new})")
        hidden_rows = f"(FROM temp.{new} SEMI JOIN main.log_hidden USING ({FILE_NO}, {ROW_NO}))"
        after = (
            f"(SELECT {columns} FROM {log_rows} ANTI JOIN {hidden_rows} USING ({column_list(version)})"
            f" UNION ALL SELECT {columns} FROM temp.{before} SEMI JOIN {hidden_rows} USING ({column_list(version)}))"
        )
        counts = _counts(con, table, log_rows, f"temp.{before}", after)
    else:
        counts_by_source = con.execute(f"SELECT source, count(*) FROM {staged} GROUP BY source").fetchall()
        counts = {str(source): TableCount(inserted=rows) for source, rows in counts_by_source}
    stored_rows = file.rows if file else 0
    if sum(count.inserted + count.updated + count.unchanged for count in counts.values()) != stored_rows:
        raise LoadRefused(f"{table.name}: {stored_rows:,} rows were stored, but {counts} were counted.")
    for source, count in counts.items():
        add_counts(con, table, load_id, source, count)
    if file or overlap:
        create_views(con, table)
    con.execute("; ".join(f"DROP TABLE IF EXISTS temp.{name}" for name in (earlier, before, new)))
    return counts


def _write_earlier_rows(
    con: duckdb.DuckDBPyConnection, table: Table, staged: str, replacing: Collection[str], earlier: str
) -> bool:
    """Create a temporary table of the log's rows whose version keys a load adds or replaces. Returns False where it is
    empty.
    """
    version = column_list(["source", *table.version_key])
    rows = f"log.{table.name} SEMI JOIN {staged} USING ({version})"
    if replacing:
        of_sources = f"source IN ({', '.join(map(literal, sorted(replacing)))})"
        rows = f"log.{table.name} WHERE {of_sources} OR ({version}) IN (SELECT ({version}) FROM {staged})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {earlier} AS"
        f" SELECT {version}, load_id, updated_at, {FILE_NO}, {ROW_NO}, current, waiting FROM {rows}"
    )
    return bool(con.execute(f"SELECT count(*) FROM temp.{earlier}").fetchall()[0][0])


def _log_rows(table: Table, load_id: int, staged: str) -> str:
    """SQL of staged rows as rows of the log."""
    values = ", ".join(
        f'"{column.name}"::{column.kind.sql} AS "{column.name}"'
        for column in stored_columns(table)
        if column.name != "load_id"
    )
    return f"(SELECT {values}, {load_id}::BIGINT AS load_id FROM {staged})"


def _counts(
    con: duckdb.DuckDBPyConnection, table: Table, log_rows: str, before: str, after: str
) -> dict[str, TableCount]:
    """Count inserted, updated and unchanged keys of a load, by source.

    Args:
        con: a connection to the version being written.
        table: the table.
        log_rows: the rows of the load.
        before: a relation of the rows that were current before.
        after: a relation of the rows that are current now.
    """
    key = ["source", *table.key]
    differs = " OR ".join(f'b."{c.name}" IS DISTINCT FROM a."{c.name}"' for c in table.columns if c.name not in key)
    rows = con.execute(
        f"""
        SELECT source, count(*) FILTER (was = 0 AND now), count(*) FILTER (was = 1 AND now AND changed),
               count(*) FILTER (NOT now OR was = 1 AND NOT changed)
        FROM (SELECT s.source, (b.source IS NOT NULL)::INT AS was, a.source IS NOT NULL AS now,
                     ({differs or "false"}) AS changed
              FROM {log_rows} s
              LEFT JOIN {before} b ON {columns_equal(key, "s", "b")}
              LEFT JOIN {after} a ON {columns_equal(key, "s", "a")})
        GROUP BY source"""
    ).fetchall()
    return {str(source): TableCount(inserted, updated, unchanged) for source, inserted, updated, unchanged in rows}
