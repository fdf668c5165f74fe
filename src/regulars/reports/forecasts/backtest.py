"""Charts of a forecast's accuracy: forecasts beside actuals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from math import floor, log10
from typing import Any

import altair as alt
from altair.typing import ChartType

from regulars.forecast.actuals import ForecastActual
from regulars.forecast.conventions import Z_80, relative_error
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
"""Height of a chart's row, in pixels."""


def calibration(backtest: Mapping[str, Any]) -> Picture:
    """Return the calibration chart: forecast probability and share of buyers, for ten groups of customers."""
    groups = backtest["calibration"]
    top = max(groups, key=lambda group: group["forecast"])
    most = max(max(group["forecast"], group["actual"]) for group in groups)
    end = _end(most)
    scale = alt.Scale(domain=[0, end], nice=False)

    points = alt.Chart(rows(groups)).encode(
        x=alt.X("forecast:Q", scale=scale, axis=_shares(f"chance to buy within {backtest['days']} days, as forecast")),
        y=alt.Y("actual:Q", scale=scale, axis=_shares("share who did")),
    )
    line = alt.Chart(rows(_by_chance(groups, end))).encode(x=alt.X("chance:Q", scale=scale))
    band = line.mark_area(color=LIGHT_BLUE, opacity=0.55, clip=True).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
    diagonal = line.mark_line(color=GREY, strokeWidth=1.5, strokeDash=[5, 4]).encode(y=alt.Y("chance:Q", scale=scale))
    words = alt.Chart(rows([{"at": end * 0.62, "label": "exactly as forecast"}]))
    words = words.mark_text(align="left", baseline="top", dx=14, dy=8, color=SOFT_INK).encode(
        x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale), text="label:N"
    )
    chart = alt.layer(band, diagonal, words, points.mark_point(filled=True, color=ORANGE, size=90, opacity=1))
    return picture(
        "calibration",
        chart.properties(width=WIDTH, height=WIDTH * 0.75),
        f"Of the customers with the best chances, {percent(top['forecast'])} on average, {percent(top['actual'])} bought",
        f"Ten groups of customers, by their forecast chance to buy within the {backtest['days']} days of a backtest period. "
        "If the forecast is right, 80 % of the points are within the blue band.",
        "A point on the line is a group that bought as often as forecast; above it more customers bought, below it fewer.",
    )


def _end(most: float) -> float:
    """Return the end of an axis of shares: the next round number."""
    step = 10.0 ** floor(log10(most)) if most > 0 else 0.1
    return min(1.0, round((floor(most / step) + 1) * step, 9))


def _by_chance(groups: Sequence[Mapping[str, float]], end: float) -> list[dict[str, float]]:
    """Return the band along the diagonal with 80 % of the groups if the probabilities are right."""
    of_group = sum(group["customers"] for group in groups) / len(groups)
    band = []
    for step in range(41):
        chance = end * step / 40
        off = Z_80 * (chance * (1 - chance) / of_group) ** 0.5
        band.append({"chance": chance, "low": max(chance - off, 0.0), "high": min(chance + off, 1.0)})
    return band


def _shares(title: str) -> alt.Axis:
    return alt.Axis(title=title, labelExpr=percents())


_WORDS = 150
"""Width of the text beside a chart's rows, in pixels."""


def backtest_periods(backtest: Mapping[str, Any]) -> Picture:
    """Return the chart of backtest periods: forecast and actual numbers of buyers."""
    days, quarters = backtest["days"], sorted(backtest["quarters"], key=lambda quarter: str(quarter["as_of"]))
    naive = f"as many as in the {days} days before"
    ranges, marks = [], []
    for period in quarters:
        buyers, quarter = period["buyers"], _quarter(period["as_of"], days)
        off = Z_80 * buyers["spread"]
        low, high = max(buyers["forecast"] - off, 0.0), buyers["forecast"] + off
        ranges.append({"quarter": quarter, "low": low, "high": high, "off": _in_words(buyers)})
        marks += [
            {"quarter": quarter, "what": what, "customers": float(buyers[name])}
            for what, name in (("forecast", "forecast"), ("actual", "actual"), (naive, "naive"))
        ]
    scale = alt.Scale(zero=False, nice=True, padding=14)
    customers = alt.X(
        "customers:Q", scale=scale, axis=alt.Axis(title=f"customers who buy within the {days} days", format=",.0f")
    )
    rows_of = alt.Y(
        "quarter:N",
        sort=[each["quarter"] for each in ranges],
        axis=alt.Axis(title=None, labelColor=INK, labelLimit=220),
    )
    bars = alt.Chart(rows(ranges)).encode(y=rows_of)
    band = bars.mark_bar(size=22, color=LIGHT_BLUE).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    words = bars.mark_text(align="left", dx=16).encode(x=alt.value(WIDTH - _WORDS), text="off:N")
    points = alt.Chart(rows(marks)).mark_point(filled=True, size=110, opacity=1)
    kinds = ["forecast", "actual", naive]
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
        "Each forecast used earlier data only. The bar is the 80 % range of chance alone, if the model is exact.",
        "If the orange point is outside the blue bar, something had an effect that the model does not include: sales,"
        " advertising, a season without enough data.",
    )


def _how_far_off(quarters: Sequence[Mapping[str, Any]]) -> str:
    buyers = [quarter["buyers"] for quarter in quarters if quarter["buyers"]["actual"]]
    if not buyers:
        return "No customer bought in the backtest periods"
    error, naive_error = (
        _from_to([abs(relative_error(each[name], each["actual"])) for each in buyers]) for name in ("forecast", "naive")
    )
    return f"In backtest periods the forecast number of buyers was off by {error}; the number of the days before, by {naive_error}"


