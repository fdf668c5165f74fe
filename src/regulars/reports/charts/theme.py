"""One look for all charts: a white card that reads the same on a dark page, a light page and paper.

The colours are those of Okabe & Ito (2008), told apart by people who are colour-blind; what matters also differs by shape or
dash. The first font is drawn with where a file is written, the others are as wide, so a page lays them out alike.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
from altair.typing import ChartType

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6B7280"
"""What is said, what came, what it is compared with."""
LIGHT_BLUE, MILD_GREY, LIGHT_GREY = "#A6CEE8", "#8B95A1", "#E5E7EB"
"""Ranges, broad areas beside what matters, and lines that only help the eye."""
INK, SOFT_INK, PAPER = "#1F2933", "#52606D", "#FFFFFF"

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
WIDTH = 560
"""Of what is inside the axes, in pixels."""
_TITLE, _SUBTITLE = 70, 104
"""Characters that a line of so many pixels holds."""

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
    """A finished chart in our look."""

    name: str
    """The file's, without its ending."""
    title: str
    """What one sees, in a sentence."""
    chart: ChartType
    reading: str
    """What follows from it, in a sentence or two."""


def rows(records: Iterable[Mapping[str, Any]]) -> alt.InlineData:
    """Records as a chart's data. Numbers keep six digits: nobody sees more, and files stay small and the same."""
    return alt.InlineData(values=[{name: _short(value) for name, value in one.items()} for one in records])


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def picture(name: str, chart: ChartType, title: str, subtitle: str, reading: str) -> Picture:
    """A chart in our look, with its title and subtitle broken into lines that fit. Configuration of its own is replaced."""
    words = alt.TitleParams(_lines(title, _TITLE), subtitle=_lines(subtitle, _SUBTITLE) or alt.Undefined)
    return Picture(name, title, chart.properties(title=words, description=title).configure(**_LOOK), reading)


def _lines(text: str, longest: int) -> list[str]:
    """As few lines as the text needs, of about one length; a number stays with its percent sign."""
    text = text.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.wrap(text, longest)
    while longest > 1 and len(shorter := textwrap.wrap(text, longest - 1, break_long_words=False)) == len(lines):
        lines, longest = shorter, longest - 1
    return lines


def percent(share: float) -> str:
    """A share as people read it: 43 %; below one percent with a decimal, for what is little is not nothing."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{share * 100:.{1 if 0 < share < 0.0095 else 0}f} %"


def percents(signed: bool = False) -> str:
    """The Vega expression that writes an axis of shares as `percent` does; signed, with + and −."""
    sign = "(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + " if signed else ""
    return f"{sign}format(abs(datum.value) * 100, '.2~f') + ' %'"
