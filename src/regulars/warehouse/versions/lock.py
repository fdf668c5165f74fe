"""One writer at a time; whoever waits is told for whom."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from regulars.system.locking import locked, read_note, write_note
from regulars.system.process import user_name


@contextmanager
def writers_lock(file: Path, purpose: str, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the writers' lock of a warehouse, waiting for another writer to finish where there is one.

    The file says who holds the lock (pid, user, purpose, since) and is never removed. The lock itself is the system's:
    it goes with its process, so that a killed writer leaves nothing to clear. `waiting` is called once with a sentence
    naming the writer ahead. Raises OSError where the folder allows no lock.
    """

    def busy(descriptor: int) -> None:
        if waiting is not None:
            waiting(_holder(descriptor))

    with locked(file, busy) as descriptor:
        write_note(descriptor, _who(purpose))
        try:
            yield
        finally:
            write_note(descriptor, b"")


def _who(purpose: str) -> bytes:
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "user": user_name(), "purpose": purpose, "since": since}).encode()


def _holder(descriptor: int) -> str:
    """A sentence about who holds the lock; the note may be missing or half written."""
    try:
        note = json.loads(read_note(descriptor))
        return (
            f"Waiting for another writer: {note['purpose']}"
            f" (by {note['user']}, process {note['pid']}, since {note['since']})."
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "Waiting for another writer to finish."
