"""The fact `lines`: one row per product line of a counted order, on the order's day, with its part of the net revenue.

The parts of an order add up to its net revenue exactly: one row more holds what belongs to no line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import FactTable, Read, Sources
from regulars.warehouse.facts.orders.order_headers import GROUP
from regulars.warehouse.facts.orders.orders import priced
from regulars.warehouse.facts.orders.product_lines import goods
from regulars.warehouse.facts.orders.returns import valued
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import MONEY, share, smallest_unit, zero
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

NO_LINE = ""
"""The line_id of a row for the part of an order that belongs to no line."""
_EXACT = "decimal(36, 8)"
"""Holds a product of two amounts. Sums and differences of such then have 37 digits: Spark rounds what has more than 38."""
_ABOUT_THE_ORDER = ("source", "order_id", "day", "person", "bucket", "channel", "country")
_ABOUT_THE_LINE = ("line_id", "product", "category", "quantity")


def with_net_revenue(lines: ir.Table, orders: ir.Table, returns: ir.Table, sources: Sources) -> ir.Table:
    """lines with `net_revenue`, and one row with line_id NO_LINE for each order of which a part belongs to no line.

    A line keeps its amount less its own discount and the refunds placed at it. What is left of the order's discount, shipping
    and refunds is one amount, spread over the lines with a positive amount, by amount; where there are none, over those with a
    positive quantity, by quantity; where there are none either, it belongs to no line.

    Args:
        lines: product lines with `key`, `amount` and `discount`.
        orders: with `key`, `to_spread` (before refunds) and `weights`, the sum of what is spread by, null where nothing is.
        returns: with `key`, null where it is unlinked, the `line_id` it is placed at, null for none, and `amount`.
        sources: the shop's currency.
    """
    back = returns.filter(returns.key.notnull(), returns.amount != 0)
    back = back.group_by("key", "line_id").agg(refunded=back.amount.sum().cast(MONEY))
    rest = _rests(orders, back)
    lines = _with_weights(_with_refunds(lines, back), rest)
    # Few orders need a sort of their lines.
    several = lines.several.fill_null(False)
    rows = ibis.union(_of_single_lines(lines.filter(~several)), _of_several_lines(lines.filter(several), sources))
    kept = rows.amount - rows.discount.fill_null(zero()) - rows.refunded.fill_null(zero())
    rows = rows.mutate(net_revenue=(kept + rows.part).cast(MONEY))
    rows = rows.select(*_ABOUT_THE_ORDER, *_ABOUT_THE_LINE, "net_revenue")
    return rows.union(_of_no_line(rest, rows.schema()), distinct=False)


def _rests(orders: ir.Table, back: ir.Table) -> ir.Table:
    """Orders of which something is to be spread: `rest`."""
    unplaced = back.filter(back.line_id.isnull()).select(back_key=back.key, refunded=back.refunded)
    rows = orders.left_join(unplaced, orders.key == unplaced.back_key)
    rows = rows.mutate(rest=(rows.to_spread - rows.refunded.fill_null(zero())).cast(MONEY))
    return rows.filter(rows.rest != 0)


def _with_refunds(lines: ir.Table, back: ir.Table) -> ir.Table:
    placed = back.filter(back.line_id.notnull())
    placed = placed.select(back_key=placed.key, back_line=placed.line_id, refunded=placed.refunded)
    joined = lines.left_join(placed, [lines.key == placed.back_key, lines.line_id == placed.back_line])
    return joined.drop("back_key", "back_line")


def _with_weights(lines: ir.Table, rest: ir.Table) -> ir.Table:
    """Adds the order's `rest` and `weights`, `several` and the line's own `weight`, null where it gets nothing of the rest."""
    spread = rest.filter(rest.weights.notnull())
    spread = spread.select("rest", "weights", "by_quantity", "several", rest_key=spread.key)
    lines = lines.left_join(spread, lines.key == spread.rest_key)
    weight = lines.by_quantity.ifelse(lines.quantity.cast(MONEY), lines.amount).cast(MONEY)
    return lines.mutate(weight=(weight > 0).ifelse(weight, ibis.null(MONEY))).drop("rest_key", "by_quantity")


def _of_single_lines(lines: ir.Table) -> ir.Table:
    """Adds `part`, where one line of an order gets all of its rest."""
    return lines.mutate(part=lines.weight.notnull().ifelse(lines.rest, zero()).fill_null(zero()).cast(MONEY))


def _of_several_lines(lines: ir.Table, sources: Sources) -> ir.Table:
    """Adds `part` of the rest: whole coins, largest remainder first, ties by line_id."""
    coin = smallest_unit(sources.digits)
    whole = lines.rest.abs().cast(MONEY)
    lines = lines.mutate(whole=whole, rounded=share(whole, lines.weight, lines.weights, sources.digits))
    # What rounding left over, times all weights.
    over = (_product(lines.whole, lines.weight) - _product(lines.rounded, lines.weights)).cast(_EXACT)
    lines = lines.mutate(over=over.fill_null(zero(_EXACT)), rounded=lines.rounded.fill_null(zero()))
    up = lines.over < 0
    remainder = up.ifelse(lines.over + _product(coin, lines.weights), lines.over).cast(_EXACT)
    lines = lines.mutate(remainder=remainder, down=up.ifelse(lines.rounded - coin, lines.rounded).cast(MONEY))
    by_remainder = ibis.window(group_by=lines.key, order_by=[lines.remainder.desc(), lines.line_id.asc()])
    lines = lines.mutate(
        left=(lines.whole - lines.down.sum().over(ibis.window(group_by=lines.key))).cast(MONEY),
        place=ibis.row_number().over(by_remainder).cast("decimal(14, 0)"),
    )
    part = ((lines.place * coin).cast(MONEY) < lines.left).ifelse(lines.down + coin, lines.down).cast(MONEY)
    part = (lines.rest < 0).ifelse(-part, part).cast(MONEY)
    return lines.mutate(part=part).drop("whole", "rounded", "over", "remainder", "down", "left", "place")


def _product(left: ir.DecimalValue, right: ir.DecimalValue) -> ir.DecimalValue:
    # One digit more than MONEY has: DuckDB multiplies two of 18 digits in 64 bits, and Spark rounds more than 38.
    return (left.cast("decimal(19, 4)") * right.cast(MONEY)).cast(_EXACT)


def _of_no_line(rest: ir.Table, schema: ir.Schema) -> ir.Table:
    """The rows for what belongs to no line, with the columns of lines."""
    rows = rest.filter(rest.weights.isnull())
    own: dict[str, ir.Value] = {name: rows[name] for name in _ABOUT_THE_ORDER}
    own |= {"line_id": ibis.literal(NO_LINE), "quantity": ibis.literal(0), "net_revenue": rows.rest}
    return rows.select(**{name: own.get(name, ibis.null(kind)).cast(kind) for name, kind in schema.items()})


LINES = FactTable(
    name="lines",
    about="one row per product line of a counted order, on the order's day, and one for what of an order belongs to no line",
    table=BY_NAME["order_lines"],
    build=lambda sources: with_net_revenue(goods(sources), priced(sources), valued(sources), sources),
    several={"order": ("source", "order_id")},
    splits=("product", "category", "country", "channel", "source"),
    reads=(Read("orders", ("source", "order_id")), Read("returns", ("source", "order_id")),
           Read("products", ("source", "product_id")), Read("product_costs"), Read("exchange_rates")),
    group=GROUP,
)  # fmt: skip
