"""The fact `returns`: one row per return or refund, on its own day and, where known, on its order's day."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import FactTable, Read, Sources, bucket_of
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.facts.orders.order_headers import GROUP, UNTAXED, ordered
from regulars.warehouse.facts.orders.orders import priced
from regulars.warehouse.facts.orders.product_lines import goods, with_product_name
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import converted, first_rows, larger, rounded, share, smaller, zero
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

_DAYS = {"returned_at": "returned_day"}
_WIDE = "decimal(38, 4)"


def valued(sources: Sources) -> ir.Table:
    """`valued_returns` of all orders."""
    return sources.step(
        "refunds",
        "valued_returns",
        lambda: valued_returns(priced(sources), ordered(sources), goods(sources), sources),
        "returns",
    )


def valued_returns(orders: ir.Table, bought: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Returns with `amount` (what they take back of net revenue, shop currency) and `cost_back` of restocked goods.

    A refund takes back the same share of its order's net revenue as it is of what the customer paid for goods and shipping,
    so it loses its tax share; where its tax is given, that is taken out instead. Refunds that add up to all that was paid
    leave exactly nothing. Gift cards and tips are no revenue: a refund of such a line takes none back, and one that names
    no line is taken from the goods first.
    `linked` is true where the order is loaded and counted; refunds of orders that do not count are left out, and
    refunds of orders never loaded are unlinked. orders: heads with `net_before_refunds` and `goods_cost`; bought: their
    lines of every kind; lines: product lines, with the order's `key`.
    Each has its order's `key`, null where unlinked, and `line_id`: the product line it names, else the dearest line of the order
    with the product it names, else null.
    """
    rows = with_local_days(sources.table("returns_of_persons"), _DAYS, sources)
    rows = rows.rename(own_person="person")
    # A refund of nothing that says nothing of pieces is none.
    rows = rows.filter((rows.amount > 0) | rows.quantity.notnull())
    known = sources.table("orders")
    known = known.select(known_source=known.source, known_order=known.order_id)
    rows = rows.left_join(known, [rows.source == known.known_source, rows.order_id == known.known_order])
    rows = rows.drop("known_source").rename(known="known_order")
    of = orders.select(
        of_source=orders.source, of_order=orders.order_id, of_key=orders.key, order_day=orders.day, order_person=orders.person,
        order_bucket=orders.bucket,
        channel=orders.channel, country=orders.country, paid=orders.paid, rate=orders.rate,
        goods_paid=orders.goods_paid, net_before_refunds=orders.net_before_refunds, goods_cost=orders.goods_cost,
    )  # fmt: skip
    rows = rows.left_join(of, [rows.source == of.of_source, rows.order_id == of.of_order])
    linked = rows.of_order.notnull()
    rows = rows.filter(linked | rows.known.isnull()).mutate(linked=linked)
    rows = _with_goods(rows, bought)
    rows = with_product_name(_with_cost_back(rows, lines, sources), sources)
    rows = _with_line_of_product(rows, lines, sources)
    by_share = share(rows.of_goods, rows.net_before_refunds, rows.goods_paid, sources.digits)
    untaxed = larger(rows.of_goods - rows.tax.cast(_WIDE), zero(_WIDE))
    by_tax = converted(untaxed.cast(_WIDE), rows.rate, sources.digits)
    none = ibis.literal(Decimal(0), type="decimal(18, 4)")
    unlinked = rounded(
        (rows.amount.cast(_WIDE) - rows.tax.cast(_WIDE).fill_null(zero(_WIDE))).cast(_WIDE), sources.digits
    )
    amount = rows.linked.ifelse(rows.tax.notnull().ifelse(by_tax, by_share).fill_null(none), unlinked)
    rows = rows.mutate(taken_back=amount)
    rows = rows.mutate(taken_back=_nothing_left_of_all(rows))
    person = ibis.coalesce(rows.order_person, rows.own_person)
    return rows.select(
        "source", "return_id", "order_id", "linked", "order_day", "channel", "country", "reason", "quantity",
        day=rows.returned_day, person=person,
        bucket=bucket_of(person, rows.return_id, rows.order_bucket),
        product=ibis.coalesce(rows.line_product, rows.name, rows.product_id),
        category=ibis.coalesce(rows.line_category, rows.listed_category),
        amount=rows.taken_back, cost_back=rows.cost_back, key=rows.of_key, line_id=ibis.coalesce(rows.l_line, rows.p_line),
    )  # fmt: skip


