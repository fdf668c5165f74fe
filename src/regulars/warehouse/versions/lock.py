"""One writer at a time; whoever waits is told for whom."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path


@contextmanager
def writers_lock(file: Path, purpose: str, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the writers' lock of a warehouse, waiting for another writer to finish where there is one.

    The file says who holds the lock (pid, user, purpose, since) and is never removed. The lock itself is the kernel's
    (flock): it goes with its process, so that a killed writer leaves nothing to clear. `waiting` is called once with
    a sentence naming the writer ahead. Raises OSError where the folder allows no lock.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting(_holder(descriptor))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        _note(descriptor, _who(purpose))
        try:
            yield
        finally:
            _note(descriptor, b"")
    finally:
        os.close(descriptor)


def _who(purpose: str) -> bytes:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        user = f"user {os.getuid()}"
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "user": user, "purpose": purpose, "since": since}).encode()


def _note(descriptor: int, content: bytes) -> None:
    # The note only serves those who wait: a full disk must not keep anyone from the lock.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)


def _holder(descriptor: int) -> str:
    """A sentence about who holds the lock; the note may be missing or half written."""
    try:
        note = json.loads(os.pread(descriptor, 4096, 0))
        return (
            f"Waiting for another writer: {note['purpose']}"
            f" (by {note['user']}, process {note['pid']}, since {note['since']})."
        )
    except (ValueError, KeyError, TypeError):
        return "Waiting for another writer to finish."
