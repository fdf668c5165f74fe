"""What the sheets of all forecasts have in common: how far off a number was, ranges, what came of those that were kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from regulars.forecast.backtests.ranges import Range
from regulars.forecast.conventions import BACKTEST_DAYS, CERTAIN, off_by
from regulars.forecast.forecast_actual import ForecastActual
from regulars.services.tables import Table


def percent(share: float) -> str:
    """+13 %; 0 % without a sign."""
    whole = round(share * 100)
    return f"{whole:+d} %" if whole else "0 %"


def likely(found: Range | None, shown: Callable[[float], str] = "{:,.0f}".format) -> str:
    """Between which a total will lie in eight of ten cases, as far as the past tells."""
    if found is None:
        return "not known"
    return f"{'at least ' if found.at_least else ''}{shown(found.low)} – {shown(found.high)}"


def by_chance(expected: float, spread: float) -> str:
    """Between which eight in ten outcomes lie by chance alone: were the model the whole truth."""
    return f"{max(expected - CERTAIN * spread, 0):,.0f} – {expected + CERTAIN * spread:,.0f}"


def about_ranges(found: Iterable[Range | None]) -> list[str]:
    """What one must know to read such ranges: why one is not known, or said as "at least"."""
    shown = list(found)
    said = []
    if any(one is not None and one.at_least for one in shown):
        said.append(
            f'"At least": fewer than three periods as long fit the data, so {BACKTEST_DAYS}-day errors are taken instead.'
        )
    if None in shown:
        said.append(
            '"Not known": the data are too short to hide and forecast three periods, so there is no range to state.'
        )
    return said


def numbered(words: list[str], numbers: list[str], title: str) -> Table:
    """A sheet whose first columns are words, and the others numbers."""
    return Table([*words, *numbers], title=title, numbers=frozenset(numbers))


def of_kept(came: Iterable[ForecastActual], title: str) -> Table:
    """The forecasts that were made, and what has come since."""
    sheet = numbered(["as of"], ["days", "forecast", "eight in ten", "came", "off by"], title)
    for one in came:
        sheet.rows.append(
            [str(one.as_of), str(one.days), f"{one.forecast:,.0f}", likely(one.range), f"{one.came:,}",
             percent(off_by(one.forecast, one.came))]
        )  # fmt: skip
    return sheet
