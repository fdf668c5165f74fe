"""How much of the machine is used; and where it is too small, in words: its disk is full, or a limit of the settings is reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb

from regulars.vocabulary.errors import WarehouseError, says_disk_full
from regulars.vocabulary.machine import Machine

_AS_IT_WAS = "The last version is as it was."
_WHERE = "in the section [machine] of regulars.toml"
_SMALL_FILES, _SMALL_VERSION = 1_000_000, 32_000_000
"""In bytes: a day's orders, and a shop of some 300,000 orders."""


def while_loading(machine: Machine, reads: Sequence[Path], version: Sequence[Path]) -> Machine:
    """The limits for loading the files `reads` into a version of these files. Of little, DuckDB's threads would spend more on
    waiting for each other than they save.
    """
    with suppress(OSError):  # who reads the file says what is wrong with it
        if reads and _bytes(reads) <= _SMALL_FILES and _bytes(version) <= _SMALL_VERSION:
            return replace(machine, threads=1)
    return machine


def _bytes(files: Sequence[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def too_small(error: BaseException, folder: Path, machine: Machine, *, writing: bool) -> WarehouseError | None:
    """What an error says about the machine; None where it is about something else.

    Whoever met the error may have taken it for a broken file: what it came from is looked at, too. A reader's own files,
    such as one that an answer is written to, are not ours.
    """
    ours = (duckdb.Error, OSError) if writing else (duckdb.Error,)
    for cause in _causes(error):
        if isinstance(cause, duckdb.OutOfMemoryException):
            return _spill_full(folder, machine) if "offload" in str(cause) else _memory_full(machine)
        if isinstance(cause, MemoryError):
            return WarehouseError(
                "This machine's memory is full.",
                f"{_AS_IT_WAS} End other programs, or set a smaller memory_limit {_WHERE}, and repeat the command.",
            )
        if isinstance(cause, ours) and says_disk_full(cause):
            return disk_full(folder) if writing else _spill_full(folder, Machine(memory_limit=machine.memory_limit))
    return None


def disk_full(folder: Path) -> WarehouseError:
    """The error for a full disk."""
    return WarehouseError(
        "The disk is full: the new version could not be written.",
        f"{_AS_IT_WAS} Make room where {folder} lies and repeat the command.",
    )


def _memory_full(machine: Machine) -> WarehouseError:
    return WarehouseError(
        f"This takes more memory than allowed ({_allowed(machine)}), and not all of it can be moved to disk.",
        f"{_AS_IT_WAS} Set a larger memory_limit, or fewer threads, {_WHERE} and repeat the command.",
    )


def _spill_full(folder: Path, machine: Machine) -> WarehouseError:
    allowed = _allowed(machine)
    if machine.spill_limit is None:
        return WarehouseError(
            f"This takes more memory than allowed ({allowed}), and the disk has no room for the rest.",
            f"{_AS_IT_WAS} Make room where {folder} lies, or set a larger memory_limit {_WHERE}, and repeat the command.",
        )
    return WarehouseError(
        f"This takes more memory than allowed ({allowed}), and more room on disk than spill_limit, {machine.spill_limit}.",
        f"{_AS_IT_WAS} Set a larger memory_limit or spill_limit {_WHERE} and repeat the command.",
    )


def _allowed(machine: Machine) -> str:
    return f"memory_limit is {machine.memory_limit}" if machine.memory_limit else "80 % of this machine's"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
