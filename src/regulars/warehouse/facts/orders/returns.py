"""The fact `returns`: one row per return or refund, on its own day and, where known, on its order's day."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import FactTable, Read, Sources, bucket_of
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.facts.orders.order_headers import GROUP, UNTAXED, order_lines
from regulars.warehouse.facts.orders.orders import order_totals
from regulars.warehouse.facts.orders.product_lines import goods_lines, with_product_name
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import converted, first_rows, larger, rounded, share, smaller, zero
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

_DAYS = {"returned_at": "returned_day"}
_WIDE = "decimal(38, 4)"


def returns_with_value(sources: Sources) -> ir.Table:
    """`valued_returns` of all orders, as an intermediate table."""
    return sources.materialize(
        "refunds",
        "valued_returns",
        lambda: valued_returns(order_totals(sources), order_lines(sources), goods_lines(sources), sources),
        "returns",
    )


def valued_returns(orders: ir.Table, all_lines: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Returns with `amount` (deducted from net revenue, in the shop's currency) and `cost_back`, the cost of restocked
    goods.

    A refund deducts the same share of its order's net revenue as it is of the payment for goods and shipping, so that
    its share of tax is left out; where its tax is loaded, that is subtracted instead. Refunds of the whole payment
    leave exactly 0. Gift cards and tips are no revenue: a refund of such a line deducts nothing, and a refund without
    a line deducts goods first.

    `linked` is true where the order is loaded and counted. Refunds of orders that do not count are left out; refunds
    of orders that were never loaded are unlinked. `key` is the order's, null where unlinked. `line_id` is the product
    line of the refund, else the line of the order with the refund's product and the largest amount, else null.

    Args:
        orders: order headers with `net_before_refunds` and `goods_cost`.
        all_lines: their lines of every kind.
        lines: their product lines, with the order's `key`.
        sources: the shop's currency and tables.
    """
    rows = with_local_days(sources.table("returns_of_persons"), _DAYS, sources)
    rows = rows.rename(own_person="person")
    # A refund of 0 without a quantity does not count.
    rows = rows.filter((rows.amount > 0) | rows.quantity.notnull())
    loaded_orders = sources.table("orders")
    loaded_orders = loaded_orders.select(known_source=loaded_orders.source, known_order=loaded_orders.order_id)
    rows = rows.left_join(
        loaded_orders, [rows.source == loaded_orders.known_source, rows.order_id == loaded_orders.known_order]
    )
    rows = rows.drop("known_source").rename(known="known_order")
    order_columns = orders.select(
        of_source=orders.source, of_order=orders.order_id, of_key=orders.key, order_day=orders.day, order_person=orders.person,
        order_bucket=orders.bucket,
        channel=orders.channel, country=orders.country, paid=orders.paid, rate=orders.rate,
        goods_paid=orders.goods_paid, net_before_refunds=orders.net_before_refunds, goods_cost=orders.goods_cost,
    )  # fmt: skip
    rows = rows.left_join(
        order_columns, [rows.source == order_columns.of_source, rows.order_id == order_columns.of_order]
    )
    linked = rows.of_order.notnull()
    rows = rows.filter(linked | rows.known.isnull()).mutate(linked=linked)
    rows = _with_goods_part(rows, all_lines)
    rows = with_product_name(_with_cost_back(rows, lines, sources), sources)
    rows = _with_line_of_product(rows, lines, sources)
    share_of_net_revenue = share(rows.of_goods, rows.net_before_refunds, rows.goods_paid, sources.settings.digits)
    untaxed = larger(rows.of_goods - rows.tax.cast(_WIDE), zero(_WIDE))
    amount_without_tax = converted(untaxed.cast(_WIDE), rows.rate, sources.settings.digits)
    no_amount = ibis.literal(Decimal(0), type="decimal(18, 4)")
    unlinked_amount = rounded(
        (rows.amount.cast(_WIDE) - rows.tax.cast(_WIDE).fill_null(zero(_WIDE))).cast(_WIDE), sources.settings.digits
    )
    amount = rows.linked.ifelse(
        rows.tax.notnull().ifelse(amount_without_tax, share_of_net_revenue).fill_null(no_amount), unlinked_amount
    )
    rows = rows.mutate(taken_back=amount)
    rows = rows.mutate(taken_back=_with_exact_last_refund(rows))
    person = ibis.coalesce(rows.order_person, rows.own_person)
    return rows.select(
        "source", "return_id", "order_id", "linked", "order_day", "channel", "country", "reason", "quantity",
        day=rows.returned_day, person=person,
        bucket=bucket_of(person, rows.return_id, rows.order_bucket),
        product=ibis.coalesce(rows.line_product, rows.name, rows.product_id),
        category=ibis.coalesce(rows.line_category, rows.listed_category),
        amount=rows.taken_back, cost_back=rows.cost_back, key=rows.of_key, line_id=ibis.coalesce(rows.l_line, rows.p_line),
    )  # fmt: skip


