"""Encoding, delimiter and header of delimited text."""

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
"""Delimiter of files whose columns are separated by one or more blanks, if no other delimiter splits the lines."""
HEADER_LINES = 30
"""Lines of a file, and rows of a sheet, that are tried as its header."""

_SAMPLE_RECORDS = 200
_MOSTLY = 0.9
"""Least share of lines that blanks split into as many fields as the header; prose has blanks too."""
_HALF = 0.5
"""The same if a mapping declares the number of columns."""
_BLANKS_OR_QUOTED = re.compile(r'("[^"]*")|[ \t]+')
_BLANKS = " \t\r\n\u00a0\u202f\ufeff"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Dialect:
    """Dialect of a delimited file."""

    delimiter: str
    names: tuple[str, ...]
    preamble: int
    """Number of lines before the header (or the first row), such as Excel's `sep=;` or a title."""
    has_header: bool = True
    """Whether the file has a header; if not, the mapping names the columns."""
    is_split: bool = True
    """Whether the delimiter splits the header into columns."""

    @property
    def first(self) -> int:
        """Number of the first row: 2 if the header is the first line."""
        return self.preamble + 1 + self.has_header


def encoding_of(sample: bytes) -> str:
    """Detect the encoding by its byte order mark or the zeros of UTF-16; else UTF-8 (other lines: Windows-1252)."""
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
    """Whether a file with this start is not text in UTF-8, UTF-16 or a single-byte encoding."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    head = start[:4096]
    control = sum(byte < 9 or 13 < byte < 32 for byte in head)
    # In UTF-16 every other byte of Latin text is zero; other text has few control bytes.
    halves = (head[0::2].count(0), head[1::2].count(0))
    return control > len(head) // 50 and not (min(halves) == 0 and max(halves) > len(head) // 4)


def dialect_of(sample: bytes, whole: bool, header_line: int | None = None, columns: Sequence[str] = ()) -> Dialect:
    """Detect the dialect of a file.

    Args:
        sample: The start of the file.
        whole: Whether the sample is the whole file.
        header_line: Number of the header's line; None for the first line with text.
        columns: Names of the columns of a file without a header, or instead of that line.
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
    # Some exports end every row, but not the header, with a delimiter.
    rows = records if columns else records[1:]
    if rows and all(len(row) == len(header) + 1 and not row[-1].strip() for row in rows):
        header = [*header, ""]
    is_split = len(header) > 1 and (not columns or any(len(row) > 1 for row in rows))
    return Dialect(delimiter, unique(header), preamble, not columns, is_split)


def first_line(sample: bytes) -> int:
    """Return the number of the first line with text, the header unless another line is recognised."""
    return _start(sample)[1] + 1


def header_candidates(sample: bytes) -> Iterator[int]:
    """Yield the numbers of lines after the first one with text that may be the header: those with letters."""
    text, preamble, _ = _start(sample)
    lines = text.split("\n")[preamble + 1 : preamble + HEADER_LINES]
    for number, line in enumerate(lines, start=preamble + 2):
        if any(character.isalpha() for character in line):
            yield number


def likely_header(sample: bytes) -> int:
    """Return the number of the most likely header for messages: the first line with the most frequent number of fields."""
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
    """Return the text, the number of lines before its first line with text, and the delimiter of Excel's `sep=`."""
    text = sample_text(sample, encoding_of(sample)).lstrip("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    blank = len(text) - len(text.lstrip("\n"))
    top = text[blank : blank + 6]
    if top[:4].lower() == "sep=" and top[5:6] == "\n":
        return text, blank + 1, top[4]
    return text, blank, None


def _delimiter(text: str, width: int) -> str:
    """Return the delimiter that fits the text best; `width` is the number of columns, 0 if unknown."""
    best = max(DELIMITERS, key=lambda candidate: _fit(text, candidate, width))
    splits, alike, _ = _fit(text, best, width)
    if not (splits and (alike or not width)):
        splits, alike, _ = _fit(text, BLANK, width)
        if splits and alike >= (_HALF if width else _MOSTLY):
            return BLANK
    return best


def collapsed(line: str) -> str:
    """Return a line of blank-separated columns with one blank between any two; blanks in quotes are kept."""
    return _BLANKS_OR_QUOTED.sub(lambda match: match[1] or BLANK, line.strip())


def is_prose(sample: bytes) -> bool:
    """Whether the text is not a table: no delimiter, nor blanks, occurs equally often in its lines."""
    lines = [line for line in _start(sample)[0].split("\n") if line.strip()][:_SAMPLE_RECORDS]
    blanks = [len(line.split()) - 1 for line in lines] if len(lines) > 1 else [0]
    counts = [[line.count(delimiter) for line in lines] for delimiter in DELIMITERS]
    return not any(count[0] and count.count(count[0]) >= _MOSTLY * len(count) for count in (*counts, blanks))


def first_rows(sample: bytes, dialect: Dialect) -> list[list[str]]:
    """Return the first data rows of the sample that have a field for each column."""
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
    except csv.Error:  # a field longer than Python's limit; the records before it suffice
        pass
    return records


def _fit(text: str, delimiter: str, width: int) -> tuple[bool, float, int]:
    """Return how well a delimiter fits: it splits the header, share of rows with as many fields, number of columns."""
    records = _records(text, delimiter)
    if not records:
        return (False, 0.0, 0)
    rows = records if width else records[1:]
    width = width or len(records[0])
    alike = sum(len(record) == width for record in rows) / max(len(rows), 1)
    return (width > 1, round(alike, 1), width)


def unique(names: Sequence[object]) -> tuple[str, ...]:
    """Return column names stripped and made unique: repeated and empty names get a number."""
    taken: set[str] = set()
    unique_names = []
    for position, raw in enumerate(names, start=1):
        name = "" if raw is None else " ".join(str(raw).strip(_BLANKS).split("\n"))
        name = name or f"column_{position}"
        candidate, number = name, 2
        while candidate.lower() in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.add(candidate.lower())
        unique_names.append(candidate)
    return tuple(unique_names)
