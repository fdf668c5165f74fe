"""ClickHouse in this process, for tests, with tables handed over from DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from conformance.parquet import written


@dataclass(frozen=True)
class ClickHouse:
    """A session and the folder in which its tables lie."""

    session: Any
    folder: Path

    def copy(self, source: duckdb.DuckDBPyConnection, table: str, name: str) -> None:
        """Copy a table or view of DuckDB; `name` is what it is called here, in place of a table of that name."""
        file = written(source, table, self.folder)
        self.session.query(f"DROP TABLE IF EXISTS {name}")
        self.session.query(f"CREATE TABLE {name} ENGINE = Memory AS SELECT * FROM file('{file}', Parquet)")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        answer = self.session.query(f"{sql} SETTINGS output_format_arrow_string_as_string = 1", "ArrowStream").bytes()
        with pa.ipc.open_stream(answer) as reader:
            return [tuple(row.values()) for row in reader.read_all().to_pylist()]


@contextmanager
def clickhouse() -> Iterator[ClickHouse]:
    """A session until the end of the block. Skips where chdb is not installed."""
    session_of = pytest.importorskip("chdb.session", reason="chdb is not installed: make environment-engines").Session
    with tempfile.TemporaryDirectory(prefix="regulars-clickhouse-") as folder:
        session = session_of(f"{folder}/tables")
        yield ClickHouse(session, Path(folder))
        session.close()
