"""Files of a simulated shop with Regulars' own column names: one per canonical table."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from regulars.simulate.baskets import Basket
from regulars.simulate.files.atomic_folder import TRUTH, atomic_folder
from regulars.simulate.population import Progress
from regulars.simulate.simulated_shop import TABLES, SimulatedShop
from regulars.simulate.threads import in_order
from regulars.simulate.truth import Ledger, write_truth
from regulars.vocabulary.errors import UsageError

_BYTES = {
    "parquet": {"customers": 13, "orders": 40, "order_lines": 16, "returns": 3},
    "csv": {"customers": 45, "orders": 200, "order_lines": 140, "returns": 10},
}
"""Bytes on disk per order, slightly below the measured values."""

_ROW_GROUP = 131_072
"""Rows per row group."""


def write_canonical(
    shop: SimulatedShop,
    folder: Path,
    kind: Literal["parquet", "csv"] = "parquet",
    tables: Sequence[str] = TABLES,
    progress: Progress | None = None,
) -> list[Path]:
    """Write canonical tables and true values in one pass over the orders.

    Instants have the zone UTC, so that they are not read as local times. Orders are sorted by time.

    Args:
        shop: The shop; the same shop gives the same rows.
        folder: Folder to write into.
        kind: Format of the files.
        tables: Names of the tables.
        progress: Called with the number of written orders and the total.

    Returns:
        The paths of the tables' files.

    Raises:
        UsageError: A table is not simulated, or as for `atomic_folder`.
        NoRoom: As for `atomic_folder`.
    """
    unknown = [table for table in tables if table not in TABLES]
    if unknown or not tables:
        raise UsageError(f"There is no simulated table {', '.join(unknown)!r}.", f"There are: {', '.join(TABLES)}.")
    tables = [table for table in TABLES if table in tables]
    names = [f"{table}.{kind}" for table in tables]
    size = shop.bought.size
    with atomic_folder(folder, names, size * sum(_BYTES[kind].get(table, 0) for table in tables)) as inside:
        ledger = Ledger.empty(shop)
        with ExitStack() as files:
            writers = {table: files.enter_context(_Writer(inside / f"{table}.{kind}")) for table in tables}
            of_orders = [table for table in tables if table != "customers"]

            def fill(start: int) -> tuple[Basket, dict[str, pa.Table]]:
                basket = shop.basket(start)
                return basket, {table: _zoned(shop.rows_of(table, basket)) for table in of_orders}

            for basket, rows in in_order(fill, shop.starts()):
                ledger.enter(basket)
                for table in of_orders:
                    writers[table].write(rows[table])
                if progress:
                    progress(basket.start + basket.size, size)
            if "customers" in writers:
                for block in shop.blocks("customers"):
                    writers["customers"].write(_zoned(block))
        write_truth(shop, ledger, inside / TRUTH, names)
    return [folder / name for name in names]


class _Writer:
    """A file that blocks of rows are written to, many at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: pq.ParquetWriter | pa_csv.CSVWriter | None = None
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
        if self._file is not None:
            self._file.close()

    def write(self, rows: pa.Table) -> None:
        """Write a block, now or with the next ones."""
        self._waiting.append(rows)
        if sum(len(block) for block in self._waiting) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting)
        self._waiting = []
        if self._file is None:
            make = pq.ParquetWriter if self._path.suffix == ".parquet" else pa_csv.CSVWriter
            self._file = make(self._path, rows.schema)
        self._file.write_table(rows)


def _zoned(rows: pa.Table) -> pa.Table:
    schema = pa.schema(
        pa.field(field.name, pa.timestamp("us", "UTC")) if pa.types.is_timestamp(field.type) else field
        for field in rows.schema
    )
    return rows.cast(schema)
