"""The log: every row of every load is kept, and which of them are current follows from the log alone.

Physical tables `log.<table>` hold the table's columns, the housekeeping columns and `current`; views `main.<table>` show the
current rows. Of each version key (per source) one load is current: the one with the newest `updated_at` (unknown counts as
the newest known), then the latest load; loads before the newest `--replace` of that source and table do not count, nor do
rows that wait (`waiting`) for what other rows must bring.
Undoing a load is therefore deleting its rows and asking again who is current.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import duckdb

from regulars.vocabulary.errors import LoadRefused, UsageError
from regulars.warehouse.changes import Changes
from regulars.warehouse.schema import HOUSEKEEPING, Column, Table
from regulars.warehouse.tables import TABLES

_BOOKS = """
CREATE SCHEMA IF NOT EXISTS log;
CREATE TABLE IF NOT EXISTS main.loads (load_id INTEGER PRIMARY KEY, "at" TIMESTAMP NOT NULL, command VARCHAR NOT NULL,
    source VARCHAR NOT NULL, replaced BOOLEAN NOT NULL, covers_until DATE, undone_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS main.load_files (load_id INTEGER NOT NULL, file_no INTEGER NOT NULL, name VARCHAR NOT NULL,
    source VARCHAR NOT NULL, digest VARCHAR NOT NULL, bytes BIGINT NOT NULL, read BIGINT NOT NULL, used BIGINT NOT NULL,
    skipped BIGINT NOT NULL, rejected BIGINT NOT NULL, columns VARCHAR[] NOT NULL, waiting BIGINT DEFAULT 0);
CREATE TABLE IF NOT EXISTS main.load_tables (load_id INTEGER NOT NULL, source VARCHAR NOT NULL, "table" VARCHAR NOT NULL,
    inserted BIGINT NOT NULL, updated BIGINT NOT NULL, unchanged BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS main.rejects (load_id INTEGER NOT NULL, file VARCHAR NOT NULL, line BIGINT NOT NULL,
    source VARCHAR NOT NULL, unit VARCHAR, reasons VARCHAR[] NOT NULL, raw VARCHAR NOT NULL, source_order_id VARCHAR);
CREATE TABLE IF NOT EXISTS main.waiting (load_id INTEGER NOT NULL, file VARCHAR NOT NULL, source VARCHAR NOT NULL,
    order_id VARCHAR NOT NULL, line BIGINT NOT NULL, rows BIGINT NOT NULL, reason VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS main.about (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
"""


@dataclass(frozen=True)
class TableCount:
    """What a load did to the rows of a table that it brought."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: TableCount) -> TableCount:
        return TableCount(
            self.inserted + other.inserted, self.updated + other.updated, self.unchanged + other.unchanged
        )


def stored_columns(table: Table) -> tuple[Column, ...]:
    """The table's own columns and the housekeeping ones, each once."""
    return (*table.columns, *(column for column in HOUSEKEEPING if not table.has(column.name)))


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is not there yet: the log, its views, and the books of loads and rejects.

    A column that a table has got since an older Regulars made its log is added, empty in the older rows.
    """
    con.execute(_BOOKS)
    con.execute("ALTER TABLE main.load_files ADD COLUMN IF NOT EXISTS waiting BIGINT DEFAULT 0")
    con.execute("ALTER TABLE main.rejects ADD COLUMN IF NOT EXISTS source_order_id VARCHAR")
    found: dict[str, set[str]] = {}
    for name, column in con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'log'"
        " AND database_name = current_database()"
    ).fetchall():
        found.setdefault(name, set()).add(column)
    for table in TABLES:
        columns = stored_columns(table)
        stored = found.get(table.name)
        missing: list[Column] = []
        if stored is None:
            typed = ", ".join(f'"{column.name}" {column.kind.sql}' for column in columns)
            con.execute(
                f"CREATE TABLE log.{table.name} ({typed}, current BOOLEAN NOT NULL, waiting BOOLEAN DEFAULT false)"
            )
        else:
            missing = [column for column in columns if column.name not in stored]
            for column in missing:
                con.execute(f'ALTER TABLE log.{table.name} ADD COLUMN IF NOT EXISTS "{column.name}" {column.kind.sql}')
            if "waiting" not in stored:
                con.execute(f"ALTER TABLE log.{table.name} ADD COLUMN waiting BOOLEAN DEFAULT false")
        create = "CREATE OR REPLACE VIEW" if missing else "CREATE VIEW IF NOT EXISTS"
        con.execute(
            f"{create} main.{table.name} AS SELECT {_list(column.name for column in columns)}"
            f" FROM log.{table.name} WHERE current"
        )


def is_complete(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the load history has what `ensure` would add: an older Regulars did not store all columns."""
    added = ["load_files.waiting", "waiting.load_id", "rejects.source_order_id"]
    columns = (
        "SELECT count(*) FROM duckdb_columns() WHERE schema_name = 'main' AND table_name || '.' || column_name"
        " IN (SELECT unnest(?))"
    )
    return bool(con.execute(columns, [added]).fetchall()[0][0] == len(added))


def keep_waiting(con: duckdb.DuckDBPyConnection, table: Table, load_id: int, staged: str) -> None:
    """Append rows that wait: they are not current before `use_waiting`."""
    columns = [column.name for column in stored_columns(table) if column.name != "load_id"]
    con.execute(
        f"INSERT INTO log.{table.name} BY NAME"
        f" SELECT {_list(columns)}, {load_id} AS load_id, false AS current, true AS waiting FROM {staged}"
    )


def use_waiting(
    con: duckdb.DuckDBPyConnection, tables: Iterable[Table], complete: str, changes: Changes | None = None
) -> None:
    """Let rows that waited count as if their load had brought them in full, oldest load first.

    `complete` is a table (load_id, source, order_id) of what waits no longer; all `tables` have these columns. `changes` is told
    which rows are about to change.
    """
    loads = con.execute(f"SELECT DISTINCT load_id FROM {complete} ORDER BY load_id").fetchall()
    for table in tables:
        version = _list(["source", *table.version_key])
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
                f"CREATE OR REPLACE TEMP TABLE {before} AS SELECT * FROM log.{table.name}"
                f" SEMI JOIN {touched} USING ({version}) WHERE current"
            )
            con.execute(
                f"UPDATE log.{table.name} SET waiting = false WHERE waiting AND load_id = {load_id}"
                f" AND (load_id, source, order_id) IN (SELECT (load_id, source, order_id) FROM {complete})"
            )
            _recompute(con, table, touched)
            for source, count in _counts(con, table, rows, before, ["source", *table.key]).items():
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
    key, version = ["source", *table.key], ["source", *table.version_key]
    touched, before = f"merge_touched_{table.name}", f"merge_before_{table.name}"
    for source in sorted(replacing):
        book(con, table, load_id, source)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {touched} AS SELECT DISTINCT {_list(version)} FROM log.{table.name}"
        f" SEMI JOIN {staged} USING ({_list(version)})"
    )
    overlap = bool(con.execute(f"SELECT count(*) FROM {touched}").fetchall()[0][0])
    names = ", ".join(_text(source) for source in sorted(replacing))
    of_sources = f"(SELECT DISTINCT {_list(version)} FROM log.{table.name} WHERE source IN ({names}))"
    if changes is not None:
        every = f"SELECT DISTINCT {_list(version)} FROM {staged}" + (f" UNION FROM {of_sources}" if replacing else "")
        changes.rows(table, f"({every})")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {before} AS SELECT * FROM log.{table.name} SEMI JOIN {touched} USING ({_list(version)})"
        " WHERE current"
    )
    columns = [column.name for column in stored_columns(table) if column.name != "load_id"]
    new = f"NOT EXISTS (FROM {touched} t WHERE {_same(version, 's', 't')})" if overlap else "true"
    con.execute(
        f"INSERT INTO log.{table.name} BY NAME SELECT {_list(columns, 's')}, {load_id} AS load_id, {new} AS current"
        f" FROM {staged} s"
    )
    if replacing:
        _recompute(con, table, of_sources)
    elif overlap:
        _recompute(con, table, touched)
    mine = f"(SELECT * FROM log.{table.name} WHERE load_id = {load_id})"
    counts = _counts(con, table, mine, before if overlap else None, key)
    stored = con.execute(f"SELECT source, count(*) FROM {staged} GROUP BY source").fetchall()
    for source, rows in stored:
        count = counts.get(source, TableCount())
        if count.inserted + count.updated + count.unchanged != rows:
            raise LoadRefused(f"{table.name}: {rows:,} rows of {source} were to be stored, but {count} were.")
    for source, count in counts.items():
        book(con, table, load_id, source, count)
    con.execute(f"DROP TABLE temp.{touched}; DROP TABLE temp.{before}")
    return counts


def book(
    con: duckdb.DuckDBPyConnection, table: Table, load_id: int, source: str, count: TableCount = TableCount()
) -> None:
    """Add a count to what the load did to the table, in `main.load_tables`; by default that it brought the table at all."""
    place = [load_id, source, table.name]
    here = 'load_id = ? AND source = ? AND "table" = ?'
    for inserted, updated, unchanged in con.execute(
        f"SELECT inserted, updated, unchanged FROM main.load_tables WHERE {here}", place
    ).fetchall():
        count += TableCount(inserted, updated, unchanged)
    con.execute(f"DELETE FROM main.load_tables WHERE {here}", place)
    con.execute(
        "INSERT INTO main.load_tables VALUES (?, ?, ?, ?, ?, ?)",
        [*place, count.inserted, count.updated, count.unchanged],
    )


def _counts(
    con: duckdb.DuckDBPyConnection, table: Table, brought: str, before: str | None, key: list[str]
) -> dict[str, TableCount]:
    """Compare what is current now with what was, for every key among the rows `brought` (a relation of the log's rows)."""
    if before is None:
        rows = con.execute(
            f"SELECT source, count(*) FILTER (current), 0, count(*) FILTER (NOT current) FROM {brought} GROUP BY source"
        ).fetchall()
    else:
        mine = f"(SELECT {_list(key)} FROM {brought})"
        differs = " OR ".join(f'b."{c.name}" IS DISTINCT FROM a."{c.name}"' for c in table.columns if c.name not in key)
        rows = con.execute(
            f"""
            SELECT source, count(*) FILTER (was = 0 AND now), count(*) FILTER (was = 1 AND now AND changed),
                   count(*) FILTER (NOT now OR was = 1 AND NOT changed)
            FROM (SELECT s.source, (b.source IS NOT NULL)::INT AS was, a.source IS NOT NULL AS now,
                         ({differs or "false"}) AS changed
                  FROM {brought} s
                  LEFT JOIN {before} b ON {_same(key, "s", "b")}
                  LEFT JOIN (SELECT * FROM log.{table.name} SEMI JOIN {mine} USING ({_list(key)}) WHERE current) a
                  ON {_same(key, "s", "a")})
            GROUP BY source"""
        ).fetchall()
    return {str(source): TableCount(inserted, updated, unchanged) for source, inserted, updated, unchanged in rows}


def _recompute(con: duckdb.DuckDBPyConnection, table: Table, touched: str) -> None:
    """Decide anew who is current among the version keys in `touched`."""
    version = ["source", *table.version_key]
    winners, wins = f"merge_winners_{table.name}", "coalesce(r.load_id = w.load_id AND NOT r.waiting, false)"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {winners} AS
        WITH replaced AS (
            SELECT t.source, max(t.load_id) AS since FROM main.load_tables t JOIN main.loads l USING (load_id)
            WHERE l.replaced AND l.undone_at IS NULL AND t."table" = '{table.name}' GROUP BY t.source),
        candidates AS (
            SELECT {_list(version, "r")}, r.load_id, max(r.updated_at) AS newest
            FROM log.{table.name} r SEMI JOIN {touched} USING ({_list(version)}) LEFT JOIN replaced p ON p.source = r.source
            WHERE r.load_id >= coalesce(p.since, 0) AND NOT r.waiting GROUP BY ALL),
        ranked AS (SELECT *, max(newest) OVER (PARTITION BY {_list(version)}) AS known FROM candidates),
        won AS (
            SELECT * FROM ranked QUALIFY row_number() OVER
                (PARTITION BY {_list(version)} ORDER BY coalesce(newest, known) DESC NULLS LAST, load_id DESC) = 1)
        SELECT {_list(version, "t")}, won.load_id FROM {touched} t LEFT JOIN won USING ({_list(version)})"""
    )
    con.execute(
        f"UPDATE log.{table.name} AS r SET current = {wins} FROM {winners} w"
        f" WHERE {_same(version, 'r', 'w')} AND r.current <> {wins}"
    )
    con.execute(f"DROP TABLE temp.{winners}")


def undo(con: duckdb.DuckDBPyConnection, load_id: int, changes: Changes | None = None) -> None:
    """Take one load back: its rows and rejects go, and the rows it had replaced are current again.

    `changes` is told which rows are about to change.

    Raises UsageError where there is no such load or it was taken back before. Other checks (an order that loses its exchange
    rate) are the caller's.
    """
    found = con.execute("SELECT replaced, undone_at FROM main.loads WHERE load_id = ?", [load_id]).fetchall()
    if not found:
        raise UsageError(f"There is no load {load_id}.", "See them: regulars loads")
    replaced, undone_at = found[0]
    if undone_at is not None:
        raise UsageError(f"Load {load_id} was taken back already, on {undone_at:%Y-%m-%d at %H:%M} UTC.")
    con.execute("UPDATE main.loads SET undone_at = timezone('UTC', now()) WHERE load_id = ?", [load_id])
    for table in TABLES:
        version = _list(["source", *table.version_key])
        theirs = (
            f"SELECT source FROM main.load_tables WHERE load_id = {load_id} AND \"table\" = '{table.name}'"
            if replaced
            else "SELECT NULL"
        )
        touched = f"undo_touched_{table.name}"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {touched} AS SELECT DISTINCT {version} FROM log.{table.name}"
            f" WHERE load_id = {load_id} OR source IN ({theirs})"
        )
        if con.execute(f"SELECT count(*) FROM {touched}").fetchall()[0][0]:
            if changes is not None:
                changes.rows(table, touched)
            con.execute(f"DELETE FROM log.{table.name} WHERE load_id = {load_id}")
            _recompute(con, table, touched)
        con.execute(f"DROP TABLE temp.{touched}")
    con.execute("DELETE FROM main.rejects WHERE load_id = ?", [load_id])
    con.execute("DELETE FROM main.waiting WHERE load_id = ?", [load_id])


def _list(names: Iterable[str], alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    return ", ".join(f'{prefix}"{name}"' for name in names)


def _same(names: list[str], left: str, right: str) -> str:
    return " AND ".join(f'{left}."{name}" = {right}."{name}"' for name in names)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
