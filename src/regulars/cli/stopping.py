"""Ctrl-C is one thing, whatever the libraries that were at work make of it."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPED = "Stopped. What was stored before is as it was."


class Listener:
    """Knows whether Ctrl-C was pressed: an error that follows is only its echo."""

    pressed = False

    def hear(self, number: int, frame: FrameType | None) -> None:
        """The signal's handler."""
        self.pressed = True
        signal.default_int_handler(number, frame)

    def lost(self, failed: sys.UnraisableHookArgs) -> None:
        """Where Python may not raise, as in a destructor, it drops what is raised: press again, a little later."""
        if self.pressed and issubclass(failed.exc_type, KeyboardInterrupt):
            _thread.interrupt_main()
        else:
            sys.__unraisablehook__(failed)


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen for Ctrl-C during the block. A process told to ignore it goes on ignoring it."""
    listener = Listener()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield listener
        return
    hook, sys.unraisablehook = sys.unraisablehook, listener.lost
    signal.signal(signal.SIGINT, listener.hear)
    try:
        yield listener
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = hook
