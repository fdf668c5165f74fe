"""Parameters of a simulated shop: size, period, channels and customer behaviour."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta

from regulars.vocabulary.errors import UsageError

MARKETPLACE_EMAIL = "orders@marketplace.example.com"
"""Address that a marketplace gives for all its customers; the shop must list it as shared."""


@dataclass(frozen=True)
class Channel:
    """An acquisition channel and the behaviour of its customers: the Pareto/NBD model.

    A customer's purchase rate is gamma distributed (mean `orders_per_year`, shape `rate_shape`), and so is the churn rate
    (mean `leaving_per_year`, shape `leaving_shape`), with exponential lifetimes (Schmittlein, Morrison & Colombo 1987). A
    smaller shape means more heterogeneous customers. `basket` is a factor of the order value.
    """

    name: str
    share: float
    orders_per_year: float
    leaving_per_year: float
    basket: float = 1.0
    rate_shape: float = 0.9
    leaving_shape: float = 1.2
    marketplace: bool = False
    """Whether its orders have the marketplace's address instead of the customer's, and the customer's phone number."""


CHANNELS = (
    Channel("organic", 0.34, orders_per_year=3.4, leaving_per_year=0.9),
    Channel("ads", 0.28, orders_per_year=2.2, leaving_per_year=1.9, basket=0.92),
    Channel("social", 0.14, orders_per_year=1.7, leaving_per_year=2.8, basket=0.80),
    Channel("referral", 0.12, orders_per_year=4.4, leaving_per_year=0.6, basket=1.15),
    Channel("email", 0.09, orders_per_year=4.0, leaving_per_year=0.8, basket=1.05),
    Channel("marketplace", 0.03, orders_per_year=1.3, leaving_per_year=2.2, basket=0.85, marketplace=True),
)


@dataclass(frozen=True)
class ShopShape:
    """Parameters of a simulated shop. Amounts are in `currency`; shares are between 0 and 1.

    The data cover `months` full months, up to the last month's end that is not after `until`.
    """

    customers: int = 20_000
    orders: int | None = None
    """Number of orders that ends the simulation, instead of `customers`. The last customer's orders may exceed it."""
    months: int = 30
    until: date = date(2025, 12, 31)
    timezone: str = "Europe/London"
    currency: str = "GBP"
    channels: tuple[Channel, ...] = CHANNELS

    growth: float = 0.6
    """Growth of new customers per day from the start to the end: 0.6 is 60 %."""
    season: float = 1.0
    """Strength of the seasonality by year, week and December; 0 for none."""
    same_day: float = 0.02
    """Share of orders followed by another order of the customer on the same day."""
    wandering: float = 0.25
    """Share of later orders with another channel than the first."""

    products: int = 200
    line_value: float = 21.0
    """Median value of an order line."""
    customer_spread: float = 0.45
    """Standard deviation of the logarithm of spending between customers."""
    line_spread: float = 0.55
    """Standard deviation of the logarithm of the value between lines of a customer."""
    extra_lines: float = 0.8
    """Mean number of lines after the first."""

    coupons: float = 0.18
    shipping: float = 3.95
    shipping_abroad: float = 9.90
    free_shipping_from: float = 60.0
    tax_rate: float = 20.0
    """In percent."""
    tax_included: bool = True

    returned: float = 0.07
    """Share of returned lines, for a product with factor 1."""
    cancelled: float = 0.02
    unpaid: float = 0.01

    guests: float = 0.16
    """Share of customers without an account who give their email at every checkout."""
    phone_guests: float = 0.03
    """Share of customers without an account who give only a phone number."""
    nameless: float = 0.01
    """Share of customers who give neither email nor phone."""
    two_emails: float = 0.02
    """Share of customers with two accounts, each with its own email, and one phone number."""

    def __post_init__(self) -> None:
        if self.orders is not None and self.orders < 1:
            raise UsageError("A simulated shop needs at least one order.")
        if self.customers < 1 or self.months < 1 or self.products < 1:
            raise UsageError("A simulated shop needs at least one customer, one month and one product.")
        if not self.channels or min(channel.share for channel in self.channels) <= 0:
            raise UsageError("A simulated shop needs at least one channel, and every channel a share above 0.")
        if len({channel.name for channel in self.channels}) < len(self.channels):
            raise UsageError("Two channels of the simulated shop have the same name.")
        if any(channel.orders_per_year <= 0 or channel.leaving_per_year <= 0 for channel in self.channels):
            raise UsageError("The rates of a channel must be above 0.")
        if self.guests + self.phone_guests + self.nameless + self.two_emails > 1:
            raise UsageError("The shares of guests and of customers with two emails are more than all customers.")

    @property
    def last_day(self) -> date:
        """Last day of the data, the last day of a month."""
        end = self.until.replace(day=calendar.monthrange(self.until.year, self.until.month)[1])
        return end if end == self.until else self.until.replace(day=1) - timedelta(days=1)

    @property
    def first_day(self) -> date:
        """First day of the data, the first day of a month."""
        index = self.last_day.year * 12 + self.last_day.month - self.months
        return date(index // 12, index % 12 + 1, 1)

    @property
    def days(self) -> int:
        """Number of days of the data."""
        return (self.last_day - self.first_day).days + 1


def small_shops(shops: int = 200, customers: int = 200, like: ShopShape | None = None) -> ShopShape:
    """Return the shape of many small, independent shops in one warehouse, each a channel named shop-001, ….

    Each has about `customers` customers. No customer buys in two shops, and all can be identified, so that a value split
    by channel is the value of one shop.
    """
    like = like or ShopShape()
    kind = Channel("one", 1.0, orders_per_year=3.4, leaving_per_year=1.0, rate_shape=0.8)
    width = max(3, len(str(shops)))
    channels = tuple(replace(kind, name=f"shop-{number:0{width}d}") for number in range(1, shops + 1))
    return replace(like, customers=shops * customers, orders=None, channels=channels, wandering=0.0, nameless=0.0)
