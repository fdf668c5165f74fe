"""Counted orders before any sum: their day, their person, their rate, and which share of their amounts is not tax."""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from regulars.warehouse.facts import Sources
from regulars.warehouse.facts.rates import with_rate
from regulars.warehouse.portable import converted, larger, local_day, scattered, share, smaller

BUCKETS = 32
"""Groups of customers that intervals are estimated from."""
UNTAXED = ("gift card", "tip", "duty")
"""Lines that are no revenue and carry no tax."""
_WIDE = "decimal(38, 4)"
_ZERO = ibis.literal(Decimal(0), type=_WIDE)


def counted_orders(sources: Sources) -> ir.Table:
    """One row per counted order that is no test.

    Adds `day` (epoch day), `person` (null for guests), `bucket` (0–31), `rate`, and in the order's own currency:
    `goods` (product lines), `goods_discount` (off them), `goods_paid` (for them and shipping, tax included), `paid` (with
    gift cards, tips and duties), and the two numbers `net_part` / `net_whole`: the share of an amount that is not tax.
    """
    orders = sources.table("orders")
    orders = orders.filter(orders.status == "counted", ~orders.test)
    orders = orders.mutate(day=local_day(orders.ordered_at, orders.zone.fill_null(sources.timezone)))
    people = sources.table("order_person")
    orders = orders.left_join(
        people.select(of_source=people.source, of_order=people.order_id, person=people.person),
        [orders.source == people.source, orders.order_id == people.order_id],
    ).drop("of_source", "of_order")
    orders = orders.mutate(bucket=orders.person.isnull().ifelse(_bucket_of(orders.order_id), orders.person % BUCKETS))
    orders = with_rate(orders, sources)
    return _with_amounts(orders, sources)


def _bucket_of(text: ir.StringValue) -> ir.IntegerValue:
    """A guest's order is a customer of its own: its bucket comes from the md5 of its number, which engines agree on."""
    return scattered(text) % BUCKETS


def _with_amounts(orders: ir.Table, sources: Sources) -> ir.Table:
    lines = sources.table("order_lines")
    sums = lines.group_by(lines_source=lines.source, lines_order=lines.order_id).agg(
        line_goods=lines.amount.sum(where=lines.kind == "product"),
        line_untaxed=lines.amount.sum(where=lines.kind.isin(UNTAXED)),
        line_untaxed_discount=lines.discount.sum(where=lines.kind.isin(UNTAXED)),
        has_lines=lines.count(),
    )
    orders = orders.left_join(sums, [orders.source == sums.lines_source, orders.order_id == sums.lines_order]).drop(
        "lines_source", "lines_order"
    )
    has_lines = orders.has_lines.notnull()
    orders = orders.mutate(
        goods=has_lines.ifelse(orders.line_goods.cast(_WIDE).fill_null(_ZERO), orders.gross.cast(_WIDE)),
        untaxed=orders.line_untaxed.cast(_WIDE).fill_null(_ZERO),
        has_lines=has_lines,
    )
    # What was taken off a gift card is no discount on goods; nor is what exceeds them.
    elsewhere = orders.line_untaxed_discount.cast(_WIDE).fill_null(_ZERO)
    on_goods = larger(_ZERO, smaller(orders.discount.cast(_WIDE) - elsewhere, orders.goods))
    orders = orders.mutate(goods_discount=on_goods)
    taxable = orders.goods - orders.goods_discount + orders.shipping.cast(_WIDE)
    tax = orders.tax.cast(_WIDE)
    taken_out = orders.tax_included & (tax > 0) & (taxable > tax)
    one = ibis.literal(Decimal(1), type=_WIDE)
    goods_paid = taxable + orders.tax_included.ifelse(_ZERO, tax)
    return orders.mutate(
        net_part=taken_out.ifelse(taxable - tax, one),
        net_whole=taken_out.ifelse(taxable, one),
        goods_paid=goods_paid,
        paid=goods_paid + orders.untaxed - (orders.discount.cast(_WIDE) - orders.goods_discount),
    ).drop("line_goods", "line_untaxed", "line_untaxed_discount")


def net_in_shop_currency(amount: ir.DecimalValue, order: ir.Table, sources: Sources) -> ir.DecimalValue:
    """An amount of the order without its tax, in the shop's currency, rounded half-even once for the shop's own currency."""
    own = order.currency == sources.currency
    foreign = converted(share(amount, order.net_part, order.net_whole, 4), order.rate, sources.digits)
    return own.ifelse(share(amount, order.net_part, order.net_whole, sources.digits), foreign)
