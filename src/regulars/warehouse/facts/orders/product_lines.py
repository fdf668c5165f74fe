"""Product lines of counted orders: what they are, their amounts without tax and their costs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import Sources
from regulars.warehouse.facts.orders.order_headers import GOODS, amounts, ordered, with_net
from regulars.warehouse.facts.rates import with_rate
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import MONEY, converted, epoch_day

if TYPE_CHECKING:
    import ibis.expr.types as ir

_FOREVER = 10**6


def goods(sources: Sources) -> ir.Table:
    """`product_lines` of all orders."""
    return sources.step(
        GOODS, "goods", lambda: product_lines(amounts(sources), ordered(sources), sources), "order_lines"
    )


def product_lines(orders: ir.Table, rows: ir.Table, sources: Sources) -> ir.Table:
    """Product lines with `amount` (before discounts), their own `discount`, `quantity`, and `cost` where known. Money is without
    tax, in the shop's currency.

    A line may be negative. With a negative quantity, pieces came back in this order: they reduce units, and their cost is taken
    off the order's. With another quantity it is a rebate: 0 pieces that cost 0.
    `cost` is the line's own, else the product's on that day, else null; `cost_estimated` is true where the shop's
    default margin stands in for it. orders: heads with amounts; rows: the lines with their order's `key`, which stays.
    """
    rows = rows.filter(rows.kind == "product").drop("kind")
    rebate = (rows.amount < 0) & (rows.quantity >= 0)
    rows = rows.mutate(quantity=rebate.ifelse(ibis.literal(0, "int64"), rows.quantity), rebate=rebate)
    rows = rows.rename(line_amount="amount", line_discount="discount", own_cost="unit_cost")
    rows = rows.inner_join(
        orders.select(
            "key", "day", "person", "bucket", "channel", "country", "currency", "rate", "net_part", "net_whole"
        ),
        "key",
    )
    rows = with_net(rows, sources, amount=rows.line_amount, discount=rows.line_discount)
    rows = _with_product_cost(rows, sources)
    pieces = rows.quantity.cast("decimal(38, 4)")
    own = converted((rows.own_cost.cast("decimal(38, 4)") * pieces).cast("decimal(38, 4)"), rows.rate, sources.digits)
    listed = converted(
        (rows.list_cost.cast("decimal(38, 4)") * pieces).cast("decimal(38, 4)"), rows.list_rate, sources.digits
    )
    nothing = ibis.literal(Decimal(0), type=MONEY)
    known = rows.rebate.ifelse(nothing, ibis.coalesce(own, listed))
    if sources.default_margin is None:
        rows = rows.mutate(cost=known, cost_estimated=ibis.literal(False))
    else:
        rest = ibis.literal(Decimal(1) - sources.default_margin, type="decimal(38, 8)")
        estimated = converted(rows.amount, rest, sources.digits)
        rows = rows.mutate(cost=known.fill_null(estimated), cost_estimated=known.isnull())
    rows = with_product_name(rows, sources)
    return rows.select(
        "key", "source", "order_id", "line_id", "day", "person", "bucket", "channel", "country",
        product=ibis.coalesce(rows.name, rows.product_name, rows.product_id),
        product_id=rows.product_id,
        category=ibis.coalesce(rows.category, rows.listed_category),
        quantity=rows.quantity, amount=rows.amount, discount=rows.discount, cost=rows.cost, cost_estimated=rows.cost_estimated,
    )  # fmt: skip


def with_product_name(rows: ir.Table, sources: Sources) -> ir.Table:
    """rows (with source and product_id) plus the product's `name` and `listed_category`, null where it has none."""
    named = sources.table("product_names")
    named = named.select(
        n_source=named.source, n_product=named.product_id, name=named.name, listed_category=named.listed_category
    )
    joined = rows.left_join(named, [rows.source == named.n_source, rows.product_id == named.n_product])
    return joined.drop("n_source", "n_product")


def _with_product_cost(rows: ir.Table, sources: Sources) -> ir.Table:
    """Adds `list_cost` and `list_rate`: the product's cost on the line's day and what its currency was worth."""
    costs = sources.table("product_costs")
    start = epoch_day(costs.valid_from)
    end = start.lead().over(group_by=[costs.source, costs.product_id], order_by=start)
    costs = costs.select(
        cost_source=costs.source, cost_product=costs.product_id, cost_start=start, cost_end=end.fill_null(_FOREVER),
        list_cost=costs.unit_cost, list_currency=costs.currency,
    )  # fmt: skip
    rows = rows.left_join(
        costs,
        [
            rows.source == costs.cost_source,
            rows.product_id == costs.cost_product,
            rows.day >= costs.cost_start,
            rows.day < costs.cost_end,
        ],
    ).drop("cost_source", "cost_product", "cost_start", "cost_end")
    rows = rows.rename(order_currency="currency", order_rate="rate")
    priced = with_rate(rows.mutate(currency=rows.list_currency.fill_null(sources.currency)), sources)
    return (
        priced.rename(list_rate="rate")
        .drop("currency", "list_currency")
        .rename(currency="order_currency", rate="order_rate")
    )
