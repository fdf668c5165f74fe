"""Units of metrics, and which direction is good."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """What a value is counted in. Shares lie in 0–1; times are in the unit named."""

    COUNT = "count"
    SHARE = "share"
    MONEY = "money"
    DAYS = "days"
    SECONDS = "seconds"
    SCORE = "score"
    PER_CUSTOMER = "per customer"
    TIMES = "times"


class Better(StrEnum):
    """Which direction of a metric is good for the shop."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"
