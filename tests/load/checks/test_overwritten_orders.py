"""An order that changes its customer and its day at once is another order: a warning names --account."""

from __future__ import annotations

import pytest

from load.shop import ORDERS, Shop
from regulars.warehouse.log import undo

HEADER = "order_id,ordered_at,currency,gross,customer_id,email,phone\n"
BEFORE = "1001,2024-03-01T10:00:00Z,GBP,10,,a@example.com,\n1002,2024-03-02T10:00:00Z,GBP,10,,b@example.com,\n"
REMEDY = (
    " If two shops use the same order numbers, undo this load (regulars undo) and load its files with --account NAME."
)


def reload(shop: Shop, before: str, after: str) -> list[str]:
    shop.load({"shop1.csv": (HEADER + before, ORDERS)})
    return shop.load({"shop2.csv": (HEADER + after, ORDERS)}).warnings


def test_another_customer_on_another_day_under_the_same_number_is_warned_of(shop: Shop) -> None:
    after = "1001,2024-05-01T10:00:00Z,GBP,99,,z@example.com,\n"
    assert reload(shop, BEFORE, after) == [
        "1 order of this load replaced one of regulars with another customer and another day (1001)." + REMEDY
    ]


def test_the_first_ones_are_named_and_all_are_counted(shop: Shop) -> None:
    before = "".join(f"{number},2024-03-01,GBP,10,,a{number}@example.com,\n" for number in range(1001, 1006))
    after = "".join(f"{number},2024-05-01,GBP,10,,z{number}@example.com,\n" for number in range(1001, 1006))
    assert reload(shop, before, after) == [
        "5 orders of this load replaced others of regulars with another customer and another day (1001, 1002, 1003, …)."
        + REMEDY
    ]


@pytest.mark.parametrize(
    "after",
    [
        "1001,2024-03-01T12:00:00Z,GBP,10,,z@example.com,\n",  # the same day in London
        "1001,2024-05-01T10:00:00Z,GBP,10,, A@Example.com,\n",  # the same address
        "1001,2024-05-01T10:00:00Z,GBP,10,,,\n",  # nobody to compare with
        "1001,2024-05-01T10:00:00Z,GBP,10,c1,,+44 123\n",
        "1003,2024-05-01T10:00:00Z,GBP,10,,z@example.com,\n",  # another number
    ],
)
def test_a_usual_update_is_not_warned_of(shop: Shop, after: str) -> None:
    assert [warning for warning in reload(shop, BEFORE, after) if "replaced" in warning] == []


@pytest.mark.parametrize(
    ("customer", "phone"), [("c1", "020 7946 0002"), ("c2", "020 7946 0001"), ("c1", "020 7946 0001")]
)
def test_one_identity_that_agrees_is_enough(shop: Shop, customer: str, phone: str) -> None:
    before = "1,2024-03-01,GBP,10,c1,a@example.com,020 79460001\n"
    assert reload(shop, before, f"1,2024-05-01,GBP,10,{customer},z@example.com,{phone}\n") == []


def test_what_was_taken_back_is_not_compared_with(shop: Shop) -> None:
    shop.load({"shop1.csv": (HEADER + BEFORE, ORDERS)})
    undo(shop.con, 1)
    assert shop.load({"shop2.csv": (HEADER + "1001,2024-05-01,GBP,99,,z@example.com,\n", ORDERS)}).warnings == []
