from __future__ import annotations

import csv
import io

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from regulars.simulate.files import csv_text

VALUES = st.one_of(st.none(), st.text('a,"\r\n é☕', max_size=6))
ROWS = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=12)


@given(ROWS, st.integers(0, 3), st.integers(0, 3))
def test_a_csv_reader_finds_what_was_written(rows: list[tuple[str | None, ...]], skipped: int, cut: int) -> None:
    """Also where columns are a slice of longer ones."""
    chosen = slice(skipped, max(skipped, len(rows) - cut))
    columns = [pa.array([row[n] for row in rows], pa.string())[chosen] for n in range(3)]
    lines = csv_text.ended(csv_text.beside([csv_text.quoted(column) for column in columns]))
    text = bytes(csv_text.content(lines)).decode()
    found = list(csv.reader(io.StringIO(text, newline="")))
    assert found == [[value or "" for value in row] for row in rows[chosen]]


def test_only_what_needs_marks_has_them() -> None:
    column = pa.chunked_array([["plain", "a,b", 'say "hi"', "two\nlines", "", None]])
    assert csv_text.quoted(column).to_pylist() == ["plain", '"a,b"', '"say ""hi"""', '"two\nlines"', "", None]
    same = pa.array(["a", "b"])
    assert csv_text.quoted(same) is same
