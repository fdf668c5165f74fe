"""The simulated shop: customers and orders, as canonical tables, complete or block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regulars.simulate import baskets, contact_details
from regulars.simulate.assortment import Catalogue, make_catalogue
from regulars.simulate.baskets import COUPONS, REASONS, STATUSES, Basket, has_happened
from regulars.simulate.clock import Clock, Integers
from regulars.simulate.contact_details import Records, digits, joined, pick, records
from regulars.simulate.names import PLACES
from regulars.simulate.population import Population, Progress, Purchases, populate
from regulars.simulate.shape import ShopShape
from regulars.simulate.threads import in_order
from regulars.system.process import memory
from regulars.vocabulary.errors import NoRoom
from regulars.warehouse.schema import Kind, Table
from regulars.warehouse.tables import BY_NAME

TABLES = ("customers", "orders", "order_lines", "returns")
"""Simulated canonical tables."""

_ARROW = {
    Kind.ID: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.INSTANT: pa.timestamp("us"),
    Kind.MONEY: pa.decimal128(18, 4),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.JSON: pa.string(),
}

_CUSTOMER_ROWS = 131_072


def money(hundredths: Integers, scale: int = 4) -> pa.Array:
    """Return exact decimals with `scale` places from hundredths of a currency."""
    low = hundredths.astype(np.int64) * 10 ** (scale - 2)
    # Arrow's decimal128 is a little-endian 128-bit integer: the value, then 64 bits of its sign.
    words = np.stack([low, low >> 63], axis=1)
    return pa.Array.from_buffers(pa.decimal128(18, scale), len(low), [None, pa.py_buffer(words)])


def moments(seconds: Integers) -> pa.Array:
    """Return instants in UTC from seconds since 1970; null if the event did not happen."""
    happened = has_happened(seconds)
    return pa.array(np.where(happened, seconds, 0) * 1_000_000, pa.timestamp("us"), mask=~happened)


def declared(table: Table, rows: int, columns: dict[str, pa.Array]) -> pa.Table:
    """Return the table with all declared columns, null if not in `columns`. Raises KeyError for an undeclared column."""
    for name in columns:
        table.column(name)
    return pa.table(
        {
            column.name: columns[column.name].cast(_ARROW[column.kind])
            if column.name in columns
            else pa.nulls(rows, _ARROW[column.kind])
            for column in table.columns
        }
    )


@dataclass(frozen=True)
class SimulatedShop:
    """A simulated shop with known true values.

    Customers and times of orders are in memory; baskets are drawn on demand, with reproducible results.
    """

    shape: ShopShape
    seed: int
    clock: Clock
    goods: Catalogue
    people: Population
    bought: Purchases

    def basket(self, start: int) -> Basket:
        """Return the block of orders that begins at `start`, a multiple of `baskets.BLOCK`."""
        return baskets.draw_basket(
            start,
            shape=self.shape,
            seed=self.seed,
            clock=self.clock,
            goods=self.goods,
            people=self.people,
            bought=self.bought,
        )

    def starts(self) -> range:
        """Return the starts of the blocks, oldest first."""
        return range(0, self.bought.size, baskets.BLOCK)

    def baskets(self) -> Iterator[Basket]:
        """Yield all blocks of orders, oldest first."""
        return in_order(self.basket, self.starts())

    @cached_property
    def records(self) -> Records:
        """The shop's customer records."""
        return records(self.people, self.bought)

    def blocks(self, table: str) -> Iterator[pa.Table]:
        """Yield the rows of a canonical table block by block, for shops larger than memory."""
        if table == "customers":
            size = self.records.size
            starts = range(0, size, _CUSTOMER_ROWS)
            yield from in_order(lambda start: self.customer_rows(start, min(start + _CUSTOMER_ROWS, size)), starts)
            return
        yield from in_order(lambda start: self.rows_of(table, self.basket(start)), self.starts())

    def rows_of(self, table: str, basket: Basket) -> pa.Table:
        """Return a block's rows of a canonical table other than `customers`."""
        return {"orders": self.order_rows, "order_lines": self.line_rows, "returns": self.return_rows}[table](basket)

    @cached_property
    def customers(self) -> pa.Table:
        """The canonical table `customers`."""
        return pa.concat_tables(self.blocks("customers"))

    @cached_property
    def orders(self) -> pa.Table:
        """The canonical table `orders`, oldest first."""
        return pa.concat_tables(self.blocks("orders"))

    @cached_property
    def order_lines(self) -> pa.Table:
        """The canonical table `order_lines`."""
        return pa.concat_tables(self.blocks("order_lines"))

    @cached_property
    def returns(self) -> pa.Table:
        """The canonical table `returns`."""
        return pa.concat_tables(self.blocks("returns"))

    def tables(self) -> dict[str, pa.Table]:
        """Return all canonical tables by name."""
        return {name: getattr(self, name) for name in TABLES}

    def customer_rows(self, start: int, end: int) -> pa.Table:
        """Return rows of the customer records `start` … `end - 1`."""
        records = self.records
        person, second, shared = records.person[start:end], records.second[start:end], records.marketplace[start:end]
        place = self.people.place[person]
        first, last = contact_details.names(self.people, person)
        unnamed = pa.array(shared)
        blank = np.zeros(end - start, np.bool_)
        null = pa.scalar(None, pa.string())

        def own(values: pa.Array) -> pa.Array:
            return pc.if_else(unnamed, null, values)

        made = np.where(
            records.order[start:end] >= 0, self.bought.instant[records.order[start:end]], self._entries[person]
        )
        return declared(
            BY_NAME["customers"],
            end - start,
            {
                "customer_id": digits(records.customer_id[start:end]),
                "email": contact_details.emails(self.people, person, second),
                "phone": contact_details.phones(self.people, person, ~shared, blank),
                "name": own(joined(first, " ", last)),
                "country": own(pick([p.country for p in PLACES], place)),
                "city": own(pick([p.city for p in PLACES], place)),
                "language": own(pick([p.language for p in PLACES], place)),
                "joined_at": moments(made),
                "channel": pick([c.name for c in self.shape.channels], self.people.channel[person]),
                "tags": pick([c.name for c in self.shape.channels], self.people.channel[person]),
            },
        )

    @cached_property
    def _entries(self) -> Integers:
        """Instant of each customer's first order."""
        entries = np.zeros(self.people.size, np.int64)
        entries[self.bought.person[self.bought.first]] = self.bought.instant[self.bought.first]
        return entries

    def order_rows(self, basket: Basket) -> pa.Table:
        """Return the rows of a block's orders."""
        customer_id, email, phone = contact_details.on_orders(self.people, basket)
        size = basket.size
        return declared(
            BY_NAME["orders"],
            size,
            {
                "order_id": order_ids(basket, np.arange(size)),
                "customer_id": customer_id,
                "email": email,
                "phone": phone,
                "ordered_at": moments(basket.instant),
                "status": pick(STATUSES, basket.status),
                "channel": pick([c.name for c in self.shape.channels], basket.channel),
                "country": pick([p.country for p in PLACES], self.people.place[basket.person]),
                "coupon": pa.array(COUPONS).take(pa.array(basket.coupon)),
                "currency": pa.repeat(self.shape.currency, size),
                "gross": money(basket.gross),
                "discount": money(basket.discount),
                "shipping": money(basket.shipping),
                "tax": money(basket.tax),
                "tax_included": pa.repeat(self.shape.tax_included, size),
                "shipping_cost": money(basket.shipping_cost),
                "payment_fee": money(basket.fee),
                "cancelled_at": moments(basket.cancelled_at),
                "test": pa.repeat(False, size),
            },
        )

    def line_rows(self, basket: Basket) -> pa.Table:
        """Return the rows of a block's order lines."""
        lines = basket.lines
        return declared(
            BY_NAME["order_lines"],
            len(lines.order),
            {
                "order_id": order_ids(basket, lines.order),
                "line_id": digits(lines.number),
                "product_id": pick(self.goods.product_ids, lines.product),
                "product_name": pick(self.goods.names, lines.product),
                "category": pick(self.goods.categories, lines.product),
                "quantity": pa.array(lines.quantity),
                "amount": money(lines.amount),
                "discount": money(lines.discount),
                "unit_cost": money(self.goods.costs[lines.product]),
                "kind": pa.repeat("product", len(lines.order)),
            },
        )

    def return_rows(self, basket: Basket) -> pa.Table:
        """Return the rows of a block's returns."""
        back, lines = basket.refunds, basket.lines
        of_line = back.line >= 0
        line = np.where(of_line, back.line, 0)
        number, whole = digits(np.where(of_line, lines.number[line], 0)), pa.array(~of_line)
        nothing = pa.scalar(None, pa.string())
        return declared(
            BY_NAME["returns"],
            len(back.order),
            {
                "return_id": joined("R", order_ids(basket, back.order), "-", number),
                "order_id": order_ids(basket, back.order),
                "line_id": pc.if_else(whole, nothing, number),
                "product_id": pc.if_else(whole, nothing, pick(self.goods.product_ids, lines.product[line])),
                "returned_at": moments(back.instant),
                "quantity": pa.array(back.quantity, mask=~of_line),
                "amount": money(back.amount),
                "reason": pa.array(REASONS).take(pa.array(back.reason)),
                "restocked": pa.array(back.reason <= 2, mask=~of_line),
            },
        )


