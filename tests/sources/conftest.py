"""Load a few lines of a file as one source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from regulars.load.files import expand
from regulars.load.mapping import Source
from regulars.load.run import Input, LoadOptions, LoadResult, load
from regulars.vocabulary.shop import Settings
from warehouse.memory import warehouse_in_memory

Load = Callable[..., LoadResult]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """An empty warehouse."""
    return warehouse_in_memory()


@pytest.fixture
def load_file(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Load:
    """A function that loads one file, given by its text or its path, as a source's. The shop's days are UTC's."""

    def run(source: Source, file: str | Path, *, account: str = "", currency: str = "EUR") -> LoadResult:
        path = file
        if isinstance(file, str):
            path = tmp_path / f"export{len(list(tmp_path.iterdir()))}.csv"
            path.write_text(file, encoding="utf-8")
        inputs = [
            Input(found.with_layout(header_line=source.header_line, columns=source.header), source, account)
            for found in expand([path])
        ]
        settings = Settings(name="shop", currency=currency, timezone="UTC")
        options = LoadOptions(again=True, accept_rejects=True)
        return load(con, inputs, settings=settings, command="load", options=options)

    return run
