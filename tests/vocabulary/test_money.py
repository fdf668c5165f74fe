"""Currencies and exact amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision, list_currencies

from regulars.vocabulary import money
from regulars.vocabulary.errors import UsageError


@pytest.mark.parametrize(("code", "digits"), [("GBP", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3), ("USD", 2)])
def test_the_smallest_unit_of_a_currency(code: str, digits: int) -> None:
    assert money.digits(code) == digits


@pytest.mark.parametrize(
    ("amount", "code", "rounded"),
    [
        ("0.005", "GBP", "0.00"), ("0.015", "GBP", "0.02"), ("2.675", "GBP", "2.68"), ("-0.005", "GBP", "0.00"),
        ("1.005", "EUR", "1.00"), ("0.5", "JPY", "0"), ("1.5", "JPY", "2"), ("2.5", "JPY", "2"), ("0.0005", "KWD", "0.000"),
        ("0.0015", "KWD", "0.002"), ("12345678901234.565", "GBP", "12345678901234.56"),
    ],
)  # fmt: skip
def test_a_tie_goes_to_the_even_neighbour(amount: str, code: str, rounded: str) -> None:
    assert money.rounded(Decimal(amount), code) == Decimal(rounded)


def test_codes_are_read_in_any_case() -> None:
    assert money.currency(" eur ") == "EUR"


@pytest.mark.parametrize("code", ["", "E", "EURO", "€", "XQZ"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(UsageError, match="no currency"):
        money.currency(code)


def test_all_currencies_and_their_digits_are_those_of_unicode() -> None:
    assert {code: money.digits(code) for code in money.currencies()} == {
        code: get_currency_precision(code) for code in list_currencies()
    }
