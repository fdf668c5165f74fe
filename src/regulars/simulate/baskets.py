"""Lines, amounts, status and refunds of simulated orders. Amounts are in hundredths of the currency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.assortment import Catalogue
from regulars.simulate.clock import DAY, Clock, Floats, Integers
from regulars.simulate.names import NOTES, PLACES
from regulars.simulate.population import Population, Purchases, generator
from regulars.simulate.shape import ShopShape

BLOCK = 32_768
"""Orders drawn with one random generator. A constant: results depend on it."""

STATUSES = ("counted", "cancelled", "unpaid")
COUPONS = (None, "WELCOME10", "THANKYOU5", "BLACKFRIDAY")
REASONS = (None, "does not fit", "not as described", "arrived damaged", "changed my mind", "goodwill", "cancelled")
PAYMENTS = ("Shopify Payments", "PayPal Express Checkout", "Klarna")

_PER_CENT_OFF = np.array([0, 10, 5, 20])
_NEVER = np.iinfo(np.int64).max
_BASKETS = 3
_GOODWILL, _CANCELLED = 5, 6


@dataclass(frozen=True)
class Lines:
    """Order lines as arrays with one entry per line, sorted by order and number."""

    order: Integers
    """Index of its order in the block."""
    number: Integers
    product: Integers
    quantity: Integers
    amount: Integers
    discount: Integers


@dataclass(frozen=True)
class Refunds:
    """Refunds as arrays with one entry each, sorted by order and line. `line` is the index of its line, -1 for none."""

    order: Integers
    line: Integers
    quantity: Integers
    amount: Integers
    instant: Integers
    reason: Integers


@dataclass(frozen=True)
class Basket:
    """Orders `start` … `start + size - 1` with lines and refunds, as arrays. Events after the data's end have no time."""

    start: int
    person: NDArray[np.int32]
    instant: Integers
    channel: NDArray[np.int16]
    status: Integers
    coupon: Integers
    gross: Integers
    discount: Integers
    shipping: Integers
    tax: Integers
    total: Integers
    """Amount that the customer is charged."""
    refunded: Integers
    shipping_cost: Integers
    fee: Integers
    payment: Integers
    cancelled_at: Integers
    """Time of cancellation; `has_happened` tells whether there is one. The same for the next two."""
    paid_at: Integers
    fulfilled_at: Integers
    second_email: NDArray[np.bool_]
    gives_phone: NDArray[np.bool_]
    careless: NDArray[np.bool_]
    """Whether the email is typed in capitals and the phone number with blanks."""
    note: Integers
    lines: Lines
    refunds: Refunds

    @property
    def size(self) -> int:
        """Number of orders."""
        return len(self.person)

    def net_revenue(self) -> Floats:
        """Return the net revenue of each order: lines − discount + shipping − refunds, without tax; 0 if it does not count."""
        left = (self.total - self.refunded) * (1 - self.tax / np.maximum(self.total, 1))
        return np.where(self.status == 0, left, 0.0)


def has_happened(instant: Integers) -> NDArray[np.bool_]:
    """Return which instants are times of events that happened."""
    return np.not_equal(instant, _NEVER)


