"""Currencies and exact amounts. Money is decimal, never float."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

from babel.numbers import get_currency_precision, list_currencies

from regulars.vocabulary.errors import UsageError

SCALE = 4
"""Decimal places in which amounts are stored: decimal(18, 4)."""


@cache
def currencies() -> frozenset[str]:
    """Every ISO 4217 code that Unicode's CLDR knows, upper case."""
    return frozenset(list_currencies())


def currency(code: str) -> str:
    """Return the code in upper case, or raise UsageError where no such currency exists."""
    upper = code.strip().upper()
    if upper not in currencies():
        raise UsageError(f"There is no currency {code!r}.", "Use its three-letter code, such as GBP, EUR or USD.")
    return upper


@cache
def digits(code: str) -> int:
    """Decimal places of the currency's smallest unit: 2 for GBP, 0 for JPY, 3 for KWD."""
    return get_currency_precision(code)


def rounded(amount: Decimal, code: str) -> Decimal:
    """The amount rounded half-even to the currency's smallest unit."""
    return amount.quantize(Decimal(1).scaleb(-digits(code)), rounding=ROUND_HALF_EVEN)
