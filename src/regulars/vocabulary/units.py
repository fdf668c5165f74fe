"""Units of metrics, and which direction is good."""

from __future__ import annotations

from enum import StrEnum
from math import inf

Bounds = tuple[float, float]


class Unit(StrEnum):
    """What a value is counted in. Shares lie in 0–1, rates are shares that may leave it; times are in the unit named."""

    COUNT = "count"
    SHARE = "share"
    RATE = "rate"
    MONEY = "money"
    DAYS = "days"
    SECONDS = "seconds"
    SCORE = "score"
    NPS = "nps"
    PER_CUSTOMER = "per customer"
    PER_REQUEST = "per request"
    PER_CALL = "per call"
    TIMES = "times"

    @property
    def bounds(self) -> Bounds:
        """The least and the greatest value there can be."""
        return _BOUNDS.get(self, (-inf, inf))

    @property
    def on_log_scale(self) -> bool:
        """Whether intervals of ratios are estimated on the log scale: for money and durations."""
        return self in _ON_LOG_SCALE


_BOUNDS: dict[Unit, Bounds] = {Unit.SHARE: (0, 1), Unit.NPS: (-100, 100)}
_ON_LOG_SCALE = frozenset((Unit.MONEY, Unit.DAYS, Unit.SECONDS))


class Better(StrEnum):
    """Which direction of a metric is good for the shop."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"
