"""One look at a file's bytes, in pieces of any size."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.load.formats.normalize import profile_bytes, write_normalized
from regulars.load.parse import BLANKS


@given(st.lists(st.sampled_from([b"a", b'"', b"\n", b"\r\n", b","])).map(b"".join), st.integers(1, 7))
def test_records_are_the_lines_that_begin_outside_quotes(content: bytes, step: int) -> None:
    facts = profile_bytes((content[i : i + step] for i in range(0, len(content), step)), content, len)
    inside, ends = False, 0
    for character in content.decode():
        inside ^= character == '"'
        ends += character == "\n" and not inside
    assert facts.quotes == content.count(b'"')
    assert facts.records == ends + (not content.endswith(b"\n"))


@given(
    st.lists(st.sampled_from(["a", "\u00e9", "\u20ac", '"', "\n", ",", *BLANKS]), max_size=12).map("".join),
    st.integers(1, 3),
)
def test_every_blank_that_a_field_holds_is_noted(text: str, step: int) -> None:
    content = text.encode()
    facts = profile_bytes((content[i : i + step] for i in range(0, len(content), step)), content, len)
    inside = [character for place, character in enumerate(text) if text[:place].count('"') % 2]
    outside = set(text) & set(BLANKS) - {"\n"}
    assert outside | set(inside) & {"\n"} <= set(facts.blanks)


def test_a_file_without_rare_blanks_has_spaces_alone() -> None:
    content = 'a,"Zo\u00eb said ""so"""\n1,2 3\n'.encode()
    assert profile_bytes([content], content, len).blanks == " "


def test_a_line_is_too_long_wherever_the_pieces_end() -> None:
    for size, step, expected in [
        (999_999, 4_000_000, False),
        (1_000_000, 700_000, False),
        (1_000_001, 4_000_000, True),
        (1_000_001, 700_000, True),
        (3_500_000, 700_001, True),
    ]:
        content = b"a,b\n" * 300_000 + b"x" * size + b"\n" + b"a,b\n" * 300_000
        facts = profile_bytes((content[i : i + step] for i in range(0, len(content), step)), content[:100], len)
        assert facts.long_lines is expected, (size, step)


@pytest.mark.parametrize(
    ("content", "copied", "broken"),
    [
        ('"a",b,c\n', "", [1]),
        ('"a",b,\n', "a,b\n", []),
        ('1,"open\n2",3,4\n5,6\n', "5,6\n", [1, 2]),
        ('1,"open\n2"\n5,6\n', '1,"open\n2"\n5,6\n', []),
    ],
)
def test_a_record_of_two_columns_is_copied_whole_or_broken_alone(
    tmp_path: Path, content: str, copied: str, broken: list[int]
) -> None:
    path = tmp_path / "copy.csv"
    result = write_normalized(
        io.BytesIO(content.encode()), "utf-8", path, delimiter=",", width=2, preamble=0, has_header=False
    )
    assert path.read_text() == copied
    assert [line.number for line in result.broken] == broken
