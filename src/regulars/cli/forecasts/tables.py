"""Columns that all forecast tables share: errors, ranges, stored forecasts beside the actuals."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from regulars.forecast.actuals import ForecastActual
from regulars.forecast.conventions import BACKTEST_DAYS, Z_80, relative_error
from regulars.forecast.prediction_intervals import PredictionInterval
from regulars.services.tables import Table


def percent(share: float) -> str:
    """+13 %; 0 % without a sign."""
    whole = round(share * 100)
    return f"{whole:+d} %" if whole else "0 %"


def likely(interval: PredictionInterval | None, shown: Callable[[float], str] = "{:,.0f}".format) -> str:
    """Return the 80 % range of a total, as wide as past errors make it."""
    if interval is None:
        return "not known"
    return f"{'at least ' if interval.at_least else ''}{shown(interval.low)} – {shown(interval.high)}"


def by_chance(expected: float, spread: float) -> str:
    """Return the 80 % range by chance alone, if the model were exactly true."""
    return f"{max(expected - Z_80 * spread, 0):,.0f} – {expected + Z_80 * spread:,.0f}"


def about_ranges(ranges: Iterable[PredictionInterval | None]) -> list[str]:
    """Notes on ranges: why one is not known, or is stated as "at least"."""
    shown = list(ranges)
    notes = []
    if any(interval is not None and interval.at_least for interval in shown):
        notes.append(
            f'"At least": fewer than three periods as long fit the data, so {BACKTEST_DAYS}-day errors are taken instead.'
        )
    if None in shown:
        notes.append('"Not known": the data are too short for a backtest of three periods, so there is no range.')
    return notes


def numbered(words: list[str], numbers: list[str], title: str) -> Table:
    """A sheet whose first columns are words, and the others numbers."""
    return Table([*words, *numbers], title=title, numbers=frozenset(numbers))


def of_kept(actuals: Iterable[ForecastActual], title: str) -> Table:
    """Return the stored forecasts beside the actuals."""
    sheet = numbered(["as of"], ["days", "forecast", "eight in ten", "actual", "error"], title)
    for actual in actuals:
        sheet.rows.append(
            [str(actual.as_of), str(actual.days), f"{actual.forecast:,.0f}", likely(actual.range), f"{actual.actual:,}",
             percent(relative_error(actual.forecast, actual.actual))]
        )  # fmt: skip
    return sheet
