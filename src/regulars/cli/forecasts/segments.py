"""Segments, and the customers of one, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from regulars.metrics.customers.segments import Member, Size
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.units import Unit
from regulars.warehouse.forecasts import NO_DROPOUT_MODEL, StoredForecast

MEMBER_COLUMNS = tuple(field.name for field in fields(Member))


def size_sheet(sizes: Sequence[Size], made: StoredForecast, currency: str) -> Table:
    """A row a segment; who belongs to it and what to do stands below."""
    titles = ["segment", "customers", "expected to buy within 90 days", "predicted value", "value at risk"]
    sheet = Table(titles, title=f"Segments by the forecast as of {made.as_of}", numbers=frozenset(titles[1:]))
    for size in sizes:
        sheet.rows.append(
            [size.segment.title, numbers.count(size.customers), f"{size.buyers_90:,.0f}", _money(size.value, currency),
             _money(size.value_at_risk, currency)]
        )  # fmt: skip
        sheet.notes.append(f"{size.segment.title}: {size.segment.rule}. {size.segment.advice}")
    sheet.notes += _nobody_leaves(made)
    sheet.notes.append("Next, the customers of a segment: regulars segments " + sizes[0].segment.name.replace("_", "-"))
    return sheet


def member_sheet(size: Size, members: Sequence[Member], made: StoredForecast, currency: str) -> Table:
    """These customers, and how many there are."""
    titles = [
        "customer",
        "name",
        "email",
        "purchase days",
        "last purchase",
        "revenue to date",
        "chance to buy within 90 days",
        "predicted value",
        "value at risk",
    ]
    segment = size.segment
    sheet = Table(titles, title=f"{segment.title}, by the forecast as of {made.as_of}", numbers=frozenset(titles[3:]))
    for member in members:
        sheet.rows.append(
            [member.customer or "", member.name or "", member.email or "", numbers.count(member.purchase_days),
             numbers.day(member.last_purchase), _money(member.revenue_to_date, currency),
             numbers.shown(member.probability_purchase_90d, Unit.SHARE),
             _money(member.value, currency), _money(member.value_at_risk, currency)]
        )  # fmt: skip
    if size.customers > len(members):
        sheet.notes.append(f"… and {size.customers - len(members):,} more; --format csv has all.")
    sheet.notes.append(f"{numbers.counted(size.customers, 'customer', 'customers')}: {segment.rule}. {segment.advice}")
    sheet.notes += _nobody_leaves(made)
    return sheet


def _nobody_leaves(made: StoredForecast) -> list[str]:
    if made.model != NO_DROPOUT_MODEL:
        return []
    return ["The model of this forecast has no churn, so no customer is at risk. Use the chance to buy instead."]


def _money(amount: float, currency: str) -> str:
    return numbers.shown(amount, Unit.MONEY, currency)
