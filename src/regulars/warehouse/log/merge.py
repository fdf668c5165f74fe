"""Add the rows of a load to the log."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import duckdb

from regulars.vocabulary.errors import LoadRefused
from regulars.warehouse.changes import Changes
from regulars.warehouse.log.row_files import (
    FILE_NO,
    ROW_NO,
    equal,
    files_of,
    hide,
    names_in,
    scan,
    show,
    stored_columns,
    text,
    unhide,
    write_file,
)
from regulars.warehouse.log.version_tables import TableCount, book
from regulars.warehouse.log.winners import decide
from regulars.warehouse.schema import Table


def keep_waiting(con: duckdb.DuckDBPyConnection, table: Table, load_id: int, staged: str) -> None:
    """Append rows that wait: they are not current before `use_waiting`."""
    if file := write_file(con, table, _of_load(table, load_id, staged), [load_id]):
        every_row = f"(SELECT {file.number} AS {FILE_NO}, range AS {ROW_NO} FROM range({file.rows}))"
        hide(con, table, every_row, waiting="true")
        show(con, table)


def use_waiting(
    con: duckdb.DuckDBPyConnection, tables: Iterable[Table], complete: str, changes: Changes | None = None
) -> None:
    """Let rows that waited count as if their load had brought them in full, oldest load first.

    `complete` is a table (load_id, source, order_id) of what waits no longer; all `tables` have these columns. `changes` is told
    which rows are about to change.
    """
    loads = con.execute(f"SELECT DISTINCT load_id FROM {complete} ORDER BY load_id").fetchall()
    for table in tables:
        version, columns = names_in(["source", *table.version_key]), names_in(c.name for c in stored_columns(table))
        for (load_id,) in loads:
            rows, touched, before = (f"waited_{what}_{table.name}" for what in ("rows", "touched", "before"))
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {rows} AS SELECT * FROM log.{table.name} WHERE waiting AND load_id = {load_id}"
                f" AND (load_id, source, order_id) IN (SELECT (load_id, source, order_id) FROM {complete})"
            )
            con.execute(f"CREATE OR REPLACE TEMP TABLE {touched} AS SELECT DISTINCT {version} FROM {rows}")
            if changes is not None:
                changes.rows(table, f"temp.{touched}")
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {before} AS SELECT {columns} FROM main.{table.name}"
                f" SEMI JOIN {touched} USING ({version})"
            )
            unhide(con, table, rows)
            decide(con, table, f"log.{table.name} SEMI JOIN {touched} USING ({version})")
            show(con, table)
            key = ["source", *table.key]
            after = f"(SELECT * FROM main.{table.name} SEMI JOIN {rows} USING ({names_in(key)}))"
            for source, count in _counts(con, table, rows, before, after).items():
                book(con, table, load_id, source, count)
            con.execute(f"DROP TABLE temp.{rows}; DROP TABLE temp.{touched}; DROP TABLE temp.{before}")


def merge(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    load_id: int,
    staged: str,
    replacing: Collection[str] = (),
    changes: Changes | None = None,
) -> dict[str, TableCount]:
    """Append the staged rows to the log and make the right ones current. Returns the counts of each source.

    `staged` is a relation with the table's columns, `source`, `updated_at` and `zone`, one row a key and source. The load must
    stand in `main.loads` already; `replacing` names the sources whose rows of this table it replaces as a whole. `changes`
    is told which rows are about to change.
    """
    version, columns = ["source", *table.version_key], names_in(column.name for column in stored_columns(table))
    brought = _of_load(table, load_id, staged)
    earlier, before, new = (f"merge_{what}_{table.name}" for what in ("earlier", "before", "new"))
    for source in sorted(replacing):
        book(con, table, load_id, source)
    overlap = bool(files_of(con, table)) and _find_earlier(con, table, staged, replacing, earlier)
    current = f"(FROM main.{table.name} LIMIT 0)"
    if overlap:
        rows = f"SELECT ({FILE_NO}, {ROW_NO}) FROM temp.{earlier} WHERE current"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {before} AS SELECT {columns} FROM log.{table.name}"
            f" WHERE ({FILE_NO}, {ROW_NO}) IN ({rows})"
        )
        current = f"temp.{before}"
    if changes is not None:
        keys = f"SELECT DISTINCT {names_in(version)} FROM {staged}"
        keys += f" UNION SELECT {names_in(version)} FROM temp.{earlier}" if overlap else ""
        changes.rows(table, f"({keys})", current)
    file = write_file(con, table, brought, [load_id])
    if overlap:
        mine = scan(table, [file] if file else [])
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {new} AS SELECT {names_in(version)}, load_id, updated_at, {FILE_NO}, {ROW_NO},"
            f" true AS current, false AS waiting FROM ({mine}) SEMI JOIN temp.{earlier} USING ({names_in(version)})"
        )
        decide(con, table, f"(FROM temp.{earlier} UNION ALL FROM temp.{new})")
        lost = f"(FROM temp.{new} SEMI JOIN main.log_hidden USING ({FILE_NO}, {ROW_NO}))"
        after = (
            f"(SELECT {columns} FROM {brought} ANTI JOIN {lost} USING ({names_in(version)})"
            f" UNION ALL SELECT {columns} FROM temp.{before} SEMI JOIN {lost} USING ({names_in(version)}))"
        )
        counts = _counts(con, table, brought, f"temp.{before}", after)
    else:
        found = con.execute(f"SELECT source, count(*) FROM {staged} GROUP BY source").fetchall()
        counts = {str(source): TableCount(inserted=rows) for source, rows in found}
    stored = file.rows if file else 0
    if sum(count.inserted + count.updated + count.unchanged for count in counts.values()) != stored:
        raise LoadRefused(f"{table.name}: {stored:,} rows were stored, but {counts} were counted.")
    for source, count in counts.items():
        book(con, table, load_id, source, count)
    if file or overlap:
        show(con, table)
    con.execute("; ".join(f"DROP TABLE IF EXISTS temp.{name}" for name in (earlier, before, new)))
    return counts


def _find_earlier(
    con: duckdb.DuckDBPyConnection, table: Table, staged: str, replacing: Collection[str], earlier: str
) -> bool:
    """Write a temporary table of the log's rows whose version keys a load brings or replaces. Returns whether there are any."""
    version = names_in(["source", *table.version_key])
    rows = f"log.{table.name} SEMI JOIN {staged} USING ({version})"
    if replacing:
        of_sources = f"source IN ({', '.join(map(text, sorted(replacing)))})"
        rows = f"log.{table.name} WHERE {of_sources} OR ({version}) IN (SELECT ({version}) FROM {staged})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {earlier} AS"
        f" SELECT {version}, load_id, updated_at, {FILE_NO}, {ROW_NO}, current, waiting FROM {rows}"
    )
    return bool(con.execute(f"SELECT count(*) FROM temp.{earlier}").fetchall()[0][0])


