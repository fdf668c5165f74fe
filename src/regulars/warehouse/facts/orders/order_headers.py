"""Counted orders before any sum: their day, their person, their rate, and which share of their amounts is not tax."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import Sources, bucket_of
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.facts.rates import with_rate
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import MONEY, converted, larger, share, smaller, zero

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNTAXED = ("gift card", "tip", "duty")
"""Lines that are no revenue and carry no tax."""
GROUP = "orders"
"""The facts that are derived together."""
GOODS = "goods"
"""The step in which orders and their product lines get their amounts."""
DAYS = {"ordered_at": "day"}


def heads(sources: Sources) -> ir.Table:
    """`counted_orders` with `key`."""
    return sources.numbered("order heads", "heads", lambda: counted_orders(sources))


def ordered(sources: Sources) -> ir.Table:
    """`lines_of_orders`."""
    return sources.step(GOODS, "ordered", lambda: lines_of_orders(heads(sources), sources), "order_lines")


def amounts(sources: Sources) -> ir.Table:
    """`heads` `with_amounts`."""
    return sources.step(GOODS, "amounts", lambda: with_amounts(heads(sources), ordered(sources)))


def counted_orders(sources: Sources) -> ir.Table:
    """One row per counted order that is no test.

    Adds `day` (epoch day), `bucket` (0–31) and `rate`. `person` is null for guests; they lie in the bucket of their visit.
    """
    orders = sources.table("orders_of_persons")
    orders = with_local_days(orders.filter(orders.status == "counted", ~orders.test), DAYS, sources)
    visits = sources.derived("visits", {"source": "string", "visit_id": "string", "bucket": "int64"})
    visits = visits.select(of_source=visits.source, of_visit=visits.visit_id, visit_bucket=visits.bucket)
    orders = orders.left_join(visits, [orders.source == visits.of_source, orders.visit_id == visits.of_visit])
    orders = orders.mutate(bucket=bucket_of(orders.person, orders.order_id, orders.visit_bucket))
    orders = with_rate(orders, sources)
    return orders.select(
        "source", "order_id", "person", "bucket", "day", "channel", "country", "coupon", "currency", "rate",
        "gross", "discount", "shipping", "tax", "tax_included", "shipping_cost", "payment_fee", at=orders.ordered_at,
    )  # fmt: skip


def lines_of_orders(orders: ir.Table, sources: Sources) -> ir.Table:
    """The order lines of counted orders (with their `key`), of every kind, with the order's `key`.

    `kind` is as loaded, except that products named in the setting `gift_cards` are gift cards.
    """
    rows = sources.table("order_lines")
    for name in sources.gift_cards:
        named = (rows.kind == "product") & rows.product_name.contains(name).fill_null(False)
        rows = rows.mutate(kind=named.ifelse("gift card", rows.kind))
    rows = rows.inner_join(orders.select("source", "order_id", "key"), ["source", "order_id"])
    return rows.select(
        "key", "source", "order_id", "line_id", "product_id", "product_name", "category", "quantity", "kind", "amount",
        "discount", "unit_cost",
    )  # fmt: skip


def with_amounts(orders: ir.Table, lines: ir.Table) -> ir.Table:
    """In place of discount and tax, in the order's own currency: `goods_discount` (off product lines), `goods_paid` (for them
    and shipping, tax included), `paid` (with gift cards, tips and duties), and the two numbers `net_part` / `net_whole`: the
    share of an amount that is not tax. `has_lines` tells whether the order's lines are known.
    """
    sums = lines.group_by(lines_key=lines.key).agg(
        line_goods=lines.amount.sum(where=lines.kind == "product"),
        line_untaxed=lines.amount.sum(where=lines.kind.isin(UNTAXED)),
        line_untaxed_discount=lines.discount.sum(where=lines.kind.isin(UNTAXED)),
    )
    orders = orders.left_join(sums, orders.key == sums.lines_key)
    has_lines = orders.lines_key.notnull()
    orders = orders.mutate(
        goods=has_lines.ifelse(_known(orders.line_goods), orders.gross),
        untaxed=_known(orders.line_untaxed),
        elsewhere=_known(orders.line_untaxed_discount),
        has_lines=has_lines,
    )
    # What was taken off a gift card is no discount on goods; nor is what exceeds them.
    on_goods = larger(zero(), smaller((orders.discount - orders.elsewhere).cast(MONEY), orders.goods))
    orders = orders.mutate(goods_discount=on_goods)
    orders = orders.mutate(taxable=(orders.goods - orders.goods_discount + orders.shipping).cast(MONEY))
    taken_out = orders.tax_included & (orders.tax > 0) & (orders.taxable > orders.tax)
    one = ibis.literal(Decimal(1), type=MONEY)
    orders = orders.mutate(
        net_part=taken_out.ifelse((orders.taxable - orders.tax).cast(MONEY), one),
        net_whole=taken_out.ifelse(orders.taxable, one),
        # Where more goods came back than were sold, nothing was paid for goods.
        goods_paid=larger(zero(), (orders.taxable + orders.tax_included.ifelse(zero(), orders.tax)).cast(MONEY)),
    )
    rest = orders.untaxed - (orders.discount - orders.goods_discount)
    return orders.mutate(paid=(orders.goods_paid + rest).cast(MONEY)).drop(
        "lines_key", "line_goods", "line_untaxed", "line_untaxed_discount", "untaxed", "elsewhere", "taxable", "goods",
        "discount", "tax", "tax_included",
    )  # fmt: skip


def _known(total: ir.DecimalValue) -> ir.DecimalValue:
    return total.cast(MONEY).fill_null(zero())


def with_net(rows: ir.Table, sources: Sources, **amounts: ir.DecimalValue) -> ir.Table:
    """rows (with the order's currency, rate, net_part and net_whole) plus these amounts of the order without its tax, in the
    shop's currency: rounded half-even once for the shop's own currency, else before and after conversion.
    """
    own = rows.currency == sources.currency
    digits = own.ifelse(ibis.literal(sources.digits, "int8"), ibis.literal(4, "int8"))
    # In two steps, so that no rounding stands inside another: engines write both out in full.
    untaxed = {
        f"{name}_untaxed_": share(amount, rows.net_part, rows.net_whole, digits) for name, amount in amounts.items()
    }
    rows = rows.mutate(**untaxed)
    own = rows.currency == sources.currency
    net = {
        name: own.ifelse(rows[f"{name}_untaxed_"], converted(rows[f"{name}_untaxed_"], rows.rate, sources.digits))
        for name in amounts
    }
    return rows.mutate(**net).drop(*untaxed)