def order_ids(basket: Basket, order: NDArray[np.integer]) -> pa.Array:
    """Return the ids of these orders of a block; the first order of the shop is #1001."""
    return joined("#", digits(basket.start + 1001 + order))


_BYTES_PER_ORDER, _ORDERS_PER_CUSTOMER = 100, 3


def simulate(shape: ShopShape | None = None, seed: int = 1, progress: Progress | None = None) -> SimulatedShop:
    """Draw a shop. The same shape and seed give the same shop, whatever the machine's cores and memory.

    Takes about a second per million orders; baskets, the larger part of the work, are made when they are asked for.
    `progress` is called with the customers (or the orders, where those are given) drawn and wanted. Raises NoRoom for a shop
    that this machine's memory cannot hold.
    """
    shape = shape or ShopShape()
    needed = _BYTES_PER_ORDER * (shape.orders or _ORDERS_PER_CUSTOMER * shape.customers)
    there = memory()
    if there is not None and needed > there:
        raise NoRoom(
            f"So large a shop takes about {needed / 1e9:,.0f} GB of memory, and this machine has {there / 1e9:,.0f} GB.",
            "Choose a smaller one.",
        )
    clock = Clock(shape)
    people, bought = populate(shape, seed, clock, progress)
    return SimulatedShop(shape, seed, clock, make_catalogue(shape), people, bought)
