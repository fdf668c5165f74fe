"""How far to trust a forecast, drawn for people."""

from __future__ import annotations

from pathlib import Path

from regulars.cli.output import Sheet, say, show
from regulars.cli.shops import naming
from regulars.forecast.shop.books import Forecast


def trust(found: Forecast, shop: Path) -> None:
    """How far to trust it: parameters, and what forecasts made in the past would have done."""
    say()
    sheet = Sheet(["parameter", "value", "standard error"], numbers=frozenset(["value", "standard error"]))
    for name, value in found.parameters.items():
        sheet.rows.append([name, f"{value:.4g}", f"{found.standard_errors[name]:.2g}"])
    show(sheet)
    if found.backtest is None:
        say(
            "How such forecasts did in the past is not known: the data are too short to hide a part of them and forecast it."
        )
    say(f"A new forecast: regulars forecast{naming(shop)}")
