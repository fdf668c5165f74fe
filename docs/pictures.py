"""Draws the pictures of the documentation from a simulated shop: `make pictures`.

`tests/reports/test_docs.py` checks that they are up to date. It allows small differences of positions.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import numpy as np

from regulars.forecast import PurchaseForecast, RFMSummary, fit
from regulars.forecast.options import ForecastOptions
from regulars.reports.charts.theme import Picture
from regulars.reports.charts.write import write
from regulars.reports.forecasts import inactivity
from regulars.reports.forecasts.html_report import pictures
from regulars.services.forecasting import Forecasting
from regulars.simulate import ShopShape, simulate, write_canonical
from regulars.vocabulary.shop import Shop

FOLDER = Path(__file__).parent / "pictures"
SHAPE = ShopShape(customers=6000, months=36, until=date(2025, 12, 31))
KEPT = (date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30))
"""Days of the earlier forecasts."""
MODELS = {"Pareto/NBD": "pareto", "MBG/NBD": "mbg", "BG/NBD": "bg"}
_HISTORIES = "SELECT frequency, recency, age, count(*) FROM facts.predictions WHERE as_of = ? GROUP BY ALL ORDER BY ALL"


def render() -> tuple[Picture, ...]:
    """All pictures, of a simulated shop in a temporary folder."""
    with tempfile.TemporaryDirectory() as work:
        write_canonical(simulate(SHAPE, seed=11), Path(work, "files"), tables=("orders",))
        app = Forecasting(Shop.create(Path(work, "shop"), currency=SHAPE.currency, timezone=SHAPE.timezone))
        app.load([Path(work, "files")])
        for day in KEPT:
            app.forecast(ForecastOptions(as_of=day))
        forecast = app.forecast()
        of_shop = pictures(forecast, app.actuals(), app.customers_of(forecast))
        with app.reading() as con:
            histories = con.execute(_HISTORIES, [forecast.as_of]).fetchnumpy()
    return (*of_shop, inactivity.one_time(fitted(histories)))


def fitted(histories: dict[str, np.ndarray]) -> dict[str, PurchaseForecast]:
    """Each of MODELS, fitted to the shop's customers, with times in days."""
    cells = RFMSummary(*(np.asarray(column, dtype=float) for column in histories.values()))
    return {title: fit(cells, model) for title, model in MODELS.items()}


if __name__ == "__main__":
    for picture in render():
        write(picture.chart, FOLDER / f"{picture.name}.svg")
