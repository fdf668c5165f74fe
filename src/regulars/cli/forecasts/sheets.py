"""What the sheets of all forecasts have in common: how far off a number was, ranges, what came of those that were kept."""

from __future__ import annotations

from collections.abc import Iterable

from regulars.cli.output import Sheet
from regulars.forecast.conventions import CERTAIN, off_by
from regulars.forecast.hindsight import Outcome


def percent(share: float) -> str:
    """+13 %; 0 % without a sign."""
    whole = round(share * 100)
    return f"{whole:+d} %" if whole else "0 %"


def likely(expected: float, spread: float) -> str:
    """What eight in ten outcomes lie between, by the model."""
    return f"{max(expected - CERTAIN * spread, 0):,.0f} – {expected + CERTAIN * spread:,.0f}"


def numbered(words: list[str], numbers: list[str], title: str) -> Sheet:
    """A sheet whose first columns are words, and the others numbers."""
    return Sheet([*words, *numbers], title=title, numbers=frozenset(numbers))


def of_kept(came: Iterable[Outcome], title: str) -> Sheet:
    """The forecasts that were made, and what has come since."""
    sheet = numbered(["as of"], ["days", "forecast", "eight in ten", "came", "off by"], title)
    for one in came:
        sheet.rows.append(
            [str(one.as_of), str(one.days), f"{one.forecast:,.0f}", likely(one.forecast, one.spread), f"{one.came:,}",
             percent(off_by(one.forecast, one.came))]
        )  # fmt: skip
    return sheet
