"""Spark in this process, for tests: one session for all of them, with tables handed over from DuckDB."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conformance.parquet import written
from regulars.warehouse.portable import FUNCTIONS

SETTINGS = {
    # Not UTC: whoever lets the session's zone into a result shall be found.
    "spark.sql.session.timeZone": "Asia/Tokyo",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
}
"""Small tables: to plan, compile and start takes far longer than to run."""


@dataclass(frozen=True)
class Spark:
    """A session and the folder in which its tables lie."""

    session: Any
    folder: Path

    def copy(self, source: duckdb.DuckDBPyConnection, table: str, name: str) -> None:
        """Copy a table or view of DuckDB; `name` is what it is called here, in place of a table of that name."""
        file = written(source, table, self.folder)
        self.session.sql(f"DROP TABLE IF EXISTS {name}")
        self.session.sql(f"CREATE TABLE {name} USING parquet LOCATION '{file}'")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return [tuple(row) for row in self.session.sql(sql).collect()]


@contextmanager
def spark() -> Iterator[Spark]:
    """A session that knows what Regulars teaches an engine, until the end of the block. Skips where Spark is not installed."""
    session_of = pytest.importorskip(
        "pyspark.sql", reason="pyspark is not installed: make environment-engines"
    ).SparkSession
    if shutil.which("java") is None:
        pytest.skip("no java is installed, which Spark needs")
    with tempfile.TemporaryDirectory(prefix="regulars-spark-") as folder:
        builder = session_of.builder.master("local[2]").config("spark.sql.warehouse.dir", f"{folder}/tables")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        for function in FUNCTIONS["pyspark"]:
            session.sql(function)
        yield Spark(session, Path(folder))
        session.stop()
