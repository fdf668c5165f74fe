"""Records told apart and written back: held against Python's csv module and against DuckDB."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.load.formats.csv_records import fields_of, guessed_fields, record_of

RECORDS = st.lists(st.sampled_from(["a", '"', '""', ",", ";", "\n", "é"]), min_size=1, max_size=12).map("".join)
RECORDS = RECORDS.filter(lambda record: not record.endswith("\n"))  # the line end is no part of a record
FIELDS = st.lists(st.lists(st.sampled_from(["a", '"', ",", ";", "\n", " ", "é"]), max_size=5).map("".join), min_size=1)


@given(RECORDS, st.sampled_from([",", ";"]))
def test_fields_are_those_of_a_strict_reader(record: str, delimiter: str) -> None:
    try:
        rows = list(csv.reader((record,), delimiter=delimiter, strict=True))
    except csv.Error:
        rows = []
    assert fields_of(record, delimiter) == (rows[0] if len(rows) == 1 else None)


@given(RECORDS, st.sampled_from([",", ";"]))
def test_a_record_with_blanks_around_its_quotes_is_told_apart_alike(record: str, delimiter: str) -> None:
    """Of the other way to take a record apart, which allows blanks, the same is true where there are none."""
    blank = f' ""{delimiter}'
    expected = fields_of(record, delimiter)
    assert fields_of(blank + record, delimiter) == (None if expected is None else ["", *expected])


@given(FIELDS, st.sampled_from([",", ";"]))
def test_written_records_give_their_fields(fields: list[str], delimiter: str) -> None:
    record = record_of(fields, delimiter)
    assert next(csv.reader(record.splitlines(keepends=True), delimiter=delimiter, strict=True)) == fields
    if '"' in record:
        assert [field.strip() for field in fields_of(record, delimiter) or ()] == [field.strip() for field in fields]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FIELDS.filter(lambda fields: len(fields) >= 3).map(lambda fields: fields[:3]), min_size=1))
def test_duckdb_reads_written_records(tmp_path: Path, records: list[list[str]]) -> None:
    path = tmp_path / "records.csv"
    path.write_text("".join(record_of(fields, ",") + "\n" for fields in records), encoding="utf-8", newline="")
    read = duckdb.sql(
        f"SELECT * FROM read_csv('{path}', auto_detect = false, header = false, quote = '\"', escape = '\"',"
        " columns = {'a': 'VARCHAR', 'b': 'VARCHAR', 'c': 'VARCHAR'})"
    ).fetchall()
    assert read == [tuple(field or None for field in fields) for fields in records]


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ('1,"Frame "8" oak",x', ["1", 'Frame "8" oak', "x"]),
        ('"The "best" one, really",x', ['The "best" one, really', "x"]),
        ('1,"never closed,x', ["1", '"never closed', "x"]),
        ('1,"a ""b"" c",', ["1", 'a "b" c', ""]),
    ],
)
def test_likely_fields_of_broken_records(record: str, fields: list[str]) -> None:
    assert guessed_fields(record, ",") == fields
