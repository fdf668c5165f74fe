"""Delimited text: its encoding, its delimiter, its header."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from regulars.warehouse.load.formats.text_lines import sample_text

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_RECORDS = 200
_BLANKS = " \t\r\n\u00a0\u202f\ufeff"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written. `first` is the number of the first data record, counted from the file's top."""

    delimiter: str
    names: tuple[str, ...]
    preamble: int
    """Records before the header, such as Excel's `sep=;`."""

    @property
    def first(self) -> int:
        """The record number of the first row: 2 where the header stands on top."""
        return self.preamble + 2


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


def dialect_of(sample: bytes, whole: bool) -> Dialect:
    """The dialect of a file that begins like this. `whole`: the sample is all there is."""
    text = sample_text(sample, encoding_of(sample)).lstrip("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    preamble = len(text) - len(text.lstrip("\n"))
    text = text[preamble:]
    declared = None
    if text[:4].lower() == "sep=" and text[5:6] == "\n":
        declared, text, preamble = text[4], text[6:], preamble + 1
    if not whole and "\n" in text:
        text = text[: text.rindex("\n")]
    delimiter = declared or max(DELIMITERS, key=lambda candidate: _fit(text, candidate))
    records = _records(text, delimiter)
    header = records[0] if records else []
    # A delimiter at the end of every row but the header's is no reason to refuse the file.
    if len(records) > 1 and all(len(row) == len(header) + 1 and not row[-1].strip() for row in records[1:]):
        header = [*header, ""]
    return Dialect(delimiter, unique(header), preamble)


def first_rows(sample: bytes, dialect: Dialect) -> list[list[str]]:
    """The first data rows of the sample that have a field for each column."""
    text = codecs.getincrementaldecoder(encoding_of(sample))("replace").decode(sample).lstrip("\ufeff")
    records = _records(text, dialect.delimiter)[1:]
    return [record for record in records if len(record) == len(dialect.names)]


def _records(text: str, delimiter: str) -> list[list[str]]:
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


def _fit(text: str, delimiter: str) -> tuple[bool, float, int]:
    """How well a delimiter explains the text: it splits the header, rows have as many fields, there are many."""
    records = _records(text, delimiter)
    if not records:
        return (False, 0.0, 0)
    width = len(records[0])
    alike = sum(len(record) == width for record in records[1:]) / max(len(records) - 1, 1)
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
