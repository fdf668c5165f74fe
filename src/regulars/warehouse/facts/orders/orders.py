"""The fact `orders`: one row per counted order, with its money in the shop's currency and its place in history."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import FactTable, Read, Sources
from regulars.warehouse.facts.orders.order_headers import DAYS, GROUP, amounts, with_net
from regulars.warehouse.facts.orders.product_lines import goods
from regulars.warehouse.facts.orders.sequence import sequenced
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import converted, counted, first_rows, larger, smaller, zero
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

_MONEY = "decimal(18, 4)"
_ON_THE_WAY = (
    "gross", "shipping", "has_lines", "goods_discount", "net_part", "net_whole", "line_revenue", "known_cost",
    "unknown_costs", "estimated_costs", "net_gross", "line_discounts", "amounts", "quantities", "with_amount",
    "with_quantity",
)  # fmt: skip
"""What orders' sums follow from and nothing else asks for: written, it would take most of the time."""


def priced(sources: Sources) -> ir.Table:
    """Orders with their amounts, `before_refunds`."""
    return sources.step("order sums", "priced", lambda: before_refunds(amounts(sources), goods(sources), sources))


def before_refunds(heads: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """heads plus sums over their lines: gross_revenue, discounts, shipping_revenue, net_before_refunds, goods_cost, units …

    All without tax, in the shop's currency. `goods_cost` is null where the cost of any line is not known. `to_spread` is the
    part of net_before_refunds that no line has, and `weights` what it is spread over lines by, all together: their positive
    amounts, or where there are none (`by_quantity`) their positive quantities; null where there are none either.
    """
    sums = lines.group_by(lines_key=lines.key).agg(
        line_revenue=lines.amount.sum(),
        line_discounts=lines.discount.sum(),
        units=counted(lines.quantity.sum()),
        amounts=lines.amount.sum(where=lines.amount > 0),
        quantities=lines.quantity.sum(where=lines.quantity > 0).cast(_MONEY),
        with_amount=(lines.amount > 0).sum(),
        with_quantity=(lines.quantity > 0).sum(),
        known_cost=lines.cost.sum(),
        unknown_costs=lines.cost.isnull().sum(),
        estimated_costs=lines.cost_estimated.sum(),
        covered_revenue=lines.amount.sum(where=lines.cost.notnull() & ~lines.cost_estimated),
    )
    rows = heads.left_join(sums, heads.key == sums.lines_key).drop("lines_key")
    rows = with_net(rows, sources, net_gross=rows.gross, discounts=rows.goods_discount, shipping_revenue=rows.shipping)
    none_known = rows.has_lines.ifelse(zero(_MONEY), ibis.null(_MONEY))
    rows = rows.mutate(
        gross_revenue=ibis.coalesce(
            rows.line_revenue.cast(_MONEY), rows.has_lines.ifelse(zero(_MONEY), rows.net_gross)
        ),
        units=rows.units.fill_null(0),
        goods_cost=(rows.unknown_costs > 0)
        .ifelse(ibis.null(_MONEY), rows.known_cost.cast(_MONEY))
        .fill_null(none_known),
        cost_estimated=rows.estimated_costs.fill_null(0) > 0,
    )
    # An order with an unknown line must not fall back to "no goods".
    rows = rows.mutate(goods_cost=(rows.unknown_costs > 0).fill_null(False).ifelse(ibis.null(_MONEY), rows.goods_cost))
    if sources.default_margin is not None:
        rest = ibis.literal(Decimal(1) - sources.default_margin, type="decimal(38, 8)")
        estimated = converted(rows.gross_revenue, rest, sources.digits)
        rows = rows.mutate(
            goods_cost=rows.has_lines.ifelse(rows.goods_cost, estimated),
            cost_estimated=rows.cost_estimated | ~rows.has_lines,
        )
    # Negative lines must not carry the covered part beyond the whole.
    all_covered = ((rows.unknown_costs == 0) & (rows.estimated_costs == 0)).fill_null(False)
    covered = smaller(
        larger(rows.covered_revenue.cast(_MONEY).fill_null(zero(_MONEY)), zero(_MONEY)),
        larger(rows.gross_revenue, zero(_MONEY)),
    )
    rows = rows.mutate(covered_revenue=all_covered.ifelse(rows.gross_revenue, covered))
    net = (rows.gross_revenue - rows.discounts + rows.shipping_revenue).cast(_MONEY)
    of_lines = (_sum(rows.line_revenue) - _sum(rows.line_discounts)).cast(_MONEY)
    rows = rows.mutate(
        net_before_refunds=net,
        to_spread=(net - of_lines).cast(_MONEY),
        weights=ibis.coalesce(rows.amounts.cast(_MONEY), rows.quantities),
        by_quantity=rows.amounts.isnull(),
        several=rows.amounts.isnull().ifelse(rows.with_quantity, rows.with_amount) > 1,
    )
    return rows.drop(*_ON_THE_WAY)


def _sum(total: ir.DecimalValue) -> ir.DecimalValue:
    return total.cast(_MONEY).fill_null(zero(_MONEY))


def valued_orders(priced: ir.Table, lines: ir.Table, returns: ir.Table, sources: Sources) -> ir.Table:
    """One row per counted order, guests included. Money is net of tax in the shop's currency; `profit` null where unknown.

    With its place in its customer's history (`sequenced`) this is the fact.
    """
    linked = returns.filter(returns.linked)
    back = linked.group_by(r_source=linked.source, r_order=linked.order_id).agg(
        refunds=linked.amount.sum(), cost_back=linked.cost_back.sum()
    )
    rows = priced.left_join(back, [priced.source == back.r_source, priced.order_id == back.r_order])
    dearest = first_rows(
        lines.select("key", "line_id", "amount", "product"), ("key",), [lines.amount.desc(), lines.line_id.asc()]
    )
    dearest = dearest.select(d_key=dearest.key, product=dearest["product"])
    rows = rows.left_join(dearest, rows.key == dearest.d_key)
    rows = rows.mutate(refunds=rows.refunds.cast(_MONEY).fill_null(zero(_MONEY)))
    net = (rows.net_before_refunds - rows.refunds).cast(_MONEY)
    sending = converted(rows.shipping_cost, rows.rate, sources.digits).fill_null(zero(_MONEY))
    fees = converted(rows.payment_fee, rows.rate, sources.digits).fill_null(zero(_MONEY))
    back_cost = rows.cost_back.cast(_MONEY).fill_null(zero(_MONEY))
    return rows.select(
        "source", "order_id", "person", "bucket", "day", "channel", "country", "coupon", "currency", "product",
        "units", "gross_revenue", "discounts", "refunds", "covered_revenue", "cost_estimated", "at",
        net_revenue=net,
        profit=(net - rows.goods_cost + back_cost - sending - fees).cast(_MONEY),
        returned=rows.r_order.notnull(),
    )  # fmt: skip


ORDERS = FactTable(
    name="orders",
    about="one row per counted order, guests included",
    table=BY_NAME["orders"],
    build=lambda sources: valued_orders(priced(sources), goods(sources), sources.fact("returns"), sources),
    days=DAYS,
    splits=("country", "channel", "coupon", "source", "currency"),
    filters=("product", "units", "net_revenue", "order_number"),
    reads=(
        Read("order_lines", ("source", "order_id")),
        Read("returns", ("source", "order_id")),
        Read("visits", ("source", "visit_id")),
        Read("exchange_rates"),
    ),
    group=GROUP,
    history=sequenced,
    order='ORDER BY person, "at", order_id',
)
