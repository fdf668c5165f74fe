"""Charts of inactivity: probability to be alive, and to buy, by days since the last purchase."""

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
"""Days within which a purchase is forecast."""
_INACTIVE_DAYS = 90
"""Days since the last purchase at which customers are compared."""
_DAYS, _STEP = 360, 10
_WIDE, _HIGH, _BETWEEN = 640, 230, 18
"""Width of all panels, height of a panel, and gap between panels, in pixels."""
_ABOVE = 26
"""Pixels between a panel and its heading, with space for the label of a curve at 100 %."""
_NAMED_ABOVE, _NAMED_BELOW, _LOW = 0.5, 0.75, 0.1
"""Positions, as shares of the days, of labels above and below a curve; no label below a curve lower than _LOW."""
_BESIDE: dict[str, dict[str, Any]] = {
    "alive": {"align": "left", "baseline": "bottom", "dx": 5, "dy": -4},
    "buys": {"align": "right", "baseline": "top", "dx": -5, "dy": 6},
}
"""Curves fall, so a label above is to the right of its point, and a label below to the left."""
_NAMES = {"alive": "still a customer", "buys": f"buys within {_HORIZON} days"}


@dataclass(frozen=True)
class Buyer:
    """A customer with a first purchase and `returns` repeat purchases, `pace` days apart."""

    returns: int = 0
    pace: float = 0.0

    def after(self, inactive_days: Sequence[float]) -> RFMSummary:
        """Return the RFM summary after these numbers of days without a purchase."""
        days = np.asarray(inactive_days)
        last = np.full_like(days, self.returns * self.pace)
        return RFMSummary(np.full_like(days, self.returns), last, last + days, np.ones_like(days))


def fitted(forecast: Forecast) -> PurchaseForecast:
    """Return the fitted model of a stored forecast; times in days."""
    names = tuple(forecast.parameters)
    errors = np.array([forecast.standard_errors.get(name, np.nan) for name in names], dtype=float)
    unknown = np.full((len(names), len(names)), np.nan)
    values = np.array([forecast.parameters[name] for name in names])
    status = Status[forecast.status.upper()]
    estimate = Estimate(
        names, values, errors, unknown, forecast.log_likelihood, forecast.customers, status, forecast.reason
    )
    return PurchaseForecast(forecast.model, estimate)


def paces(model: PurchaseForecast, typical: Paces) -> Picture:
    """Return the chart of a quick, a slow and a one-time customer by the days since the last purchase."""
    times = "once" if typical.returns == 1 else f"{typical.returns} times"
    quick, slow = Buyer(typical.returns, typical.quick), Buyer(typical.returns, typical.slow)
    each = [(f"Came back {times},\n{_paced(buyer)}", model, buyer) for buyer in (quick, slow)]
    return picture(
        "silence",
        _panels([*each, ("Bought once,\nand never again", model, Buyer())]),
        _comparison(model, quick, slow),
        f"One in four who came back {times} was as quick as the first or quicker, one in four as slow as the second or slower.",
        "Days without a purchase mean something only relative to the customer's usual pace. And who is still a customer need not"
        " buy soon: to choose whom to contact, use the lower line.",
    )


def _comparison(model: PurchaseForecast, quick: Buyer, slow: Buyer) -> str:
    if model.model == "nbd":
        return "This model has no churn: days without a purchase only make the next one less likely"
    pasts = [buyer.after([_INACTIVE_DAYS]) for buyer in (quick, slow)]
    (alive, still), (buys, later) = (
        [float(say(past)[0]) for past in pasts]
        for say in (model.probability_alive, lambda past: model.probability_of_purchase(past, _HORIZON))
    )
    if alive < still and buys > later:
        return (
            f"After {_INACTIVE_DAYS} days without a purchase the slow buyer is more likely still a customer,"
            " and less likely to buy soon"
        )
    return (
        f"After {_INACTIVE_DAYS} days without a purchase {percent(alive)} of the quick buyers are still customers,"
        f" and {percent(still)} of the slow ones"
    )


def one_time(models: Mapping[str, PurchaseForecast]) -> Picture:
    """Return the chart of a one-time customer by model and the days since the purchase."""
    buyer = Buyer()
    return picture(
        "one-time",
        _panels([(name, model, buyer) for name, model in models.items()]),
        "The models disagree on whether a one-time buyer is still a customer, and agree that the chance to buy falls",
        "A customer who bought once, by models fitted to the same orders.",
        "In BG/NBD customers can leave only after a repeat purchase, so a one-time buyer stays a customer forever.",
    )


