"""How much a packed file may unpack to, and how many files one load may have: against archives made to fill the disk."""

from __future__ import annotations

from collections.abc import Iterable

from regulars.vocabulary.errors import UnreadableFile

MOST_FILES = 10_000
"""Files in one folder, archive or load."""

FREE_BYTES = 100_000_000
"""What any packed file may unpack to, however small it is."""
MOST_RATIO = 200
"""How many times its own size a packed file may unpack to; exports have ratios of 3 to 50."""
MOST_BYTES = 100_000_000_000
"""What no packed file may exceed."""


def most_unpacked(packed: int) -> int:
    """Bytes that a file of this packed size may unpack to."""
    return min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * packed))


def check_unpacked(name: str, packed: int, unpacked: int) -> None:
    """Raise UnreadableFile where so many bytes were unpacked, or are declared, that the file is no export."""
    if unpacked > (limit := most_unpacked(packed)):
        raise UnreadableFile(
            f"{name} has {packed:,} bytes and unpacks to more than {limit:,}, which is the limit.",
            "If it is right, unpack it yourself and load what comes out: that has no limit.",
        )


def check_count(name: str, files: Iterable[object]) -> None:
    """Raise UnreadableFile where there are more than MOST_FILES."""
    for count, _ in enumerate(files, start=1):
        if count > MOST_FILES:
            raise UnreadableFile(
                f"{name} holds more than {MOST_FILES:,} files, which is the limit of one load.",
                "Load them in parts, a few thousand at a time.",
            )
