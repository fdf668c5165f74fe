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
    titles = ["segment", "customers", "expected to buy within 90 days", "value ahead", "value at risk"]
    sheet = Table(titles, title=f"Segments by the forecast as of {made.as_of}", numbers=frozenset(titles[1:]))
    for size in sizes:
        sheet.rows.append(
            [size.segment.title, numbers.count(size.customers), f"{size.buyers_90:,.0f}", _money(size.value, currency),
             _money(size.value_at_risk, currency)]
        )  # fmt: skip
        sheet.notes.append(f"{size.segment.title}: {size.segment.rule}. {size.segment.advice}")
    sheet.notes += _nobody_leaves(made)
    sheet.notes.append(
        "The customers of one: regulars segments NAME, such as " + sizes[0].segment.name.replace("_", "-")
    )
    return sheet


def member_sheet(size: Size, members: Sequence[Member], made: StoredForecast, currency: str) -> Table:
    """These customers, and how many there are."""
    titles = [
        "customer",
        "name",
        "email",
        "bought on",
        "last",
        "so far",
        "chance in 90 days",
        "value ahead",
        "value at risk",
    ]
    segment = size.segment
    sheet = Table(titles, title=f"{segment.title}, by the forecast as of {made.as_of}", numbers=frozenset(titles[3:]))
    for member in members:
        sheet.rows.append(
            [member.customer or "", member.name or "", member.email or "", numbers.counted(member.purchase_days, "day", "days"),
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
    return ["In this forecast's model nobody leaves for good: so nobody is at risk by it. Go by the chance to buy."]


def _money(amount: float, currency: str) -> str:
    return numbers.shown(amount, Unit.MONEY, currency)
