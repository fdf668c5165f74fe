"""`python -m regulars`. Ctrl-C ends it in one line already while its own modules are being read."""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType


def _at_once(_number: int, _frame: FrameType | None) -> None:
    """For moments in which nothing is being changed: before a command begins, and after it ended."""
    os.write(2, b"Stopped. The stored data were not changed.\n")
    os._exit(130)


gc.set_threshold(100_000)  # a command makes little garbage, and looking for it takes 15 ms of its start
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _at_once)

from regulars.cli import main  # noqa: E402 - reading it takes long enough to be interrupted

if __name__ == "__main__":
    main()
