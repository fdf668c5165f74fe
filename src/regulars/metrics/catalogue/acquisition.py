"""Visits, conversion and the cost of acquisition."""

from __future__ import annotations

from math import inf

from regulars.metrics.deferred import _
from regulars.metrics.examples import Example
from regulars.metrics.measures import ORDERS, fact_of, within
from regulars.metrics.shapes import Length, Metric, Nature, Quotient, Ratio
from regulars.metrics.shapes.metric import Maturity, setting
from regulars.vocabulary.units import Better, Unit
from regulars.warehouse.facts import leads, visits

VISITS = fact_of(visits.VISITS)
VISITORS = within(VISITS, distinct=visits.VISITOR)
LEADS = fact_of(leads.LEADS)
_KNOWN = _.person.notnull()
_UNTIL_LEADS_ORDERED = Maturity(days=setting("lead_window"), of="orders")
_LEADS = {
    "leads": (
        {"email": "ana@example.com", "created_at": "2024-03-02", "qualified_at": "2024-03-05"},
        {"email": "ben@example.com", "created_at": "2024-03-09", "qualified_at": "2024-03-09"},
        {"email": "cem@example.com", "created_at": "2024-03-10"},
        {"email": "dua@example.com", "created_at": "2024-03-11"},
        {"created_at": "2024-03-12"},
    ),
    "orders": (
        {"email": "ana@example.com", "ordered_at": "2024-05-01"},
        {"email": "cem@example.com", "ordered_at": "2024-03-10"},
        {"email": "dua@example.com", "ordered_at": "2024-01-20"},
        {"email": "dua@example.com", "ordered_at": "2024-03-20"},
    ),
}
_NOT_CUSTOMERS_BEFORE = (
    "Leads who were customers before count as leads that became none; leads without an address or number of any customer's"
    " kind are left out, as nobody can tell."
)

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
    Ratio(
        name="lead_to_customer_rate",
        title="Lead-to-customer rate",
        question="How many of those who showed interest become customers?",
        formula="leads whose person's first order came on that day or later / leads created in the period",
        fact=LEADS,
        of=_.became_customer,
        where=_KNOWN,
        customers=within(LEADS, 1, _KNOWN),
        group="lead_to_customer_rate",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.SHARE,
        better=Better.HIGHER,
        maturity=_UNTIL_LEADS_ORDERED,
        needs=("orders",),
        caveat=_NOT_CUSTOMERS_BEFORE,
        variants=("qualified_lead_to_customer_rate",),
        example=Example(rows=_LEADS, value=0.5),
    ),
    Ratio(
        name="qualified_lead_to_customer_rate",
        title="Qualified lead-to-customer rate",
        question="How many of the leads that we qualified become customers?",
        formula="qualified leads whose person's first order came on the day of the lead or later / qualified leads",
        fact=LEADS,
        of=_.became_customer,
        where=_KNOWN & _.qualified,
        customers=within(LEADS, 1, _KNOWN & _.qualified),
        group="lead_to_customer_rate",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.SHARE,
        better=Better.HIGHER,
        maturity=_UNTIL_LEADS_ORDERED,
        needs=("orders",),
        caveat=_NOT_CUSTOMERS_BEFORE,
        variants=("lead_to_customer_rate",),
        example=Example(rows=_LEADS, value=0.5),
    ),
)
