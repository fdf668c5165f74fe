"""The Python of docs/adding-a-source.md runs, and its expression for states does what the page says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regulars.load.mapping import REASON, Mapping, Source

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "adding-a-source.md").read_text(encoding="utf-8")
STATES, TEST = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def test_of_page() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(TEST, names)
    return names


def test_the_test_of_the_page_passes(test_of_page: dict[str, Any], con, load_file):
    test_of_page["test_the_export_is_recognised"]()
    test_of_page["test_customers_and_guests_load_and_a_name_alone_does_not"](con, load_file)


def test_the_test_of_the_page_fails_if_a_name_alone_loads(test_of_page: dict[str, Any], con, load_file):
    source: Source = test_of_page["woocommerce_customers"]
    (mapping,) = source.mappings
    columns = mapping.columns | {"customer_id": '"Name"'}
    test_of_page["woocommerce_customers"] = replace(source, mappings=(replace(mapping, where="", columns=columns),))
    with pytest.raises(AssertionError):
        test_of_page["test_customers_and_guests_load_and_a_name_alone_does_not"](con, load_file)


def test_states_that_are_not_known_and_empty_ones_are_rejected_by_name(con, load_file):
    names: dict[str, Any] = {"REASON": REASON}
    exec(STATES, names)
    columns = {"order_id": "number", "ordered_at": "day", "gross": "10", "currency": "'EUR'", "status": names["STATUS"]}
    source = Source("till", "Till", frozenset({"number", "day", "Order Status"}), (Mapping("orders", columns),))
    lines = [
        "number,day,Order Status",
        "1,2024-04-03,Shipped",
        "2,2024-04-03,Declined",
        "3,2024-04-03,Lost",
        "4,2024-04-03,",
    ]
    load_file(source, "\n".join(lines) + "\n")
    assert con.execute("SELECT order_id, status FROM orders ORDER BY 1").fetchall() == [
        ("1", "counted"),
        ("2", "failed"),
    ]
    reasons = con.execute("SELECT line, reasons FROM main.rejects ORDER BY line").fetchall()
    assert [(line, "; ".join(texts)) for line, texts in reasons] == [
        (4, "Order Status: 'Lost' is not known"),
        (5, "Order Status: it is empty"),
    ]
