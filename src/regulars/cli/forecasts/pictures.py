"""A forecast in pictures, in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from regulars.forecast.actuals import ForecastActual
from regulars.forecast.purchases.result import Forecast
from regulars.reports.charts.folder import fill, require_writable
from regulars.reports.charts.write import render
from regulars.reports.forecasts.html_report import NAMES, page, pictures
from regulars.services.forecasting import Forecasting

PAGE = "forecast.html"
"""What holds them all."""


def require_folder(folder: Path, ending: str) -> None:
    """Raise UsageError where a forecast cannot be drawn into the folder, before the work begins."""
    require_writable(folder, (PAGE, *(_file(name, ending) for name in NAMES)))


def draw(
    app: Forecasting, forecast: Forecast, actuals: Iterable[ForecastActual], folder: Path, ending: str
) -> list[Path]:
    """Draw a forecast's pictures into a folder, and a page with all of them. Returns the paths, the page's first."""
    shown = pictures(forecast, actuals, app.customers_of(forecast))
    files = {PAGE: page(forecast, shown, app.shop.settings.name)}
    files |= {_file(picture.name, ending): render(picture.chart, ending) for picture in shown}
    return fill(folder, files)


def _file(name: str, ending: str) -> str:
    return f"forecast-{name}.{ending}"
