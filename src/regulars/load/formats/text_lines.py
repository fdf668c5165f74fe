"""Lines of a text file, decoded one by one; of a too long line only the start is kept in memory."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

LONGEST_LINE = 1_000_000
"""Largest line in bytes; a longer one is rejected, and only its start is kept."""
KEPT_OF_LONG_LINES = 1_000
"""Characters kept of a longer line."""

_BLOCK = 1 << 19
"""Bytes read at once; a line within one block is never too long."""


@dataclass(frozen=True)
class LongLine:
    """A line above LONGEST_LINE.

    Attributes:
        start: Its first KEPT_OF_LONG_LINES characters.
        size: Its length in bytes, without the line end; of UTF-16 text as UTF-8.
        sha256: SHA-256 of the same bytes.
    """

    start: str
    size: int
    sha256: str


class TextLines:
    """Iterator over the lines of a binary stream, without line ends (LF, CRLF or CR), as str or LongLine.

    UTF-16 is decoded by `encoding`. Any other text is decoded line by line: as UTF-8 if valid, else as Windows-1252. A line
    of more than `longest` bytes is a LongLine.

    Attributes:
        windows: Number of lines decoded as Windows-1252; complete after the iteration, as the following.
        first_windows: Number of the first such line, from 1.
        other_utf8: Whether another line has a character beyond ASCII.
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
        rest: list[bytes] = []  # parts of the current line
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
        """Decode complete lines, each with LF."""
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
    """Start, size and digest of a long line, updated part by part."""

    def __init__(self, begun: bytes) -> None:
        self.start = b""
        self.size = 0
        self.digest = hashlib.sha256()
        self.add(begun)

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self.digest.update(piece)
        most = 4 * KEPT_OF_LONG_LINES  # a character has at most four bytes
        if len(self.start) < most:
            self.start += piece[: most - len(self.start)]


def decoded(text: bytes, *, partly: bool = False) -> str:
    """Decode as UTF-8 if valid, else as Windows-1252. `partly`: the text may end within a character."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(text, final=not partly)
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")


def sample_text(sample: bytes, encoding: str) -> str:
    """Decode the start of a file as TextLines does; line ends are unchanged."""
    if encoding.startswith("utf-16"):
        return codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "".join(decoded(line, partly=True) for line in sample.splitlines(keepends=True))


def _as_bytes(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the content in blocks, as UTF-8 or Windows-1252, without a byte order mark."""
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
    """Yield the blocks with LF for every line end. A CR at the end of a block is held back: an LF may follow."""
    waiting = b""
    for block in blocks:
        joined = waiting + block
        waiting = b"\r" if joined.endswith(b"\r") else b""
        yield joined.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if waiting:
        yield b"\n"
