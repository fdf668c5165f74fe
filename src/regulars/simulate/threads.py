"""Ordered results of work in threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_PREFETCH = 3

T = TypeVar("T")


def in_order(work: Callable[[int], T], starts: Iterable[int]) -> Generator[T]:
    """Call `work` for each start on two threads, and yield the results in order.

    Only a few results are computed in advance, so memory is bounded and `starts` may be infinite.
    """
    with ThreadPoolExecutor(2) as threads:
        waiting: deque[Future[T]] = deque()
        try:
            for start in starts:
                waiting.append(threads.submit(work, start))
                if len(waiting) >= _PREFETCH:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
