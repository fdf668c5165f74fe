"""Tables of DuckDB as files that other engines read."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow.parquet as pq


def written(source: duckdb.DuckDBPyConnection, table: str, folder: Path) -> Path:
    """A new Parquet file with the rows of a table or view; by Python, for a shop's own connection writes no files."""
    file = folder / f"{uuid4().hex}.parquet"
    pq.write_table(source.execute(f"FROM {table}").to_arrow_table(), file)
    return file
