"""Text that is not UTF-8: what it is read as, and that the load says so."""

from __future__ import annotations

from warehouse.load.shop import ORDERS, Shop

HEADER = "order_id,ordered_at,currency,gross,email,coupon\n"


def coupons(shop: Shop) -> list[object]:
    return [coupon for (coupon,) in shop.rows("SELECT coupon FROM orders ORDER BY order_id")]


def test_a_file_that_is_not_utf_8_is_read_as_windows_1252_and_says_so(shop: Shop) -> None:
    content = (HEADER + "A1,2024-03-01,GBP,10,a@example.com,Łódź ő\n").encode("cp1250")
    result = shop.load({"cp1250.csv": (content, ORDERS)})
    assert coupons(shop) == [content.splitlines()[1].split(b",")[-1].decode("cp1252")]
    assert result.warnings == [
        "cp1250.csv is not UTF-8 and was read as Windows-1252. If letters look wrong, export it again as UTF-8."
    ]


def test_utf_8_is_read_without_a_note(shop: Shop) -> None:
    assert shop.load({"o.csv": (HEADER + "A1,2024-03-01,GBP,10,a@example.com,Łódź ő\n", ORDERS)}).warnings == []
    assert coupons(shop) == ["Łódź ő"]
