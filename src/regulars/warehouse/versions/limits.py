"""Limits of the machine, and user-facing errors for a full disk or a reached limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb

from regulars.vocabulary.errors import WarehouseError, says_disk_full
from regulars.vocabulary.machine import Machine

_UNCHANGED = "The last version was not changed."
_WHERE = "in the section [machine] of regulars.toml"
_SMALL_LOAD_BYTES, _SMALL_VERSION_BYTES = 1_000_000, 32_000_000
"""In bytes: about a day's orders, and a shop of some 300,000 orders."""


def while_loading(machine: Machine, reads: Sequence[Path], version: Sequence[Path]) -> Machine:
    """Return the limits for loading the files `reads` into a version with the files `version`.

    A small load uses one thread: DuckDB's threads would spend more time waiting for each other than they save.
    """
    with suppress(OSError):  # who reads the file says what is wrong with it
        if reads and _bytes(reads) <= _SMALL_LOAD_BYTES and _bytes(version) <= _SMALL_VERSION_BYTES:
            return replace(machine, threads=1)
    return machine


def _bytes(files: Sequence[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def too_small(error: BaseException, folder: Path, machine: Machine, *, writing: bool) -> WarehouseError | None:
    """Return the user-facing error for a full memory or disk, or a reached limit; None where the error has another
    cause.

    All causes of the error are examined, since the code that met it may have raised another one. For a reader,
    OSErrors do not count: they concern its own files, such as the file of an answer.
    """
    error_types = (duckdb.Error, OSError) if writing else (duckdb.Error,)
    for cause in _causes(error):
        if isinstance(cause, duckdb.OutOfMemoryException):
            return _spill_full(folder, machine) if "offload" in str(cause) else _memory_full(machine)
        if isinstance(cause, MemoryError):
            return WarehouseError(
                "This machine's memory is full.",
                f"{_UNCHANGED} End other programs, or set a smaller memory_limit {_WHERE}, and repeat the command.",
            )
        if isinstance(cause, error_types) and says_disk_full(cause):
            return disk_full(folder) if writing else _spill_full(folder, Machine(memory_limit=machine.memory_limit))
    return None


def disk_full(folder: Path) -> WarehouseError:
    """Return the error for a full disk."""
    return WarehouseError(
        "The disk is full: the new version could not be written.",
        f"{_UNCHANGED} Make room where {folder} lies and repeat the command.",
    )


def _memory_full(machine: Machine) -> WarehouseError:
    return WarehouseError(
        f"This takes more memory than allowed ({_allowed(machine)}), and not all of it can be moved to disk.",
        f"{_UNCHANGED} Set a larger memory_limit, or fewer threads, {_WHERE} and repeat the command.",
    )


def _spill_full(folder: Path, machine: Machine) -> WarehouseError:
    allowed = _allowed(machine)
    if machine.spill_limit is None:
        return WarehouseError(
            f"This takes more memory than allowed ({allowed}), and the disk has no room for the rest.",
            f"{_UNCHANGED} Make room where {folder} lies, or set a larger memory_limit {_WHERE}, and repeat the command.",
        )
    return WarehouseError(
        f"This takes more memory than allowed ({allowed}), and more room on disk than spill_limit, {machine.spill_limit}.",
        f"{_UNCHANGED} Set a larger memory_limit or spill_limit {_WHERE} and repeat the command.",
    )


def _allowed(machine: Machine) -> str:
    return f"memory_limit is {machine.memory_limit}" if machine.memory_limit else "80 % of this machine's"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    known_ids: set[int] = set()
    while error is not None and id(error) not in known_ids:
        yield error
        known_ids.add(id(error))
        error = error.__cause__ or error.__context__
