"""Visits, conversion and the cost of acquisition."""

from __future__ import annotations

from math import inf

from regulars.metrics.examples import Example
from regulars.metrics.measures import ORDERS, fact_of, within
from regulars.metrics.shapes import Length, Metric, Nature, Quotient
from regulars.vocabulary.units import Better, Unit
from regulars.warehouse.facts import visits

VISITS = fact_of(visits.VISITS)
VISITORS = within(VISITS, distinct=visits.VISITOR)

ACQUISITION: tuple[Metric, ...] = (
    Quotient(
        name="conversion_rate",
        title="Conversion rate",
        question="How many of those who visit the shop order?",
        formula="orders / distinct visitors of the period",
        of=within(ORDERS),
        per=VISITORS,
        customers=VISITORS,
        group="conversion_rate",
        nature=Nature.FLOW,
        length=Length.BETWEEN,
        unit=Unit.RATE,
        limits=(0, inf),
        better=Better.HIGHER,
        caveat="A visitor is a browser, as the source tells them apart; a visit that names none is a visitor of its own. Visitors"
        " of several values of a split overlap, and those of days do not add up to a month's.",
        example=Example(
            rows={
                "visits": (
                    {"visitor_id": "x", "started_at": "2024-03-02"},
                    {"visitor_id": "x", "started_at": "2024-03-09"},
                    {"visitor_id": "y", "started_at": "2024-03-09"},
                    {"visitor_id": "z", "started_at": "2024-03-10"},
                    {"started_at": "2024-03-11"},
                ),
                "orders": ({"customer_id": "ana", "ordered_at": "2024-03-09"},),
            },
            value=0.25,
        ),
    ),
)
