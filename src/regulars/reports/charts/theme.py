"""Theme of all charts: a white card that is readable on dark and light pages and on paper.

The colours are those of Okabe & Ito (2008), which colour-blind people can distinguish; important marks also differ by shape
or dash. Files are written with the first font; the others have the same widths, so pages have the same layout.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
from altair.typing import ChartType

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6B7280"
"""Colours of forecasts, actuals and baselines."""
LIGHT_BLUE, MILD_GREY, LIGHT_GREY = "#A6CEE8", "#8B95A1", "#E5E7EB"
"""Colours of ranges, secondary areas and grid lines."""
INK, SOFT_INK, PAPER = "#1F2933", "#52606D", "#FFFFFF"

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
WIDTH = 560
"""Width of the plot area, in pixels."""
_TITLE, _SUBTITLE = 70, 104
"""Characters per line of title and subtitle."""

_LOOK: dict[str, Any] = {
    "background": PAPER,
    "padding": 18,
    "font": FONT,
    "view": {"stroke": None},
    "title": {
        "anchor": "start", "frame": "bounds", "fontSize": 17, "fontWeight": "bold", "color": INK, "offset": 14, "lineHeight": 22,
        "subtitleFontSize": 12.5, "subtitleColor": SOFT_INK, "subtitlePadding": 6, "subtitleLineHeight": 17,
    },
    "axis": {
        "labelColor": SOFT_INK, "labelFontSize": 12, "titleColor": SOFT_INK, "titleFontSize": 12, "titleFontWeight": "normal",
        "titlePadding": 10, "labelPadding": 6, "gridColor": LIGHT_GREY, "domain": False, "ticks": False,
    },
    "axisQuantitative": {"tickCount": 6, "labelFlush": False},
    "legend": {
        "orient": "top", "direction": "horizontal", "title": None, "labelColor": INK, "labelFontSize": 12, "labelLimit": 320,
        "symbolSize": 90, "offset": 6, "columnPadding": 18,
    },
    "header": {"labelColor": INK, "labelFontSize": 13, "labelFontWeight": "bold", "labelPadding": 8, "title": None},
    "text": {"color": INK, "fontSize": 12},
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A chart with the theme, its title and its explanation."""

    name: str
    """Name of the file, without its ending."""
    title: str
    """Sentence with the main result."""
    chart: ChartType
    reading: str
    """Interpretation, in one or two sentences."""


def rows(records: Iterable[Mapping[str, Any]]) -> alt.InlineData:
    """Return records as a chart's data. Numbers are rounded to six digits, for small and reproducible files."""
    return alt.InlineData(values=[{name: _short(value) for name, value in record.items()} for record in records])


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def picture(name: str, chart: ChartType, title: str, subtitle: str, reading: str) -> Picture:
    """Return a chart with the theme, and title and subtitle wrapped. The chart's own configuration is replaced."""
    words = alt.TitleParams(_lines(title, _TITLE), subtitle=_lines(subtitle, _SUBTITLE) or alt.Undefined)
    return Picture(name, title, chart.properties(title=words, description=title).configure(**_LOOK), reading)


def _lines(text: str, longest: int) -> list[str]:
    """Wrap a text into the fewest lines, of similar length; a number is not separated from its percent sign."""
    text = text.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.wrap(text, longest)
    while longest > 1 and len(shorter := textwrap.wrap(text, longest - 1, break_long_words=False)) == len(lines):
        lines, longest = shorter, longest - 1
    return lines


def percent(share: float) -> str:
    """Format a share as percentage: 43 %; below 1 % with a decimal."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{share * 100:.{1 if 0 < share < 0.0095 else 0}f} %"


def percents(signed: bool = False) -> str:
    """Return the Vega expression that formats an axis of shares as `percent` does; `signed` adds + and −."""
    sign = "(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + " if signed else ""
    return f"{sign}format(abs(datum.value) * 100, '.2~f') + ' %'"
