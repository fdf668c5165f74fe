"""The lines of a text file, decoded one by one; of a line that is too long only the start is ever held."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

LONGEST_LINE = 1_000_000
"""Bytes of the longest line that is read; of a longer one only the start is kept, and it becomes a reject."""
KEPT_OF_LONG_LINES = 1_000
"""Characters kept of a line that is longer."""

_BLOCK = 1 << 19
"""Bytes read at once: a line that lies within one block, also as UTF-8, is never too long."""


@dataclass(frozen=True)
class LongLine:
    """A line above LONGEST_LINE: its first characters, its length in bytes and its SHA-256, without the line end.

    Of UTF-16 text both are those of the line as UTF-8.
    """

    start: str
    size: int
    sha256: str


class TextLines:
    """Iterates over the lines of a binary stream, without their ends (LF, CRLF or CR), as str or LongLine.

    UTF-16 is decoded as the encoding says. Anything else is decoded line by line: as UTF-8 where that is valid, else as
    Windows-1252. After the iteration `windows` counts the lines read as Windows-1252, `first_windows` is the number of
    the first one, counted from 1, and `other_utf8` says whether any other line holds a letter beyond ASCII. A line of more
    than `longest` bytes is a LongLine.
    """

    def __init__(self, stream: IO[bytes], encoding: str, longest: int = LONGEST_LINE) -> None:
        self.windows = 0
        self.first_windows = 0
        self.other_utf8 = False
        self._count = 0
        self._stream = stream
        self._encoding = encoding
        self._longest = longest

    def __iter__(self) -> Iterator[str | LongLine]:
        rest: list[bytes] = []  # the line that has begun, in pieces
        size = 0
        long: _Long | None = None
        for block in _normalized(_as_bytes(self._stream, self._encoding)):
            end = block.find(b"\n")
            if end < 0:
                if long is None and size + len(block) > self._longest:
                    long = _Long(b"".join(rest))
                    rest = []
                if long is not None:
                    long.add(block)
                else:
                    rest.append(block)
                size += len(block)
                continue
            if long is not None:
                long.add(block[:end])
                yield self._long(long)
                whole = b""
            elif size + end > self._longest:
                yield self._long(_Long(b"".join([*rest, block[:end]])))
                whole = b""
            else:
                whole = b"".join([*rest, block[: end + 1]])
            last = block.rfind(b"\n") + 1
            yield from self._short(whole + block[end + 1 : last])
            long, rest, size = None, [block[last:]], len(block) - last
        if long is not None:
            yield self._long(long)
        elif size:
            yield from self._short(b"".join(rest) + b"\n")

    def _short(self, lines: bytes) -> Iterator[str | LongLine]:
        """Whole lines, each ended by LF."""
        try:
            text = lines.decode("utf-8")
        except UnicodeDecodeError:
            for line in lines.split(b"\n")[:-1]:
                yield self._decoded(line)
            return
        self.other_utf8 = self.other_utf8 or not lines.isascii()
        for decoded in text.split("\n")[:-1]:
            self._count += 1
            yield decoded

    def _decoded(self, line: bytes) -> str:
        self._count += 1
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            self.windows += 1
            self.first_windows = self.first_windows or self._count
            return line.decode("cp1252", errors="replace")
        self.other_utf8 = self.other_utf8 or not line.isascii()
        return text

    def _long(self, long: _Long) -> LongLine:
        self._count += 1
        start = decoded(long.start, partly=True)[:KEPT_OF_LONG_LINES]
        return LongLine(start, long.size, long.digest.hexdigest())


class _Long:
    """The start, size and digest of a long line that arrives in pieces."""

    def __init__(self, begun: bytes) -> None:
        self.start = b""
        self.size = 0
        self.digest = hashlib.sha256()
        self.add(begun)

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self.digest.update(piece)
        most = 4 * KEPT_OF_LONG_LINES  # four bytes are the longest character
        if len(self.start) < most:
            self.start += piece[: most - len(self.start)]


def decoded(text: bytes, *, partly: bool = False) -> str:
    """Text as UTF-8 where it is valid, else as Windows-1252. `partly`: it may end within a character."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(text, final=not partly)
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")


def sample_text(sample: bytes, encoding: str) -> str:
    """The start of a file as text, decoded as TextLines does; line ends as they are."""
    if encoding.startswith("utf-16"):
        return codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "".join(decoded(line, partly=True) for line in sample.splitlines(keepends=True))


def _as_bytes(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """The content in blocks, as UTF-8 or Windows-1252, without a byte order mark."""
    if encoding.startswith("utf-16"):
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        while block := stream.read(_BLOCK):
            yield decoder.decode(block).encode("utf-8", errors="replace")
        yield decoder.decode(b"", final=True).encode("utf-8", errors="replace")
        return
    first = True
    while block := stream.read(_BLOCK):
        yield block.removeprefix(codecs.BOM_UTF8) if first else block
        first = False


def _normalized(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks with LF for every line end; a CR at the end of a block waits for what follows it."""
    waiting = b""
    for block in blocks:
        joined = waiting + block
        waiting = b"\r" if joined.endswith(b"\r") else b""
        yield joined.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if waiting:
        yield b"\n"
