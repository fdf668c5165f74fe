"""What Regulars answers: values that carry all that is needed to trust them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from regulars.metrics.shapes import Metric
from regulars.vocabulary.calendar import Period


class Verdict(StrEnum):
    """What a change against the period before is worth."""

    REAL = "real"
    NOISE = "within noise"
    TOO_FEW = "too few to tell"


@dataclass(frozen=True)
class Change:
    """The difference to the period before, in the metric's own unit, with its 95 % interval where one can be given."""

    before: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Verdict | None
    """None where one of the two periods is unfinished, unripe or empty."""


@dataclass(frozen=True)
class Value:
    """One number. None stands for "nothing there"; `n` is the number of rows or customers it rests on."""

    metric: Metric
    period: Period
    finished: bool
    ripe: bool
    split: dict[str, str]
    value: float | None
    low: float | None
    high: float | None
    n: int
    numerator: float | None
    denominator: float | None
    currency: str | None
    """The shop's currency for money, else None."""
    timezone: str
    change: Change | None = None
