"""A request to stop (Ctrl-C, SIGTERM, SIGHUP) ends a command in one way, whatever libraries make of it."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from regulars.system.process import STOP_SIGNALS
from regulars.vocabulary.errors import StoredButFailed

STOPPED = "Stopped. The stored data were not changed."


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
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    handlers = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    hook, sys.unraisablehook = sys.unraisablehook, listener.lost
    for number in handlers:
        signal.signal(number, listener.hear)
    try:
        yield listener
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


@contextmanager
def reporting(what: str, failed: str = "its report could not be written") -> Iterator[None]:
    """Around what follows a change that is stored, such as its report. Raises StoredButFailed whatever fails there.

    `what` was stored, and `failed` says what was not done; the reason follows, but for a lost output or a request to stop.
    """
    try:
        yield
        sys.stdout.flush()
    except StoredButFailed:
        raise
    except (OSError, KeyboardInterrupt) as error:
        raise StoredButFailed(f"{what} is stored; {failed}.") from error
    except Exception as error:
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise StoredButFailed(f"{what} is stored; {failed}: {reason}.") from error
