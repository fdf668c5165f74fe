"""How sizes and tables are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def size_of(number: int) -> str:
    """10 M, 20,000."""
    return f"{number / 1e6:g} M" if number >= 1_000_000 else f"{number:,}"
