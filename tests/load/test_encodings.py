"""Text that is not UTF-8: what it is read as, and that the load says so."""

from __future__ import annotations

from load.shop import ORDERS, Shop
from regulars.load.files import expand

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


def test_one_stray_line_leaves_the_letters_of_the_others(shop: Shop) -> None:
    mixed = HEADER.encode() + "A1,2024-03-01,GBP,10,a@example.com,Käse\n".encode("latin-1")
    mixed += "A2,2024-03-02,GBP,10,a@example.com,Käse 🎁 שלום\n".encode()
    result = shop.load({"mixed.csv": (mixed, ORDERS)})
    assert coupons(shop) == ["Käse", "Käse 🎁 שלום"]
    assert result.warnings == [
        "mixed.csv: line 2 is not UTF-8 and was read as Windows-1252. If letters look wrong, export it again as UTF-8."
    ]


def test_stray_lines_are_counted_and_the_first_is_named(shop: Shop) -> None:
    rows = [f"A{n},2024-03-01,GBP,10,a@example.com,Käse {n}\n" for n in range(5000)]
    stray = {7, 100, 4999}
    content = HEADER.encode() + b"".join(row.encode("cp1252" if n in stray else "utf-8") for n, row in enumerate(rows))
    result = shop.load({"mixed.csv": (content, ORDERS)})
    assert set(coupons(shop)) == {f"Käse {n}" for n in range(5000)}
    assert result.warnings == [
        "mixed.csv: 3 lines are not UTF-8 and were read as Windows-1252, the first is line 9."
        " If letters look wrong, export it again as UTF-8."
    ]


def test_a_header_in_utf_8_is_read_although_a_line_below_it_is_not(shop: Shop) -> None:
    content = "größe,order_id\n".encode() + "1,Käse\n".encode("latin-1")
    assert expand([shop.file("o.csv", content)])[0].header() == ["größe", "order_id"]


def test_json_lines_are_decoded_one_by_one_too(shop: Shop) -> None:
    row = '{"order_id": "A%d", "ordered_at": "2024-03-01", "currency": "GBP", "gross": 1, "email": "a@b.co", "coupon": "Käse"}\n'
    content = (row % 1).encode("latin-1") + (row % 2).encode()
    result = shop.load({"o.jsonl": (content, ORDERS)})
    assert coupons(shop) == ["Käse", "Käse"]
    assert result.warnings[0].startswith("o.jsonl: line 1 is not UTF-8 and was read as Windows-1252.")
