"""Product lines of counted orders, with amounts without tax and costs; and the names of products."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import Sources
from regulars.warehouse.facts.orders.order_headers import GOODS, order_amounts, order_lines, with_net
from regulars.warehouse.facts.rates import with_rate
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import MONEY, converted, epoch_day, first_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

_LAST_DAY = 10**6


def goods_lines(sources: Sources) -> ir.Table:
    """`product_lines` of all orders, as an intermediate table."""
    return sources.materialize(
        GOODS, "goods", lambda: product_lines(order_amounts(sources), order_lines(sources), sources), "order_lines"
    )


def product_lines(orders: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Product lines with `amount` (before discounts), their own `discount`, `quantity`, and `cost` where it is known.

    Amounts are without tax, in the shop's currency. A line with a negative quantity is a return within the order: it
    reduces units, and its cost is subtracted. A negative line with another quantity is a rebate, of 0 pieces at cost
    0. `cost` is the line's own, else the product's on that day, else null; `cost_estimated` is true where it follows
    from the shop's default margin.

    Args:
        orders: order headers with amounts.
        lines: their lines with the order's `key`.
        sources: the shop's currency and settings.
    """
    lines = lines.filter(lines.kind == "product").drop("kind")
    is_rebate = (lines.amount < 0) & (lines.quantity >= 0)
    lines = lines.mutate(quantity=is_rebate.ifelse(ibis.literal(0, "int64"), lines.quantity), rebate=is_rebate)
    lines = lines.rename(line_amount="amount", line_discount="discount", own_cost="unit_cost")
    lines = lines.inner_join(
        orders.select(
            "key", "day", "person", "bucket", "channel", "country", "currency", "rate", "net_part", "net_whole"
        ),
        "key",
    )
    lines = with_net(lines, sources, amount=lines.line_amount, discount=lines.line_discount)
    lines = _with_product_cost(lines, sources)
    pieces = lines.quantity.cast("decimal(38, 4)")
    own_cost = converted(
        (lines.own_cost.cast("decimal(38, 4)") * pieces).cast("decimal(38, 4)"), lines.rate, sources.settings.digits
    )
    list_cost = converted(
        (lines.list_cost.cast("decimal(38, 4)") * pieces).cast("decimal(38, 4)"),
        lines.list_rate,
        sources.settings.digits,
    )
    no_cost = ibis.literal(Decimal(0), type=MONEY)
    known_cost = lines.rebate.ifelse(no_cost, ibis.coalesce(own_cost, list_cost))
    if sources.settings.default_margin is None:
        lines = lines.mutate(cost=known_cost, cost_estimated=ibis.literal(False))
    else:
        cost_share = ibis.literal(Decimal(1) - sources.settings.default_margin, type="decimal(38, 8)")
        estimated_cost = converted(lines.amount, cost_share, sources.settings.digits)
        lines = lines.mutate(cost=known_cost.fill_null(estimated_cost), cost_estimated=known_cost.isnull())
    lines = with_product_name(lines, sources)
    return lines.select(
        "key", "source", "order_id", "line_id", "day", "person", "bucket", "channel", "country",
        product=ibis.coalesce(lines.name, lines.product_name, lines.product_id),
        product_id=lines.product_id,
        category=ibis.coalesce(lines.category, lines.listed_category),
        quantity=lines.quantity, amount=lines.amount, discount=lines.discount, cost=lines.cost, cost_estimated=lines.cost_estimated,
    )  # fmt: skip


def with_product_name(rows: ir.Table, sources: Sources) -> ir.Table:
    """Add the product's `name` and `listed_category`, null where it has none, to rows with source and product_id."""
    names = sources.table("product_names")
    names = names.select(
        n_source=names.source, n_product=names.product_id, name=names.name, listed_category=names.listed_category
    )
    joined = rows.left_join(names, [rows.source == names.n_source, rows.product_id == names.n_product])
    return joined.drop("n_source", "n_product")


def _with_product_cost(rows: ir.Table, sources: Sources) -> ir.Table:
    """Add `list_cost` and `list_rate`: the product's cost on the line's day, and the exchange rate of its currency."""
    costs = sources.table("product_costs")
    start = epoch_day(costs.valid_from)
    end = start.lead().over(group_by=[costs.source, costs.product_id], order_by=start)
    costs = costs.select(
        cost_source=costs.source, cost_product=costs.product_id, cost_start=start, cost_end=end.fill_null(_LAST_DAY),
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
    priced = with_rate(rows.mutate(currency=rows.list_currency.fill_null(sources.settings.currency)), sources)
    return (
        priced.rename(list_rate="rate")
        .drop("currency", "list_currency")
        .rename(currency="order_currency", rate="order_rate")
    )


def product_name_counts(lines: ir.Table) -> ir.Table:
    """Count how often order lines name a product: source, product_id, product_name, times."""
    named_lines = lines.filter(lines.product_id.notnull(), lines.product_name.notnull())
    return named_lines.group_by("source", "product_id", "product_name").agg(times=named_lines.count())


def product_names(name_counts: ir.Table, products: ir.Table) -> ir.Table:
    """Return source, product_id, name, listed_category: one row per product of the products table or of an order line.

    The name is that of the products table, else the most frequent one of its order lines.
    """
    most_frequent = first_rows(
        name_counts, ("source", "product_id"), [name_counts.times.desc(), name_counts.product_name.asc()]
    )
    most_frequent = most_frequent.select("source", "product_id", usual=most_frequent.product_name)
    listed = products.select("source", "product_id", "name", "category")
    joined = most_frequent.outer_join(listed, ["source", "product_id"])
    return joined.select(
        source=ibis.coalesce(joined.source, joined.source_right),
        product_id=ibis.coalesce(joined.product_id, joined.product_id_right),
        name=ibis.coalesce(joined.name, joined.usual),
        listed_category=joined.category,
    )
