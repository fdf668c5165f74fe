"""What Regulars may use of the machine. No answer depends on it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?([kmgt])(i?)b", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
LEAST_MEMORY = 100 * 10**6
"""In bytes. With less, not even a small shop can be loaded."""


def _bytes(size: str) -> float:
    found = _SIZE.fullmatch(size.strip())
    if found is None:
        raise ValueError(f"{size!r} is no size; write it like 500 MB, 4 GB or 1.5 TB")
    return float(found[1]) * float((1024 if found[3] else 1000) ** _POWERS[found[2].lower()])


def _size(size: str) -> str:
    _bytes(size)
    return size.strip()


def _enough(size: str) -> str:
    if _bytes(size) < LEAST_MEMORY:
        raise ValueError(f"{size} is too little to work with; give at least 100 MB")
    return size.strip()


class Machine(BaseModel):
    """Limits of one process (None leaves the choice to DuckDB: 80 % of memory, 90 % of the disk's room, all cores), and who may
    use the shop's files on this machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory_limit: Annotated[str, AfterValidator(_enough)] | None = None
    """What the database holds in memory; beyond it, it moves rows to disk, beside the warehouse."""
    spill_limit: Annotated[str, AfterValidator(_size)] | None = None
    """How much may be moved to disk; 0 MB for nothing."""
    threads: int | None = Field(default=None, ge=1, le=1_024)
    shared: bool = False
    """Whether the group of the shop's folder may read and change the shop; else its owner alone."""


SHARING = "Run it as the shop's owner, who may also share it: shared = true in the section [machine] of regulars.toml."
"""What to do where permission is denied."""

ANY = Machine()
"""No limits but DuckDB's own."""
