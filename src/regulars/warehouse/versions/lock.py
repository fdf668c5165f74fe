"""The writers' lock of a warehouse: one writer at a time, with a message for those that wait."""

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
    """Hold the writers' lock of a warehouse, after waiting for another writer where there is one.

    The file records the holder of the lock (pid, user, purpose, since) and is never removed. The lock itself is the operating
    system's and ends with its process, so a killed writer leaves nothing to clean up.

    Args:
        file: The lock file.
        purpose: What the writer does, for the message to waiting writers.
        waiting: Called once with a message about the other writer.

    Raises:
        OSError: The folder does not allow locks.
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
    """Return a message about the holder of the lock. The note may be missing or incomplete."""
    try:
        note = json.loads(read_note(descriptor))
        return (
            f"Waiting for another writer: {note['purpose']}"
            f" (by {note['user']}, process {note['pid']}, since {note['since']})."
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "Waiting for another writer to finish."
