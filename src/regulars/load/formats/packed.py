"""Limits of unpacked sizes and of files per load, as protection against archives that fill the disk."""

from __future__ import annotations

from collections.abc import Iterable

from regulars.vocabulary.errors import UnreadableFile

MOST_FILES = 10_000
"""Most files in one folder, archive or load."""

FREE_BYTES = 100_000_000
"""Unpacked size, in bytes, that is allowed for any packed file."""
MOST_RATIO = 200
"""Largest ratio of unpacked to packed size above FREE_BYTES; exports have 3 to 50."""
MOST_BYTES = 100_000_000_000
"""Largest unpacked size, in bytes."""


def most_unpacked(packed: int) -> int:
    """Return the largest allowed unpacked size, in bytes, of a file of this packed size."""
    return min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * packed))


def check_unpacked(name: str, packed: int, unpacked: int) -> None:
    """Raise UnreadableFile if the unpacked size, read or declared, is above the limit."""
    if unpacked > (limit := most_unpacked(packed)):
        raise UnreadableFile(
            f"{name} has {packed:,} bytes and unpacks to more than {limit:,}, which is the limit.",
            "If the file is correct, unpack it and load the unpacked file, which has no limit.",
        )


def check_count(name: str, files: Iterable[object]) -> None:
    """Raise UnreadableFile if there are more than MOST_FILES."""
    for count, _ in enumerate(files, start=1):
        if count > MOST_FILES:
            raise UnreadableFile(
                f"{name} holds more than {MOST_FILES:,} files, which is the limit of one load.",
                "Load them in parts, a few thousand at a time.",
            )
