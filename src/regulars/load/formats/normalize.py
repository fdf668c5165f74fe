"""Text files made fit for a fast reader: one look at all bytes, and a clean copy where something is unusual.

A parallel CSV reader is quick with a well-formed file and loses rows without a word in others: a quote that is never closed
swallows the rest, lone carriage returns end the parse, blank lines shift the line numbers. So the bytes are looked at once
(together with the digest), and only an unusual file goes, line by line, through `tidied`, which leaves nothing to guess.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from regulars.load.formats.csv_records import fields_of, record_of
from regulars.load.formats.delimited import BLANK, collapsed, encoding_of
from regulars.load.formats.text_lines import LONGEST_LINE, LongLine, TextLines

_MOST_LINES = 2_000
"""Lines that one quoted field may run over."""

_BYTES_OF_BLANKS = {b"\t": "\t", b"\xc2": "\u00a0", b"\xe2": "\u202f", b"\xef": "\ufeff"}
"""A byte of each blank that seldom stands in a file. Other letters have it as well; a file without it has no such blank."""
_NEVER_CLOSED = "a quote is opened and never closed"
_NOT_DOUBLED = "a quote inside a quoted field is not doubled"


@dataclass
class FileProfile:
    """What one look at the bytes of a text file says."""

    encoding: str
    size: int = 0
    newlines: int = 0
    quotes: int = 0
    breaks_in_quotes: int = 0
    crlf: int = 0
    returns: int = 0
    blank_lines: bool = False
    zeros: bool = False
    long_lines: bool = False
    utf8: bool = True
    ends_with_newline: bool = True
    rare_blanks: str = ""
    """Blanks, other than spaces and line ends, that may stand in the file; sure for UTF-8 alone."""

    @property
    def usual(self) -> bool:
        """Whether a parallel reader can be trusted with the file as it is."""
        one_style = self.returns == 0 or (self.returns == self.crlf == self.newlines)
        readable = self.utf8 and self.encoding in ("utf-8", "utf-8-sig")
        return readable and one_style and not self.blank_lines and not self.long_lines and self.quotes % 2 == 0

    @property
    def blanks(self) -> str:
        """The blanks that fields of a usual file may hold, where each of its lines is one record or ends inside quotes."""
        return " " + "\r" * bool(self.returns) + "\n" * bool(self.breaks_in_quotes) + self.rare_blanks

    @property
    def lines(self) -> int:
        """Lines, the header's included."""
        return self.newlines + (not self.ends_with_newline)

    @property
    def records(self) -> int:
        """Lines that begin outside quotes, the header's included: exact where every quote is sound."""
        return self.lines - self.breaks_in_quotes


def look(chunks: Iterable[bytes], sample: bytes, each: Callable[[bytes], object]) -> FileProfile:
    """Look at all bytes once; `each` sees every chunk as well (a digest, a copy)."""
    facts = FileProfile(encoding_of(sample))
    decoder = codecs.getincrementaldecoder("utf-8")()
    tail = b""
    open_bytes = 0
    for chunk in chunks:
        each(chunk)
        open_bytes, long_line = _line_lengths(chunk, open_bytes)
        facts.long_lines = facts.long_lines or long_line
        facts.size += len(chunk)
        facts.newlines += chunk.count(b"\n")
        quotes, breaks = _quotes_and_breaks(chunk, facts.quotes % 2 == 1)
        facts.quotes += quotes
        facts.breaks_in_quotes += breaks
        facts.zeros = facts.zeros or b"\x00" in chunk
        rare = (blank for byte, blank in _BYTES_OF_BLANKS.items() if blank not in facts.rare_blanks and byte in chunk)
        facts.rare_blanks += "".join(rare)
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
    if sample.startswith((b"\n", b"\r")):
        facts.blank_lines = True
    return facts


def _quotes_and_breaks(chunk: bytes, inside: bool) -> tuple[int, int]:
    """How many quotes a chunk holds, and how many line ends inside quotes; `inside`: it begins inside some."""
    data = np.frombuffer(chunk, dtype=np.uint8)
    marks = data[(data == ord('"')) | (data == ord("\n"))]
    quotes = marks == ord('"')
    # Sums of eight bits overflow, but keep what matters: odd or even.
    parity = (np.cumsum(quotes, dtype=np.uint8) + inside) & 1
    return int(np.count_nonzero(quotes)), int(np.count_nonzero(parity[~quotes]))


def _line_lengths(chunk: bytes, before: int) -> tuple[int, bool]:
    """Bytes since the last line end, `before` of them ahead of this chunk, and whether a line exceeds LONGEST_LINE."""
    start, long_line = -before, False
    while len(chunk) - start > LONGEST_LINE:
        # The last line end that a line beginning at `start` may have: the lines between need no look.
        end = chunk.rfind(b"\n", max(start, 0), max(start + LONGEST_LINE + 1, 0))
        if end < 0:
            long_line = True
            end = chunk.find(b"\n", max(start, 0))
            if end < 0:
                break
        start = end + 1
    last = chunk.rfind(b"\n", max(start, 0))
    return len(chunk) - (last + 1 if last >= 0 else start), long_line


