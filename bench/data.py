"""The shop that is measured: simulated, then written as a shop's exports in our own column names."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from bench.measuring import Place, Stopwatch
from regulars.simulate import ShopShape, simulate

SEED = 11
MONTHS = 36
LATE = 10_000
"""Orders of a file that comes late: nine in ten by customers the shop knows."""
LATE_FILES = 3

COLUMNS = {
    "orders": (
        "order_id", "customer_id", "email", "ordered_at", "status", "channel", "country", "currency", "gross", "discount",
        "shipping",
    ),
    "customers": ("customer_id", "email", "phone", "name", "country", "city", "joined_at"),
    "order_lines": ("order_id", "line_id", "product_id", "product_name", "quantity", "amount", "discount", "unit_cost"),
}  # fmt: skip


def make(place: Place, watch: Stopwatch, orders: int, lines: bool) -> None:
    """Write customers and orders (with `lines` also their lines) as CSV and Parquet, and the files of late orders."""
    raw = place.scratch("raw")
    raw.mkdir(parents=True, exist_ok=True)
    place.data("").mkdir(parents=True, exist_ok=True)
    with watch.timing():
        shop = simulate(ShopShape(orders=orders, months=MONTHS), SEED)
        con = duckdb.connect()
        con.execute("SET TimeZone = 'UTC'")
        for table in ("customers", "orders", *(("order_lines",) if lines else ())):
            file = raw / f"{table}.parquet"
            blocks = shop.blocks(table)
            first = next(blocks)
            with pq.ParquetWriter(file, first.schema) as writer:
                writer.write_table(first)
                for block in blocks:
                    writer.write_table(block)
            _write(con, f"SELECT {', '.join(_read(name) for name in COLUMNS[table])} FROM '{file}'", place.data(table))
        for number in range(LATE_FILES):
            late = _late(place.data("orders.parquet"), number, min(LATE, orders // 10))
            con.execute(f"COPY ({late}) TO '{place.data(f'late_{number}.csv')}' (HEADER)")
    shutil.rmtree(raw)


def _read(column: str) -> str:
    return f"{column}::TIMESTAMPTZ AS {column}" if column.endswith("_at") else column


def _write(con: duckdb.DuckDBPyConnection, rows: str, file: Path) -> None:
    con.execute(f"COPY ({rows}) TO '{file}.parquet' (FORMAT parquet)")
    con.execute(f"COPY (FROM '{file}.parquet') TO '{file}.csv' (HEADER)")


def _late(orders: Path, number: int, size: int) -> str:
    """SQL: orders that look like others of the shop, up to 90 days later, but not after its last."""
    rows = f"(SELECT *, row_number() OVER (ORDER BY md5(order_id || '{number}')) AS place FROM '{orders}')"
    later = f"ordered_at + to_days((('0x' || md5(order_id)[:4])::INTEGER % 90)::INTEGER) + INTERVAL {number + 1} SECOND"
    known = "place % 10 <> 0"
    return (
        f"SELECT 'late-{number}-' || place AS order_id, CASE WHEN {known} THEN customer_id END AS customer_id,"
        f" CASE WHEN {known} THEN email ELSE 'new-{number}-' || place || '@late.example.com' END AS email,"
        f" least({later}, (SELECT max(ordered_at) FROM '{orders}')) AS ordered_at, 'counted' AS status,"
        f" channel, country, currency, gross, discount, shipping FROM {rows} WHERE place <= {size} ORDER BY ALL"
    )
