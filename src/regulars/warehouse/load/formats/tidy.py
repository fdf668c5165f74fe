"""Text files made fit for a fast reader: one look at all bytes, and a clean copy where something is unusual.

A parallel CSV reader is quick with a well-formed file and loses rows without a word in others: a quote that is never closed
swallows the rest, lone carriage returns end the parse, blank lines shift the line numbers. So the bytes are looked at once
(together with the digest), and only an unusual file goes, line by line, through `tidied`.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from regulars.warehouse.load.formats.delimited import encoding_of

LONGEST_RECORD = 1_000_000
"""Bytes of the longest record that is read; a longer one is a broken quote and becomes a reject."""

_MOST_LINES = 2_000
"""Lines that one quoted field may run over."""


@dataclass
class Facts:
    """What one look at the bytes of a text file says."""

    encoding: str
    size: int = 0
    newlines: int = 0
    quotes: int = 0
    crlf: int = 0
    returns: int = 0
    blank_lines: bool = False
    zeros: bool = False
    utf8: bool = True
    ends_with_newline: bool = True

    @property
    def usual(self) -> bool:
        """Whether a parallel reader can be trusted with the file as it is."""
        one_style = self.returns == 0 or (self.returns == self.crlf == self.newlines)
        readable = self.utf8 and self.encoding in ("utf-8", "utf-8-sig")
        return readable and one_style and not self.blank_lines and self.quotes % 2 == 0

    @property
    def lines(self) -> int:
        """Lines, the header's included; records, where no quoted field holds a line break."""
        return self.newlines + (not self.ends_with_newline)


def look(chunks: Iterable[bytes], sample: bytes, each: Callable[[bytes], object]) -> Facts:
    """Look at all bytes once; `each` sees every chunk as well (a digest, a copy)."""
    facts = Facts(encoding_of(sample))
    decoder = codecs.getincrementaldecoder("utf-8")()
    tail = b""
    for chunk in chunks:
        each(chunk)
        facts.size += len(chunk)
        facts.newlines += chunk.count(b"\n")
        facts.quotes += chunk.count(b'"')
        facts.zeros = facts.zeros or b"\x00" in chunk
        returns = chunk.count(b"\r")
        seam = tail[-3:] + chunk
        if returns or tail.endswith(b"\r"):
            facts.returns += returns
            facts.crlf += chunk.count(b"\r\n") + (tail.endswith(b"\r") and chunk.startswith(b"\n"))
        # A blank line at the very end is none; only one with something after it counts.
        facts.blank_lines = facts.blank_lines or _has_blank_line(seam)
        if facts.utf8 and not (chunk.isascii() and not decoder.getstate()[0]):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                facts.utf8 = False
        tail = seam[-3:]
    facts.ends_with_newline = tail.endswith(b"\n")
    if facts.encoding == "utf-8" and not facts.utf8:
        facts.encoding = "cp1252"
    if sample.startswith((b"\n", b"\r")):
        facts.blank_lines = True
    return facts


def _has_blank_line(block: bytes) -> bool:
    return b"\n\n" in block or b"\n\r\n" in block


@dataclass
class Tidied:
    """A clean copy: records as they are, without what cannot be one. Record numbers count blank lines too."""

    path: Path
    records: int = 0
    """Records written, the header not counted."""
    missing: list[int] = field(default_factory=list)
    """Numbers of records that are not in the copy: blank lines and broken ones."""
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    """Number, text and reason of each broken record."""
    multiline: bool = False


def tidied(stream: IO[bytes], facts: Facts, path: Path, *, delimiter: str, width: int, preamble: int) -> Tidied:
    """Copy a text file to `path` as UTF-8 with plain newlines, each record checked for its quotes.

    A line with an odd number of quotes opens a field over several lines. Where joining the following lines closes it and
    gives a record of at most `width` fields, that is what it is; else the line alone is broken and the next one is read anew.
    """
    result = Tidied(path)
    lines = _Ahead(_lines(stream, facts))
    number = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        while (line := lines.next()) is not None:
            number += 1
            if number <= preamble:
                continue
            if not line.strip():
                result.missing.append(number)
                continue
            record, reason = line, ""
            if len(line) > LONGEST_RECORD:
                reason = f"the line is longer than {LONGEST_RECORD:,} characters"
            elif line.count('"') % 2:
                record, reason = _closed(line, lines, delimiter, width)
                result.multiline = result.multiline or record is not line
            if reason and number > preamble + 1:
                result.missing.append(number)
                result.broken.append((number, line, reason))
                continue
            out.write(record + "\n")
            result.records += number > preamble + 1
    return result


class _Ahead:
    """Lines that can be looked at before they are taken."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._seen: list[str] = []

    def next(self) -> str | None:
        if self._seen:
            return self._seen.pop(0)
        return next(self._lines, None)

    def peek(self, position: int) -> str | None:
        while len(self._seen) <= position:
            line = next(self._lines, None)
            if line is None:
                return None
            self._seen.append(line)
        return self._seen[position]

    def drop(self, count: int) -> None:
        del self._seen[:count]


def _closed(line: str, lines: _Ahead, delimiter: str, width: int) -> tuple[str, str]:
    """The record that begins with this line, and why it is none."""
    parts, length = [line], len(line)
    for position in range(_MOST_LINES):
        following = lines.peek(position)
        if following is None:
            break
        parts.append(following)
        length += len(following) + 1
        if length > LONGEST_RECORD:
            break
        if following.count('"') % 2:
            record = "\n".join(parts)
            if _fields(record, delimiter) in range(1, width + 1):
                lines.drop(position + 1)
                return record, ""
            break
    return line, "a quote is opened and never closed"


def _fields(record: str, delimiter: str) -> int:
    """How many fields a record has; 0 where it is no single record."""
    try:
        rows = list(csv.reader(iter([record]), delimiter=delimiter, strict=True))
    except csv.Error:
        return 0
    return len(rows[0]) if len(rows) == 1 else 0


def _lines(stream: IO[bytes], facts: Facts) -> Iterator[str]:
    """The lines as text, without their ends, however a system writes those."""
    for line in io.TextIOWrapper(stream, facts.encoding, errors="replace", newline=None):
        yield line.removesuffix("\n")


def count_records(chunks: Iterable[bytes]) -> int:
    """Line ends outside quotes: the number of records, exactly, of a file with balanced quotes."""
    inside, total, last = 0, 0, b""
    for chunk in chunks:
        data = np.frombuffer(chunk, dtype=np.uint8)
        # Sums of eight bits overflow, but keep what matters: odd or even.
        parity = (np.cumsum(data == ord('"'), dtype=np.uint8) + inside) & 1
        total += int(np.count_nonzero((data == ord("\n")) & (parity == 0)))
        inside = int(parity[-1])
        last = chunk[-1:]
    return total + (last not in (b"\n", b""))
