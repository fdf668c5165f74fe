"""The shop's own clock in words: how much each month of the year counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regulars.cli.forecasts.tables import numbered
from regulars.services.tables import Table

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_FEW = 0.095
"""A month that is nearer to the average than this is not worth a word in one line."""


def in_words(seasons: Mapping[str, Any] | None) -> list[str]:
    """The months that count most and least, in a line; nothing where no season is part of the forecast."""
    if seasons is None or not seasons["taken"]:
        return []
    by_factor = sorted(zip(seasons["factors"], MONTHS, strict=True), reverse=True)
    unlike = [month for month in (*by_factor[:2], *by_factor[-2:]) if abs(month[0] - 1) > _FEW]
    if not unlike:
        return ["The shop's own seasons are part of it; all months count nearly alike."]
    factors = ", ".join(f"{month} counts {factor:.1f} times" for factor, month in unlike)
    return [f"The shop's own seasons are part of it: {factors} as much as an average month."]


def sheet(seasons: Mapping[str, Any] | None) -> Table:
    """Each month's factor, and whether the forecast uses them."""
    table = numbered(
        ["month"], ["counts"], "Seasons: how much a day of each month counts, where the average day counts 1"
    )
    if seasons is None:
        table.notes.append("Seasons are not known: two years of data are needed before they show.")
        return table
    table.rows += [[month, f"{factor:.2f}"] for month, factor in zip(MONTHS, seasons["factors"], strict=True)]
    table.notes.append(_why(seasons))
    return table


def _why(seasons: Mapping[str, Any]) -> str:
    if not seasons["periods"]:
        return "They are not used: no backtest period has two years of data before it."
    times = f"the {seasons['periods']} periods" if seasons["periods"] > 1 else "the period"
    gained = (
        f"in the backtest, {times} with two years of data before gained {seasons['gain']:+.5f} in log score per customer"
        f" (standard error {seasons['error']:.5f})"
    )
    return (
        f"They are used: {gained}."
        if seasons["taken"]
        else f"They are not used: {gained}, which is not enough to be sure."
    )
