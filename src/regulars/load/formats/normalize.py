"""Profile of a text file's bytes, and a normalized copy of files that a parallel CSV reader would misread.

A parallel reader is fast, but silently loses rows of malformed files: an unclosed quote hides all following lines, lone
carriage returns end the parse, blank lines shift line numbers. So all bytes are profiled in one pass (together with the
digest), and only irregular files are copied line by line by `write_normalized`.
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
"""Most lines in one quoted field."""

_BYTES_OF_BLANKS = {b"\t": "\t", b"\xc2": "\u00a0", b"\xe2": "\u202f", b"\xef": "\ufeff"}
"""A byte of each rare blank. Other letters may have it too, but a file without the byte has no such blank."""
_NEVER_CLOSED = "a quote is opened and never closed"
_NOT_DOUBLED = "a quote inside a quoted field is not doubled"


@dataclass
class FileProfile:
    """Profile of the bytes of a text file: counts of line ends and quotes, and what makes it irregular."""

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
    """Blanks, other than spaces and line ends, that the file may have; exact for UTF-8 only."""

    @property
    def is_regular(self) -> bool:
        """Whether a parallel reader reads the file correctly."""
        one_style = self.returns == 0 or (self.returns == self.crlf == self.newlines)
        readable = self.utf8 and self.encoding in ("utf-8", "utf-8-sig")
        return readable and one_style and not self.blank_lines and not self.long_lines and self.quotes % 2 == 0

    @property
    def blanks(self) -> str:
        """Blanks that fields of a regular file may have."""
        return " " + "\r" * bool(self.returns) + "\n" * bool(self.breaks_in_quotes) + self.rare_blanks

    @property
    def lines(self) -> int:
        """Number of lines, including the header."""
        return self.newlines + (not self.ends_with_newline)

    @property
    def records(self) -> int:
        """Number of lines that begin outside quotes, including the header; exact if all quotes are valid."""
        return self.lines - self.breaks_in_quotes


def profile_bytes(chunks: Iterable[bytes], sample: bytes, each: Callable[[bytes], object]) -> FileProfile:
    """Profile all bytes of a file in one pass.

    Args:
        chunks: The content.
        sample: Its start, for the encoding.
        each: Called with every chunk, such as to compute a digest or to write a copy.
    """
    profile = FileProfile(encoding_of(sample))
    decoder = codecs.getincrementaldecoder("utf-8")()
    tail = b""
    open_bytes = 0
    for chunk in chunks:
        each(chunk)
        open_bytes, long_line = _line_lengths(chunk, open_bytes)
        profile.long_lines = profile.long_lines or long_line
        profile.size += len(chunk)
        profile.newlines += chunk.count(b"\n")
        quotes, breaks = _quotes_and_breaks(chunk, profile.quotes % 2 == 1)
        profile.quotes += quotes
        profile.breaks_in_quotes += breaks
        profile.zeros = profile.zeros or b"\x00" in chunk
        rare = (blank for byte, blank in _BYTES_OF_BLANKS.items() if blank not in profile.rare_blanks and byte in chunk)
        profile.rare_blanks += "".join(rare)
        returns = chunk.count(b"\r")
        seam = tail[-3:] + chunk
        if returns or tail.endswith(b"\r"):
            profile.returns += returns
            profile.crlf += chunk.count(b"\r\n") + (tail.endswith(b"\r") and chunk.startswith(b"\n"))
        # A blank line counts only if a line follows it.
        profile.blank_lines = profile.blank_lines or _has_blank_line(seam)
        if profile.utf8 and not (chunk.isascii() and not decoder.getstate()[0]):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                profile.utf8 = False
        tail = seam[-3:]
    profile.ends_with_newline = tail.endswith(b"\n")
    if sample.startswith((b"\n", b"\r")):
        profile.blank_lines = True
    return profile


def _quotes_and_breaks(chunk: bytes, inside: bool) -> tuple[int, int]:
    """Count the quotes of a chunk, and its line ends inside quotes; `inside`: the chunk begins inside quotes."""
    data = np.frombuffer(chunk, dtype=np.uint8)
    marks = data[(data == ord('"')) | (data == ord("\n"))]
    quotes = marks == ord('"')
    # uint8 overflows in the cumulative sum, which keeps its parity: 1 inside quotes.
    parity = (np.cumsum(quotes, dtype=np.uint8) + inside) & 1
    return int(np.count_nonzero(quotes)), int(np.count_nonzero(parity[~quotes]))


def _line_lengths(chunk: bytes, before: int) -> tuple[int, bool]:
    """Return the bytes since the last line end, and whether a line exceeds LONGEST_LINE.

    `before` is the number of bytes between the last line end and this chunk.
    """
    start, long_line = -before, False
    while len(chunk) - start > LONGEST_LINE:
        # The last line end within LONGEST_LINE bytes: lines between it and `start` are short enough.
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
    """A line that is not a record: number, text (of a long line its start) and reject reason."""

    number: int
    text: str
    reason: str
    long: LongLine | None = None


@dataclass
class NormalizedCopy:
    """A copy without header in which every record has as many fields as there are columns, and valid quotes."""

    path: Path
    lines: TextLines
    records: int = 0
    missing: list[int] = field(default_factory=list)
    """Numbers of records that are not in the copy: blank and broken lines."""
    broken: list[Broken] = field(default_factory=list)
    multiline: bool = False


def write_normalized(
    stream: IO[bytes],
    encoding: str,
    path: Path,
    *,
    delimiter: str,
    width: int,
    preamble: int,
    has_header: bool = True,
) -> NormalizedCopy:
    """Copy a text file as UTF-8 with LF line ends, and check the quotes and fields of each record.

    A line with an odd number of quotes may begin a field of several lines. If the following lines close the quote and the
    record has at most `width` fields, they are one record; else only this line is broken, and the next line is a new record.

    Args:
        stream: The content.
        encoding: Its encoding.
        path: File to write.
        delimiter: Delimiter of the fields.
        width: Number of columns.
        preamble: Number of lines before the header.
        has_header: Whether the line after the preamble is a header.

    Returns:
        The copy; record numbers count the header and blank lines too.
    """
    result = NormalizedCopy(path, TextLines(stream, encoding))
    lines = _Lookahead(iter(result.lines))
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
                continue  # the header
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


def _record(line: str | LongLine, lines: _Lookahead, delimiter: str, width: int) -> tuple[str, str]:
    """Return the record that begins with this line, with `width` fields, and a reject reason if it is broken."""
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
    """Return the reject reason of a line with more fields than columns."""
    return f"the line has more fields than the header has columns ({width})"


def _filled(line: str, fields: list[str], delimiter: str, width: int) -> tuple[str, str]:
    """Return the record with `width` fields; additional fields are a reason to reject it unless they are empty."""
    if any(fields[width:]):
        return line, too_many_fields(width)
    more = width - len(fields)
    if more >= 0 and ' "' not in line and '" ' not in line and not any('"' in field for field in fields):
        return line + delimiter * more, ""  # every quote encloses a field
    return record_of(fields[:width] + [""] * more, delimiter), ""


class _Lookahead:
    """Iterator over lines with lookahead."""

    def __init__(self, lines: Iterator[str | LongLine]) -> None:
        self._lines = lines
        self._peeked: deque[str | LongLine] = deque()

    def next(self) -> str | LongLine | None:
        return self._peeked.popleft() if self._peeked else next(self._lines, None)

    def following(self) -> Iterator[str | LongLine]:
        """Yield the next lines without consuming them."""
        yield from self._peeked
        for line in self._lines:
            self._peeked.append(line)
            yield line

    def drop(self, count: int) -> None:
        for _ in range(count):
            self._peeked.popleft()


def _joined(line: str, lines: _Lookahead, delimiter: str, width: int) -> tuple[str, str]:
    """Return the record of several lines that begins with this one, or the line alone with a reject reason."""
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
