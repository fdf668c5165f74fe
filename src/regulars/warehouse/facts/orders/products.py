"""What each product is called: by the products table, else as most of its order lines call it; and its category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import first_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir


def calls(lines: ir.Table) -> ir.Table:
    """How often order lines call a product by which name: source, product_id, product_name, times."""
    said = lines.filter(lines.product_id.notnull(), lines.product_name.notnull())
    return said.group_by("source", "product_id", "product_name").agg(times=said.count())


def product_names(called: ir.Table, products: ir.Table) -> ir.Table:
    """source, product_id, name, listed_category: one row per product that is listed or called anything."""
    usual = first_rows(called, ("source", "product_id"), [called.times.desc(), called.product_name.asc()])
    usual = usual.select("source", "product_id", usual=usual.product_name)
    listed = products.select("source", "product_id", "name", "category")
    both = usual.outer_join(listed, ["source", "product_id"])
    return both.select(
        source=ibis.coalesce(both.source, both.source_right),
        product_id=ibis.coalesce(both.product_id, both.product_id_right),
        name=ibis.coalesce(both.name, both.usual),
        listed_category=both.category,
    )
