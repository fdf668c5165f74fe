"""All pictures of a forecast, as far as there is something to show, and a page that holds them with a few words each."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from regulars.forecast.forecast_actual import ForecastActual
from regulars.forecast.purchases.result import Forecast
from regulars.reports.charts.theme import Picture
from regulars.reports.charts.write import drawn
from regulars.reports.forecasts import backtest, inactivity, value
from regulars.reports.forecasts.customers import Customers

NAMES = ("value-by-tenth", "value-by-chance", "silence", "calibration", "hidden-quarters", "top-tenth", "kept")
"""Of all pictures there may be, in their order."""


def pictures(found: Forecast, came: Iterable[ForecastActual], of: Customers) -> tuple[Picture, ...]:
    """The pictures of a forecast; came: what came of those that were kept. What there are no data for is left out."""
    every = [
        value.tenths(found, of.tenths),
        value.chances(found, of.chances),
        inactivity.paces(inactivity.fitted(found), of.paces) if of.paces else None,
    ]
    if found.backtest is not None:
        every += [
            backtest.calibration(found.backtest),
            backtest.hidden_quarters(found.backtest),
            backtest.top_tenth(found.backtest, found.model),
        ]
    every.append(backtest.kept_forecasts(came))
    return tuple(one for one in every if one is not None)


def page(found: Forecast, shown: Sequence[Picture], shop: str) -> bytes:
    """An HTML page with these pictures inside it: one file, readable anywhere, without the network or a script."""
    stale = f" It is stale: since it was made, {', '.join(found.stale)}." if found.stale else ""
    untested = (
        "" if found.backtest else " How far off such forecasts were in the past is not known: the data are too short."
    )
    about = f"As of {found.as_of}, of {found.customers:,} customers.{stale}{untested}"
    return _PAGE.format(
        title=escape(f"Forecast of {shop}" if shop else "Forecast"),
        about=escape(about),
        figures="\n".join(map(_figure, shown)),
    ).encode()


def _figure(one: Picture) -> str:
    inside = base64.b64encode(drawn(one.chart, "svg")).decode()
    image = f'<img alt="{escape(one.title)}" src="data:image/svg+xml;base64,{inside}">'
    return f"<figure>\n{image}\n<figcaption>{escape(one.reading)}</figcaption>\n</figure>"


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
