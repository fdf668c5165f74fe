"""Text as one argument of a command line that a user can type into the system's shell."""

from __future__ import annotations

import re
import shlex

from regulars.system import disk

_PLAIN = re.compile(r"[\w.:\\/+=-]+")
"""Text that neither cmd.exe nor PowerShell reads as anything but itself."""


def quoted(text: str) -> str:
    """The text as one argument: in single quotes for the shells of Linux and macOS, in double quotes for those of Windows.

    Backslashes before a quotation mark are doubled on Windows, as its programs read them:
    https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
    """
    if not disk.WINDOWS:
        return shlex.quote(text)
    if _PLAIN.fullmatch(text):
        return text
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', text)
    return '"' + re.sub(r"(\\+)$", r"\1\1", escaped) + '"'
