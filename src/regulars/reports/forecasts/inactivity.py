"""What silence means: whether customers are still there, and whether they are going to buy, are different questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
from altair.typing import ChartType

from regulars.forecast import Estimate, PurchaseForecast, RFMSummary, Status
from regulars.forecast.purchases.result import Forecast
from regulars.reports.charts.theme import BLUE, GREY, ORANGE, Picture, percent, percents, picture, rows
from regulars.reports.forecasts.customers import Paces

_HORIZON = 90
"""Days within which one may buy."""
_SILENCE = 90
"""Days after which customers are compared."""
_DAYS, _STEP = 360, 10
_WIDE, _HIGH, _BETWEEN = 640, 230, 18
"""Pixels of all panels together, and between two."""
_ABOVE = 26
"""Pixels between a panel and its heading: a curve at 100 % has its number there."""
_NAMED_ABOVE, _NAMED_BELOW, _LOW = 0.5, 0.75, 0.1
"""Where along the days a curve is named, to its right above it or to its left below; not below where it is as low as this."""
_BESIDE: dict[str, dict[str, Any]] = {
    "alive": {"align": "left", "baseline": "bottom", "dx": 5, "dy": -4},
    "buys": {"align": "right", "baseline": "top", "dx": -5, "dy": 6},
}
"""Curves fall: above them there is room to the right, below them to the left."""
_NAMES = {"alive": "still a customer", "buys": f"buys within {_HORIZON} days"}


@dataclass(frozen=True)
class Buyer:
    """A customer who bought for the first time, came back `returns` times, every `pace` days, and is silent since."""

    returns: int = 0
    pace: float = 0.0

    def after(self, silence: Sequence[float]) -> RFMSummary:
        """Their past after so many days without a purchase."""
        days = np.asarray(silence)
        last = np.full_like(days, self.returns * self.pace)
        return RFMSummary(np.full_like(days, self.returns), last, last + days, np.ones_like(days))


def fitted(found: Forecast) -> PurchaseForecast:
    """The model of a forecast that was written down; times in days."""
    names = tuple(found.parameters)
    errors = np.array([found.standard_errors.get(name, np.nan) for name in names], dtype=float)
    unknown = np.full((len(names), len(names)), np.nan)
    values = np.array([found.parameters[name] for name in names])
    status = Status[found.status.upper()]
    estimate = Estimate(names, values, errors, unknown, found.log_likelihood, found.customers, status, found.reason)
    return PurchaseForecast(found.model, estimate)


def paces(model: PurchaseForecast, typical: Paces) -> Picture:
    """A quick and a slow customer with equally many purchases, and one who bought once, by the days since their last one."""
    times = "once" if typical.returns == 1 else f"{typical.returns} times"
    quick, slow = Buyer(typical.returns, typical.quick), Buyer(typical.returns, typical.slow)
    each = [(f"Came back {times},\n{_paced(one)}", model, one) for one in (quick, slow)]
    return picture(
        "silence",
        _panels([*each, ("Bought once,\nand never again", model, Buyer())]),
        _what_silence_says(model, quick, slow),
        f"One in four who came back {times} was as quick as the first or quicker, one in four as slow as the second or slower.",
        "A silence says something only beside the pace before it. And somebody who is a customer still need not buy soon: to"
        " choose whom to write to, take the lower line.",
    )


def _what_silence_says(model: PurchaseForecast, quick: Buyer, slow: Buyer) -> str:
    if model.model == "nbd":
        return "Nobody leaves for good in this model: silence only makes a purchase less likely"
    pasts = [one.after([_SILENCE]) for one in (quick, slow)]
    (alive, still), (buys, later) = (
        [float(say(past)[0]) for past in pasts]
        for say in (model.probability_alive, lambda past: model.probability_of_purchase(past, _HORIZON))
    )
    if alive < still and buys > later:
        return f"After {_SILENCE} days of silence the slow buyer is more likely a customer still, and less likely to buy soon"
    return f"After {_SILENCE} days of silence {percent(alive)} of the quick are customers still, and {percent(still)} of the slow"


def one_time(models: Mapping[str, PurchaseForecast]) -> Picture:
    """What models say of a customer who bought once, by the days since."""
    buyer = Buyer()
    return picture(
        "one-time",
        _panels([(name, model, buyer) for name, model in models.items()]),
        "The models disagree on whether a one-time buyer is a customer still, and agree that the chance to buy falls",
        "A customer who bought once, by models fitted to the same orders.",
        "BG/NBD lets people leave only after a purchase that follows another, so it calls one-time buyers customers for ever.",
    )


def _panels(each: list[tuple[str, PurchaseForecast, Buyer]]) -> alt.HConcatChart:
    """A panel for each, side by side on one scale; the curves are named where there is most room for it."""
    width = _WIDE / len(each) - _BETWEEN
    curves = [_curves(model, buyer) for _, model, buyer in each]
    named = max(range(len(each)), key=lambda place: _at(curves[place], _NAMED_BELOW)["buys"])
    panels = [
        _panel(name, curve, place == 0, place == named).properties(width=width, height=_HIGH)
        for place, (curve, (name, _, _)) in enumerate(zip(curves, each, strict=True))
    ]
    return alt.hconcat(*panels, spacing=_BETWEEN)


def _curves(model: PurchaseForecast, buyer: Buyer) -> list[dict[str, float]]:
    silence = [float(day) for day in range(0, _DAYS + 1, _STEP)]
    pasts = buyer.after(silence)
    alive, buys = model.probability_alive(pasts), model.probability_of_purchase(pasts, _HORIZON)
    return [{"days": day, "alive": float(a), "buys": float(b)} for day, a, b in zip(silence, alive, buys, strict=True)]


def _panel(name: str, curve: list[dict[str, float]], first: bool, named: bool) -> ChartType:
    days = alt.X(
        "days:Q",
        scale=alt.Scale(domain=[0, _DAYS], nice=False),
        axis=alt.Axis(title="days since the last purchase", tickCount=4),
    )
    share = alt.Scale(domain=[0, 1], nice=False)
    chance = alt.Axis(title="chance" if first else None, labels=first, labelExpr=percents())
    line = alt.Chart(rows(curve)).encode(x=days)
    (at_silence,) = (point for point in curve if point["days"] == _SILENCE)
    point = alt.Chart(
        rows(
            [
                {
                    **at_silence,
                    "said_alive": percent(at_silence["alive"]),
                    "said_buys": percent(at_silence["buys"]),
                }
            ]
        )
    )
    point = point.encode(x=days)
    beside = _BESIDE
    if at_silence["buys"] < _LOW:  # no room below; and the number above may need some
        raised = _BESIDE["alive"] | {"dy": -18 if at_silence["alive"] - at_silence["buys"] < _LOW else -4}
        beside = {"alive": raised, "buys": _BESIDE["alive"]}
    layers = [_heading(name), point.mark_rule(color=GREY, strokeDash=[2, 3])]
    for curve_of, color, dash in (("alive", BLUE, [1, 0]), ("buys", ORANGE, [7, 3])):
        y = alt.Y(f"{curve_of}:Q", scale=share, axis=chance)
        layers.append(line.mark_line(color=color, strokeWidth=2.5, strokeDash=dash).encode(y=y))
        layers.append(point.mark_point(color=color, filled=True, size=60, opacity=1).encode(y=y))
        words = point.mark_text(color=color, fontWeight="bold", **beside[curve_of])
        layers.append(words.encode(y=y, text=f"said_{curve_of}:N"))
    if named:
        layers += _names(curve, days, share, chance)
    return alt.layer(*layers)


def _names(curve: list[dict[str, float]], days: alt.X, share: alt.Scale, chance: alt.Axis) -> list[alt.Chart]:
    """The names of the two curves: to the right above the upper one, to the left below the lower one."""
    found = []
    low = _at(curve, _NAMED_BELOW)["buys"] < _LOW
    for name, color, at in (("alive", BLUE, _NAMED_ABOVE), ("buys", ORANGE, 0.36 if low else _NAMED_BELOW)):
        chart = alt.Chart(rows([{**_at(curve, at), "name": _NAMES[name]}]))
        words = chart.mark_text(color=color, **_BESIDE["alive" if low else name])
        found.append(words.encode(x=days, y=alt.Y(f"{name}:Q", scale=share, axis=chance), text="name:N"))
    return found


def _at(curve: Sequence[dict[str, float]], share: float) -> dict[str, float]:
    return curve[round(share * (len(curve) - 1))]


def _heading(text: str) -> alt.Chart:
    """What a panel shows. Not a title, for these stand as high as what their panel happens to hold."""
    words: alt.Chart = alt.Chart(rows([{"said": text}])).mark_text(
        align="left", baseline="line-bottom", fontWeight="bold", fontSize=13, lineBreak="\n", lineHeight=17
    )
    return words.encode(x=alt.value(0), y=alt.value(-_ABOVE - 17 * text.count("\n")), text="said:N")


def _paced(one: Buyer) -> str:
    days = f"{one.pace:.0f} days" if round(one.pace) != 1 else "a day"
    return f"after {days}" if one.returns == 1 else f"every {days.removeprefix('a ')}"
