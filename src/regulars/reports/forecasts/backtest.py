"""How far to trust a forecast: what was said beside what came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from math import floor, log10
from typing import Any

import altair as alt
from altair.typing import ChartType

from regulars.forecast.conventions import CERTAIN, off_by
from regulars.forecast.forecast_actual import ForecastActual
from regulars.reports.charts.theme import (
    BLUE,
    GREY,
    INK,
    LIGHT_BLUE,
    MILD_GREY,
    ORANGE,
    SOFT_INK,
    WIDTH,
    Picture,
    percent,
    percents,
    picture,
    rows,
)  # fmt: skip

_ROW = 46
"""Pixels that one row of a chart is high."""


def calibration(backtest: Mapping[str, Any]) -> Picture:
    """Ten groups of customers: the chance they were given, and the share of them who bought."""
    groups = backtest["calibration"]
    top = max(groups, key=lambda one: one["forecast"])
    most = max(max(one["forecast"], one["came"]) for one in groups)
    end = _end(most)
    scale = alt.Scale(domain=[0, end], nice=False)

    points = alt.Chart(rows(groups)).encode(
        x=alt.X("forecast:Q", scale=scale, axis=_shares(f"chance to buy within {backtest['days']} days, as forecast")),
        y=alt.Y("came:Q", scale=scale, axis=_shares("share who did")),
    )
    line = alt.Chart(rows(_by_chance(groups, end))).encode(x=alt.X("chance:Q", scale=scale))
    band = line.mark_area(color=LIGHT_BLUE, opacity=0.55, clip=True).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
    diagonal = line.mark_line(color=GREY, strokeWidth=1.5, strokeDash=[5, 4]).encode(y=alt.Y("chance:Q", scale=scale))
    words = alt.Chart(rows([{"at": end * 0.62, "said": "exactly as forecast"}]))
    words = words.mark_text(align="left", baseline="top", dx=14, dy=8, color=SOFT_INK).encode(
        x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale), text="said:N"
    )
    chart = alt.layer(band, diagonal, words, points.mark_point(filled=True, color=ORANGE, size=90, opacity=1))
    return picture(
        "calibration",
        chart.properties(width=WIDTH, height=WIDTH * 0.75),
        f"Of those given the best chances, {percent(top['forecast'])} on average, {percent(top['came'])} bought",
        f"Ten groups of customers, by their chance to buy within {backtest['days']} days in the past that was hidden. "
        "In eight of ten cases chance alone leaves a point within the blue band.",
        "A point on the line is a group that bought as often as was said; above it more did, below it fewer.",
    )


def _end(most: float) -> float:
    """Where an axis of shares ends: the next round one."""
    step = 10.0 ** floor(log10(most)) if most > 0 else 0.1
    return min(1.0, round((floor(most / step) + 1) * step, 9))


def _by_chance(groups: Sequence[Mapping[str, float]], end: float) -> list[dict[str, float]]:
    """Along the diagonal: between which shares eight in ten groups would lie, were the chances right."""
    of_group = sum(one["customers"] for one in groups) / len(groups)
    found = []
    for step in range(41):
        chance = end * step / 40
        off = CERTAIN * (chance * (1 - chance) / of_group) ** 0.5
        found.append({"chance": chance, "low": max(chance - off, 0.0), "high": min(chance + off, 1.0)})
    return found


def _shares(title: str) -> alt.Axis:
    return alt.Axis(title=title, labelExpr=percents())


_WORDS = 150
"""Pixels beside a chart's rows for what is said of each."""


