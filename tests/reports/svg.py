"""What one sees in an SVG: its words, and its marks by colour."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from altair.typing import ChartType

from regulars.reports.charts.write import render

SPACE = "{http://www.w3.org/2000/svg}"


def parsed(chart: ChartType) -> ET.Element:
    return ET.fromstring(render(chart, "svg"))


def words(chart: ChartType) -> list[str]:
    """Every piece of text, lines of one text apart; a space that does not break is a space."""
    return [
        " ".join("".join(line.itertext()).split())
        for text in parsed(chart).iter(f"{SPACE}text")
        for line in (list(text) or [text])
    ]


def said(chart: ChartType) -> str:
    """All words in a row, as one reads them."""
    return " ".join(words(chart))


def marks(chart: ChartType, kind: str, color: str | None = None) -> list[ET.Element]:
    """The marks of a kind (symbol, rect, line, area, rule, text), those of a colour alone where one is given."""
    groups = (group for group in parsed(chart).iter(f"{SPACE}g") if f"mark-{kind} role-mark" in group.get("class", ""))
    found = [mark for group in groups for mark in group]
    return [mark for mark in found if color is None or color in (mark.get("fill"), mark.get("stroke"))]
