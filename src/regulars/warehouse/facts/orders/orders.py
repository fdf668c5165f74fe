"""The fact `orders`: one row per counted order, with amounts in the shop's currency and its position in the customer's
history.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import FactTable, Read, Sources
from regulars.warehouse.facts.orders.order_headers import DAYS, GROUP, order_amounts, with_net
from regulars.warehouse.facts.orders.product_lines import goods_lines
from regulars.warehouse.facts.orders.sequence import with_history
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import converted, counted, first_rows, larger, smaller, zero
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

_MONEY = "decimal(18, 4)"
_INTERMEDIATE_COLUMNS = (
    "gross", "shipping", "has_lines", "goods_discount", "net_part", "net_whole", "line_revenue", "known_cost",
    "unknown_costs", "estimated_costs", "net_gross", "line_discounts", "amounts", "quantities", "with_amount",
    "with_quantity",
)  # fmt: skip
"""Columns that only the sums of orders need. They are not stored: writing them would take most of the time."""


def order_totals(sources: Sources) -> ir.Table:
    """Orders with their amounts `before_refunds`, as an intermediate table."""
    return sources.materialize(
        "order totals", "priced", lambda: before_refunds(order_amounts(sources), goods_lines(sources), sources)
    )


def before_refunds(orders: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Add sums over lines: gross_revenue, discounts, shipping_revenue, net_before_refunds, goods_cost, units …

    All are without tax, in the shop's currency. `goods_cost` is null where the cost of any line is unknown.
    `to_spread` is the part of net_before_refunds outside the lines. `weights` is the sum of the lines' weights for
    spreading it: of their positive amounts, else (`by_quantity`) of their positive quantities, else null.

    Args:
        orders: order headers with amounts.
        lines: product lines.
        sources: the shop's currency and settings.
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
    rows = orders.left_join(sums, orders.key == sums.lines_key).drop("lines_key")
    rows = with_net(rows, sources, net_gross=rows.gross, discounts=rows.goods_discount, shipping_revenue=rows.shipping)
    cost_without_lines = rows.has_lines.ifelse(zero(_MONEY), ibis.null(_MONEY))
    rows = rows.mutate(
        gross_revenue=ibis.coalesce(
            rows.line_revenue.cast(_MONEY), rows.has_lines.ifelse(zero(_MONEY), rows.net_gross)
        ),
        units=rows.units.fill_null(0),
        goods_cost=(rows.unknown_costs > 0)
        .ifelse(ibis.null(_MONEY), rows.known_cost.cast(_MONEY))
        .fill_null(cost_without_lines),
        cost_estimated=rows.estimated_costs.fill_null(0) > 0,
    )
    # An unknown cost of a line must not become the cost 0 of an order without goods.
    rows = rows.mutate(goods_cost=(rows.unknown_costs > 0).fill_null(False).ifelse(ibis.null(_MONEY), rows.goods_cost))
    if sources.settings.default_margin is not None:
        cost_share = ibis.literal(Decimal(1) - sources.settings.default_margin, type="decimal(38, 8)")
        estimated_cost = converted(rows.gross_revenue, cost_share, sources.settings.digits)
        rows = rows.mutate(
            goods_cost=rows.has_lines.ifelse(rows.goods_cost, estimated_cost),
            cost_estimated=rows.cost_estimated | ~rows.has_lines,
        )
    # With negative lines, the part with known cost could exceed the whole.
    is_fully_covered = ((rows.unknown_costs == 0) & (rows.estimated_costs == 0)).fill_null(False)
    covered = smaller(
        larger(rows.covered_revenue.cast(_MONEY).fill_null(zero(_MONEY)), zero(_MONEY)),
        larger(rows.gross_revenue, zero(_MONEY)),
    )
    rows = rows.mutate(covered_revenue=is_fully_covered.ifelse(rows.gross_revenue, covered))
    net_revenue = (rows.gross_revenue - rows.discounts + rows.shipping_revenue).cast(_MONEY)
    line_revenue = (_sum(rows.line_revenue) - _sum(rows.line_discounts)).cast(_MONEY)
    rows = rows.mutate(
        net_before_refunds=net_revenue,
        to_spread=(net_revenue - line_revenue).cast(_MONEY),
        weights=ibis.coalesce(rows.amounts.cast(_MONEY), rows.quantities),
        by_quantity=rows.amounts.isnull(),
        several=rows.amounts.isnull().ifelse(rows.with_quantity, rows.with_amount) > 1,
    )
    return rows.drop(*_INTERMEDIATE_COLUMNS)


def _sum(total: ir.DecimalValue) -> ir.DecimalValue:
    return total.cast(_MONEY).fill_null(zero(_MONEY))


def valued_orders(priced: ir.Table, lines: ir.Table, returns: ir.Table, sources: Sources) -> ir.Table:
    """One row per counted order, guests included. Amounts are without tax, in the shop's currency; `profit` is null
    where unknown.

    The fact is this `with_history`.
    """
    linked = returns.filter(returns.linked)
    refunds = linked.group_by(r_source=linked.source, r_order=linked.order_id).agg(
        refunds=linked.amount.sum(), cost_back=linked.cost_back.sum()
    )
    rows = priced.left_join(refunds, [priced.source == refunds.r_source, priced.order_id == refunds.r_order])
    largest_line = first_rows(
        lines.select("key", "line_id", "amount", "product"), ("key",), [lines.amount.desc(), lines.line_id.asc()]
    )
    largest_line = largest_line.select(d_key=largest_line.key, product=largest_line["product"])
    rows = rows.left_join(largest_line, rows.key == largest_line.d_key)
    rows = rows.mutate(refunds=rows.refunds.cast(_MONEY).fill_null(zero(_MONEY)))
    net_revenue = (rows.net_before_refunds - rows.refunds).cast(_MONEY)
    shipping_cost = converted(rows.shipping_cost, rows.rate, sources.settings.digits).fill_null(zero(_MONEY))
    payment_fee = converted(rows.payment_fee, rows.rate, sources.settings.digits).fill_null(zero(_MONEY))
    cost_of_returns = rows.cost_back.cast(_MONEY).fill_null(zero(_MONEY))
    return rows.select(
        "source", "order_id", "person", "bucket", "day", "channel", "country", "coupon", "currency", "product",
        "units", "gross_revenue", "discounts", "refunds", "covered_revenue", "cost_estimated", "at",
        net_revenue=net_revenue,
        profit=(net_revenue - rows.goods_cost + cost_of_returns - shipping_cost - payment_fee).cast(_MONEY),
        returned=rows.r_order.notnull(),
    )  # fmt: skip


ORDERS = FactTable(
    name="orders",
    about="one row per counted order, guests included",
    table=BY_NAME["orders"],
    build=lambda sources: valued_orders(order_totals(sources), goods_lines(sources), sources.fact("returns"), sources),
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
    history=with_history,
    order='ORDER BY person, "at", order_id',
)
