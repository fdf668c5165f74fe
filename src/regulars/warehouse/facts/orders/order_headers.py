"""Counted orders before sums over their lines: day, person, exchange rate, and the share of their amounts that is not
tax.
"""

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
"""Kinds of lines that are no revenue and carry no tax."""
GROUP = "orders"
"""Name of the group of the facts of orders."""
GOODS = "product lines"
"""Step in which orders and their product lines get their amounts."""
DAYS = {"ordered_at": "day"}


def order_headers(sources: Sources) -> ir.Table:
    """`counted_orders` with `key`, as an intermediate table."""
    return sources.materialize_with_key("order headers", "heads", lambda: counted_orders(sources))


def order_lines(sources: Sources) -> ir.Table:
    """`lines_of_orders` as an intermediate table."""
    return sources.materialize(
        GOODS, "ordered", lambda: lines_of_orders(order_headers(sources), sources), "order_lines"
    )


def order_amounts(sources: Sources) -> ir.Table:
    """Order headers `with_amounts`, as an intermediate table."""
    return sources.materialize(GOODS, "amounts", lambda: with_amounts(order_headers(sources), order_lines(sources)))


def counted_orders(sources: Sources) -> ir.Table:
    """One row per counted order that is not a test.

    Adds `day` (epoch day), `bucket` (0–31) and `rate`. `person` is null for guests; their bucket is that of their
    visit.
    """
    orders = sources.table("orders_of_persons")
    orders = with_local_days(orders.filter(orders.status == "counted", ~orders.test), DAYS, sources)
    visits = sources.fact_of_other_group("visits", {"source": "string", "visit_id": "string", "bucket": "int64"})
    visits = visits.select(of_source=visits.source, of_visit=visits.visit_id, visit_bucket=visits.bucket)
    orders = orders.left_join(visits, [orders.source == visits.of_source, orders.visit_id == visits.of_visit])
    orders = orders.mutate(bucket=bucket_of(orders.person, orders.order_id, orders.visit_bucket))
    orders = with_rate(orders, sources)
    return orders.select(
        "source", "order_id", "person", "bucket", "day", "channel", "country", "coupon", "currency", "rate",
        "gross", "discount", "shipping", "tax", "tax_included", "shipping_cost", "payment_fee", at=orders.ordered_at,
    )  # fmt: skip


def lines_of_orders(orders: ir.Table, sources: Sources) -> ir.Table:
    """The order lines of counted orders, of every kind, with the order's `key`.

    `kind` is as loaded, except that products named in the setting `gift_cards` are gift cards.
    """
    rows = sources.table("order_lines")
    for name in sources.settings.gift_cards:
        is_gift_card = (rows.kind == "product") & rows.product_name.contains(name).fill_null(False)
        rows = rows.mutate(kind=is_gift_card.ifelse("gift card", rows.kind))
    rows = rows.inner_join(orders.select("source", "order_id", "key"), ["source", "order_id"])
    return rows.select(
        "key", "source", "order_id", "line_id", "product_id", "product_name", "category", "quantity", "kind", "amount",
        "discount", "unit_cost",
    )  # fmt: skip


def with_amounts(orders: ir.Table, lines: ir.Table) -> ir.Table:
    """Replace discount and tax by amounts in the order's own currency.

    `goods_discount` is the discount on product lines, `goods_paid` the payment for them and shipping, tax included,
    `paid` the payment with gift cards, tips and duties. `net_part` / `net_whole` is the share of an amount that is
    not tax. `has_lines` is true where the order's lines are loaded.
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
    # Discounts on gift cards are not on goods; and a discount on goods is at most their amount.
    goods_discount = larger(zero(), smaller((orders.discount - orders.elsewhere).cast(MONEY), orders.goods))
    orders = orders.mutate(goods_discount=goods_discount)
    orders = orders.mutate(taxable=(orders.goods - orders.goods_discount + orders.shipping).cast(MONEY))
    tax_is_deducted = orders.tax_included & (orders.tax > 0) & (orders.taxable > orders.tax)
    full_share = ibis.literal(Decimal(1), type=MONEY)
    orders = orders.mutate(
        net_part=tax_is_deducted.ifelse((orders.taxable - orders.tax).cast(MONEY), full_share),
        net_whole=tax_is_deducted.ifelse(orders.taxable, full_share),
        # An order with more returned than sold goods has no payment for goods.
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
    """Add amounts of an order without tax, in the shop's currency.

    They are rounded half-even: once for the shop's own currency, else before and after conversion.

    Args:
        rows: with the order's currency, rate, net_part and net_whole.
        sources: the shop's currency.
        amounts: the amounts with tax, by the name of the new column.
    """
    own = rows.currency == sources.settings.currency
    digits = own.ifelse(ibis.literal(sources.settings.digits, "int8"), ibis.literal(4, "int8"))
    # In two steps: a rounding nested in another would be expanded twice in the SQL.
    untaxed = {
        f"{name}_untaxed_": share(amount, rows.net_part, rows.net_whole, digits) for name, amount in amounts.items()
    }
    rows = rows.mutate(**untaxed)
    own = rows.currency == sources.settings.currency
    net = {
        name: own.ifelse(
            rows[f"{name}_untaxed_"], converted(rows[f"{name}_untaxed_"], rows.rate, sources.settings.digits)
        )
        for name in amounts
    }
    return rows.mutate(**net).drop(*untaxed)
