"""Locks of files by filelock: flock on Linux and macOS, LockFileEx on Windows. The system ends a lock with its process.

filelock takes 15 ms to import, so it is imported with the first lock: a question takes none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from regulars.system import disk

_START = 1
"""Where a note begins. On Windows the byte before it is what is locked, and nobody else can read that."""


@contextmanager
def locked(file: Path, busy: Callable[[int], None] | None = None) -> Iterator[int]:
    """Hold the lock of a file, which is made where there is none and never removed.

    busy: called once with the file's descriptor where another process holds the lock, before waiting for it. What it raises
        ends the attempt.

    Yields the file's descriptor. Raises OSError where the file cannot be opened, or its file system has no locks.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(descriptor, busy)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def locked_folder(folder: Path, file: Path, busy: Callable[[int], None] | None = None) -> Iterator[None]:
    """Hold the lock of a folder. On Windows, where a folder cannot be opened, it is that of `file`, which then is removed.

    Takes and raises the same as `locked`. What happened in the folder is on disk when the block ends without an error.
    """
    if disk.WINDOWS:
        with locked(file, busy):
            yield
        with suppress(OSError):  # another writer has opened it
            file.unlink()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, busy)
        yield
        if folder.is_dir():
            disk.sync(folder)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, busy: Callable[[int], None] | None) -> None:
    lock_descriptor: Callable[..., bool] = import_module("filelock").lock_descriptor
    if lock_descriptor(descriptor, blocking=False):
        return
    if busy is not None:
        busy(descriptor)
    lock_descriptor(descriptor)


def write_note(descriptor: int, content: bytes) -> None:
    """Replace the note in a lock's file, for those who wait. A full disk keeps nobody from the lock."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, b" " * _START + content if content else b"")


def read_note(descriptor: int) -> bytes:
    """The note in a lock's file, up to 4096 bytes; it may be missing or half written. Raises OSError."""
    os.lseek(descriptor, _START, os.SEEK_SET)
    return os.read(descriptor, 4096)