def _with_goods_part(rows: ir.Table, all_lines: ir.Table) -> ir.Table:
    """Add `of_goods`, the part of the refund for goods and shipping, and `given_back`, its sum so far within the order."""
    kinds = all_lines.filter(all_lines.kind.isin(UNTAXED)).select(k_key=all_lines.key, k_line=all_lines.line_id)
    rows = rows.left_join(kinds, [rows.of_key == kinds.k_key, rows.line_id == kinds.k_line])
    rows = rows.mutate(counted=rows.k_line.notnull().ifelse(zero(_WIDE), rows.amount.cast(_WIDE)))
    refunded_so_far = rows.counted.sum().over(ibis.window(preceding=None, following=0, **_by_time(rows))).cast(_WIDE)
    rows = rows.mutate(given_back=refunded_so_far)
    goods_part = smaller(rows.given_back, rows.goods_paid) - smaller(rows.given_back - rows.counted, rows.goods_paid)
    return rows.mutate(of_goods=_has_untaxed_lines(rows).ifelse(goods_part, rows.counted).cast(_WIDE)).drop(
        "k_key", "k_line"
    )


def _has_untaxed_lines(rows: ir.Table) -> ir.BooleanValue:
    """True where the order also has lines that are no revenue."""
    return (rows.paid > rows.goods_paid).fill_null(False)


def _by_time(rows: ir.Table) -> dict[str, list[ir.Value]]:
    return {"group_by": [rows.source, rows.order_id], "order_by": [rows.returned_at, rows.return_id]}


def _with_exact_last_refund(rows: ir.Table) -> ir.DecimalValue:
    """`taken_back`, except that the refund that completes the payment deducts the remainder of the order's net revenue,
    so that rounding of the earlier ones leaves nothing.
    """
    earlier_amounts = (
        rows.taken_back.sum()
        .over(ibis.window(preceding=(None, 1), **_by_time(rows)))
        .cast(_WIDE)
        .fill_null(zero(_WIDE))
    )
    remaining_revenue = (rows.net_before_refunds - earlier_amounts).cast("decimal(18, 4)")
    was_not_complete = rows.given_back - rows.counted < rows.goods_paid
    is_complete = (rows.given_back == rows.goods_paid) | (
        _has_untaxed_lines(rows) & (rows.given_back > rows.goods_paid)
    )
    return (rows.linked & was_not_complete & is_complete).fill_null(False).ifelse(remaining_revenue, rows.taken_back)


def _with_cost_back(rows: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Add the line's product and category, and `cost_back`, the cost of restocked goods."""
    line_columns = lines.select(
        l_key=lines.key, l_line=lines.line_id, line_product=lines.product, line_category=lines.category,
        line_quantity=lines.quantity, line_cost=lines.cost,
    )  # fmt: skip
    rows = rows.left_join(line_columns, [rows.of_key == line_columns.l_key, rows.line_id == line_columns.l_line])
    sold_pieces = (rows.line_quantity > 0).ifelse(rows.line_quantity, ibis.null("int64"))
    cost_by_pieces = share(rows.line_cost, rows.quantity, sold_pieces, sources.settings.digits)
    cost_by_amount = share(rows.goods_cost, rows.of_goods, rows.goods_paid, sources.settings.digits)
    restocked = rows.restocked.fill_null(False)
    no_cost = ibis.literal(Decimal(0), type="decimal(18, 4)")
    return rows.mutate(cost_back=restocked.ifelse(ibis.coalesce(cost_by_pieces, cost_by_amount, no_cost), no_cost))


def _with_line_of_product(rows: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Add `p_line`: the line of the order with the return's product and the largest amount."""
    returns = sources.table("returns")
    named_products = returns.select("source", "order_id", "product_id").filter(returns.product_id.notnull()).distinct()
    candidates = lines.select("source", "order_id", "product_id", "key", "line_id", "amount")
    candidates = candidates.semi_join(named_products, ["source", "order_id", "product_id"])
    candidates = first_rows(candidates, ("key", "product_id"), [candidates.amount.desc(), candidates.line_id.asc()])
    candidates = candidates.select(p_key=candidates.key, p_product=candidates.product_id, p_line=candidates.line_id)
    return rows.left_join(candidates, [rows.of_key == candidates.p_key, rows.product_id == candidates.p_product])


RETURNS = FactTable(
    name="returns",
    about="one row per return or refund, on its own day and, where known, on its order's",
    table=BY_NAME["returns"],
    build=lambda sources: returns_with_value(sources).drop("key", "line_id"),
    days=_DAYS,
    splits=("product", "category", "country", "channel", "source", "reason"),
    reads=(Read("orders", ("source", "order_id")), Read("order_lines", ("source", "order_id")),
           Read("products", ("source", "product_id")), Read("exchange_rates")),
    group=GROUP,
)  # fmt: skip
