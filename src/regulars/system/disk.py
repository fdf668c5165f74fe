"""Files and folders: replace, remove, make read-only, copy, and have the disk hold them, on each operating system.

On Windows a file that a program has open cannot be replaced, renamed or removed; a read-only file cannot be removed either; a
folder cannot be opened; and only a file that is open for writing can be synced.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from typing import TypeVar

if sys.platform == "darwin":
    import fcntl

WINDOWS: bool = sys.platform == "win32"
PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
"""Seconds between attempts on Windows: a reader holds the file for milliseconds, a virus scanner for up to a second."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_FOR_FOLDERS = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What file systems that cannot sync a folder, such as some network shares, answer."""

_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "123456789¹²³")})
"""Names that Windows keeps for devices, whatever ending follows: what is written to NUL.csv is lost."""

_T = TypeVar("_T")


class FileInUse(OSError):
    """Another program has the file open, and the system does not allow to replace it meanwhile."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            errno.EBUSY, "another program has it open; close that program and repeat the command", str(file)
        )


class DeviceName(OSError):
    """Windows keeps a name in the path for a device."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(errno.EINVAL, f"Windows keeps the name {name} for a device; choose another name", str(path))


def require_file_name(path: Path) -> None:
    """Require that the path can name a file or a folder.

    Raises:
        DeviceName: On Windows, a part of the path is the name of a device, such as NUL in NUL.csv.
    """
    if not WINDOWS:
        return
    for part in PureWindowsPath(path).parts:
        name = part.split(".")[0].split(":")[0].strip().upper()
        if name in _DEVICES:
            raise DeviceName(path, name)


def retrying(action: Callable[[], _T], file: Path) -> _T:
    """Run the action, again after a pause where Windows refuses it because another program has the file open.

    Raises:
        FileInUse: Windows refused it for more than two seconds.
        OSError: any other failure, and on other systems every one, at once.
    """
    if not WINDOWS:
        return action()
    for pause in PAUSES:
        try:
            return action()
        except PermissionError:
            time.sleep(pause)
    try:
        return action()
    except PermissionError as error:
        raise FileInUse(file) from error


def replace(staged: Path, file: Path) -> None:
    """Put the staged file in the place of `file`, at once for every reader. Raises OSError, FileInUse among others."""
    retrying(lambda: staged.replace(file), file)


def rename(path: Path, target: Path) -> Path:
    """Rename a file or a folder to a name that is not in use. Raises OSError, FileInUse among others."""
    return retrying(lambda: path.rename(target), path)


def read_text(file: Path) -> str:
    """The content of a small file in ASCII that others replace. Raises OSError."""
    try:
        return retrying(lambda: file.read_text(encoding="ascii", errors="replace"), file)
    except FileInUse as error:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file)) from error


def remove(path: Path) -> None:
    """Remove a file, or a folder as far as possible. Raises OSError for a file only."""
    if path.is_dir() and not path.is_symlink():
        if WINDOWS:
            for inside in path.rglob("*"):
                _allow_removal(inside)
        shutil.rmtree(path, ignore_errors=True)
        return
    if WINDOWS:
        _allow_removal(path)
    path.unlink(missing_ok=True)


def _allow_removal(file: Path) -> None:
    # The attribute belongs to the file, not to one of its names. A file that is still in use under another name gets it
    # again with the next write, which sets the permissions of all versions.
    with suppress(OSError):
        if not file.stat().st_mode & stat.S_IWRITE:
            file.chmod(stat.S_IREAD | stat.S_IWRITE)


def seal(file: Path) -> None:
    """Make a file read-only and have the disk hold it. Raises OSError."""
    mode = file.stat().st_mode & ~0o222
    if WINDOWS:
        sync(file)  # not possible once it is read-only
        file.chmod(mode)
    else:
        file.chmod(mode)
        sync(file)


def set_mode(descriptor: int, file: Path, mode: int) -> None:
    """Set the permissions of an open file, where possible by its descriptor, which cannot come to mean another file."""
    os.chmod(descriptor if os.chmod in os.supports_fd else file, mode)  # noqa: PTH101 - Path has no descriptors


def sync(path: Path) -> None:
    """Have the disk hold what was written to a file, or the names in a folder.

    A folder is passed over where the system, or its file system, cannot sync folders: Windows writes names by itself.

    Raises:
        OSError: the disk failed.
    """
    folder = path.is_dir()
    if folder and WINDOWS:
        return
    descriptor = os.open(path, os.O_RDWR if WINDOWS else os.O_RDONLY)
    try:
        sync_descriptor(descriptor)
    except OSError as error:
        if not (folder and error.errno in _NOT_FOR_FOLDERS):
            raise
    finally:
        os.close(descriptor)


def sync_descriptor(descriptor: int) -> None:
    """Have the disk hold what was written to an open file. Raises OSError."""
    if sys.platform == "darwin":
        with suppress(OSError):  # macOS: fsync leaves it in the drive's own cache
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def link(file: Path, target: Path) -> None:
    """Give a file a second name; copy it where the file system, or whose file it is, allows none. Raises OSError."""
    try:
        target.hardlink_to(file)
    except OSError:
        copy(file, target)


def copy(file: Path, target: Path) -> None:
    """Copy a file within the kernel, which shares blocks where the file system can; else byte by byte. Raises OSError."""
    with file.open("rb") as reading, target.open("xb") as writing:
        left = os.fstat(reading.fileno()).st_size
        if hasattr(os, "copy_file_range"):
            try:
                while left and (done := os.copy_file_range(reading.fileno(), writing.fileno(), left)):
                    left -= done
            except OSError as error:
                if error.errno in _FULL:
                    raise
        shutil.copyfileobj(reading, writing, 1 << 20)  # the rest, if any: both stand where the kernel stopped