def forecast_actuals(actuals: Iterable[ForecastActual]) -> Picture | None:
    """Return the chart of stored forecasts beside actuals, as ratios; None if no forecast's period is complete."""
    ratios: list[dict[str, Any]] = [
        {
            "forecast": f"{actual.days} days from {_day(actual.as_of + timedelta(days=1))}",
            "low": None if actual.range is None else actual.range.low / actual.forecast - 1,
            "high": None if actual.range is None else actual.range.high / actual.forecast - 1,
            "off": actual.actual / actual.forecast - 1,
            "label": f"{actual.forecast:,.0f} forecast, {actual.actual:,} actual",
        }
        for actual in sorted(actuals, key=lambda actual: (actual.as_of, actual.days))
        if actual.forecast > 0
    ]
    if not ratios:
        return None
    stated = [ratio for ratio in ratios if ratio["low"] is not None]
    inside = sum(ratio["low"] <= ratio["off"] <= ratio["high"] for ratio in stated)
    scale = alt.Scale(nice=True, zero=True, padding=14)
    axis = alt.Axis(title="customers who bought, against the forecast", labelExpr=percents(signed=True))
    rows_of = alt.Y(
        "forecast:N",
        sort=[str(ratio["forecast"]) for ratio in ratios],
        axis=alt.Axis(title=None, labelColor=INK, labelLimit=220),
    )
    each = alt.Chart(rows(ratios)).encode(y=rows_of)
    zero = alt.Chart(rows([{"at": 0}])).mark_rule(color=GREY, strokeDash=[5, 4]).encode(x=alt.X("at:Q", scale=scale))
    ranges = alt.Chart(rows(stated)).encode(y=rows_of)
    band = ranges.mark_bar(size=20, color=LIGHT_BLUE).encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q")
    points = each.mark_point(filled=True, color=ORANGE, size=100, opacity=1).encode(
        x=alt.X("off:Q", scale=scale, axis=axis)
    )
    words = each.mark_text(align="left", dx=16).encode(x=alt.value(WIDTH - _WORDS), text="label:N")
    return picture(
        "kept",
        alt.layer(band, zero, points, words).properties(width=WIDTH - _WORDS, height=_ROW * 0.75 * len(ratios)),
        _ranges_that_held(len(ratios), len(stated), inside),
        "Blue: the stated 80 % range. Orange: the actual number. Both relative to the forecast.",
        "The distances of the orange points from the dashed line are the errors of this shop's forecasts; expect similar errors"
        " of the next one. Without a bar, the range of that forecast is not known.",
    )


def _ranges_that_held(kept: int, stated: int, inside: int) -> str:
    if not stated:
        return (
            f"{kept} forecasts with actual numbers: their ranges are not known"
            if kept > 1
            else ("One forecast with an actual number: its range is not known")
        )
    if stated == 1:
        return f"The actual number is {'within' if inside else 'outside'} the range of the forecast"
    return f"Of {stated} actual numbers, {inside or 'none'} {'is' if inside == 1 else 'are'} within the range of the forecast"


def top_tenth(backtest: Mapping[str, Any], chosen: str) -> Picture:
    """Return the chart of the share of purchases by the 10 % of customers with the highest forecasts, by model."""
    ways = {
        **backtest["models"],
        "logistic regression": backtest.get("logistic"),
        "gradient boosting": backtest.get("boosting"),
        f"the {backtest['days']} days before": backtest["naive"],
    }
    shares = [
        {"way": _called(name, chosen), "share": accuracy["top_tenth"], "taken": name == chosen}
        for name, accuracy in ways.items()
        if accuracy is not None
    ]
    shares.sort(key=lambda row: -row["share"])
    shares.append({"way": "a random tenth", "share": 0.1, "taken": False})
    bars = _bars(shares, "way", "share", alt.condition("datum.taken", alt.value(BLUE), alt.value(MILD_GREY)))
    share = backtest["models"][chosen]["top_tenth"]
    return picture(
        "top-tenth",
        bars.properties(width=WIDTH - _WORDS, height=_ROW * 0.7 * len(shares)),
        f"The tenth of customers expected to buy most made {percent(share)} of the purchases",
        f"Share of all purchases within the {backtest['days']} days of a backtest period, by the model that chose that tenth.",
        "If you can contact one customer in ten, this is the value of choosing them well.",
    )


def _bars(shares: Sequence[Mapping[str, Any]], name: str, share: str, color: Any) -> ChartType:
    """Return horizontal bars of shares in this order, each with its number."""
    each = alt.Chart(rows([{**row, "label": percent(row[share])} for row in shares])).encode(
        x=alt.X(f"{share}:Q", axis=None, scale=alt.Scale(domainMin=0)),
        y=alt.Y(
            f"{name}:N",
            sort=[str(row[name]) for row in shares],
            axis=alt.Axis(title=None, labelColor=INK, labelLimit=220),
        ),
    )
    return alt.layer(
        each.mark_bar(size=20).encode(color=color), each.mark_text(align="left", dx=6).encode(text="label:N")
    )


def _in_words(buyers: Mapping[str, float]) -> str:
    if not buyers["actual"]:
        return "no buyers"
    off = relative_error(buyers["forecast"], buyers["actual"])
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
