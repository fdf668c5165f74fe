"""What Regulars may use of the machine. No answer depends on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from regulars.vocabulary.settings.checks import Check, boolean, optional, text, whole

_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?([kmgt])(i?)b", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
LEAST_MEMORY = 100 * 10**6
"""In bytes. With less, not even a small shop can be loaded."""


def _bytes(size: str) -> float:
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        raise ValueError(f"{size!r} is no size; write it like 500 MB, 4 GB or 1.5 TB")
    return float(match[1]) * float((1024 if match[3] else 1000) ** _POWERS[match[2].lower()])


def _size(value: object) -> str:
    size = text(value)
    _bytes(size)
    return size.strip()


def _enough(value: object) -> str:
    size = _size(value)
    if _bytes(size) < LEAST_MEMORY:
        raise ValueError(f"{size} is too little to work with; give at least 100 MB")
    return size


@dataclass(frozen=True)
class Machine:
    """Limits of one process (None leaves the choice to DuckDB: 80 % of memory, 90 % of the disk's room, all cores), and who may
    use the shop's files on this machine.
    """

    memory_limit: str | None = None
    """What the database holds in memory; beyond it, it moves rows to disk, beside the warehouse."""
    spill_limit: str | None = None
    """How much may be moved to disk; 0 MB for nothing."""
    threads: int | None = None
    shared: bool = False
    """Whether the group of the shop's folder may read and change the shop; else its owner alone."""


CHECKS: Mapping[str, Check] = {
    "memory_limit": optional(_enough),
    "spill_limit": optional(_size),
    "threads": optional(whole(1, 1_024)),
    "shared": boolean,
}
"""What each limit must be, as it stands in the section [machine]."""

SHARING = "Run it as the shop's owner, who may also share it: shared = true in the section [machine] of regulars.toml."
"""What to do where permission is denied."""

ANY = Machine()
"""No limits but DuckDB's own."""
