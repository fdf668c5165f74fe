"""The documentation's pictures show what the charts and the models say today."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from regulars.reports.charts.write import render

DOCS = Path(__file__).resolve().parents[2] / "docs"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
LARGEST = 60_000
"""Bytes: a page with all of them opens at once."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_pictures", DOCS / "pictures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(svg: str) -> Iterator[tuple[str, list[float]]]:
    """Everything in an SVG in its order: what it is, in words alone, and its numbers; of texts the numbers are words."""
    for element in ET.fromstring(svg).iter():
        attributes = " ".join(f"{name}={value}" for name, value in sorted(element.attrib.items()))
        attributes = re.sub(r"clip\d+", "clip", attributes)  # numbered through all that one process draws
        yield (
            f"{element.tag} {element.text} {NUMBER.sub('#', attributes)}",
            list(map(float, NUMBER.findall(attributes))),
        )


@pytest.mark.slow
def test_the_pictures_are_up_to_date(script: ModuleType):
    made = {f"{one.name}.svg": render(one.chart, "svg").decode() for one in script.render()}
    kept = {file.name: file.read_text(encoding="utf-8") for file in (DOCS / "pictures").iterdir()}
    assert sorted(made) == sorted(kept), "Run make pictures."
    for name, svg in made.items():
        now, then = list(shown(svg)), list(shown(kept[name]))
        assert [what for what, _ in now] == [what for what, _ in then], f"{name}: run make pictures."
        for (what, numbers), (_, before) in zip(now, then, strict=True):
            # Half a pixel, or half a digit that is rounded, is not seen.
            assert numbers == pytest.approx(before, abs=0.6), f"{name}, {what}: run make pictures."


def test_every_picture_is_small_and_stands_on_a_page():
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    for file in (DOCS / "pictures").iterdir():
        assert f"](pictures/{file.name})" in pages
        assert file.stat().st_size < LARGEST


def test_what_is_said_of_a_picture_is_what_it_shows():
    for page in DOCS.glob("*.md"):
        for told, name in re.findall(r"!\[(.*)\]\(pictures/(.*)\)", page.read_text(encoding="utf-8")):
            root = ET.fromstring((DOCS / "pictures" / name).read_text(encoding="utf-8"))
            seen = set(re.findall(r"\d+", " ".join(root.itertext())))
            assert set(re.findall(r"\d+", told)) - seen == set(), name
