"""All pictures of a forecast, and the page with them."""

from __future__ import annotations

import base64
import re
from datetime import date

from regulars.forecast.actuals import ForecastActual
from regulars.reports.forecasts.customers import Customers, Paces, Part
from regulars.reports.forecasts.html_report import NAMES, page, pictures
from reports.forecasts import backtest, forecast

OF = Customers((Part(1, 100, 10.0),), (Part(0, 100, 10.0),), Paces(2, 10.0, 40.0))
KEPT = [ForecastActual(date(2025, 9, 30), 30, 100.0, None, 95)]


def names(*given: object) -> list[str]:
    return [one.name for one in pictures(*given)]


def test_there_is_a_picture_of_everything_one_knows():
    found = forecast(model="pareto", parameters={"r": 0.7, "alpha": 90.0, "s": 0.9, "beta": 300.0}, backtest=backtest())
    assert names(found, KEPT, OF) == list(NAMES)


def test_what_is_not_known_is_left_out():
    assert names(forecast(), [], OF) == ["value-by-tenth", "value-by-chance", "silence"]
    assert names(forecast(), KEPT, Customers((), (), None)) == ["kept"]
    assert names(forecast(), [], Customers((), (), None)) == []


def test_the_page_holds_its_pictures_and_asks_nobody_for_anything():
    found = forecast(stale=("files were loaded",))
    shown = pictures(found, KEPT, OF)
    html = page(found, shown, "Tea & <Biscuits>").decode()
    assert "<title>Forecast of Tea &amp; &lt;Biscuits&gt;</title>" in html
    assert "As of 2025-12-31, of 1,000 customers. It is stale. Since it was made, files were loaded." in html
    assert "the data are too short" in html
    inside = re.findall(r'<img alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)">', html)
    assert len(inside) == len(shown) == html.count("<figcaption>") == 4
    assert all(base64.b64decode(content).startswith(b"<svg") for _, content in inside)
    assert re.findall(r"<script|<link|https?:|@import|url\(", html) == []
