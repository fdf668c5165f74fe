"""Examples of metrics: a handful of rows and what the metric says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Order:
    """An order of an example. Without a customer it is a guest's."""

    customer: str | None
    day: str
    amount: str = "10.00"
    units: int = 1
    returned: tuple[str, int, str] | None = None
    """(day, units, amount given back), or none."""
    unit_cost: str | None = None


@dataclass(frozen=True)
class Prediction:
    """What an example's forecast says of a customer: chances to buy within 90 days, money without discount."""

    customer: str
    as_of: str
    frequency: int = 1
    """Days with a purchase after the first."""
    buys_90: float = 0.5
    buys_90_at_last: float = 0.5
    revenue: str = "0.00"
    profit: str = "0.00"
    revenue_at_stake: str = "0.00"
    profit_at_stake: str = "0.00"

    @property
    def said(self) -> str:
        """In words."""
        return (
            f"{self.customer} buys within 90 days with a chance of {self.buys_90:.0%} (at the last purchase"
            f" {self.buys_90_at_last:.0%}), will bring {self.revenue} and leave {self.profit}; at stake are"
            f" {self.revenue_at_stake} and {self.profit_at_stake}"
        )


@dataclass(frozen=True)
class Renewals:
    """What an example's forecast says of a running subscription: what its renewals bring within a year."""

    subscription: str
    as_of: str
    revenue: str
    profit: str

    @property
    def said(self) -> str:
        """In words."""
        return f"the subscription {self.subscription} will bring {self.revenue} and leave {self.profit}"


@dataclass(frozen=True)
class Example:
    """A handful of orders and what the metric says of them: shown in the docs and run as a test."""

    orders: tuple[Order, ...]
    period: str
    value: float | Decimal | int | None
    active_window: int = 365
    unlinked_refunds: tuple[tuple[str, int, str], ...] = ()
    """(day, units, amount) of refunds without an order."""
    spend: tuple[tuple[str, str], ...] = ()
    """(day, amount) of advertising."""
    predicted: tuple[Prediction | Renewals, ...] = ()
    split: dict[str, str] = field(default_factory=dict)
