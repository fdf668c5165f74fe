"""Markdown for the generated parts of the documentation: tables, and running text wrapped at 100 characters."""

from __future__ import annotations

import re
from collections.abc import Iterable

WIDTH = 100

_WORD = re.compile(r"(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+")
_MARK = re.compile(r"(?:- |\d+\. )?")
_WHOLE_LINE = ("|", "#", "<")


def grid(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def filled(text: str, indent: str = "") -> str:
    """A paragraph or an item of a list, wrapped; links and code are not broken. Lines after the first begin with `indent`."""
    lines = [""]
    for word in _WORD.findall(text):
        longer = f"{lines[-1]} {word}" if lines[-1].strip() else lines[-1] + word
        if len(longer) > WIDTH and lines[-1].strip():
            lines.append(indent + word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def wrapped(page: str) -> str:
    """A page whose paragraphs and list items are wrapped anew; headings, tables and code in fences stay as they are."""
    lines: list[str] = []
    paragraph: list[str] = []
    in_code = False

    def end_paragraph() -> None:
        if paragraph:
            mark = _MARK.match(paragraph[0])
            lines.append(filled(" ".join(paragraph), " " * len(mark[0] if mark else "")))
            paragraph.clear()

    for line in page.split("\n"):
        fence = line.startswith("```")
        if fence or in_code or not line or line.startswith(_WHOLE_LINE):
            end_paragraph()
            lines.append(line)
            in_code ^= fence
        else:
            if _MARK.match(line)[0]:  # type: ignore[index]
                end_paragraph()
            paragraph.append(line.strip())
    end_paragraph()
    return "\n".join(lines)
