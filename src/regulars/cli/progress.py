"""A progress bar on stderr, where a person looks at it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar:
    """One line for each step; shows nothing where stderr is no terminal."""

    def __init__(self, drawn: Progress | None) -> None:
        self._drawn = drawn
        self._task: TaskID | None = None

    def start(self, step: str, total: int) -> None:
        """A step begins that has `total` parts."""
        if self._drawn is not None:
            self._task = self._drawn.add_task(step, total=total)

    def advance(self) -> None:
        """One part is done."""
        if self._drawn is not None and self._task is not None:
            self._drawn.advance(self._task)

    def reach(self, done: int, total: int) -> None:
        """So many parts of all are done."""
        if self._drawn is not None and self._task is not None:
            self._drawn.update(self._task, completed=done, total=total)


@contextmanager
def bar() -> Iterator[Bar]:
    """A progress bar for the time of the block; it leaves nothing behind."""
    if not sys.stderr.isatty():
        yield Bar(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        yield Bar(drawn)
