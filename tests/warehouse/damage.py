"""Damage a database file as a failing disk does: forty bytes somewhere in one of its blocks."""

from __future__ import annotations

from pathlib import Path

HEADER, BLOCK = 4096, 262_144
BYTES = b"\xa5" * 40


def places(file: Path) -> list[int]:
    """A place in each header and in each block of the file."""
    headers = [number * HEADER + 20 for number in range(3)]
    return headers + list(range(3 * HEADER + 100_000, file.stat().st_size, BLOCK))


def overwrite(file: Path, place: int) -> None:
    """Overwrite forty bytes. A version can only be written to once its mode says so."""
    file.chmod(0o644)
    with file.open("r+b") as stream:
        stream.seek(place)
        stream.write(BYTES)
