"""A chart becomes a file: really drawn, whole or not at all, and without the network."""

from __future__ import annotations

import json
import re
import struct
import zlib
from pathlib import Path

import altair as alt
import pytest

from regulars.reports.charts import write as writing
from regulars.reports.charts.theme import BLUE, picture, rows
from regulars.reports.charts.write import render, write
from regulars.vocabulary.errors import UsageError
from reports.svg import marks, words

BARS = (
    alt.Chart(rows([{"shop": "one", "orders": 3}, {"shop": "two", "orders": 5}]))
    .mark_bar(color=BLUE)
    .encode(x="shop:N", y="orders:Q")
)
CHART = picture("bars", BARS, "The second shop has 40 % more", "Orders of a day.", "").chart


def pixels(png: bytes) -> tuple[int, int, set[bytes]]:
    """Width, height and the colours of a PNG (8 bits, red, green, blue and alpha), its filters undone."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind) == (8, 6)
    place, packed = 8, b""
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            packed += png[place + 8 : place + 8 + size]
        place += 12 + size
    raw, stride, above, colors = zlib.decompress(packed), 4 * width, bytearray(4 * width), set()
    for row in range(height):
        start = row * (stride + 1)
        how, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride):
            left, up, corner = (line[i - 4], above[i], above[i - 4]) if i >= 4 else (0, above[i], 0)
            nearest = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
            line[i] = (line[i] + (0, left, up, (left + up) // 2, nearest)[how]) % 256
        above = line
        colors |= {bytes(line[i : i + 4]) for i in range(0, stride, 4)}
    return width, height, colors


def test_an_svg_holds_the_words_and_a_mark_for_each_row():
    assert {"The second shop has 40 % more", "Orders of a day.", "one", "two"} <= set(words(CHART))
    assert len(marks(CHART, "rect", BLUE)) == 2


def test_a_png_shows_the_bars_on_paper():
    width, height, colors = pixels(render(CHART, "png"))
    assert width > 100 and height > 100
    assert {b"\x00\x72\xb2\xff", b"\xff\xff\xff\xff"} <= colors


def test_a_pdf_is_one():
    content = render(CHART, "pdf")
    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")


def test_a_page_asks_nobody_for_anything():
    page = render(CHART, "html").decode()
    assert "<title>The second shop has 40 % more</title>" in page
    scripts = re.findall(r"<script([^>]*)>", page)
    assert scripts and [one for one in scripts if "src" in one] == []
    rest = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"https?://|<(?:link|img|iframe|object)|@import|url\(", rest) == []
    assert '"editor":false' in page  # the menu leads nowhere else


def test_json_is_what_the_chart_is_made_of():
    spec = json.loads(render(CHART, "json"))
    assert spec["datasets"][spec["data"]["name"]] == [{"shop": "one", "orders": 3}, {"shop": "two", "orders": 5}]


def test_a_chart_fetches_nothing_while_it_is_drawn():
    outside = alt.Chart("https://example.com/orders.csv").mark_bar().encode(x="shop:N")
    with pytest.raises(ValueError, match=r"not allowed|not permitted|External data"):
        render(outside, "svg")


@pytest.mark.parametrize(("name", "words"), [("chart.gif", "not as gif"), ("chart", "a file without ending")])
def test_an_ending_that_is_not_known_is_refused(tmp_path: Path, name: str, words: str):
    with pytest.raises(UsageError, match=f"svg, png, pdf, html or json, .*{words}"):
        write(CHART, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_exchanged_whole_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "deeper" / "chart.SVG"
    write(CHART, file)
    before = file.read_bytes()
    assert before.startswith(b"<svg")

    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write(BARS, file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_every_way_of_drawing_has_its_option():
    from regulars.cli.options import Drawing

    assert {one.value for one in Drawing} == set(writing.WRITERS)
