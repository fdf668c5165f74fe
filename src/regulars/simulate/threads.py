"""Work done side by side whose results come in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_AHEAD = 3

T = TypeVar("T")


def in_order(work: Callable[[int], T], starts: Iterable[int]) -> Generator[T]:
    """Do the work for each start on two threads; give the results in order, a few at a time: memory stays flat.

    The starts may have no end: whoever asks stops asking.
    """
    with ThreadPoolExecutor(2) as threads:
        waiting: deque[Future[T]] = deque()
        try:
            for start in starts:
                waiting.append(threads.submit(work, start))
                if len(waiting) >= _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