def hidden_quarters(backtest: Mapping[str, Any]) -> Picture:
    """The last quarters, hidden and forecast: how many customers would buy, and how many did."""
    days, quarters = backtest["days"], sorted(backtest["quarters"], key=lambda one: str(one["as_of"]))
    naive = f"as many as in the {days} days before"
    ranges, marks = [], []
    for one in quarters:
        buyers, quarter = one["buyers"], _quarter(one["as_of"], days)
        off = CERTAIN * buyers["spread"]
        low, high = max(buyers["forecast"] - off, 0.0), buyers["forecast"] + off
        ranges.append({"quarter": quarter, "low": low, "high": high, "off": _in_words(buyers)})
        marks += [
            {"quarter": quarter, "what": what, "customers": float(buyers[name])}
            for what, name in (("forecast", "forecast"), ("came", "came"), (naive, "naive"))
        ]
    scale = alt.Scale(zero=False, nice=True, padding=14)
    customers = alt.X(
        "customers:Q", scale=scale, axis=alt.Axis(title=f"customers who buy within the {days} days", format=",.0f")
    )
    rows_of = alt.Y(
        "quarter:N", sort=[one["quarter"] for one in ranges], axis=alt.Axis(title=None, labelColor=INK, labelLimit=220)
    )
    bars = alt.Chart(rows(ranges)).encode(y=rows_of)
    band = bars.mark_bar(size=22, color=LIGHT_BLUE).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    words = bars.mark_text(align="left", dx=16).encode(x=alt.value(WIDTH - _WORDS), text="off:N")
    points = alt.Chart(rows(marks)).mark_point(filled=True, size=110, opacity=1)
    kinds = ["forecast", "came", naive]
    points = points.encode(
        x=customers,
        y=rows_of,
        color=alt.Color("what:N", scale=alt.Scale(domain=kinds, range=[BLUE, ORANGE, GREY])),
        shape=alt.Shape("what:N", scale=alt.Scale(domain=kinds, range=["square", "circle", "diamond"])),
    )
    return picture(
        "hidden-quarters",
        alt.layer(band, points, words).properties(width=WIDTH - _WORDS, height=_ROW * len(quarters)),
        _how_far_off(quarters),
        "Each forecast knew only what came before. The bar is chance alone: eight in ten, were the model the whole truth.",
        "Where the orange point lies outside the blue bar, something happened that the model does not know: sales,"
        " advertising, a season it could not learn yet.",
    )


def _how_far_off(quarters: Sequence[Mapping[str, Any]]) -> str:
    buyers = [one["buyers"] for one in quarters if one["buyers"]["came"]]
    if not buyers:
        return "Nobody came in the days that were hidden"
    ours, guess = (_from_to([abs(off_by(one[name], one["came"])) for one in buyers]) for name in ("forecast", "naive"))
    return f"Hidden and forecast, the number of buyers was off by {ours}; guessed from the days before, by {guess}"


def kept_forecasts(came: Iterable[ForecastActual]) -> Picture | None:
    """What came of the forecasts that were kept, each as a share of what it said; None where none of them is over yet."""
    found: list[dict[str, Any]] = [
        {
            "forecast": f"{one.days} days from {_day(one.as_of + timedelta(days=1))}",
            "low": None if one.range is None else one.range.low / one.forecast - 1,
            "high": None if one.range is None else one.range.high / one.forecast - 1,
            "off": one.came / one.forecast - 1,
            "said": f"{one.forecast:,.0f} said, {one.came:,} came",
        }
        for one in sorted(came, key=lambda one: (one.as_of, one.days))
        if one.forecast > 0
    ]
    if not found:
        return None
    stated = [one for one in found if one["low"] is not None]
    inside = sum(one["low"] <= one["off"] <= one["high"] for one in stated)
    scale = alt.Scale(nice=True, zero=True, padding=14)
    axis = alt.Axis(title="customers who bought, against the forecast", labelExpr=percents(signed=True))
    rows_of = alt.Y(
        "forecast:N",
        sort=[str(one["forecast"]) for one in found],
        axis=alt.Axis(title=None, labelColor=INK, labelLimit=220),
    )
    each = alt.Chart(rows(found)).encode(y=rows_of)
    zero = alt.Chart(rows([{"at": 0}])).mark_rule(color=GREY, strokeDash=[5, 4]).encode(x=alt.X("at:Q", scale=scale))
    ranges = alt.Chart(rows(stated)).encode(y=rows_of)
    band = ranges.mark_bar(size=20, color=LIGHT_BLUE).encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q")
    points = each.mark_point(filled=True, color=ORANGE, size=100, opacity=1).encode(
        x=alt.X("off:Q", scale=scale, axis=axis)
    )
    words = each.mark_text(align="left", dx=16).encode(x=alt.value(WIDTH - _WORDS), text="said:N")
    return picture(
        "kept",
        alt.layer(band, zero, points, words).properties(width=WIDTH - _WORDS, height=_ROW * 0.75 * len(found)),
        _came_true(len(found), len(stated), inside),
        "Blue: the range that was stated, eight in ten. Orange: what came, as a share of what was forecast.",
        "How far the orange points lie from the dashed line is how far off forecasts of this shop are. Trust the next one as"
        " much as these. Where no bar is drawn, the data of that day told no range.",
    )


