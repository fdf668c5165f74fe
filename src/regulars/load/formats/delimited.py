"""Delimited text: its encoding, its delimiter, its header."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from regulars.load.formats.text_lines import sample_text

DELIMITERS = (",", ";", "\t", "|")
BLANK = " "
"""Delimiter of files whose columns are parted by one or more blanks; taken where no other delimiter splits the lines."""
HEADER_LINES = 30
"""How many lines of a file, and rows of a sheet, are tried as its header."""

_SAMPLE_RECORDS = 200
_MOSTLY = 0.9
"""Share of the lines that blanks must part into as many fields as the header has: words are parted by blanks too."""
_HALF = 0.5
"""The same where a mapping says how many columns there are."""
_BLANKS_OR_QUOTED = re.compile(r'("[^"]*")|[ \t]+')
_BLANKS = " \t\r\n\u00a0\u202f\ufeff"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written."""

    delimiter: str
    names: tuple[str, ...]
    preamble: int
    """Lines before the header, such as Excel's `sep=;` or a title; before the first row where there is no header."""
    has_header: bool = True
    """Whether the file names its columns; else the mapping does."""
    is_split: bool = True
    """Whether the delimiter splits the header into columns."""

    @property
    def first(self) -> int:
        """The record number of the first row, counted from the file's top: 2 where the header stands there."""
        return self.preamble + 1 + self.has_header


def encoding_of(sample: bytes) -> str:
    """The encoding by its mark or by the zeros of UTF-16, else UTF-8; lines that are not are read as Windows-1252."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    head = sample[:4096]
    if b"\x00" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > len(head) // 4 and min(even, odd) == 0:
            return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def is_binary(start: bytes) -> bool:
    """Whether a file that begins like this is no text in UTF-8, UTF-16 or an encoding of one byte."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    head = start[:4096]
    control = sum(byte < 9 or 13 < byte < 32 for byte in head)
    # UTF-16 without its mark is half zeros, all on one side; anything else with many control bytes is no text.
    halves = (head[0::2].count(0), head[1::2].count(0))
    return control > len(head) // 50 and not (min(halves) == 0 and max(halves) > len(head) // 4)


def dialect_of(sample: bytes, whole: bool, header_line: int | None = None, columns: Sequence[str] = ()) -> Dialect:
    """The dialect of a file that begins like this. `whole`: the sample is all there is.

    `header_line` is the number of the header's line, where it is not the first line with text. `columns` are the names of
    the columns of a file without a header, or instead of that line.
    """
    text, preamble, declared = _start(sample)
    if columns:
        preamble = header_line if header_line is not None else preamble
    elif header_line is not None:
        preamble = header_line - 1
    text = "\n".join(text.split("\n")[preamble:]) if preamble else text
    if not whole and "\n" in text:
        text = text[: text.rindex("\n")]
    delimiter = declared or _delimiter(text, len(columns))
    records = _records(text, delimiter)
    header = records[0] if records and not columns else list(columns)
    # A delimiter at the end of every row but the header's is no reason to refuse the file.
    rows = records if columns else records[1:]
    if rows and all(len(row) == len(header) + 1 and not row[-1].strip() for row in rows):
        header = [*header, ""]
    is_split = len(header) > 1 and (not columns or any(len(row) > 1 for row in rows))
    return Dialect(delimiter, unique(header), preamble, not columns, is_split)


def first_line(sample: bytes) -> int:
    """Number of the first line with text, which is the header unless another one is recognised."""
    return _start(sample)[1] + 1


def header_candidates(sample: bytes) -> Iterator[int]:
    """Numbers of the lines after the first one with text that may be the header: those that hold words."""
    text, preamble, _ = _start(sample)
    lines = text.split("\n")[preamble + 1 : preamble + HEADER_LINES]
    for number, line in enumerate(lines, start=preamble + 2):
        if any(character.isalpha() for character in line):
            yield number


