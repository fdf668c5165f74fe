"""An amount far above all others of its file, such as a phone number in the amount's column, is warned of."""

from __future__ import annotations

import pytest

from load.shop import LINES, ORDERS, Shop, own

HEADER = "order_id,ordered_at,currency,gross,email\n"
REMEDY = " If the column holds another number, undo this load (regulars undo), correct the file and load it again."


def orders(*gross: object, currency: str = "GBP", first: int = 1) -> str:
    return "".join(f"A{n},2024-01-05,{currency},{amount},a@x.example\n" for n, amount in enumerate(gross, first))


def usual(count: int = 300) -> list[int]:
    """Amounts of 20 to 319."""
    return [20 + number % 300 for number in range(count)]


def test_a_phone_number_among_amounts_is_warned_of_by_its_order(shop: Shop) -> None:
    result = shop.load({"o.csv": (HEADER + orders(*usual(), 4416329600), ORDERS)})
    assert result.warnings == [
        "o.csv: 1 amount of orders.gross is 100,000 or more and over 1,000 times as large as 99 % of the others"
        " (order A301, line 302)." + REMEDY
    ]


def test_several_are_counted_and_the_first_is_named(shop: Shop) -> None:
    rows = orders(4416329600, *usual(), 4416329601, 4416329602)
    (warning,) = shop.load({"o.csv": (HEADER + rows, ORDERS)}).warnings
    assert warning.startswith("o.csv: 3 amounts of orders.gross are 100,000 or more and over 1,000 times")
    assert "(such as order A1, line 2)." in warning


def test_one_of_a_few_orders_is_warned_of(shop: Shop) -> None:
    (warning,) = shop.load({"o.csv": (HEADER + orders(20, 30, 4416329600), ORDERS)}).warnings
    assert "(order A3, line 4)" in warning


@pytest.mark.parametrize("table", ["order_lines", "returns"])
def test_amounts_of_lines_and_refunds_are_compared_too(table: str, shop: Shop) -> None:
    if table == "order_lines":
        rows = "".join(f"A1,{n},1,{amount}\n" for n, amount in enumerate([*usual(), 4416329600]))
        (warning,) = shop.load({"x.csv": ("order_id,line_id,quantity,amount\n" + rows, LINES)}).warnings
    else:
        rows = "".join(f"R{n},A1,2024-01-05,{amount}\n" for n, amount in enumerate([*usual(), 4416329600]))
        header = "return_id,order_id,returned_at,amount\n"
        (warning,) = shop.load({"x.csv": (header + rows, own("returns"))}).warnings
    assert warning.startswith(f"x.csv: 1 amount of {table}.amount is 100,000") and "(order A1, line 302)" in warning


@pytest.mark.parametrize(
    "amounts",
    [
        [*usual(), 60_000, 90_000, 150_000],  # wholesale: some 100 times the median of 170
        [*usual(), 99_999],
        [*usual(), 317_000],  # 1,000 times the quantile of 317, no more
        [1, 2, 3, 2_000_000, 4_000_000, 3_000_000],  # half of the shop's orders are as large
        [*(100 * amount for amount in usual()), 25_000_000],  # a currency of small units
        [2_000_000],
        [0, 0, 0, 250_000],  # amounts of nothing compare with nothing
    ],
)
def test_large_orders_of_a_shop_are_not_warned_of(amounts: list[int], shop: Shop) -> None:
    assert shop.load({"o.csv": (HEADER + orders(*amounts), ORDERS)}).warnings == []


def test_currencies_are_compared_by_themselves(shop: Shop) -> None:
    """2,000,000 rupiah are an ordinary order beside pounds."""
    rates = "day,currency,rate\n2024-01-01,IDR,0.00005\n"
    rows = orders(*usual()) + orders(1_900_000, 2_000_000, currency="IDR", first=1000)
    files = {"r.csv": (rates, own("exchange_rates")), "o.csv": (HEADER + rows, ORDERS)}
    assert shop.load(files).warnings == []
