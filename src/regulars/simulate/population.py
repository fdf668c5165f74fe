"""Simulated customers and the times of their orders: purchase rates, lifetimes, and every order's instant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from enum import IntEnum
from itertools import count

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.clock import Clock, Floats, Integers
from regulars.simulate.names import FIRST_NAMES, LAST_NAMES, PLACES
from regulars.simulate.shape import Channel, ShopShape
from regulars.simulate.threads import in_order

BLOCK = 16_384
"""Customers drawn with one random generator. A constant, so that results depend on the seed alone."""

YEAR = 365.25

Progress = Callable[[int, int], None]
"""Called with the amount done and the total."""

_POPULATION, _PURCHASES = 1, 2


class Kind(IntEnum):
    """Kind of customer, by how the shop can identify the customer."""

    ACCOUNT = 0
    GUEST = 1
    PHONE_GUEST = 2
    NAMELESS = 3
    TWO_EMAILS = 4
    MARKETPLACE = 5


KNOWN_BY_PHONE = (Kind.PHONE_GUEST, Kind.TWO_EMAILS, Kind.MARKETPLACE)
"""Customers whose orders all have the phone number, as it is needed to identify them."""


@dataclass(frozen=True)
class Population:
    """Customers as arrays; the index is the customer's number. Days count from the shop's first day."""

    channel: NDArray[np.int16]
    entry: NDArray[np.int32]
    """Day of the first order."""
    rate: Floats
    """Orders per day, at an average time of the year, between the day of the first order and the end of the lifetime."""
    leaving: Floats
    """Churn rate per day."""
    stays: Floats
    """Lifetime: days from the end of the entry day until the customer churns."""
    taste: Floats
    """Logarithm of the customer's spending relative to the channel."""
    kind: NDArray[np.int8]
    has_phone: NDArray[np.bool_]
    marketing: NDArray[np.bool_]
    first_name: NDArray[np.int16]
    last_name: NDArray[np.int16]
    place: NDArray[np.int16]
    house: NDArray[np.int16]

    @property
    def size(self) -> int:
        """Number of customers."""
        return len(self.channel)

    def leaves(self) -> Floats:
        """Return the moment at which each customer churns, in days since the shop's first day."""
        return self.entry + 1 + self.stays


@dataclass(frozen=True)
class Purchases:
    """Orders as arrays, sorted by time; the index is the order's number."""

    person: NDArray[np.int32]
    day: NDArray[np.int32]
    instant: Integers
    channel: NDArray[np.int16]
    first: NDArray[np.bool_]
    """True for the customer's first order."""

    @property
    def size(self) -> int:
        """Number of orders."""
        return len(self.person)


