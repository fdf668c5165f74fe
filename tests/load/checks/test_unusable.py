"""Values that identify nobody: which they are, that they join nobody, and that a load counts them by table and column."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.shop import Shop, own
from regulars.load.checks.unusable import masked
from regulars.services.app import App
from regulars.vocabulary.shop import Shop as ShopFolder

HEADER = "order_id,customer_id,email,phone,ordered_at,gross,currency\n"
ZERO = [("0", f"g{number}@example.com", "") for number in range(1, 8)]
GUEST = [("Guest", f"g{n}@example.com", "") for n in range(1, 5)] + [
    ("-1", f"h{n}@example.com", "") for n in range(1, 5)
]
NULL = [
    ("NULL", "NULL", ""), ("NULL", "x1@example.com", ""), ("null", "x2@example.com", ""), ("None", "x3@example.com", ""),
    ("N/A", "x4@example.com", ""), ("0", "x5@example.com", ""), ("0", "x6@example.com", ""), ("-", "x7@example.com", ""),
    ("-", "x8@example.com", ""),
]  # fmt: skip


def orders(who: list[tuple[str, str, str]]) -> str:
    """An orders file with one order per (customer_id, email, phone)."""
    rows = (f"A{number},{','.join(one)},2024-03-0{number % 9 + 1},10,GBP\n" for number, one in enumerate(who))
    return HEADER + "".join(rows)


@pytest.mark.parametrize(("who", "buyers", "guests"), [(ZERO, 7, 0), (GUEST, 8, 0), (NULL, 8, 1)])
def test_words_for_nobody_join_nobody(who: list[tuple[str, str, str]], buyers: int, guests: int, tmp_path: Path):
    app = App(ShopFolder.create(tmp_path / "shop", currency="GBP", timezone="Europe/Berlin"))
    (tmp_path / "orders.csv").write_text(orders(who))
    app.load([tmp_path / "orders.csv"])
    with app.reading() as con:
        counted = "SELECT count(DISTINCT person), count(*) FILTER (person IS NULL), max(order_number) FROM facts.orders"
        assert con.execute(counted).fetchall() == [(buyers, guests, 1)]
        words = "SELECT identity FROM facts.identities WHERE NOT contains(identity, '@')"
        assert con.execute(words).fetchall() == []


def test_words_for_nobody_are_counted_by_value_and_column(shop: Shop):
    found = shop.load({"orders.csv": (orders([*NULL, ("undefined", "", "nan")]), own("orders"))})
    assert found.warnings == [
        "orders.customer_id: 10 rows have a placeholder ('-' 2 ×, '0' 2 ×, 'NULL' 2 ×, 'N/A' 1 ×, 'None' 1 ×,"
        " 'null' 1 ×, 'undefined' 1 ×); it identifies no customer.",
        "orders.email: 1 row has a placeholder ('NULL' 1 ×); it identifies no customer.",
        "orders.phone: 1 row has a placeholder ('nan' 1 ×); it identifies no customer.",
    ]


def test_what_is_no_address_and_no_number_is_counted_with_a_masked_sample(shop: Shop):
    who = [
        ("7", "anna@example.com", "020 7946 0001"),
        ("8", "anna@example", "4.41633E+11"),
        ("9", "anna@example", "12"),
    ]
    found = shop.load({"orders.csv": (orders(who), own("orders"))})
    assert found.warnings == [
        "orders.email: 2 of 3 values are not a valid email address and identify no customer, such as axxx@xxxxxxx"
        " (letters as x, digits as 9).",
        "orders.phone: 2 of 3 values are not a valid phone number and identify no customer, such as 9.99999x+99"
        " (letters as x, digits as 9).",
    ]


def test_orders_whose_buyers_are_all_unusable_are_orders_of_guests_and_the_load_says_so(shop: Shop):
    found = shop.load({"orders.csv": (orders([("", "not-an-address", "")] * 3), own("orders"))})
    assert found.warnings == [
        "orders.email: 3 of 3 values are not a valid email address and identify no customer, such as nxx-xx-xxxxxxx"
        " (letters as x, digits as 9).",
        "None of the 3 orders of this load has a usable customer_id, person_id, email or phone number, so all count as"
        " guest orders and no customer is known. Load them with one of these columns.",
    ]


def test_every_table_about_somebody_is_looked_at(shop: Shop):
    leads = "lead_id,customer_id,email,created_at\nL1,Guest,nobody,2024-05-01\n"
    found = shop.load({"leads.csv": (leads, own("leads"))})
    assert [warning.partition(":")[0] for warning in found.warnings] == ["leads.customer_id", "leads.email"]


@given(st.text(min_size=1))
def test_a_mask_shows_no_letter_but_the_first_and_no_digit(value: str):
    shape = masked(value)
    assert len(shape) <= 25
    assert {character for character in shape[1:] if character.isalpha()} <= {"x"}
    assert {character for character in shape if character.isnumeric()} <= {"9"}
    assert all(character.isprintable() for character in shape)
