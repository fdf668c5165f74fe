"""The UCI Online Retail file through examples/online_retail.toml, against figures counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from regulars.load.run import FileCount
from regulars.sources import mapping_file

ROOT = Path(__file__).resolve().parents[2]


def test_online_retail(data: Callable[[str], Path], con, load_file):
    source = mapping_file.read(ROOT / "examples" / "online_retail.toml")
    result = load_file(source, data("online_retail/online_retail.csv.gz"), currency="GBP")

    def one(query: str) -> tuple:
        return con.execute(query).fetchone()

    assert result.files["online_retail.csv.gz"] == FileCount(read=541_909, used=539_392, skipped=2_517, rejected=0)
    assert {name: count.inserted for name, count in result.tables.items()} == {
        "orders": 19_960,
        "order_lines": 530_104,
        "returns": 9_288,
    }

    # Rule R1: customers that are known.
    known = "FROM orders WHERE customer_id IS NOT NULL"
    assert one(f"SELECT count(*), count(DISTINCT customer_id) {known}") == (18_532, 4_338)
    assert one(f"SELECT round(sum(gross), 2) {known}") == (Decimal("8911407.90"),)
    assert one(f"SELECT count(*) FROM order_lines SEMI JOIN (SELECT order_id {known}) USING (order_id)") == (397_884,)
    assert one("SELECT count(*) FROM orders WHERE customer_id IS NULL") == (1_428,)

    assert one("SELECT sum(gross) FROM orders") == one("SELECT sum(amount) FROM order_lines")
    assert one("SELECT min(quantity) >= 1, min(amount) > 0, count(order_id) FROM returns") == (True, True, 0)
    assert one("SELECT DISTINCT currency, status, discount, tax FROM orders") == ("GBP", "counted", 0, 0)