def generator(seed: int, stage: int, block: int) -> np.random.Generator:
    """Return the random generator of a block of a stage: independent of all others, and reproducible."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(stage, block))))


def populate(
    shape: ShopShape, seed: int, clock: Clock, progress: Progress | None = None
) -> tuple[Population, Purchases]:
    """Draw all customers and orders of a shop.

    Args:
        shape: Parameters of the shop.
        seed: Seed of the random generators.
        clock: The shop's time.
        progress: Called with the number of customers (or orders, if the shape has a number of them) and the total.

    Returns:
        Customers, and orders sorted by time.
    """
    people: list[Population] = []
    bought: list[Purchases] = []
    customers = placed = 0
    for group, orders in _groups(shape, seed, clock):
        people.append(group)
        bought.append(orders)
        customers += group.size
        placed += orders.size
        if progress and shape.orders:
            progress(placed, shape.orders)
        elif progress:
            progress(customers, shape.customers)
    population = Population(*(np.concatenate([getattr(p, f.name) for p in people]) for f in fields(Population)))
    instant = np.concatenate([p.instant for p in bought])
    # A stable sort, so that the order of equal instants is reproducible.
    order = np.argsort(instant, kind="stable")
    return population, Purchases(
        *(np.concatenate([getattr(p, f.name) for p in bought])[order] for f in fields(Purchases))
    )


def _groups(shape: ShopShape, seed: int, clock: Clock) -> Iterator[tuple[Population, Purchases]]:
    """Yield blocks of customers with their orders, up to the shape's number of customers or of orders."""

    def draw(start: int) -> tuple[Population, Purchases]:
        size = BLOCK if shape.orders else min(BLOCK, shape.customers - start)
        group = _people(shape, clock, generator(seed, _POPULATION, start // BLOCK), size)
        return group, _purchases(shape, clock, group, generator(seed, _PURCHASES, start // BLOCK), start)

    if shape.orders is None:
        yield from in_order(draw, range(0, shape.customers, BLOCK))
        return
    missing = shape.orders
    with closing(in_order(draw, count(0, BLOCK))) as drawn:
        for start, (group, orders) in zip(count(0, BLOCK), drawn, strict=False):
            if orders.size >= missing:
                yield _first_customers(group, orders, start, missing)
                return
            missing -= orders.size
            yield group, orders


def _first_customers(people: Population, bought: Purchases, start: int, enough: int) -> tuple[Population, Purchases]:
    """Return the first customers of a block who together have `enough` orders, and these orders."""
    per_customer = np.bincount(bought.person - start, minlength=people.size)
    customers = int(np.searchsorted(np.cumsum(per_customer), enough)) + 1
    selected = bought.person < start + customers
    return (
        Population(*(getattr(people, f.name)[:customers] for f in fields(Population))),
        Purchases(*(getattr(bought, f.name)[selected] for f in fields(Purchases))),
    )


def _values(channels: tuple[Channel, ...], name: str) -> Floats:
    return np.array([getattr(channel, name) for channel in channels], np.float64)


def _chosen(shares: Floats, uniform: Floats) -> Integers:
    """Return indices drawn by their shares."""
    limits = np.cumsum(shares) / shares.sum()
    return np.minimum(np.searchsorted(limits, uniform, side="right"), len(shares) - 1)


def _people(shape: ShopShape, clock: Clock, draw: np.random.Generator, size: int) -> Population:
    channels = shape.channels
    channel = _chosen(_values(channels, "share"), draw.random(size))
    entry = np.searchsorted(clock.arrivals(shape.growth), draw.random(size), side="right")
    rate_shape, leaving_shape = (
        _values(channels, "rate_shape")[channel],
        _values(channels, "leaving_shape")[channel],
    )
    rate = draw.standard_gamma(rate_shape) / rate_shape * _values(channels, "orders_per_year")[channel] / YEAR
    leaving = draw.standard_gamma(leaving_shape) / leaving_shape * _values(channels, "leaving_per_year")[channel] / YEAR
    # A lower bound keeps lifetimes finite.
    leaving = np.maximum(leaving, 1e-9)
    other = shape.guests + shape.phone_guests + shape.nameless + shape.two_emails
    kinds = np.array([1 - other, shape.guests, shape.phone_guests, shape.nameless, shape.two_emails])
    kind = _chosen(kinds, draw.random(size)).astype(np.int8)
    marketplace = np.array([c.marketplace for c in channels])[channel]
    kind[marketplace & (kind != Kind.NAMELESS)] = Kind.MARKETPLACE
    return Population(
        channel=channel.astype(np.int16),
        entry=entry.astype(np.int32),
        rate=rate,
        leaving=leaving,
        stays=draw.standard_exponential(size) / leaving,
        taste=draw.standard_normal(size) * shape.customer_spread,
        kind=kind,
        has_phone=((draw.random(size) < 0.45) & (kind != Kind.NAMELESS)) | np.isin(kind, KNOWN_BY_PHONE),
        marketing=draw.random(size) < 0.38,
        first_name=draw.integers(0, len(FIRST_NAMES), size, np.int16),
        last_name=draw.integers(0, len(LAST_NAMES), size, np.int16),
        place=_chosen(np.array([place.share for place in PLACES]), draw.random(size)).astype(np.int16),
        house=draw.integers(1, 200, size, np.int16),
    )


def expected_later_orders(clock: Clock, people: Population) -> Floats:
    """Return each customer's expected number of orders after the first, by rate and lifetime.

    Without the additional orders of the same day.
    """
    start = np.minimum(people.entry + 1, clock.days).astype(np.float64)
    end = np.minimum(people.leaves(), clock.days)
    return people.rate * (clock.busy(end) - clock.busy(start))


def _purchases(shape: ShopShape, clock: Clock, people: Population, draw: np.random.Generator, start: int) -> Purchases:
    """Draw the orders of a block: a Poisson process with season, whose times are independent given their number."""
    later = draw.poisson(expected_later_orders(clock, people))
    person = np.concatenate([np.arange(people.size), np.repeat(np.arange(people.size), later)])
    first = np.arange(len(person)) < people.size
    low = clock.busy((people.entry + 1).astype(np.float64))
    high = clock.busy(np.minimum(people.leaves(), clock.days))
    moment = clock.moment(low[person] + draw.random(len(person)) * (high - low)[person])
    # The bound covers moments that are rounded to the end of the data.
    day = np.where(first, people.entry[person], np.minimum(moment.astype(np.int64), clock.days - 1))
    instant = clock.instants(day, draw.random(len(person)))
    channel = people.channel[person].astype(np.int64)
    wanders = ~first & (draw.random(len(person)) < shape.wandering)
    channel = np.where(wanders, _chosen(_values(shape.channels, "share"), draw.random(len(person))), channel)
    # Customers of a marketplace buy there only, and no others do: its shared address would join them.
    closed = np.array([c.marketplace for c in shape.channels])
    channel = np.where(closed[channel] | closed[people.channel[person]], people.channel[person], channel)

    follows = np.flatnonzero(draw.random(len(person)) < shape.same_day)
    soon = np.minimum(instant[follows] + draw.integers(240, 10_800, len(follows)), clock.day_ends(day[follows]))
    return Purchases(
        person=(start + np.concatenate([person, person[follows]])).astype(np.int32),
        day=np.concatenate([day, day[follows]]).astype(np.int32),
        instant=np.concatenate([instant, soon]),
        channel=np.concatenate([channel, channel[follows]]).astype(np.int16),
        first=np.concatenate([first, np.zeros(len(follows), np.bool_)]),
    )
