"""Output streams: encodings that lack characters, and readers that are gone."""

from __future__ import annotations

import codecs
import errno
import os
from typing import Any

from regulars.system import disk

ASCII_FORMS = {
    "–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "·": "-", "±": "+/-", "≤": "<=", "≥": ">=", "→": "->", "↑": "up",
    "↓": "down", "°": "~", "²": "^2", "“": '"', "”": '"', "‘": "'", "’": "'", "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ", "─": "-", "━": "-", "│": "|", "├": "+", "└": "+", "╸": "-", "╺": "-",
}  # fmt: skip
"""What is written instead of a sign that the output's encoding lacks, such as the code pages of Windows' consoles."""

_ERRORS = "regulars.ascii_forms"


def _ascii_forms(error: UnicodeError) -> tuple[str, int]:
    """The codec error handler: the ASCII form of each sign, and a question mark for any other character."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(ASCII_FORMS.get(character, "?") for character in missing), error.end


codecs.register_error(_ERRORS, _ascii_forms)


def prepare_output(stream: Any) -> None:
    """Let an output stream take every character: signs that its encoding lacks are written in ASCII, letters as "?".

    On Windows, output into a file or a pipe is UTF-8, as elsewhere, unless PYTHONIOENCODING names another encoding: the old
    code pages of Windows lack most letters of names.

    Args:
        stream: A text stream such as sys.stdout. One that has no `reconfigure` is left as it is.
    """
    if not hasattr(stream, "reconfigure"):
        return
    if disk.WINDOWS and not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
        stream.reconfigure(encoding="utf-8", errors=_ERRORS)
    else:
        stream.reconfigure(errors=_ERRORS)


def has_unicode(stream: Any) -> bool:
    """Whether the stream's encoding has every character; True where the stream names no encoding."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def is_broken_pipe(error: BaseException) -> bool:
    """Whether the error means that the reader of the output is gone; on Windows that is an invalid argument without a file."""
    if isinstance(error, BrokenPipeError):
        return True
    return disk.WINDOWS and isinstance(error, OSError) and error.errno == errno.EINVAL and error.filename is None