def _came_true(kept: int, stated: int, inside: int) -> str:
    if not stated:
        return (
            f"{kept} numbers forecast and since come: their ranges were not known"
            if kept > 1
            else ("A number forecast and since come: its range was not known")
        )
    if stated == 1:
        return f"The number forecast and since come {'lay' if inside else 'did not lie'} within its range"
    return f"Of {stated} numbers forecast with a range and since come, {inside or 'none'} lay within it"


def top_tenth(backtest: Mapping[str, Any], chosen: str) -> Picture:
    """The share of purchases made by the tenth of customers that each way of forecasting expected to buy most."""
    ways = {
        **backtest["models"],
        "logistic regression": backtest.get("logistic"),
        "gradient boosting": backtest.get("boosting"),
        f"the {backtest['days']} days before": backtest["naive"],
    }
    found = [
        {"way": _called(name, chosen), "share": one["top_tenth"], "taken": name == chosen}
        for name, one in ways.items()
        if one is not None
    ]
    found.sort(key=lambda one: -one["share"])
    found.append({"way": "a tenth drawn by lot", "share": 0.1, "taken": False})
    bars = _bars(found, "way", "share", alt.condition("datum.taken", alt.value(BLUE), alt.value(MILD_GREY)))
    share = backtest["models"][chosen]["top_tenth"]
    return picture(
        "top-tenth",
        bars.properties(width=WIDTH - _WORDS, height=_ROW * 0.7 * len(found)),
        f"The tenth of customers expected to buy most made {percent(share)} of the purchases that came",
        f"Share of all purchases within {backtest['days']} hidden days, by who picked that tenth.",
        "If you can write to one customer in ten, this is what choosing them well is worth.",
    )


def _bars(found: Sequence[Mapping[str, Any]], name: str, share: str, color: Any) -> ChartType:
    """Lying bars of shares in the given order, each with its number at its end."""
    each = alt.Chart(rows([{**one, "said": percent(one[share])} for one in found])).encode(
        x=alt.X(f"{share}:Q", axis=None, scale=alt.Scale(domainMin=0)),
        y=alt.Y(
            f"{name}:N",
            sort=[str(one[name]) for one in found],
            axis=alt.Axis(title=None, labelColor=INK, labelLimit=220),
        ),
    )
    return alt.layer(
        each.mark_bar(size=20).encode(color=color), each.mark_text(align="left", dx=6).encode(text="said:N")
    )


def _in_words(buyers: Mapping[str, float]) -> str:
    if not buyers["came"]:
        return "nobody came"
    off = off_by(buyers["forecast"], buyers["came"])
    if abs(off) < 0.005:
        return "as forecast"
    return f"forecast {percent(abs(off))} too {'high' if off > 0 else 'low'}"


def _from_to(shares: Sequence[float]) -> str:
    low, high = percent(min(shares)), percent(max(shares))
    return low if low == high else f"{low.removesuffix(' %')}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high}"


def _called(name: str, chosen: str) -> str:
    called = _NAMES.get(name, name)
    return f"{called} (taken)" if name == chosen else called


def _quarter(as_of: str, days: int) -> str:
    first = date.fromisoformat(as_of) + timedelta(days=1)
    last = first + timedelta(days=days - 1)
    start = _day(first).removesuffix(f" {last.year}")
    return f"{start} – {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_NAMES = {"pareto": "Pareto/NBD", "mbg": "MBG/NBD", "bg": "BG/NBD", "nbd": "NBD"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
