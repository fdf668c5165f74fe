"""What a Shopify order's amounts mean, as SQL over the lines of one order.

An order's own fields (Subtotal, Email …) stand only on the first of its lines, so they are never summed.
"""

from __future__ import annotations

from regulars.load.mapping import LineTotals


def of(column: str) -> str:
    """The order's value of the column: the first in its lines that is not empty."""
    return f'arg_min("{column}", line)'


AMOUNT = '"Lineitem quantity" * "Lineitem price"'
"""Of one line, before discounts."""

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
"""What gift cards are called, as a regular expression."""

_UNSENT = """lower("Lineitem requires shipping") = 'false'"""
_UNTAXED = """lower("Lineitem taxable") = 'false'"""


def _named(pattern: str) -> str:
    return f"""regexp_matches("Lineitem name", '{pattern.replace("'", "''")}', 'i')"""


KIND = f"""CASE
    WHEN lower("Lineitem name") = 'tip' THEN 'tip'
    WHEN {_named(rf"^({_GIFT_CARD})([ :–-]*[0-9$€£].*| - .*)?$")} THEN 'gift card'
    WHEN {_named(_GIFT_CARD)} AND {_UNSENT} THEN 'gift card'
    WHEN {_named(r"(gutschein|voucher|cadeau|regalo)")} AND {_UNSENT} AND {_UNTAXED} THEN 'gift card'
    ELSE 'product'
END"""
"""Of one line. A line of the usual names alone, perhaps with an amount, is a gift card. With other words beside it (a gift card
box) it must not be sent, and a wider word (voucher) must be neither sent nor taxed.
"""

POSSIBLE_GIFT_CARD = f"""CASE WHEN {_UNSENT} AND {_UNTAXED} AND ({KIND}) = 'product' THEN "Lineitem name" END"""
"""Of one line: the name of a product that is neither sent nor taxed, as gift cards are, and digital goods of some countries."""

_LINE_SUM = f"coalesce(sum({AMOUNT}), 0)"
"""All lines before discounts, tips among them."""

_TIPS = f"coalesce(sum({AMOUNT}) FILTER (WHERE ({KIND}) = 'tip'), 0)"
_DUTIES = f"coalesce(try_cast({of('Duties')} AS DECIMAL(18, 4)), 0)"
_TAX = f"coalesce({of('Taxes')}, 0)"
_SUBTOTAL = f"coalesce({of('Subtotal')}, {_LINE_SUM} - coalesce({of('Discount Amount')}, 0))"
_BEYOND = f"({of('Total')} - {_SUBTOTAL} - coalesce({of('Shipping')}, 0))"
"""What the Total holds beyond Subtotal and Shipping: the tax, unless it is in the prices; tips; duties."""


def _unexplained(rest: str) -> str:
    """How much of the rest is not tips or duties: one, both or none of them."""
    return f"least(abs({rest}), abs({rest} - {_TIPS}), abs({rest} - {_DUTIES}), abs({rest} - {_TIPS} - {_DUTIES}))"


TAX_INCLUDED = f"{_TAX} > 0 AND {_unexplained(_BEYOND)} < {_unexplained(f'({_BEYOND} - {_TAX})')}"
"""Whether prices include the tax: they do where the Total is better explained without adding it."""

_TIPS_IN_SUBTOTAL = f"coalesce(least(abs({_BEYOND}), abs({_BEYOND} - {_TAX})) <= 0.01, false)"

_LINES = f"({_LINE_SUM} - CASE WHEN {_TIPS_IN_SUBTOTAL} THEN 0 ELSE {_TIPS} END)"
"""The lines that the Subtotal is about, before discounts."""

DISCOUNT = f"""CASE
    WHEN {of("Subtotal")} IS NULL THEN least(coalesce({of("Discount Amount")}, 0), {_LINE_SUM})
    ELSE greatest({_LINES} - {of("Subtotal")}, 0)
END"""
"""All discounts on lines. `Discount Amount` also counts what was taken off shipping, which `Shipping` is without."""

MISSING = f"coalesce(greatest({of('Subtotal')} - {_LINES}, 0), 0)"
"""What the Subtotal is above the lines: lines that the file lost."""
HAS_MISSING = f"{MISSING} > 0.01"

GROSS = f"{_LINE_SUM} + CASE WHEN {HAS_MISSING} THEN {MISSING} ELSE 0 END"
"""All lines before discounts, tips and missing lines among them."""

LINE_TOTALS = LineTotals(
    order='"Name"',
    lines=_LINES,
    least=of("Subtotal"),
    # Discounts on shipping are contained, too, so that the lines may come to less.
    most=f"""{of("Subtotal")} + {of("Discount Amount")} + coalesce(sum("Lineitem discount"), 0)""",
    name="Subtotal",
)
"""The Subtotal is what the lines come to after discounts."""
