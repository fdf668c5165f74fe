"""What a Shopify order's amounts mean, as SQL over the lines of one order.

An order's own fields (Subtotal, Email …) stand only on the first of its lines, so they are never summed.
"""

from __future__ import annotations


def of(column: str) -> str:
    """The order's value of the column: the first in its lines that is not empty."""
    return f'arg_min("{column}", line)'


AMOUNT = '"Lineitem quantity" * "Lineitem price"'
"""Of one line, before discounts."""

KIND = """CASE
    WHEN lower("Lineitem name") = 'tip' THEN 'tip'
    WHEN regexp_matches("Lineitem name", '^gift card( - .*)?$', 'i') THEN 'gift card'
    WHEN "Lineitem name" ILIKE '%gift card%' AND lower("Lineitem requires shipping") = 'false' THEN 'gift card'
    ELSE 'product'
END"""
"""Of one line. A gift card box is sent, a gift card of any other name is not."""

GROSS = f"coalesce(sum({AMOUNT}), 0)"
"""All lines before discounts, tips among them."""

_TIPS = f"coalesce(sum({AMOUNT}) FILTER (WHERE ({KIND}) = 'tip'), 0)"
_DUTIES = f"coalesce(try_cast({of('Duties')} AS DECIMAL(18, 4)), 0)"
_TAX = f"coalesce({of('Taxes')}, 0)"
_SUBTOTAL = f"coalesce({of('Subtotal')}, {GROSS} - coalesce({of('Discount Amount')}, 0))"
_BEYOND = f"({of('Total')} - {_SUBTOTAL} - coalesce({of('Shipping')}, 0))"
"""What the Total holds beyond Subtotal and Shipping: the tax, unless it is in the prices; tips; duties."""


def _unexplained(rest: str) -> str:
    """How much of the rest is not tips or duties: one, both or none of them."""
    return f"least(abs({rest}), abs({rest} - {_TIPS}), abs({rest} - {_DUTIES}), abs({rest} - {_TIPS} - {_DUTIES}))"


TAX_INCLUDED = f"{_TAX} > 0 AND {_unexplained(_BEYOND)} < {_unexplained(f'({_BEYOND} - {_TAX})')}"
"""Whether prices include the tax: they do where the Total is better explained without adding it."""

_TIPS_IN_SUBTOTAL = f"coalesce(least(abs({_BEYOND}), abs({_BEYOND} - {_TAX})) <= 0.01, false)"

DISCOUNT = f"""CASE
    WHEN {of("Subtotal")} IS NULL THEN least(coalesce({of("Discount Amount")}, 0), {GROSS})
    ELSE greatest({GROSS} - CASE WHEN {_TIPS_IN_SUBTOTAL} THEN 0 ELSE {_TIPS} END - {of("Subtotal")}, 0)
END"""
"""All discounts on lines. `Discount Amount` also counts what was taken off shipping, which `Shipping` is without."""
