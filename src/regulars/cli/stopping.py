"""A request to stop (Ctrl-C, SIGTERM, SIGHUP) ends a command in one way, whatever libraries make of it."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from regulars.vocabulary.errors import StoredButFailed

STOPPED = "Stopped. What was stored before is as it was."


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Listener:
    """Knows which signal asked to stop (0: none): an error that follows is only its echo."""

    pressed = 0

    def hear(self, number: int, frame: FrameType | None) -> None:
        """The signal's handler."""
        self.pressed = number
        signal.default_int_handler(number, frame)

    def lost(self, failed: sys.UnraisableHookArgs) -> None:
        """Where Python may not raise, as in a destructor, it drops what is raised: press again, a little later."""
        if self.pressed and issubclass(failed.exc_type, KeyboardInterrupt):
            _thread.interrupt_main()
        else:
            sys.__unraisablehook__(failed)


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen for the signals during the block. A process told to ignore one (nohup) goes on ignoring it."""
    listener = Listener()
    if threading.current_thread() is not threading.main_thread():
        yield listener
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    hook, sys.unraisablehook = sys.unraisablehook, listener.lost
    for number in heard:
        signal.signal(number, listener.hear)
    try:
        yield listener
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


@contextmanager
def reporting(what: str) -> Iterator[None]:
    """Around the report of a change that is stored. Raises StoredButFailed where it cannot be written."""
    try:
        yield
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt) as error:
        raise StoredButFailed(f"{what} is stored; its report could not be written.") from error
