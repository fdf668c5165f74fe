"""Everything Regulars refuses, and why.

    RegularsError
    ├── UsageError            the question itself is wrong: an unknown metric, split, grain, period
    ├── ShopError             there is no shop in this folder, or its settings are not valid
    ├── InputError            something given to us cannot be read
    │   ├── UnreadableFile        empty, a directory without files, binary, broken archive
    │   ├── UnknownFile           no source recognises these columns
    │   └── MappingError          a mapping file says something that cannot be
    ├── LoadRefused           the rows were read, but loading them would break a promise
    ├── ForecastRefused       the data cannot carry a forecast
    ├── StoredButFailed       the change was stored, and what followed it failed
    ├── NoRoom                the disk or the memory is too small for what was asked
    ├── LibraryMissing        a library that only this method needs is not installed
    └── WarehouseError        versions, pointer, lock
        └── NothingLoaded         a question to a shop without any load

Every error says what is wrong in one sentence and, in `hint`, what to do next.
"""

from __future__ import annotations

import errno
import os

REPAIR = "Go back to the newest undamaged version: regulars rollback"
"""What to do where a version is damaged."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system calls a full disk."""


class RegularsError(Exception):
    """A refusal with its reason. `str()` is the reason, `hint` the next step (may be empty).

    `details` are lines shown below both: one for each file of a folder, or the lines of a mapping file to copy.
    """

    def __init__(self, message: str, hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.details = details


class UsageError(RegularsError):
    """The question itself is wrong; nothing was looked up."""


class ShopError(RegularsError):
    """There is no shop here, or its settings are not valid."""


class InputError(RegularsError):
    """Something given to Regulars cannot be read."""


class UnreadableFile(InputError):
    """A file is empty, binary, broken, or not there."""


class UnknownFile(InputError):
    """No source recognises the columns of a file."""


class MappingError(InputError):
    """A mapping file says something that cannot be."""


class LoadRefused(RegularsError):
    """The rows were read, but loading them would break a promise; nothing was changed."""


class ForecastRefused(RegularsError):
    """The data cannot carry a forecast: what is missing stands in the reason."""


class StoredButFailed(RegularsError):
    """What was asked was stored; what followed it, such as the report of it, failed."""


class NoRoom(RegularsError):
    """The disk or the memory is too small for what was asked."""


class LibraryMissing(RegularsError, ImportError):
    """A library that only one method needs is not installed."""


class WarehouseError(RegularsError):
    """A version is missing, or the warehouse's folder cannot be used."""


class NothingLoaded(WarehouseError):
    """The shop has no data yet."""


def says_disk_full(error: BaseException) -> bool:
    """Whether an error of the system, or of a library that writes files, means a full disk: not all keep its number."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return any(os.strerror(number) in str(error) for number in _FULL)
