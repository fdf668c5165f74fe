"""The simulated shop as files in Regulars' own column names: one file per canonical table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from regulars.simulate.shop import TABLES, SimulatedShop


def write_canonical(shop: SimulatedShop, folder: Path, kind: Literal["parquet", "csv"] = "parquet") -> list[Path]:
    """Write customers, orders, order_lines and returns, as Parquet or CSV. Returns their paths.

    Instants carry their zone, UTC, so that nobody reads them as the shop's local time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table in TABLES:
        path = folder / f"{table}.{kind}"
        writer: pq.ParquetWriter | pa_csv.CSVWriter | None = None
        for rows in shop.blocks(table):
            zoned = _zoned(rows)
            if writer is None:
                make = pq.ParquetWriter if kind == "parquet" else pa_csv.CSVWriter
                writer = make(path, zoned.schema)
            writer.write_table(zoned)
        if writer is not None:
            writer.close()
        paths.append(path)
    return paths


def _zoned(rows: pa.Table) -> pa.Table:
    schema = pa.schema(
        pa.field(field.name, pa.timestamp("us", "UTC")) if pa.types.is_timestamp(field.type) else field
        for field in rows.schema
    )
    return rows.cast(schema)