def _has_blank_line(block: bytes) -> bool:
    return b"\n\n" in block or b"\n\r\n" in block


@dataclass(frozen=True)
class Broken:
    """A line that is no record: its number, its text and the reason. Of a long line the text is the start only."""

    number: int
    text: str
    reason: str
    long: LongLine | None = None


@dataclass
class Tidied:
    """A clean copy without header: every record with as many fields as there are columns, its quotes sound."""

    path: Path
    lines: TextLines
    records: int = 0
    missing: list[int] = field(default_factory=list)
    """Numbers of records that are not in the copy: blank lines and broken ones."""
    broken: list[Broken] = field(default_factory=list)
    multiline: bool = False


def tidied(
    stream: IO[bytes],
    encoding: str,
    path: Path,
    *,
    delimiter: str,
    width: int,
    preamble: int,
    has_header: bool = True,
) -> Tidied:
    """Copy a text file to `path` as UTF-8 with plain newlines, each record checked for its quotes and its fields.

    A line with an odd number of quotes may open a field over several lines. Where joining the following lines closes it and
    gives a record of at most `width` fields, that is what it is; else the line alone is broken and the next one is read anew.
    Record numbers count the header and blank lines too.
    """
    result = Tidied(path, TextLines(stream, encoding))
    lines = _Ahead(iter(result.lines))
    number = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        while (line := lines.next()) is not None:
            number += 1
            if number <= preamble:
                continue
            if isinstance(line, str) and not line.strip():
                result.missing.append(number)
                continue
            if isinstance(line, str) and delimiter == BLANK:
                line = collapsed(line)
            record, reason = _record(line, lines, delimiter, width)
            if has_header and number == preamble + 1:
                continue  # the header, which was read before
            if reason:
                result.missing.append(number)
                result.broken.append(_broken(number, line, reason))
                continue
            result.multiline = result.multiline or "\n" in record
            out.write(record + "\n")
            result.records += 1
    return result


def _broken(number: int, line: str | LongLine, reason: str) -> Broken:
    if isinstance(line, LongLine):
        return Broken(number, line.start, reason, line)
    return Broken(number, line, reason)


def _record(line: str | LongLine, lines: _Ahead, delimiter: str, width: int) -> tuple[str, str]:
    """The record that begins with this line, filled up to `width` fields, and the reason where it is none."""
    if isinstance(line, LongLine):
        return "", f"the line is longer than {LONGEST_LINE:,} bytes"
    if '"' not in line:
        more = width - line.count(delimiter) - 1
        if more >= 0:
            return line + delimiter * more, ""
        return _filled(line, line.split(delimiter), delimiter, width)
    fields = fields_of(line, delimiter)
    if fields is not None:
        return _filled(line, fields, delimiter, width)
    if line.count('"') % 2 == 0:
        return line, _NOT_DOUBLED
    return _joined(line, lines, delimiter, width)


def too_many_fields(width: int) -> str:
    """The reason for a line that cannot be told apart into the columns."""
    return f"the line has more fields than the header has columns ({width})"


def _filled(line: str, fields: list[str], delimiter: str, width: int) -> tuple[str, str]:
    """Fields beyond the last column are no harm where they are empty."""
    if any(fields[width:]):
        return line, too_many_fields(width)
    more = width - len(fields)
    if more >= 0 and ' "' not in line and '" ' not in line and not any('"' in field for field in fields):
        return line + delimiter * more, ""  # every quote encloses a field
    return record_of(fields[:width] + [""] * more, delimiter), ""


class _Ahead:
    """Lines that can be looked at before they are taken."""

    def __init__(self, lines: Iterator[str | LongLine]) -> None:
        self._lines = lines
        self._seen: deque[str | LongLine] = deque()

    def next(self) -> str | LongLine | None:
        return self._seen.popleft() if self._seen else next(self._lines, None)

    def following(self) -> Iterator[str | LongLine]:
        """The lines to come, which stay to be taken."""
        yield from self._seen
        for line in self._lines:
            self._seen.append(line)
            yield line

    def drop(self, count: int) -> None:
        for _ in range(count):
            self._seen.popleft()


def _joined(line: str, lines: _Ahead, delimiter: str, width: int) -> tuple[str, str]:
    """The record over several lines that begins with this one, or the line alone and why it is none."""
    parts, length = [line], len(line)
    for following in islice(lines.following(), _MOST_LINES):
        if isinstance(following, LongLine):
            break
        parts.append(following)
        length += len(following) + 1
        if length > LONGEST_LINE:
            break
        if following.count('"') % 2:
            record = "\n".join(parts)
            fields = fields_of(record, delimiter)
            if fields is not None and len(fields) <= width:
                lines.drop(len(parts) - 1)
                return _filled(record, fields, delimiter, width)
            break
    return line, _NEVER_CLOSED
