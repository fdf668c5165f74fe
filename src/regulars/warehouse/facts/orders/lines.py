"""The fact `lines`: one row per product line of a counted order, on the order's day, with its part of the net revenue.

The parts of an order add up to its net revenue exactly: one more row holds the part that belongs to no line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import FactTable, Read, Sources
from regulars.warehouse.facts.orders.order_headers import GROUP
from regulars.warehouse.facts.orders.orders import order_totals
from regulars.warehouse.facts.orders.product_lines import goods_lines
from regulars.warehouse.facts.orders.returns import returns_with_value
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import MONEY, share, smallest_unit, zero
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

NO_LINE = ""
"""The line_id of the row for the part of an order that belongs to no line."""
_EXACT = "decimal(36, 8)"
"""Type of a product of two amounts. Sums and differences then have 37 digits; Spark rounds what has more than 38."""
_ORDER_COLUMNS = ("source", "order_id", "day", "person", "bucket", "channel", "country")
_LINE_COLUMNS = ("line_id", "product", "category", "quantity")


def with_net_revenue(lines: ir.Table, orders: ir.Table, returns: ir.Table, sources: Sources) -> ir.Table:
    """Add `net_revenue` to lines, and one row with line_id NO_LINE for each order of which a part belongs to no line.

    A line keeps its amount less its own discount and the refunds of it. The remainder of the order's discount,
    shipping and refunds is spread over the lines with a positive amount, by amount; without any, over those with a
    positive quantity, by quantity; without any of these, it belongs to no line.

    Args:
        lines: product lines with `key`, `amount` and `discount`.
        orders: with `key`, `to_spread` (before refunds), and `weights`, the sum of the lines' weights, null where
            there are none.
        returns: with `key` (null where unlinked), the `line_id` that they refund (null for the order as a whole), and
            `amount`.
        sources: the shop's currency.
    """
    refunds = returns.filter(returns.key.notnull(), returns.amount != 0)
    refunds = refunds.group_by("key", "line_id").agg(refunded=refunds.amount.sum().cast(MONEY))
    rest = _amounts_to_spread(orders, refunds)
    lines = _with_weights(_with_refunds(lines, refunds), rest)
    # Only orders with several weighted lines need a sort, and they are few.
    several = lines.several.fill_null(False)
    rows = ibis.union(
        _spread_to_single_line(lines.filter(~several)), _spread_to_several_lines(lines.filter(several), sources)
    )
    own_revenue = rows.amount - rows.discount.fill_null(zero()) - rows.refunded.fill_null(zero())
    rows = rows.mutate(net_revenue=(own_revenue + rows.part).cast(MONEY))
    rows = rows.select(*_ORDER_COLUMNS, *_LINE_COLUMNS, "net_revenue")
    return rows.union(_rows_without_line(rest, rows.schema()), distinct=False)


def _amounts_to_spread(orders: ir.Table, refunds: ir.Table) -> ir.Table:
    """Orders with an amount to spread: `rest`."""
    order_refunds = refunds.filter(refunds.line_id.isnull()).select(back_key=refunds.key, refunded=refunds.refunded)
    rows = orders.left_join(order_refunds, orders.key == order_refunds.back_key)
    rows = rows.mutate(rest=(rows.to_spread - rows.refunded.fill_null(zero())).cast(MONEY))
    return rows.filter(rows.rest != 0)


def _with_refunds(lines: ir.Table, refunds: ir.Table) -> ir.Table:
    line_refunds = refunds.filter(refunds.line_id.notnull())
    line_refunds = line_refunds.select(
        back_key=line_refunds.key, back_line=line_refunds.line_id, refunded=line_refunds.refunded
    )
    joined = lines.left_join(
        line_refunds, [lines.key == line_refunds.back_key, lines.line_id == line_refunds.back_line]
    )
    return joined.drop("back_key", "back_line")


def _with_weights(lines: ir.Table, rest: ir.Table) -> ir.Table:
    """Add the order's `rest` and `weights`, `several` and the line's own `weight`, null where it gets nothing of the
    rest.
    """
    spread = rest.filter(rest.weights.notnull())
    spread = spread.select("rest", "weights", "by_quantity", "several", rest_key=spread.key)
    lines = lines.left_join(spread, lines.key == spread.rest_key)
    weight = lines.by_quantity.ifelse(lines.quantity.cast(MONEY), lines.amount).cast(MONEY)
    return lines.mutate(weight=(weight > 0).ifelse(weight, ibis.null(MONEY))).drop("rest_key", "by_quantity")


def _spread_to_single_line(lines: ir.Table) -> ir.Table:
    """Add `part` to lines of orders in which one line gets all of the rest."""
    return lines.mutate(part=lines.weight.notnull().ifelse(lines.rest, zero()).fill_null(zero()).cast(MONEY))


def _spread_to_several_lines(lines: ir.Table, sources: Sources) -> ir.Table:
    """Add `part` by the largest remainder method: whole units of the currency, largest remainder first, ties by line_id."""
    unit = smallest_unit(sources.settings.digits)
    whole = lines.rest.abs().cast(MONEY)
    lines = lines.mutate(whole=whole, rounded=share(whole, lines.weight, lines.weights, sources.settings.digits))
    # The remainder of the rounding, multiplied by the sum of weights to stay exact.
    over = (_product(lines.whole, lines.weight) - _product(lines.rounded, lines.weights)).cast(_EXACT)
    lines = lines.mutate(over=over.fill_null(zero(_EXACT)), rounded=lines.rounded.fill_null(zero()))
    rounded_up = lines.over < 0
    remainder = rounded_up.ifelse(lines.over + _product(unit, lines.weights), lines.over).cast(_EXACT)
    lines = lines.mutate(remainder=remainder, down=rounded_up.ifelse(lines.rounded - unit, lines.rounded).cast(MONEY))
    by_remainder = ibis.window(group_by=lines.key, order_by=[lines.remainder.desc(), lines.line_id.asc()])
    lines = lines.mutate(
        left=(lines.whole - lines.down.sum().over(ibis.window(group_by=lines.key))).cast(MONEY),
        place=ibis.row_number().over(by_remainder).cast("decimal(14, 0)"),
    )
    part = ((lines.place * unit).cast(MONEY) < lines.left).ifelse(lines.down + unit, lines.down).cast(MONEY)
    part = (lines.rest < 0).ifelse(-part, part).cast(MONEY)
    return lines.mutate(part=part).drop("whole", "rounded", "over", "remainder", "down", "left", "place")


def _product(left: ir.DecimalValue, right: ir.DecimalValue) -> ir.DecimalValue:
    # 19 digits, not 18: DuckDB would multiply two of 18 digits in 64 bits; and Spark rounds results of more than 38.
    return (left.cast("decimal(19, 4)") * right.cast(MONEY)).cast(_EXACT)


def _rows_without_line(rest: ir.Table, schema: ir.Schema) -> ir.Table:
    """The rows of parts that belong to no line, with the columns of lines."""
    rows = rest.filter(rest.weights.isnull())
    values: dict[str, ir.Value] = {name: rows[name] for name in _ORDER_COLUMNS}
    values |= {"line_id": ibis.literal(NO_LINE), "quantity": ibis.literal(0), "net_revenue": rows.rest}
    return rows.select(**{name: values.get(name, ibis.null(kind)).cast(kind) for name, kind in schema.items()})


LINES = FactTable(
    name="lines",
    about="one row per product line of a counted order, on the order's day, and one for what of an order belongs to no line",
    table=BY_NAME["order_lines"],
    build=lambda sources: with_net_revenue(goods_lines(sources), order_totals(sources), returns_with_value(sources), sources),
    several={"order": ("source", "order_id")},
    splits=("product", "category", "country", "channel", "source"),
    reads=(Read("orders", ("source", "order_id")), Read("returns", ("source", "order_id")),
           Read("products", ("source", "product_id")), Read("product_costs"), Read("exchange_rates")),
    group=GROUP,
)  # fmt: skip
