"""Charts as files: SVG, PNG, PDF, an HTML page of their own, or the Vega-Lite JSON they are made of. Nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import vl_convert
from altair.typing import ChartType

from regulars.vocabulary.errors import UsageError

_SHARP = 2
"""Pixels of a PNG for each one of the chart: sharp on today's screens, and fine in print."""
_NOWHERE: list[str] = []
"""Addresses that a chart may fetch from while it is drawn."""


def _svg(spec: dict[str, Any]) -> bytes:
    return vl_convert.vegalite_to_svg(spec, allowed_base_urls=_NOWHERE).encode()


def _png(spec: dict[str, Any]) -> bytes:
    return vl_convert.vegalite_to_png(spec, scale=_SHARP, allowed_base_urls=_NOWHERE)


def _pdf(spec: dict[str, Any]) -> bytes:
    return vl_convert.vegalite_to_pdf(spec, allowed_base_urls=_NOWHERE)


def _html(spec: dict[str, Any]) -> bytes:
    # The menu beside the chart saves it as a file; what would leave the page is left out.
    menu = {"export": True, "source": False, "compiled": False, "editor": False}
    page = vl_convert.vegalite_to_html(
        spec | {"usermeta": {"embedOptions": {"actions": menu}}}, bundle=True, renderer="svg"
    )
    return page.replace(
        "<title>Chart</title>", f"<title>{escape(spec.get('description', 'Chart'))}</title>", 1
    ).encode()


def _json(spec: dict[str, Any]) -> bytes:
    return (json.dumps(spec, indent=1, ensure_ascii=False) + "\n").encode()


WRITERS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "svg": _svg,
    "png": _png,
    "pdf": _pdf,
    "html": _html,
    "json": _json,
}
"""By the ending of a file."""


def drawn(chart: ChartType, ending: str) -> bytes:
    """The file's content. Raises UsageError for an ending that is none of WRITERS."""
    if ending not in WRITERS:
        *some, last = WRITERS
        raise UsageError(
            f"A chart is written as {', '.join(some)} or {last}, not as {ending or 'a file without ending'}."
        )
    return WRITERS[ending](chart.to_dict())


def write(chart: ChartType, path: Path) -> None:
    """Write a chart as what the ending of the path says; the file is there whole, or as it was. Raises UsageError as `drawn`."""
    put(path, drawn(chart, path.suffix.removeprefix(".").lower()))


def put(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old content or the new one, and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.writing")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