def _of_load(table: Table, load_id: int, staged: str) -> str:
    """SQL: the staged rows as rows of the log."""
    values = ", ".join(
        f'"{column.name}"::{column.kind.sql} AS "{column.name}"'
        for column in stored_columns(table)
        if column.name != "load_id"
    )
    return f"(SELECT {values}, {load_id}::BIGINT AS load_id FROM {staged})"


def _counts(
    con: duckdb.DuckDBPyConnection, table: Table, brought: str, before: str, after: str
) -> dict[str, TableCount]:
    """Compare what is current now with what was, for every key among the rows `brought`."""
    key = ["source", *table.key]
    differs = " OR ".join(f'b."{c.name}" IS DISTINCT FROM a."{c.name}"' for c in table.columns if c.name not in key)
    rows = con.execute(
        f"""
        SELECT source, count(*) FILTER (was = 0 AND now), count(*) FILTER (was = 1 AND now AND changed),
               count(*) FILTER (NOT now OR was = 1 AND NOT changed)
        FROM (SELECT s.source, (b.source IS NOT NULL)::INT AS was, a.source IS NOT NULL AS now,
                     ({differs or "false"}) AS changed
              FROM {brought} s
              LEFT JOIN {before} b ON {equal(key, "s", "b")}
              LEFT JOIN {after} a ON {equal(key, "s", "a")})
        GROUP BY source"""
    ).fetchall()
    return {str(source): TableCount(inserted, updated, unchanged) for source, inserted, updated, unchanged in rows}
