"""What a simulated shop is like: its size, its calendar, its channels and the habits of its customers."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta

from regulars.vocabulary.errors import UsageError

MARKETPLACE_EMAIL = "orders@marketplace.example.com"
"""The one address a marketplace gives for all its customers. It belongs on the shop's list of shared addresses."""


@dataclass(frozen=True)
class Channel:
    """Where customers come from, and how good they are.

    A customer buys at a rate drawn from a gamma distribution (mean `orders_per_year`, shape `rate_shape`) and leaves at
    a rate drawn from another (mean `leaving_per_year`, shape `leaving_shape`), so that lifetimes are exponential for
    each but not for all: the Pareto/NBD model (Schmittlein, Morrison & Colombo 1987). A small shape makes customers
    more unlike each other. `basket` multiplies what they spend.
    """

    name: str
    share: float
    orders_per_year: float
    leaving_per_year: float
    basket: float = 1.0
    rate_shape: float = 0.9
    leaving_shape: float = 1.2
    marketplace: bool = False
    """Its orders carry the marketplace's address instead of the customer's, and the customer's phone number."""


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
    """Everything that decides a simulated shop, besides the seed. Amounts are in `currency`; shares lie in 0–1.

    The data cover `months` whole months up to the month's end that is not after `until`.
    """

    customers: int = 20_000
    orders: int | None = None
    """Where given, customers come until the shop has so many orders, whatever `customers` says. It ends with the last
    one's own, so that it may have a few more."""
    months: int = 30
    until: date = date(2025, 12, 31)
    timezone: str = "Europe/London"
    currency: str = "GBP"
    channels: tuple[Channel, ...] = CHANNELS

    growth: float = 0.6
    """How many more new customers come per day at the end than at the start: 0.6 is 60 % more."""
    season: float = 1.0
    """Strength of the year, the week and December; 0 makes every day alike."""
    same_day: float = 0.02
    """Share of orders followed by another one of the same customer on the same day."""
    wandering: float = 0.25
    """Share of a customer's later orders that come by another channel than the first."""

    products: int = 200
    line_value: float = 21.0
    """Median of what one line of an order is worth."""
    customer_spread: float = 0.45
    """Standard deviation, between customers, of the logarithm of what they spend."""
    line_spread: float = 0.55
    """The same between the lines of one customer."""
    extra_lines: float = 0.8
    """Mean number of lines beyond the first."""

    coupons: float = 0.18
    shipping: float = 3.95
    shipping_abroad: float = 9.90
    free_shipping_from: float = 60.0
    tax_rate: float = 20.0
    """Per cent."""
    tax_included: bool = True

    returned: float = 0.07
    """Share of lines sent back, for a product of average fit."""
    cancelled: float = 0.02
    unpaid: float = 0.01

    guests: float = 0.16
    """Share of customers without an account who give their email at every checkout."""
    phone_guests: float = 0.03
    """Share of customers without an account who give only a phone number."""
    nameless: float = 0.01
    """Share of customers who leave neither email nor phone."""
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
            raise UsageError("The rates of a channel must lie above 0.")
        if self.guests + self.phone_guests + self.nameless + self.two_emails > 1:
            raise UsageError("The shares of guests and of customers with two emails are more than all customers.")

    @property
    def last_day(self) -> date:
        """The last day of the data: always the last one of a month."""
        end = self.until.replace(day=calendar.monthrange(self.until.year, self.until.month)[1])
        return end if end == self.until else self.until.replace(day=1) - timedelta(days=1)

    @property
    def first_day(self) -> date:
        """The first day of the data: always the first one of a month."""
        index = self.last_day.year * 12 + self.last_day.month - self.months
        return date(index // 12, index % 12 + 1, 1)

    @property
    def days(self) -> int:
        """How many days the data cover."""
        return (self.last_day - self.first_day).days + 1


def small_shops(shops: int = 200, customers: int = 200, like: ShopShape | None = None) -> ShopShape:
    """Many small, independent shops of one kind in one warehouse: the channel of every order is its shop's name.

    Returns a shape of `shops` channels named shop-001 …, each with about `customers` customers. Nobody buys in two of
    them, and everybody can be recognised, so that a value split by channel is a value of one shop.
    """
    like = like or ShopShape()
    kind = Channel("one", 1.0, orders_per_year=3.4, leaving_per_year=1.0, rate_shape=0.8)
    width = max(3, len(str(shops)))
    channels = tuple(replace(kind, name=f"shop-{number:0{width}d}") for number in range(1, shops + 1))
    return replace(like, customers=shops * customers, orders=None, channels=channels, wandering=0.0, nameless=0.0)