def draw_basket(
    start: int,
    *,
    shape: ShopShape,
    seed: int,
    clock: Clock,
    goods: Catalogue,
    people: Population,
    bought: Purchases,
) -> Basket:
    """Draw the block of orders that begins at `start`, a multiple of BLOCK."""
    end = min(start + BLOCK, bought.size)
    draw = generator(seed, _BASKETS, start // BLOCK)
    size = end - start
    person, instant = bought.person[start:end], bought.instant[start:end]

    def happens(likely: float | Floats) -> NDArray[np.bool_]:
        return draw.random(size) < likely

    def until_now(when: Integers, where: NDArray[np.bool_]) -> Integers:
        return np.where(where & (when < clock.end), when, _NEVER)

    lines = _lines(shape, goods, people, person, draw)
    gross = _sum(lines.order, lines.amount, size)
    line_discount = _sum(lines.order, lines.discount, size)
    coupon = _coupons(shape, bought.first[start:end], clock.season[bought.day[start:end]], draw)
    discount = line_discount + np.rint((gross - line_discount) * _PER_CENT_OFF[coupon] / 100).astype(np.int64)
    goods_paid = gross - discount
    abroad = np.array([place.country != PLACES[0].country for place in PLACES])[people.place[person]]
    charged = np.where(abroad, shape.shipping_abroad, shape.shipping) * 100
    shipping = np.where(goods_paid >= shape.free_shipping_from * 100, 0, np.rint(charged)).astype(np.int64)
    share = shape.tax_rate / 100
    tax = np.rint((goods_paid + shipping) * (share / (1 + share) if shape.tax_included else share)).astype(np.int64)
    total = goods_paid + shipping + (0 if shape.tax_included else tax)

    cancelled_at = until_now(instant + draw.integers(600, 2 * DAY, size), happens(shape.cancelled))
    cancelled = has_happened(cancelled_at)
    unpaid = happens(shape.unpaid) & ~cancelled
    # 40 % of cancelled orders were authorised and not paid: they have no refund.
    paid = ~unpaid & ~(cancelled & happens(0.4))
    status = np.where(cancelled, 1, np.where(unpaid, 2, 0))
    shipping_paid = shipping if shape.tax_included else np.rint(shipping * (1 + share)).astype(np.int64)
    refunds = _refunds(
        draw,
        lines,
        goods.returned[lines.product],
        size=size,
        placed=instant,
        end=clock.end,
        counted=status == 0,
        cancelled_orders=np.flatnonzero(cancelled & paid),
        cancelled_at=cancelled_at,
        total=total,
        shipping_paid=shipping_paid,
    )
    return Basket(
        start=start,
        person=person,
        instant=instant,
        channel=bought.channel[start:end],
        status=status,
        coupon=coupon,
        gross=gross,
        discount=discount,
        shipping=shipping,
        tax=tax,
        total=total,
        refunded=_sum(refunds.order, refunds.amount, size),
        shipping_cost=np.where(abroad, 760, 295) + 40 * (_sum(lines.order, lines.quantity, size) - 1),
        fee=np.where(paid, np.rint(total * 0.014).astype(np.int64) + 20, 0),
        payment=np.minimum(draw.geometric(0.7, size) - 1, len(PAYMENTS) - 1),
        cancelled_at=cancelled_at,
        paid_at=np.where(paid, np.minimum(instant + draw.integers(1, 40, size), clock.end - 1), _NEVER),
        fulfilled_at=until_now(instant + draw.integers(DAY // 4, 3 * DAY, size), status == 0),
        second_email=happens(0.4),
        gives_phone=happens(0.6),
        careless=happens(0.03),
        note=np.where(happens(0.006), draw.integers(1, len(NOTES) + 1, size), 0),
        lines=lines,
        refunds=refunds,
    )


def _sum(order: Integers, values: Integers, size: int) -> Integers:
    """Sum per order. Exact: bincount adds floats, and a block's amounts are far below 2⁵³."""
    return np.bincount(order, values, size).astype(np.int64)


def _lines(
    shape: ShopShape, goods: Catalogue, people: Population, person: NDArray[np.int32], draw: np.random.Generator
) -> Lines:
    count = 1 + np.minimum(draw.poisson(shape.extra_lines, len(person)), 11)
    order = np.repeat(np.arange(len(person)), count)
    number = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count) + 1
    basket = np.array([channel.basket for channel in shape.channels])[people.channel[person]]
    spread = shape.line_spread * draw.standard_normal(len(order))
    worth = shape.line_value * (basket * np.exp(people.taste[person]))[order] * np.exp(spread)
    product = goods.choose(worth, draw.random(len(order)))
    quantity = np.minimum(draw.geometric(0.84, len(order)), 9)
    amount = goods.prices[product] * quantity
    # Three or more of one product: 10 % discount without a coupon.
    discount = np.where(quantity >= 3, np.rint(amount * 0.1), 0).astype(np.int64)
    return Lines(order, number, product, quantity, amount, discount)


def _coupons(shape: ShopShape, first: NDArray[np.bool_], busy: Floats, draw: np.random.Generator) -> Integers:
    """Return the coupon index of each order, 0 for none: for first orders, later ones, and busy days."""
    used = draw.random(len(first)) < shape.coupons
    return np.where(used, np.where(first, 1, np.where(busy > 1.6, 3, 2)), 0)


def _refunds(
    draw: np.random.Generator,
    lines: Lines,
    likely: Floats,
    *,
    size: int,
    placed: Integers,
    end: int,
    counted: NDArray[np.bool_],
    cancelled_orders: Integers,
    cancelled_at: Integers,
    total: Integers,
    shipping_paid: Integers,
) -> Refunds:
    """Draw refunds: returned lines, in whole or in part; shipping of completely returned orders; goodwill; cancellations."""
    rows = len(lines.order)
    back_at = placed + 2 * DAY + (draw.gamma(2.0, 5.0, size) * DAY).astype(np.int64)
    open_order = counted & (back_at < end)
    back = (draw.random(rows) < likely) & open_order[lines.order]
    pieces = np.where(draw.random(rows) < 0.75, lines.quantity, 1)
    pieces = np.where(back, pieces, 0)
    line_paid = _line_payments(total - shipping_paid, lines, size)
    line_back = line_paid * pieces // lines.quantity
    all_back = _sum(lines.order, pieces, size) == _sum(lines.order, lines.quantity, size)
    with_shipping = all_back & (shipping_paid > 0)
    goodwill = (draw.random(size) < 0.007) & open_order & (_sum(lines.order, pieces, size) == 0)
    part = np.rint(total * draw.uniform(0.1, 0.3, size)).astype(np.int64)
    reason = 1 + np.minimum(draw.geometric(0.5, rows) - 1, 3)

    line = np.flatnonzero((pieces > 0) & (line_back > 0))
    whole = [np.flatnonzero(with_shipping), np.flatnonzero(goodwill), cancelled_orders]
    money = (shipping_paid, part, total)
    when = (back_at, back_at, cancelled_at)
    why = (4, _GOODWILL, _CANCELLED)
    order = np.concatenate([lines.order[line], *whole])
    sort = np.argsort(order, kind="stable")
    none = np.zeros(len(order) - len(line), np.int64)

    def joined(of_lines: Integers, *of_orders: Integers) -> Integers:
        return np.concatenate([of_lines, *of_orders])[sort]

    return Refunds(
        order=order[sort],
        line=joined(line, none - 1),
        quantity=joined(pieces[line], none),
        amount=joined(line_back[line], *(amount[o] for amount, o in zip(money, whole, strict=True))),
        instant=joined(back_at[lines.order[line]], *(moment[o] for moment, o in zip(when, whole, strict=True))),
        reason=joined(reason[line], *(np.full(len(o), code) for code, o in zip(why, whole, strict=True))),
    )


def _line_payments(paid: Integers, lines: Lines, size: int) -> Integers:
    """Return the amount paid for each line: the order's payment in proportion to the lines, with exact sums."""
    value = lines.amount - lines.discount
    whole = _sum(lines.order, value, size)
    running = np.cumsum(value)
    before = np.concatenate([[0], np.cumsum(whole)[:-1]])[lines.order]
    upto = np.rint(paid[lines.order] * ((running - before) / whole[lines.order])).astype(np.int64)
    first = lines.number == 1
    shares: Integers = upto - np.where(first, 0, np.concatenate([[0], upto[:-1]]))
    return shares
