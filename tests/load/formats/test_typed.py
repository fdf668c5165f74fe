"""Values that have types already, as text."""

from __future__ import annotations

import duckdb
import pytest

from regulars.load.formats.typed import json_header, parquet_text


@pytest.mark.parametrize(("sql", "text"), [("DOUBLE", "0,3"), ("FLOAT", "0,3")])
def test_a_floating_number_has_the_digits_that_its_type_carries(sql: str, text: str) -> None:
    value = parquet_text("x", sql, ",")
    with duckdb.connect() as con:
        assert con.execute(f"SELECT {value} FROM (SELECT 0.1::{sql} + 0.2::{sql} AS x)").fetchall() == [(text,)]


def test_the_columns_of_json_lines_are_those_of_all_records() -> None:
    assert json_header(b'{"a": 1}\n{"b": 2, "a": 3}\n', "x.jsonl", whole=True) == ("a", "b")
