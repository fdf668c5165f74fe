"""Charts of the distribution of a forecast's expected value over customers."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from regulars.forecast.purchases.result import Forecast
from regulars.reports.charts.theme import BLUE, INK, MILD_GREY, WIDTH, Picture, percent, picture, rows
from regulars.reports.forecasts.customers import PARTS, Part


def tenths(forecast: Forecast, parts: Sequence[Part]) -> Picture | None:
    """Return the chart of the share of the expected value by tenth of the customers; None if no value is expected."""
    whole = sum(part.value for part in parts)
    if whole <= 0:
        return None
    shares = [
        {"tenth": part.number, "share": part.value / whole, "label": percent(part.value / whole)} for part in parts
    ]
    each = alt.Chart(rows(shares)).encode(
        x=alt.X(
            "tenth:O", axis=alt.Axis(title="tenths of the customers, from the most valuable to the least", labelAngle=0)
        ),
        y=alt.Y("share:Q", axis=None, scale=alt.Scale(domainMin=0)),
    )
    bars = each.mark_bar().encode(color=alt.condition("datum.tenth == 1", alt.value(BLUE), alt.value(MILD_GREY)))
    words = each.mark_text(baseline="bottom", dy=-4).encode(text="label:N")
    lower = sum(part.value for part in parts if part.number > PARTS // 2) / whole
    return picture(
        "value-by-tenth",
        alt.layer(bars, words).properties(width=WIDTH, height=WIDTH * 0.4),
        f"One customer in ten holds {percent(parts[0].value / whole)} of the {forecast.value_of} to come, the least"
        f" valuable half {percent(lower)}",
        f"Share of the {forecast.value_of} expected within {forecast.horizon} days, of {forecast.customers:,} customers.",
        "Losing a customer of the first tenth costs most: contact these in person, and the last ones by means that cost little.",
    )


def chances(forecast: Forecast, parts: Sequence[Part]) -> Picture | None:
    """Return the chart of customers and expected value by purchase probability; None if no value is expected."""
    whole, people = sum(part.value for part in parts), sum(part.customers for part in parts)
    if whole <= 0:
        return None
    by_number = {part.number: part for part in parts}
    kinds = ["share of the customers", f"share of the {forecast.value_of} expected within {forecast.horizon} days"]
    shares = []
    for number in reversed(range(PARTS)):
        part = by_number.get(number, Part(number, 0, 0.0))
        for kind, share in zip(kinds, (part.customers / people, part.value / whole), strict=True):
            shares.append({"chance": _band(number), "what": kind, "share": share, "label": percent(share)})
    each = alt.Chart(rows(shares)).encode(
        x=alt.X("share:Q", axis=None, scale=alt.Scale(domainMin=0)),
        y=alt.Y(
            "chance:N",
            sort=[_band(number) for number in reversed(range(PARTS))],
            axis=alt.Axis(title="chance to buy within 90 days", labelColor=INK),
            scale=alt.Scale(paddingInner=0.28),
        ),
        yOffset=alt.YOffset("what:N", sort=kinds),
    )
    colors = alt.Color("what:N", scale=alt.Scale(domain=kinds, range=[MILD_GREY, BLUE]))
    words = each.mark_text(align="left", dx=5, fontSize=11).encode(text="label:N")
    few, low = _low(parts)
    return picture(
        "value-by-chance",
        alt.layer(each.mark_bar().encode(color=colors), words).properties(width=WIDTH - 60, height=PARTS * 38),
        f"{percent(few / people)} of the customers have a chance below 30 % to buy within 90 days, and hold"
        f" {percent(low / whole)} of the {forecast.value_of} to come",
        f"{forecast.customers:,} customers as of {forecast.as_of}.",
        "Customers at the top buy anyway, those at the bottom rarely; a reminder has most effect in between.",
    )


def _low(parts: Sequence[Part]) -> tuple[int, float]:
    """Return number and expected value of customers with a purchase probability below 30 %."""
    low = [part for part in parts if part.number < 3]
    return sum(part.customers for part in low), sum(part.value for part in low)


def _band(number: int) -> str:
    step = 100 // PARTS
    return f"{number * step} – {(number + 1) * step} %"
