"""The customers behind a number, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from regulars.metrics.customers.drill_down import CustomerRow
from regulars.metrics.shapes import Metric
from regulars.services.tables import Table
from regulars.vocabulary import numbers
from regulars.vocabulary.calendar import Period

COLUMNS = tuple(field.name for field in fields(CustomerRow))


def sheet(metric: Metric, period: Period, customers: Sequence[CustomerRow], limit: int) -> Table:
    """The first `limit` customers, and the sums of all."""
    below = any(row.denominator is not None for row in customers)
    titles = ["customer", "name", "email", "country", "orders", "first order", "last order", "above"]
    titles += ["below"] if below else []
    result = Table(titles, title=f"{metric.name} in {period.label}", numbers=frozenset(titles[4:]))
    for row in customers[:limit]:
        cells = [row.customer, row.name, row.email, row.country, numbers.count(row.orders)]
        cells += [
            numbers.day(row.first_order),
            numbers.day(row.last_order),
            numbers.plain(row.numerator),
        ]
        cells += [numbers.plain(row.denominator)] if below else []
        result.rows.append([cell or "" for cell in cells])
    if len(customers) > limit:
        result.notes.append(f"… and {len(customers) - limit:,} more; --format csv has all.")
    sums = numbers.plain(sum(row.numerator for row in customers))
    if below:
        sums += f" / {numbers.plain(sum(row.denominator or 0 for row in customers))}"
    result.notes.append(f"{numbers.counted(len(customers), 'row', 'rows')}; together {sums}: {metric.formula}")
    return result