def likely_header(sample: bytes) -> int:
    """Number of the line that most likely is the header where none is recognised: the first with as many fields as most.

    It is for messages only.
    """
    text, preamble, declared = _start(sample)
    lines = text.split("\n")[preamble : preamble + HEADER_LINES]
    body = [line for line in lines[len(lines) // 2 :] if line.strip()] or lines
    delimiter = declared or max(DELIMITERS, key=lambda candidate: sum(line.count(candidate) for line in body))
    widths = [_filled(line, delimiter) for line in lines]
    usual = max((width for width in widths if width > 1), key=widths.count, default=0)
    return next((number for number, width in enumerate(widths, start=preamble + 1) if width >= usual > 1), preamble + 1)


def _filled(line: str, delimiter: str) -> int:
    return sum(bool(field.strip()) for field in line.split(delimiter))


def _start(sample: bytes) -> tuple[str, int, str | None]:
    """The text, how many lines stand before its first line with text, and the delimiter that Excel's `sep=` declares."""
    text = sample_text(sample, encoding_of(sample)).lstrip("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    blank = len(text) - len(text.lstrip("\n"))
    top = text[blank : blank + 6]
    if top[:4].lower() == "sep=" and top[5:6] == "\n":
        return text, blank + 1, top[4]
    return text, blank, None


def _delimiter(text: str, width: int) -> str:
    """The delimiter that explains the text best; `width` is the number of columns where it is known (0 where not)."""
    best = max(DELIMITERS, key=lambda candidate: _fit(text, candidate, width))
    splits, alike, _ = _fit(text, best, width)
    if not (splits and (alike or not width)):
        splits, alike, _ = _fit(text, BLANK, width)
        if splits and alike >= (_HALF if width else _MOSTLY):
            return BLANK
    return best


def collapsed(line: str) -> str:
    """A line whose columns are parted by blanks, with one blank between any two; blanks in quotes stay."""
    return _BLANKS_OR_QUOTED.sub(lambda found: found[1] or BLANK, line.strip())


def is_prose(sample: bytes) -> bool:
    """Whether the text is no table: its lines have no delimiter, nor blanks, in equal numbers."""
    lines = [line for line in _start(sample)[0].split("\n") if line.strip()][:_SAMPLE_RECORDS]
    blanks = [len(line.split()) - 1 for line in lines] if len(lines) > 1 else [0]
    counts = [[line.count(delimiter) for line in lines] for delimiter in DELIMITERS]
    return not any(found[0] and found.count(found[0]) >= _MOSTLY * len(found) for found in (*counts, blanks))


def first_rows(sample: bytes, dialect: Dialect) -> list[list[str]]:
    """The first data rows of the sample that have a field for each column."""
    text = "\n".join(_start(sample)[0].split("\n")[dialect.preamble :])
    records = _records(text, dialect.delimiter)[dialect.has_header :]
    return [record for record in records if len(record) == len(dialect.names)]


def _records(text: str, delimiter: str) -> list[list[str]]:
    if delimiter == BLANK:
        text = "\n".join(collapsed(line) for line in islice(text.split("\n"), _SAMPLE_RECORDS))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records: list[list[str]] = []
    try:
        for record in reader:
            if record:
                records.append(record)
            if len(records) == _SAMPLE_RECORDS:
                break
    except csv.Error:  # a field longer than Python's limit; what came before will do
        pass
    return records


def _fit(text: str, delimiter: str, width: int) -> tuple[bool, float, int]:
    """How well a delimiter explains the text: it splits the header, rows have as many fields, there are many."""
    records = _records(text, delimiter)
    if not records:
        return (False, 0.0, 0)
    rows = records if width else records[1:]
    width = width or len(records[0])
    alike = sum(len(record) == width for record in rows) / max(len(rows), 1)
    return (width > 1, round(alike, 1), width)


def unique(names: Sequence[object]) -> tuple[str, ...]:
    """Column names without blanks around them; a name that stands twice, or nothing, gets a number."""
    taken: set[str] = set()
    found = []
    for position, raw in enumerate(names, start=1):
        name = "" if raw is None else " ".join(str(raw).strip(_BLANKS).split("\n"))
        name = name or f"column_{position}"
        candidate, number = name, 2
        while candidate.lower() in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.add(candidate.lower())
        found.append(candidate)
    return tuple(found)
