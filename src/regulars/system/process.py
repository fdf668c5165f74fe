"""The process and the machine: signals that ask it to stop, user, other processes, memory."""

from __future__ import annotations

import getpass
import os
import signal
import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

STOP_SIGNALS: tuple[signal.Signals, ...] = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""What asks a command to stop: Ctrl-C, `kill`, a closed terminal; on Windows Ctrl-Break and a closed console."""


def user_name() -> str:
    """The name of the user that the process runs as; "user" and a number where the system knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user often has no name; ImportError: no `pwd` on Windows
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "an unknown user"


if sys.platform == "win32":

    class _MemoryStatus(ctypes.Structure):
        """MEMORYSTATUSEX."""

        _fields_ = (
            ("length", wintypes.DWORD),
            ("load", wintypes.DWORD),
            *(
                (name, ctypes.c_ulonglong)
                for name in ("total", "free", "pages", "free_pages", "all", "free_all", "more")
            ),
        )

    def memory() -> int | None:
        """The machine's memory in bytes; None where the system does not say."""
        status = _MemoryStatus()
        status.length = ctypes.sizeof(status)
        known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.total) if known else None

    def is_running(pid: int) -> bool:
        """Whether a process of this machine runs. True where that cannot be found out."""
        query_limited_information, still_active, no_such_process = 0x1000, 259, 87
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.GetExitCodeProcess.argtypes = (wintypes.HANDLE, wintypes.LPDWORD)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        handle = kernel.OpenProcess(query_limited_information, False, pid)
        if not handle:
            return ctypes.get_last_error() != no_such_process
        try:
            code = wintypes.DWORD()
            return not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value == still_active
        finally:
            kernel.CloseHandle(handle)

else:

    def memory() -> int | None:
        """The machine's memory in bytes; None where the system does not say."""
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            return None

    def is_running(pid: int) -> bool:
        """Whether a process of this machine runs. True where that cannot be found out."""
        try:
            os.kill(pid, 0)  # on Windows this would end the process
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True
