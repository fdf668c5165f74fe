"""What is asked of a forecast, of purchases or of subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from regulars.vocabulary.calendar import epoch_day, from_epoch_day
from regulars.vocabulary.errors import UsageError

LONGEST = 3650
"""Days: beyond ten years a forecast would say more about the model than about the shop."""


@dataclass(frozen=True)
class ForecastOptions:
    """What is asked of a forecast: days it looks ahead, the discount a year, a model by name, the last day it shall know."""

    horizon: int = 365
    rate: float = 0.1
    model: str | None = None
    as_of: date | None = None

    def __post_init__(self) -> None:
        """Raises UsageError for what cannot be asked."""
        if not 1 <= self.horizon <= LONGEST:
            raise UsageError(f"A forecast looks 1 to {LONGEST:,} days ahead, not {self.horizon}.")
        if not 0 <= self.rate <= 10:
            raise UsageError(f"A discount is a share of 0 or more a year, such as 0.1 for 10 %, not {self.rate:g}.")


def training_end(wish: ForecastOptions, covered: tuple[int, int]) -> int:
    """The first epoch day that is not seen, where the data cover these epoch days. Raises UsageError beyond them."""
    if wish.as_of is None:
        return covered[1] + 1
    day = epoch_day(wish.as_of)
    if not covered[0] <= day <= covered[1]:
        first, last = map(from_epoch_day, covered)
        raise UsageError(f"The data do not reach {wish.as_of}: they cover {first} to {last}.")
    return day + 1
