"""Lines of bytes: the same as Python's own text files have, whatever the ends, and bounded in length."""

from __future__ import annotations

import hashlib
import io

from hypothesis import given
from hypothesis import strategies as st

from regulars.load.formats.text_lines import LongLine, TextLines

LETTERS = st.sampled_from(["a", "é", "🎁", '"', ",", "\n", "\r", "\r\n", "\x85", "\u2028"])


class Drip(io.RawIOBase):
    """A stream that gives a few bytes at a time, so that characters and line ends are cut."""

    def __init__(self, content: bytes, step: int) -> None:
        self._content = io.BytesIO(content)
        self._step = step

    def read(self, size: int = -1) -> bytes:
        return self._content.read(min(self._step, size) if size >= 0 else self._step)


@given(st.lists(LETTERS).map("".join), st.sampled_from(["utf-8", "utf-16-le"]), st.integers(3, 9))
def test_lines_are_those_of_a_text_file(text: str, encoding: str, step: int) -> None:
    lines = list(TextLines(Drip(text.encode(encoding), step), encoding))
    assert lines == [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]


@given(st.lists(st.tuples(st.text("aé€\u00ff", max_size=9), st.sampled_from(["utf-8", "cp1252"]))), st.integers(3, 9))
def test_each_line_is_decoded_by_itself(lines: list[tuple[str, str]], step: int) -> None:
    encoded = [text.encode(encoding) for text, encoding in lines]
    expected, stray = [], []
    for number, line in enumerate(encoded, start=1):
        try:
            expected.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            expected.append(line.decode("cp1252"))
            stray.append(number)
    read = TextLines(Drip(b"".join(line + b"\n" for line in encoded), step), "utf-8")
    assert list(read) == expected
    assert (read.windows, read.first_windows) == (len(stray), stray[0] if stray else 0)


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(3, 9))
def test_long_lines_keep_their_size_and_their_digest(sizes: list[int], step: int) -> None:
    lines = [("xy€" * size)[:size].encode() for size in sizes]
    read = list(TextLines(Drip(b"\r\n".join([*lines, b""]), step), "utf-8", longest=20))
    assert read == [
        line.decode() if len(line) <= 20 else LongLine(line.decode(), len(line), hashlib.sha256(line).hexdigest())
        for line in lines
    ]
