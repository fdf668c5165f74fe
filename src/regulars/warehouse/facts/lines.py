"""The fact `lines`: one row per product line of a counted order, on the order's day."""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from regulars.warehouse.facts import Sources
from regulars.warehouse.facts.heads import net_in_shop_currency
from regulars.warehouse.facts.rates import with_rate
from regulars.warehouse.portable import converted, epoch_day, first_rows

_FOREVER = 10**6


def lines(heads: ir.Table, sources: Sources) -> ir.Table:
    """Product lines with `amount` (before discounts, without tax, shop currency), `quantity`, and `cost` where known.

    `cost` is the line's own, else the product's on that day, else null; `cost_estimated` is true where the shop's
    default margin stands in for it.
    """
    rows = sources.table("order_lines")
    rows = rows.filter(rows.kind == "product").select(
        "source", "order_id", "line_id", "product_id", "product_name", "category", "quantity",
        line_amount=rows.amount, own_cost=rows.unit_cost,
    )  # fmt: skip
    rows = rows.inner_join(
        heads.select(
            "source",
            "order_id",
            "day",
            "person",
            "bucket",
            "channel",
            "country",
            "currency",
            "rate",
            "net_part",
            "net_whole",
        ),
        ["source", "order_id"],
    )
    rows = rows.mutate(amount=net_in_shop_currency(rows.line_amount, rows, sources))
    rows = _with_product_cost(rows, sources)
    pieces = rows.quantity.cast("decimal(38, 4)")
    own = converted((rows.own_cost.cast("decimal(38, 4)") * pieces).cast("decimal(38, 4)"), rows.rate, sources.digits)
    listed = converted(
        (rows.list_cost.cast("decimal(38, 4)") * pieces).cast("decimal(38, 4)"), rows.list_rate, sources.digits
    )
    known = ibis.coalesce(own, listed)
    if sources.default_margin is None:
        rows = rows.mutate(cost=known, cost_estimated=ibis.literal(False))
    else:
        rest = ibis.literal(Decimal(1) - sources.default_margin, type="decimal(38, 8)")
        estimated = converted(rows.amount, rest, sources.digits)
        rows = rows.mutate(cost=known.fill_null(estimated), cost_estimated=known.isnull())
    named = names(sources)
    rows = rows.left_join(named, [rows.source == named.named_source, rows.product_id == named.named_product])
    return rows.select(
        "source", "order_id", "line_id", "day", "person", "bucket", "channel", "country",
        product=ibis.coalesce(rows.name, rows.product_name, rows.product_id),
        product_id=rows.product_id,
        category=ibis.coalesce(rows.category, rows.listed_category),
        quantity=rows.quantity, amount=rows.amount, cost=rows.cost, cost_estimated=rows.cost_estimated,
    )  # fmt: skip


def names(sources: Sources) -> ir.Table:
    """What each product is called: by the products table, else as most of its order lines call it; and its category."""
    said = sources.table("order_lines")
    said = said.filter(said.product_id.notnull(), said.product_name.notnull())
    counted = said.group_by("source", "product_id", "product_name").agg(times=said.count())
    usual = first_rows(counted, ("source", "product_id"), [counted.times.desc(), counted.product_name.asc()])
    usual = usual.select("source", "product_id", usual=usual.product_name)
    listed = sources.table("products").select("source", "product_id", "name", "category")
    both = usual.outer_join(listed, ["source", "product_id"])
    return both.select(
        named_source=ibis.coalesce(both.source, both.source_right),
        named_product=ibis.coalesce(both.product_id, both.product_id_right),
        name=ibis.coalesce(both.name, both.usual),
        listed_category=both.category,
    )


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