def _panels(each: list[tuple[str, PurchaseForecast, Buyer]]) -> alt.HConcatChart:
    """Return panels side by side on one scale; curves are labelled in the panel with most space."""
    width = _WIDE / len(each) - _BETWEEN
    curves = [_curves(model, buyer) for _, model, buyer in each]
    named = max(range(len(each)), key=lambda place: _at(curves[place], _NAMED_BELOW)["buys"])
    panels = [
        _panel(name, curve, place == 0, place == named).properties(width=width, height=_HIGH)
        for place, (curve, (name, _, _)) in enumerate(zip(curves, each, strict=True))
    ]
    return alt.hconcat(*panels, spacing=_BETWEEN)


def _curves(model: PurchaseForecast, buyer: Buyer) -> list[dict[str, float]]:
    inactive_days = [float(day) for day in range(0, _DAYS + 1, _STEP)]
    pasts = buyer.after(inactive_days)
    alive, buys = model.probability_alive(pasts), model.probability_of_purchase(pasts, _HORIZON)
    return [
        {"days": day, "alive": float(a), "buys": float(b)} for day, a, b in zip(inactive_days, alive, buys, strict=True)
    ]


def _panel(name: str, curve: list[dict[str, float]], first: bool, named: bool) -> ChartType:
    days = alt.X(
        "days:Q",
        scale=alt.Scale(domain=[0, _DAYS], nice=False),
        axis=alt.Axis(title="days since the last purchase", tickCount=4),
    )
    share = alt.Scale(domain=[0, 1], nice=False)
    chance = alt.Axis(title="chance" if first else None, labels=first, labelExpr=percents())
    line = alt.Chart(rows(curve)).encode(x=days)
    (compared,) = (point for point in curve if point["days"] == _INACTIVE_DAYS)
    point = alt.Chart(
        rows(
            [
                {
                    **compared,
                    "label_alive": percent(compared["alive"]),
                    "label_buys": percent(compared["buys"]),
                }
            ]
        )
    )
    point = point.encode(x=days)
    beside = _BESIDE
    if compared["buys"] < _LOW:  # no space below the curve
        raised = _BESIDE["alive"] | {"dy": -18 if compared["alive"] - compared["buys"] < _LOW else -4}
        beside = {"alive": raised, "buys": _BESIDE["alive"]}
    layers = [_heading(name), point.mark_rule(color=GREY, strokeDash=[2, 3])]
    for curve_of, color, dash in (("alive", BLUE, [1, 0]), ("buys", ORANGE, [7, 3])):
        y = alt.Y(f"{curve_of}:Q", scale=share, axis=chance)
        layers.append(line.mark_line(color=color, strokeWidth=2.5, strokeDash=dash).encode(y=y))
        layers.append(point.mark_point(color=color, filled=True, size=60, opacity=1).encode(y=y))
        words = point.mark_text(color=color, fontWeight="bold", **beside[curve_of])
        layers.append(words.encode(y=y, text=f"label_{curve_of}:N"))
    if named:
        layers += _names(curve, days, share, chance)
    return alt.layer(*layers)


def _names(curve: list[dict[str, float]], days: alt.X, share: alt.Scale, chance: alt.Axis) -> list[alt.Chart]:
    """Return labels of the two curves: above the upper one, below the lower one."""
    labels = []
    low = _at(curve, _NAMED_BELOW)["buys"] < _LOW
    for name, color, at in (("alive", BLUE, _NAMED_ABOVE), ("buys", ORANGE, 0.36 if low else _NAMED_BELOW)):
        chart = alt.Chart(rows([{**_at(curve, at), "name": _NAMES[name]}]))
        words = chart.mark_text(color=color, **_BESIDE["alive" if low else name])
        labels.append(words.encode(x=days, y=alt.Y(f"{name}:Q", scale=share, axis=chance), text="name:N"))
    return labels


def _at(curve: Sequence[dict[str, float]], share: float) -> dict[str, float]:
    return curve[round(share * (len(curve) - 1))]


def _heading(text: str) -> alt.Chart:
    """Return the heading of a panel. Not a title, whose height depends on the panel's content."""
    words: alt.Chart = alt.Chart(rows([{"label": text}])).mark_text(
        align="left", baseline="line-bottom", fontWeight="bold", fontSize=13, lineBreak="\n", lineHeight=17
    )
    return words.encode(x=alt.value(0), y=alt.value(-_ABOVE - 17 * text.count("\n")), text="label:N")


def _paced(buyer: Buyer) -> str:
    days = f"{buyer.pace:.0f} days" if round(buyer.pace) != 1 else "a day"
    return f"after {days}" if buyer.returns == 1 else f"every {days.removeprefix('a ')}"
