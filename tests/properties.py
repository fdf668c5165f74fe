"""How many examples a property draws: few in `make test`, several times as many in `make test-slow` and
`make test-all`."""

from __future__ import annotations

import os

FACTOR = int(os.environ.get("REGULARS_TEST_EXAMPLES", "1"))
"""How many times as many examples; `make test-slow` and `make test-all` set it."""


def few(number: int) -> int:
    """So many examples, times `FACTOR`."""
    return number * FACTOR
