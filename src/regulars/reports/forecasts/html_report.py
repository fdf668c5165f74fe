"""All charts of a forecast, and an HTML page of them with an explanation each."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from regulars.forecast.actuals import ForecastActual
from regulars.forecast.purchases.result import Forecast
from regulars.reports.charts.theme import Picture
from regulars.reports.charts.write import render
from regulars.reports.forecasts import backtest, inactivity, value
from regulars.reports.forecasts.customers import Customers

NAMES = ("value-by-tenth", "value-by-chance", "silence", "calibration", "hidden-quarters", "top-tenth", "kept")
"""Names of all possible charts, in their order."""


def pictures(forecast: Forecast, actuals: Iterable[ForecastActual], customers: Customers) -> tuple[Picture, ...]:
    """Return the charts of a forecast, without those that lack data.

    Args:
        forecast: The forecast.
        actuals: Stored forecasts with actuals.
        customers: Aggregates of the predictions.
    """
    every = [
        value.tenths(forecast, customers.tenths),
        value.chances(forecast, customers.chances),
        inactivity.paces(inactivity.fitted(forecast), customers.paces) if customers.paces else None,
    ]
    if forecast.backtest is not None:
        every += [
            backtest.calibration(forecast.backtest),
            backtest.backtest_periods(forecast.backtest),
            backtest.top_tenth(forecast.backtest, forecast.model),
        ]
    every.append(backtest.forecast_actuals(actuals))
    return tuple(chart for chart in every if chart is not None)


def page(forecast: Forecast, shown: Sequence[Picture], shop: str) -> bytes:
    """Return an HTML page with these charts embedded: one file without scripts and network access."""
    stale = f" It is stale. Since it was made, {', '.join(forecast.stale)}." if forecast.stale else ""
    untested = "" if forecast.backtest else " Its accuracy is not known: the data are too short for a backtest."
    about = f"As of {forecast.as_of}, of {forecast.customers:,} customers.{stale}{untested}"
    return _PAGE.format(
        title=escape(f"Forecast of {shop}" if shop else "Forecast"),
        about=escape(about),
        figures="\n".join(map(_figure, shown)),
    ).encode()


def _figure(chart: Picture) -> str:
    inside = base64.b64encode(render(chart.chart, "svg")).decode()
    image = f'<img alt="{escape(chart.title)}" src="data:image/svg+xml;base64,{inside}">'
    return f"<figure>\n{image}\n<figcaption>{escape(chart.reading)}</figcaption>\n</figure>"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2.5rem auto; padding: 0 1rem;
  color: #1f2933; background: #f3f4f6; }}
h1 {{ font-size: 1.6rem; margin-bottom: 0.2rem; }}
figure {{ margin: 2rem 0; break-inside: avoid; }}
img {{ max-width: 100%; height: auto; background: #fff; border-radius: 6px; }}
figcaption {{ margin-top: 0.5rem; }}
@media (prefers-color-scheme: dark) {{ body {{ color: #e5e7eb; background: #16191d; }} }}
@media print {{ body {{ color: #000; background: none; margin: 0; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{about}</p>
{figures}
</body>
</html>
"""
