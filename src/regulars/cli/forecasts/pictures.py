"""A forecast in pictures, in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from regulars.forecast.forecast_actual import ForecastActual
from regulars.forecast.purchases.result import Forecast
from regulars.reports.charts.folder import fill
from regulars.reports.charts.folder import insist as insist_on
from regulars.reports.charts.write import drawn
from regulars.reports.forecasts.html_report import NAMES, page, pictures
from regulars.services.forecasting import Forecasting

PAGE = "forecast.html"
"""What holds them all."""


def insist(folder: Path, ending: str) -> None:
    """That a forecast can be drawn here, before the work begins. Raises UsageError."""
    insist_on(folder, (PAGE, *(_file(name, ending) for name in NAMES)))


def draw(app: Forecasting, found: Forecast, came: Iterable[ForecastActual], folder: Path, ending: str) -> list[Path]:
    """Draw a forecast's pictures into a folder, and a page with all of them. Returns the paths, the page's first."""
    shown = pictures(found, came, app.customers_of(found))
    files = {PAGE: page(found, shown, app.shop.settings.name)}
    files |= {_file(one.name, ending): drawn(one.chart, ending) for one in shown}
    return fill(folder, files)


def _file(name: str, ending: str) -> str:
    return f"forecast-{name}.{ending}"
