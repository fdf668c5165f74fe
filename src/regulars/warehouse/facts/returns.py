"""The fact `returns`: one row per return or refund, on its own day and, where known, on its order's day."""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from regulars.warehouse.facts import Sources
from regulars.warehouse.facts.heads import BUCKETS, UNTAXED
from regulars.warehouse.facts.lines import names
from regulars.warehouse.portable import converted, larger, local_day, rounded, share, smaller

_WIDE = "decimal(38, 4)"


def returns(orders: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Returns with `amount` (what they take back of net revenue, shop currency) and `cost_back` of restocked goods.

    A refund takes back the same share of its order's net revenue as it is of what the customer paid for goods and shipping,
    so it loses its tax share; where its tax is given, that is taken out instead. Refunds that add up to all that was paid
    leave exactly nothing. Gift cards and tips are no revenue: a refund of such a line takes none back, and one that names
    no line is taken from the goods first.
    `linked` is true where the order is loaded and counted; refunds of orders that do not count are left out, and
    refunds of orders never loaded are unlinked. orders: heads with `net_before_refunds` and `goods_cost`.
    """
    rows = sources.table("returns")
    rows = rows.mutate(returned_day=local_day(rows.returned_at, rows.zone.fill_null(sources.timezone)))
    known = sources.table("orders")
    known = known.select(known_source=known.source, known_order=known.order_id)
    rows = rows.left_join(known, [rows.source == known.known_source, rows.order_id == known.known_order])
    rows = rows.drop("known_source").rename(known="known_order")
    of = orders.select(
        of_source=orders.source, of_order=orders.order_id, order_day=orders.day, order_person=orders.person,
        order_bucket=orders.bucket, channel=orders.channel, country=orders.country, paid=orders.paid, rate=orders.rate,
        goods_paid=orders.goods_paid, net_before_refunds=orders.net_before_refunds, goods_cost=orders.goods_cost,
    )  # fmt: skip
    rows = rows.left_join(of, [rows.source == of.of_source, rows.order_id == of.of_order])
    linked = rows.of_order.notnull()
    rows = rows.filter(linked | rows.known.isnull()).mutate(linked=linked)
    people = sources.table("return_person")
    people = people.select(p_source=people.source, p_return=people.return_id, own_person=people.person)
    rows = rows.left_join(people, [rows.source == people.p_source, rows.return_id == people.p_return])
    rows = _with_goods(rows, sources)
    rows = _with_cost_back(rows, lines, sources)
    named = names(sources)
    rows = rows.left_join(named, [rows.source == named.named_source, rows.product_id == named.named_product])
    by_share = share(rows.of_goods, rows.net_before_refunds, rows.goods_paid, sources.digits)
    untaxed = larger(rows.of_goods - rows.tax.cast(_WIDE), ibis.literal(Decimal(0), type=_WIDE))
    by_tax = converted(untaxed.cast(_WIDE), rows.rate, sources.digits)
    none = ibis.literal(Decimal(0), type="decimal(18, 4)")
    unlinked = rounded(
        (rows.amount.cast(_WIDE) - rows.tax.cast(_WIDE).fill_null(Decimal(0))).cast(_WIDE), sources.digits
    )
    amount = rows.linked.ifelse(rows.tax.notnull().ifelse(by_tax, by_share).fill_null(none), unlinked)
    rows = rows.mutate(taken_back=amount)
    rows = rows.mutate(taken_back=_nothing_left_of_all(rows))
    person = ibis.coalesce(rows.order_person, rows.own_person)
    return rows.select(
        "source", "return_id", "order_id", "linked", "order_day", "channel", "country", "reason", "quantity",
        day=rows.returned_day, person=person,
        bucket=ibis.coalesce(rows.order_bucket, person % BUCKETS, ibis.literal(0)).cast("int64"),
        product=ibis.coalesce(rows.line_product, rows.name, rows.product_id),
        category=ibis.coalesce(rows.line_category, rows.listed_category),
        amount=rows.taken_back, cost_back=rows.cost_back,
    )  # fmt: skip


def _with_goods(rows: ir.Table, sources: Sources) -> ir.Table:
    """Adds `of_goods`: the part of the refund that is for goods and shipping; and `given_back` of it so far in the order."""
    kinds = sources.table("order_lines")
    kinds = kinds.filter(kinds.kind.isin(UNTAXED)).select(
        k_source=kinds.source, k_order=kinds.order_id, k_line=kinds.line_id
    )
    rows = rows.left_join(
        kinds, [rows.source == kinds.k_source, rows.order_id == kinds.k_order, rows.line_id == kinds.k_line]
    )
    none = ibis.literal(Decimal(0), type=_WIDE)
    rows = rows.mutate(counted=rows.k_line.notnull().ifelse(none, rows.amount.cast(_WIDE)))
    so_far = rows.counted.sum().over(ibis.window(preceding=None, following=0, **_in_time(rows))).cast(_WIDE)
    rows = rows.mutate(given_back=so_far)
    left = smaller(rows.given_back, rows.goods_paid) - smaller(rows.given_back - rows.counted, rows.goods_paid)
    return rows.mutate(of_goods=_mixed(rows).ifelse(left, rows.counted).cast(_WIDE)).drop(
        "k_source", "k_order", "k_line"
    )


def _mixed(rows: ir.Table) -> ir.BooleanValue:
    """Whether the order also holds what is no revenue."""
    return (rows.paid > rows.goods_paid).fill_null(False)


def _in_time(rows: ir.Table) -> dict[str, list[ir.Value]]:
    return {"group_by": [rows.source, rows.order_id], "order_by": [rows.returned_at, rows.return_id]}


def _nothing_left_of_all(rows: ir.Table) -> ir.DecimalValue:
    """`taken_back`, but the refund with which all that was paid is given back takes whatever the others, each rounded, left."""
    earlier = rows.taken_back.sum().over(ibis.window(preceding=(None, 1), **_in_time(rows))).fill_null(Decimal(0))
    rest = (rows.net_before_refunds - earlier).cast("decimal(18, 4)")
    not_yet = rows.given_back - rows.counted < rows.goods_paid
    all_back = (rows.given_back == rows.goods_paid) | (_mixed(rows) & (rows.given_back > rows.goods_paid))
    return (rows.linked & not_yet & all_back).fill_null(False).ifelse(rest, rows.taken_back)


def _with_cost_back(rows: ir.Table, lines: ir.Table, sources: Sources) -> ir.Table:
    """Adds the line's product, category, and `cost_back`: what restocked goods had cost."""
    of = lines.select(
        l_source=lines.source, l_order=lines.order_id, l_line=lines.line_id, line_product=lines.product,
        line_category=lines.category, line_quantity=lines.quantity, line_cost=lines.cost,
    )  # fmt: skip
    rows = rows.left_join(of, [rows.source == of.l_source, rows.order_id == of.l_order, rows.line_id == of.l_line])
    by_pieces = share(rows.line_cost, rows.quantity.cast(_WIDE), rows.line_quantity.cast(_WIDE), sources.digits)
    by_money = share(rows.goods_cost, rows.of_goods, rows.goods_paid, sources.digits)
    restocked = rows.restocked.fill_null(False)
    none = ibis.literal(Decimal(0), type="decimal(18, 4)")
    return rows.mutate(cost_back=restocked.ifelse(ibis.coalesce(by_pieces, by_money, none), none))