def _with_goods(rows: ir.Table, bought: ir.Table) -> ir.Table:
    """Adds `of_goods`: the part of the refund that is for goods and shipping; and `given_back` of it so far in the order."""
    kinds = bought.filter(bought.kind.isin(UNTAXED)).select(k_key=bought.key, k_line=bought.line_id)
    rows = rows.left_join(kinds, [rows.of_key == kinds.k_key, rows.line_id == kinds.k_line])
    rows = rows.mutate(counted=rows.k_line.notnull().ifelse(zero(_WIDE), rows.amount.cast(_WIDE)))
    so_far = rows.counted.sum().over(ibis.window(preceding=None, following=0, **_in_time(rows))).cast(_WIDE)
    rows = rows.mutate(given_back=so_far)
    left = smaller(rows.given_back, rows.goods_paid) - smaller(rows.given_back - rows.counted, rows.goods_paid)
    return rows.mutate(of_goods=_mixed(rows).ifelse(left, rows.counted).cast(_WIDE)).drop("k_key", "k_line")


def _mixed(rows: ir.Table) -> ir.BooleanValue:
    """Whether the order also holds what is no revenue."""
    return (rows.paid > rows.goods_paid).fill_null(False)


def _in_time(rows: ir.Table) -> dict[str, list[ir.Value]]:
    return {"group_by": [rows.source, rows.order_id], "order_by": [rows.returned_at, rows.return_id]}


def _nothing_left_of_all(rows: ir.Table) -> ir.DecimalValue:
    """`taken_back`, but the refund with which all that was paid is given back takes whatever the others, each rounded, left."""
    earlier = (
        rows.taken_back.sum()
        .over(ibis.window(preceding=(None, 1), **_in_time(rows)))
        .cast(_WIDE)
        .fill_null(zero(_WIDE))
    )
    rest = (rows.net_before_refunds - earlier).cast("decimal(18, 4)")
    not_yet = rows.given_back - rows.counted < rows.goods_paid
    all_back = (rows.given_back == rows.goods_paid) | (_mixed(rows) & (rows.given_back > rows.goods_paid))
    return (rows.linked & not_yet & all_back).fill_null(False).ifelse(rest, rows.taken_back)


def _with_cost_back(rows: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Adds the line's product, category, and `cost_back`: what restocked goods had cost."""
    of = lines.select(
        l_key=lines.key, l_line=lines.line_id, line_product=lines.product, line_category=lines.category,
        line_quantity=lines.quantity, line_cost=lines.cost,
    )  # fmt: skip
    rows = rows.left_join(of, [rows.of_key == of.l_key, rows.line_id == of.l_line])
    pieces = (rows.line_quantity > 0).ifelse(rows.line_quantity, ibis.null("int64"))
    by_pieces = share(rows.line_cost, rows.quantity, pieces, sources.digits)
    by_money = share(rows.goods_cost, rows.of_goods, rows.goods_paid, sources.digits)
    restocked = rows.restocked.fill_null(False)
    none = ibis.literal(Decimal(0), type="decimal(18, 4)")
    return rows.mutate(cost_back=restocked.ifelse(ibis.coalesce(by_pieces, by_money, none), none))


def _with_line_of_product(rows: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Adds `p_line`: the dearest line of the order with the product that the return names."""
    returns = sources.table("returns")
    named = returns.select("source", "order_id", "product_id").filter(returns.product_id.notnull()).distinct()
    of = lines.select("source", "order_id", "product_id", "key", "line_id", "amount")
    of = of.semi_join(named, ["source", "order_id", "product_id"])
    of = first_rows(of, ("key", "product_id"), [of.amount.desc(), of.line_id.asc()])
    of = of.select(p_key=of.key, p_product=of.product_id, p_line=of.line_id)
    return rows.left_join(of, [rows.of_key == of.p_key, rows.product_id == of.p_product])


RETURNS = FactTable(
    name="returns",
    about="one row per return or refund, on its own day and, where known, on its order's",
    table=BY_NAME["returns"],
    build=lambda sources: valued(sources).drop("key", "line_id"),
    days=_DAYS,
    splits=("product", "category", "country", "channel", "source", "reason"),
    reads=(Read("orders", ("source", "order_id")), Read("order_lines", ("source", "order_id")),
           Read("products", ("source", "product_id")), Read("exchange_rates")),
    group=GROUP,
)  # fmt: skip
