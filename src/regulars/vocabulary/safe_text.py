"""Text from strangers, such as names typed at a checkout, made safe for terminals and for spreadsheets."""

from __future__ import annotations

import os
import re
from pathlib import Path

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""C0 without tab and line feed, DEL, C1, line separators, and the marks that turn the direction of text."""

_FORMULA = re.compile(r"[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]")
"""How a cell begins that a spreadsheet runs: = + - @ (also in full width), tab, carriage return."""

_NUMBER = re.compile(r"[-+]?(\d[\d., ]*|[.,]\d+)%?")


def visible(text: str) -> str:
    r"""The text with each control character written out, as in \x1b: none can steer a terminal. Tab and line feed stay."""
    return _CONTROL.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    r"""The text with tabs and line feeds written out too, as in \x0a: for whatever is shown in one line."""
    return visible(text).replace("\t", r"\x09").replace("\n", r"\x0a")


def is_utf8(path: Path | str) -> bool:
    """Whether a path can be given to DuckDB: its names are UTF-8, and that is how the system is told to read names."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(path: Path | str) -> str:
    r"""A path as text that can be printed and stored: bytes that are not UTF-8 are written out, as in \xff."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def in_json(document: str) -> str:
    r"""A JSON document whose control characters are all escaped: json.dumps leaves those above \x1f as they are."""
    return _CONTROL.sub(lambda character: f"\\u{ord(character[0]):04x}", document)


def without_formula(text: str) -> str:
    """A CSV field that no spreadsheet runs: what begins like a formula gets an apostrophe in front, a number does not.

    Loading a file takes such an apostrophe away again.
    """
    harmless = not _FORMULA.match(text) or _NUMBER.fullmatch(text) or text.isspace()
    return text if harmless else f"'{text}"


def _escape(character: re.Match[str]) -> str:
    code = ord(character[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
