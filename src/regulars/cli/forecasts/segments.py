"""Segments, and the customers of one, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from regulars.metrics.customers.segments import Member, Size
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.units import Unit
from regulars.warehouse.forecasts import STAYING, Made

MEMBER_COLUMNS = tuple(field.name for field in fields(Member))


def size_sheet(found: Sequence[Size], made: Made, currency: str) -> Table:
    """A row a segment; who belongs to it and what to do stands below."""
    titles = ["segment", "customers", "expected to buy within 90 days", "value ahead", "at stake"]
    sheet = Table(titles, title=f"Segments by the forecast as of {made.as_of}", numbers=frozenset(titles[1:]))
    for one in found:
        sheet.rows.append(
            [one.segment.title, numbers.count(one.customers), f"{one.buyers_90:,.0f}", _money(one.value, currency),
             _money(one.value_at_stake, currency)]
        )  # fmt: skip
        sheet.notes.append(f"{one.segment.title}: {one.segment.rule}. {one.segment.advice}")
    sheet.notes += _nobody_leaves(made)
    sheet.notes.append(
        "The customers of one: regulars segments NAME, such as " + found[0].segment.name.replace("_", "-")
    )
    return sheet


def member_sheet(size: Size, found: Sequence[Member], made: Made, currency: str) -> Table:
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
        "at stake",
    ]
    segment = size.segment
    sheet = Table(titles, title=f"{segment.title}, by the forecast as of {made.as_of}", numbers=frozenset(titles[3:]))
    for one in found:
        sheet.rows.append(
            [one.customer or "", one.name or "", one.email or "", numbers.counted(one.purchase_days, "day", "days"),
             numbers.day(one.last_purchase), _money(one.revenue_to_date, currency),
             numbers.shown(one.probability_purchase_90d, Unit.SHARE),
             _money(one.value, currency), _money(one.value_at_stake, currency)]
        )  # fmt: skip
    if size.customers > len(found):
        sheet.notes.append(f"… and {size.customers - len(found):,} more; --format csv has all.")
    sheet.notes.append(f"{numbers.counted(size.customers, 'customer', 'customers')}: {segment.rule}. {segment.advice}")
    sheet.notes += _nobody_leaves(made)
    return sheet


def _nobody_leaves(made: Made) -> list[str]:
    if made.model != STAYING:
        return []
    return ["In this forecast's model nobody leaves for good: so nobody is at risk by it. Go by the chance to buy."]


def _money(amount: float, currency: str) -> str:
    return numbers.shown(amount, Unit.MONEY, currency)
