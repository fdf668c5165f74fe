"""Options of a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from regulars.vocabulary.calendar import epoch_day, from_epoch_day
from regulars.vocabulary.errors import UsageError

LONGEST = 3650
"""Largest horizon in days: beyond ten years a forecast depends on the model more than on the data."""


@dataclass(frozen=True)
class ForecastOptions:
    """Options of a forecast of purchases or of subscriptions.

    Attributes:
        horizon: Days to forecast.
        rate: Discount per year: 0.1 for 10 %.
        model: Name of a model of purchases; None to choose one.
        as_of: Last day whose data are used; None for the last day of the data.

    Raises:
        UsageError: Where an option is out of range.
    """

    horizon: int = 365
    rate: float = 0.1
    model: str | None = None
    as_of: date | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.horizon <= LONGEST:
            raise UsageError(f"A forecast looks 1 to {LONGEST:,} days ahead, not {self.horizon}.")
        if not 0 <= self.rate <= 10:
            raise UsageError(f"A discount is a share of 0 or more a year, such as 0.1 for 10 %, not {self.rate:g}.")


def training_end(options: ForecastOptions, covered: tuple[int, int]) -> int:
    """Return the first epoch day whose data are not used.

    Args:
        options: Options of the forecast.
        covered: First and last epoch day of the data.

    Raises:
        UsageError: Where `as_of` is outside the data.
    """
    if options.as_of is None:
        return covered[1] + 1
    day = epoch_day(options.as_of)
    if not covered[0] <= day <= covered[1]:
        first, last = map(from_epoch_day, covered)
        raise UsageError(f"The data do not reach {options.as_of}: they cover {first} to {last}.")
    return day + 1
