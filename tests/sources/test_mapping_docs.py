"""Every example of docs/mapping-files.md, and the mappings in examples/, do what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from regulars.load.run import FileCount
from regulars.sources import mapping_file
from regulars.sources.catalogue import require_columns

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(csv|toml|result) (.*)\n([^`]*)^```$", re.MULTILINE)


def examples() -> Iterator[tuple[str, str, str, str]]:
    """File, mapping, table with columns, rows: one of each result in the docs."""
    csv = toml = ""
    for kind, title, text in BLOCK.findall((ROOT / "docs" / "mapping-files.md").read_text(encoding="utf-8")):
        if kind == "csv":
            csv = text
        elif kind == "toml":
            toml = text
        else:
            yield csv, toml, title, text


@pytest.mark.parametrize(("csv", "toml", "title", "rows"), list(examples()), ids=lambda value: value[:20])
def test_the_docs_show_what_comes_out(csv: str, toml: str, title: str, rows: str, con, load_file):
    table, columns = title.split(": ")
    source = mapping_file.parse(toml, "docs")
    require_columns(source, "docs", source.header or re.split("[,;]", csv.splitlines()[0]))
    load_file(source, csv, currency="GBP" if "GBP" in toml else "EUR")
    found = con.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
    assert [" | ".join(map(str, row)) for row in found] == rows.splitlines()


def test_the_docs_have_examples():
    assert len(list(examples())) == 6


def test_the_corner_shop(con, load_file):
    source = mapping_file.read(ROOT / "examples" / "corner_shop.toml")
    result = load_file(source, ROOT / "examples" / "corner_shop.csv")
    assert result.files["corner_shop.csv"] == FileCount(read=6, used=5, skipped=1, rejected=0)
    query = "SELECT order_id, customer_id, strftime(ordered_at, '%d %b'), status, gross, discount, shipping, tax"
    assert [tuple(map(str, row)) for row in con.execute(f"{query} FROM orders ORDER BY 1").fetchall()] == [
        ("A-100", "C1", "03 Apr", "counted", "16.2500", "1.0000", "3.9000", "1.9000"),
        ("A-101", "None", "04 Apr", "counted", "4.5000", "0.0000", "3.9000", "1.3400"),
        ("A-102", "C2", "05 Apr", "cancelled", "7.2500", "0.0000", "3.9000", "1.7800"),
    ]
    assert con.execute("SELECT return_id, order_id, product_id, quantity, amount::text FROM returns").fetchall() == [
        ("R-7/1", "A-100", "BRUSH", 1, "7.2500")
    ]
    assert con.execute("SELECT count(*), count(DISTINCT (order_id, line_id)) FROM order_lines").fetchone() == (4, 4)
