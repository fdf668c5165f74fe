"""SQL of a Shopify order's amounts over the lines of one order.

The order's own fields (Subtotal, Email …) are in its first line only, so they must not be summed.
"""

from __future__ import annotations

from regulars.load.mapping import LineTotals


def of(column: str) -> str:
    """Return SQL of the order's value of a column: the first in its lines that is not NULL."""
    return f'arg_min("{column}", line)'


AMOUNT = '"Lineitem quantity" * "Lineitem price"'
"""Amount of one line before discounts."""

_GIFT_CARD = "|".join(
    (
        r"e?[- ]?gift[- ]?(card|voucher|certificate|coupon)", "geschenk-?(gutschein|karte)", "wert-?gutschein",
        "(carte|ch[eè]que|bon)s?[- ]cadeaux?", "bon d['’]achat", "(tarjeta|cheque|vale|bono)s?[- ](de )?regalo",
        "(carta|buono)[- ]regalo", "(cart[aã]o|vale|cheque)[- ](de )?(presente|oferta)", "cadeau-?(bon|kaart)",
        "(present|gåvo)kort", "gavekort", "lahjakortti", "(karta|bon|voucher) (podarunkow[ay]|upominkow[ay])",
        "d[aá]rkov[yý] (poukaz|šek)", "hediye (kart|çek)", "подарочн(ая карта|ый сертификат)",
        "ギフト(カード|券)", "礼品卡", "禮品卡", "기프트 ?카드", "상품권",
    )
)  # fmt: skip
"""Regular expression of names of gift cards."""

_UNSHIPPED = """lower("Lineitem requires shipping") = 'false'"""
_UNTAXED = """lower("Lineitem taxable") = 'false'"""


def _named(pattern: str) -> str:
    return f"""regexp_matches("Lineitem name", '{pattern.replace("'", "''")}', 'i')"""


KIND = f"""CASE
    WHEN lower("Lineitem name") = 'tip' THEN 'tip'
    WHEN {_named(rf"^({_GIFT_CARD})([ :–-]*[0-9$€£].*| - .*)?$")} THEN 'gift card'
    WHEN {_named(_GIFT_CARD)} AND {_UNSHIPPED} THEN 'gift card'
    WHEN {_named(r"(gutschein|voucher|cadeau|regalo)")} AND {_UNSHIPPED} AND {_UNTAXED} THEN 'gift card'
    ELSE 'product'
END"""
"""Kind of one line. A name of a gift card alone, or with an amount, is a gift card. With further words (a gift card box) the
line must not require shipping, and for a more general word (voucher) it must be neither shipped nor taxed.
"""

POSSIBLE_GIFT_CARD = f"""CASE WHEN {_UNSHIPPED} AND {_UNTAXED} AND ({KIND}) = 'product' THEN "Lineitem name" END"""
"""Name of a line's product that is neither shipped nor taxed: gift cards, but in some countries also digital goods."""

_LINE_SUM = f"coalesce(sum({AMOUNT}), 0)"
"""Sum of all lines before discounts, including tips."""

_TIPS = f"coalesce(sum({AMOUNT}) FILTER (WHERE ({KIND}) = 'tip'), 0)"
_DUTIES = f"coalesce(try_cast({of('Duties')} AS DECIMAL(18, 4)), 0)"
_TAX = f"coalesce({of('Taxes')}, 0)"
_SUBTOTAL = f"coalesce({of('Subtotal')}, {_LINE_SUM} - coalesce({of('Discount Amount')}, 0))"
_BEYOND_SHIPPING = f"({of('Total')} - {_SUBTOTAL} - coalesce({of('Shipping')}, 0))"
"""Total less Subtotal and Shipping: the tax, unless prices include it; tips; duties."""


def _remainder(rest: str) -> str:
    """Return SQL of the smallest remainder of `rest` without tips, duties, both or none."""
    return f"least(abs({rest}), abs({rest} - {_TIPS}), abs({rest} - {_DUTIES}), abs({rest} - {_TIPS} - {_DUTIES}))"


TAX_INCLUDED = f"{_TAX} > 0 AND {_remainder(_BEYOND_SHIPPING)} < {_remainder(f'({_BEYOND_SHIPPING} - {_TAX})')}"
"""Whether prices include the tax: the remainder of the Total is smaller if the tax is not added."""

_TIPS_IN_SUBTOTAL = f"coalesce(least(abs({_BEYOND_SHIPPING}), abs({_BEYOND_SHIPPING} - {_TAX})) <= 0.01, false)"

_LINES = f"({_LINE_SUM} - CASE WHEN {_TIPS_IN_SUBTOTAL} THEN 0 ELSE {_TIPS} END)"
"""Sum of the lines in the Subtotal, before discounts."""

DISCOUNT = f"""CASE
    WHEN {of("Subtotal")} IS NULL THEN least(coalesce({of("Discount Amount")}, 0), {_LINE_SUM})
    ELSE greatest({_LINES} - {of("Subtotal")}, 0)
END"""
"""All discounts on lines. `Discount Amount` also includes discounts on shipping, which `Shipping` excludes."""

MISSING = f"coalesce(greatest({of('Subtotal')} - {_LINES}, 0), 0)"
"""Subtotal less the lines: the amount of lines missing in the file."""
HAS_MISSING = f"{MISSING} > 0.01"

GROSS = f"{_LINE_SUM} + CASE WHEN {HAS_MISSING} THEN {MISSING} ELSE 0 END"
"""Sum of all lines before discounts, including tips and missing lines."""

LINE_TOTALS = LineTotals(
    order='"Name"',
    lines=_LINES,
    least=of("Subtotal"),
    # Discount Amount includes discounts on shipping, so the sum of the lines may be smaller.
    most=f"""{of("Subtotal")} + {of("Discount Amount")} + coalesce(sum("Lineitem discount"), 0)""",
    name="Subtotal",
)
"""The Subtotal is the sum of the lines after discounts."""
