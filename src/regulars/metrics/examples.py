"""Examples of metrics: a few rows and the metric's value for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeAlias

from regulars.vocabulary.calendar import WEEKDAYS, Calendar
from regulars.vocabulary.settings.business_hours import BusinessHours
from regulars.warehouse.schema import Column, Kind
from regulars.warehouse.tables import BY_NAME


@dataclass(frozen=True)
class Order:
    """An order of an example; without a customer, of a guest."""

    customer: str | None
    day: str
    amount: str = "10.00"
    units: int = 1
    returned: tuple[str, int, str] | None = None
    """(day, units, refunded amount) of a return; None without one."""
    unit_cost: str | None = None


@dataclass(frozen=True)
class Prediction:
    """A customer's prediction in an example: probabilities of a purchase within 90 days, and undiscounted money."""

    customer: str
    as_of: str
    frequency: int = 1
    """Days with a purchase after the first."""
    probability_purchase_90d: float = 0.5
    probability_purchase_90d_at_last: float = 0.5
    revenue: str = "0.00"
    profit: str = "0.00"
    revenue_at_risk: str = "0.00"
    profit_at_risk: str = "0.00"

    @property
    def sentence(self) -> str:
        """The prediction as a sentence."""
        return (
            f"{self.customer} buys within 90 days with a chance of {self.probability_purchase_90d:.0%} (at the last purchase"
            f" {self.probability_purchase_90d_at_last:.0%}), will bring {self.revenue} and leave {self.profit}; at risk are"
            f" {self.revenue_at_risk} and {self.profit_at_risk}"
        )


@dataclass(frozen=True)
class Renewals:
    """A running subscription's prediction in an example: the value of its renewals within a year."""

    subscription: str
    as_of: str
    revenue: str
    profit: str

    @property
    def sentence(self) -> str:
        """The prediction as a sentence."""
        return f"the subscription {self.subscription} will bring {self.revenue} and leave {self.profit}"


Row: TypeAlias = Mapping[str, object]
"""A row of a canonical table in an example: value by column; may be incomplete."""


@dataclass(frozen=True)
class Example:
    """A few rows and the metric's value for them: shown in the docs and run as a test.

    `rows` are rows of canonical tables by name; `filled` adds their missing values. Orders, refunds without an order, and
    advertising have short forms.
    """

    orders: tuple[Order, ...] = ()
    period: str = "2024-03"
    value: float | Decimal | int | None = None
    active_window: int = 365
    unlinked_refunds: tuple[tuple[str, int, str], ...] = ()
    """(day, units, amount) of refunds without an order."""
    spend: tuple[tuple[str, str], ...] = ()
    """(day, amount) of advertising."""
    predicted: tuple[Prediction | Renewals, ...] = ()
    split: dict[str, str] = field(default_factory=dict)
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    office_hours: str = ""
    """Hours of Monday to Friday, in a shop with the setting business_hours."""

    @property
    def circumstances(self) -> str:
        """What the value rests on beside the rows; empty where it rests on nothing else."""
        window = f"active window of {self.active_window} days" if self.active_window != 365 else ""
        hours = f"business hours {self.office_hours}, Monday to Friday" if self.office_hours else ""
        return ", ".join(filter(None, (window, hours)))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the example's shop beside the usual ones."""
        if not self.office_hours:
            return {}
        return {"business_hours": BusinessHours.read(dict.fromkeys(WEEKDAYS[:5], self.office_hours))}

    @cached_property
    def tables(self) -> dict[str, tuple[Row, ...]]:
        """All rows by canonical table, with the columns that the example sets."""
        refunds = [{"returned_at": day, "quantity": n, "amount": amount} for day, n, amount in self.unlinked_refunds]
        tables = _tables_of(self.orders)
        tables["returns"] = (*tables["returns"], *refunds)
        tables["spend"] = tuple({"day": day, "amount": amount} for day, amount in self.spend)
        for name, rows in self.rows.items():
            tables[name] = (*tables.get(name, ()), *rows)
        return {name: rows for name, rows in tables.items() if rows}


def _tables_of(orders: tuple[Order, ...]) -> dict[str, tuple[Row, ...]]:
    """The rows of the orders in the canonical tables. Lines only if they hold more than the order."""
    has_lines = any(order != Order(order.customer, order.day, order.amount) for order in orders)
    has_amounts = any(order.amount != Order.amount for order in orders)
    headers, lines, returns = [], [], []
    for number, order in enumerate(orders, 1):
        name = {"order_id": str(number)} if has_lines else {}
        gross = {"gross": order.amount} if has_amounts or has_lines else {}
        headers.append({**name, "customer_id": order.customer, "ordered_at": order.day, **gross})
        line = {"product_id": "p", "quantity": order.units, "amount": order.amount, "unit_cost": order.unit_cost}
        lines.append({**name, **{column: value for column, value in line.items() if value is not None}})
        if order.returned:
            day, units, amount = order.returned
            returns.append({**name, "line_id": str(number), "returned_at": day, "quantity": units, "amount": amount})
    return {"orders": tuple(headers), "order_lines": tuple(lines) if has_lines else (), "returns": tuple(returns)}


def filled(example: Example, calendar: Calendar) -> dict[str, list[dict[str, Any]]]:
    """Return all rows by canonical table, as the tables hold them.

    A missing value is null if the column is nullable or has a default, else a plausible value from the column's declaration.
    Instants are at noon UTC; missing ones on the first day of the period.
    """
    day = calendar.parse(example.period).start
    return {
        name: [
            {column.name: _value(column, row, number, day) for column in BY_NAME[name].columns}
            for number, row in enumerate(rows, 1)
        ]
        for name, rows in example.tables.items()
    }


def _value(column: Column, row: Row, number: int, day: date) -> object:
    if column.name in row:
        return _typed(column.kind, row[column.name])
    if column.nullable or column.default is not None:
        return None
    plausible = {Kind.INSTANT: str(day), Kind.DAY: str(day), Kind.MONEY: "10.00", Kind.FLAG: False}
    choice = column.example or (column.choices[0] if column.choices else "")
    return _typed(column.kind, choice or plausible.get(column.kind, str(number if column.low is None else column.low)))


_TYPES: dict[Kind, Callable[[Any], object]] = {
    Kind.INSTANT: lambda text: datetime.fromisoformat(text if len(text) > len("2024-03-01") else f"{text}T12:00"),
    Kind.DAY: date.fromisoformat,
    Kind.MONEY: Decimal,
    Kind.NUMBER: Decimal,
    Kind.INTEGER: int,
    Kind.FLAG: bool,
}


def _typed(kind: Kind, value: object) -> object:
    return None if value is None else _TYPES.get(kind, str)(value)


@dataclass(frozen=True)
class Rows:
    """The rows of one table of an example, as text."""

    table: str
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


def shown(example: Example) -> list[Rows]:
    """Return the rows of an example by table; rows that differ only by day are combined into one with all days."""
    tables = []
    for name, rows in example.tables.items():
        day = BY_NAME[name].day
        columns = tuple(dict.fromkeys(column for row in rows for column in row))
        days: dict[tuple[str, ...], list[str]] = {}
        for row in rows:
            rest = tuple("" if row.get(column) is None else str(row[column]) for column in columns if column != day)
            days.setdefault(rest, []).append(str(row.get(day or "", "")))
        cells = []
        for rest, row_days in days.items():
            texts = iter(rest)
            cells.append(tuple(", ".join(row_days) if column == day else next(texts) for column in columns))
        tables.append(Rows(name, columns, tuple(cells)))
    return tables
