"""The look of all charts: readable by everybody, lines that fit."""

from __future__ import annotations

import pytest

from regulars.reports.charts import theme
from regulars.reports.charts.theme import percent, picture, rows
from reports.svg import words


def luminance(color: str) -> float:
    """Relative luminance, as the Web Content Accessibility Guidelines 2.1 define it."""
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("color", "least"),
    [
        (theme.INK, 7), (theme.SOFT_INK, 4.5), (theme.BLUE, 4.5), (theme.GREY, 4.5),
        (theme.ORANGE, 3), (theme.MILD_GREY, 3),
    ],
)  # fmt: skip
def test_what_is_drawn_stands_out_from_the_paper(color: str, least: float):
    assert (luminance(theme.PAPER) + 0.05) / (luminance(color) + 0.05) >= least


def test_a_long_title_is_broken_into_even_lines_and_a_number_keeps_its_sign():
    import altair as alt

    dot = alt.Chart(rows([{"at": 1}])).mark_point()
    title = (
        "Of the customers who were given a chance of more than a half, no fewer than 69 % came back and bought again"
    )
    found = words(picture("dot", dot, title, "", "").chart)
    assert " ".join(found) == title
    assert len(found) == 2 and abs(len(found[0]) - len(found[1])) < 12
    assert sum(line.startswith("%") for line in found) == 0


def test_numbers_keep_six_digits_and_whole_ones_all():
    values = rows([{"a": 1 / 3, "b": 12_345_678, "c": "as it is"}]).values
    assert values == [{"a": 0.333333, "b": 12_345_678, "c": "as it is"}]


def test_a_share_is_read_as_percent():
    assert (percent(0.426), percent(0), percent(1), percent(0.0099)) == ("43 %", "0 %", "100 %", "1 %")


def test_little_is_not_nothing():
    assert (percent(0.004), percent(0.00001)) == ("0.4 %", "< 0.1 %")
