"""What a version says about itself, recomputed: the accounts of its loads, and a digest of the rows each load brought.

A digest is the XOR of DuckDB's hashes of a load's rows in one table of the log. It is recorded when the load is stored, and is
comparable under the release of DuckDB that recorded it.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from regulars.warehouse.log import stored_columns
from regulars.warehouse.tables import TABLES

_DIGESTS = """
CREATE TABLE IF NOT EXISTS main.load_digests (load_id INTEGER NOT NULL, "table" VARCHAR NOT NULL, rows BIGINT NOT NULL,
    digest UBIGINT NOT NULL, duckdb VARCHAR NOT NULL)
"""


def record_digests(con: duckdb.DuckDBPyConnection) -> None:
    """Record the digests of loads that have none yet, and forget those of loads that were taken back."""
    con.execute(_DIGESTS)
    con.execute(
        "DELETE FROM main.load_digests WHERE load_id IN (SELECT load_id FROM main.loads WHERE undone_at IS NOT NULL)"
    )
    new = "load_id > (SELECT coalesce(max(load_id), 0) FROM main.load_digests)"
    con.execute(f"INSERT INTO main.load_digests SELECT *, ? FROM ({_digests(new)})", [duckdb.__version__])


def _digests(which: str) -> str:
    """SQL: load_id, table, rows and digest of the log's rows. Whether a row is current or waits may change, and is left out."""
    parts = []
    for table in TABLES:
        columns = ", ".join(f'"{column.name}"' for column in stored_columns(table))
        parts.append(
            f"SELECT load_id, '{table.name}' AS \"table\", count(*) AS rows, bit_xor(hash({columns})) AS digest"
            f" FROM log.{table.name} WHERE {which} GROUP BY load_id"
        )
    return " UNION ALL ".join(parts)


def accounting_faults(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Which files of which loads do not add up: read = used + waiting + rejected + skipped, with all rejects there."""
    for load_id, name in con.execute(
        "SELECT load_id, name FROM main.load_files WHERE read != used + coalesce(waiting, 0) + rejected + skipped ORDER BY ALL"
    ).fetchall():
        yield f"load {load_id}: the rows of {name} do not add up"
    for load_id, booked, there in con.execute(
        "SELECT load_id, booked, coalesce(there, 0) AS stored"
        " FROM (SELECT load_id, sum(rejected) AS booked FROM main.load_files GROUP BY load_id)"
        " LEFT JOIN (SELECT load_id, count(*) AS there FROM main.rejects GROUP BY load_id) USING (load_id)"
        " WHERE booked != stored ORDER BY load_id"
    ).fetchall():
        yield f"load {load_id}: {booked:,} rows were rejected, and {there:,} of them are stored"


def log_faults(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Which tables of which loads hold other rows than the load brought."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'load_digests'").fetchall():
        return
    for load_id, table, recorded, there in con.execute(
        'SELECT load_id, "table", coalesce(r.rows, 0), coalesce(t.rows, 0)'
        f' FROM (SELECT * FROM main.load_digests WHERE duckdb = ?) r FULL JOIN ({_digests("true")}) t USING (load_id, "table")'
        ' WHERE r.rows IS DISTINCT FROM t.rows OR r.digest IS DISTINCT FROM t.digest ORDER BY load_id, "table"',
        [duckdb.__version__],
    ).fetchall():
        if recorded or _comparable(con, load_id):
            yield f"load {load_id}: {table} had {recorded:,} rows and has {there:,}, or they differ"


def _comparable(con: duckdb.DuckDBPyConnection, load_id: int) -> bool:
    """Whether a load's digests were recorded by this release of DuckDB."""
    sql = "SELECT count(*) FROM main.load_digests WHERE load_id = ? AND duckdb = ?"
    return con.execute(sql, [load_id, duckdb.__version__]).fetchall() != [(0,)]
