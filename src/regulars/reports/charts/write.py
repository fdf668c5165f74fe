"""Write charts as SVG, PNG, PDF, HTML or Vega-Lite JSON, without network access."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import vl_convert
from altair.typing import ChartType

from regulars.system.disk import replace, require_file_name
from regulars.vocabulary.errors import UsageError

_SHARP = 2
"""Pixels of a PNG per pixel of the chart."""
_NOWHERE: list[str] = []
"""Addresses that a chart may access while it is rendered: none."""


def _svg(spec: dict[str, Any]) -> bytes:
    return vl_convert.vegalite_to_svg(spec, allowed_base_urls=_NOWHERE).encode()


def _png(spec: dict[str, Any]) -> bytes:
    return vl_convert.vegalite_to_png(spec, scale=_SHARP, allowed_base_urls=_NOWHERE)


def _pdf(spec: dict[str, Any]) -> bytes:
    return vl_convert.vegalite_to_pdf(spec, allowed_base_urls=_NOWHERE)


def _html(spec: dict[str, Any]) -> bytes:
    # The chart's menu offers saving only, no links to other sites.
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
"""Renderers by file ending."""


def render(chart: ChartType, ending: str) -> bytes:
    """Return the content of a chart file. Raises UsageError for an ending that is not in WRITERS."""
    if ending not in WRITERS:
        *some, last = WRITERS
        raise UsageError(
            f"A chart is written as {', '.join(some)} or {last}, not as {ending or 'a file without ending'}."
        )
    return WRITERS[ending](chart.to_dict())


def write(chart: ChartType, path: Path) -> None:
    """Write a chart in the format of the path's ending, atomically. Raises UsageError as `render`."""
    write_atomically(path, render(chart, path.suffix.removeprefix(".").lower()))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader gets the old content or the new one."""
    require_file_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.writing")
    try:
        temporary.write_bytes(content)
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
