"""Where a forecast's value lies: with few customers, and often with those whose next purchase is far from sure."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from regulars.forecast.purchases.result import Forecast
from regulars.reports.charts.theme import BLUE, INK, MILD_GREY, WIDTH, Picture, percent, picture, rows
from regulars.reports.forecasts.customers import PARTS, Part


def tenths(found: Forecast, parts: Sequence[Part]) -> Picture | None:
    """The share of the expected value that each tenth of the customers holds; None where nothing is expected of anybody."""
    whole = sum(part.value for part in parts)
    if whole <= 0:
        return None
    shares = [
        {"tenth": part.number, "share": part.value / whole, "said": percent(part.value / whole)} for part in parts
    ]
    each = alt.Chart(rows(shares)).encode(
        x=alt.X(
            "tenth:O", axis=alt.Axis(title="tenths of the customers, from the most valuable to the least", labelAngle=0)
        ),
        y=alt.Y("share:Q", axis=None, scale=alt.Scale(domainMin=0)),
    )
    bars = each.mark_bar().encode(color=alt.condition("datum.tenth == 1", alt.value(BLUE), alt.value(MILD_GREY)))
    words = each.mark_text(baseline="bottom", dy=-4).encode(text="said:N")
    lower = sum(part.value for part in parts if part.number > PARTS // 2) / whole
    return picture(
        "value-by-tenth",
        alt.layer(bars, words).properties(width=WIDTH, height=WIDTH * 0.4),
        f"One customer in ten holds {percent(parts[0].value / whole)} of the {found.value_of} to come, the least"
        f" valuable half {percent(lower)}",
        f"Share of the {found.value_of} expected within {found.horizon} days, of {found.customers:,} customers.",
        "What it costs to lose a customer hangs on who it is: see to the first tenth in person, and to the last ones with what"
        " costs next to nothing.",
    )


def chances(found: Forecast, parts: Sequence[Part]) -> Picture | None:
    """Customers by their chance to buy within 90 days, and what is expected of them; None where nothing is of anybody."""
    whole, people = sum(part.value for part in parts), sum(part.customers for part in parts)
    if whole <= 0:
        return None
    by_number = {part.number: part for part in parts}
    kinds = ["share of the customers", f"share of the {found.value_of} expected within {found.horizon} days"]
    said = []
    for number in reversed(range(PARTS)):
        part = by_number.get(number, Part(number, 0, 0.0))
        for kind, share in zip(kinds, (part.customers / people, part.value / whole), strict=True):
            said.append({"chance": _band(number), "what": kind, "share": share, "said": percent(share)})
    each = alt.Chart(rows(said)).encode(
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
    words = each.mark_text(align="left", dx=5, fontSize=11).encode(text="said:N")
    few, low = _low(parts)
    return picture(
        "value-by-chance",
        alt.layer(each.mark_bar().encode(color=colors), words).properties(width=WIDTH - 60, height=PARTS * 38),
        f"{percent(few / people)} of the customers have a chance below 30 % to buy within 90 days, and hold"
        f" {percent(low / whole)} of the {found.value_of} to come",
        f"{found.customers:,} customers as of {found.as_of}.",
        "Those at the top come anyway, those at the bottom hardly ever; a reminder changes most in between.",
    )


def _low(parts: Sequence[Part]) -> tuple[int, float]:
    """Customers with a chance below 30 %, and what is expected of them."""
    low = [part for part in parts if part.number < 3]
    return sum(part.customers for part in low), sum(part.value for part in low)


def _band(number: int) -> str:
    step = 100 // PARTS
    return f"{number * step} – {(number + 1) * step} %"
