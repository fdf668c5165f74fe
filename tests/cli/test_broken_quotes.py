"""A quote inside quotes costs its own order, in Shopify's layout too, and the load never ends in accounts that do not add up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,"
    "Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,"
    "Billing Country,Notes,Cancelled at,Payment Method,Refunded Amount,Vendor,Id,Tags,Source,Lineitem discount,Phone"
)

FRAME = {
    "Name": "#1", "Email": "a@example.com", "Financial Status": "paid", "Paid at": "2024-03-01 10:00:00 +0100",
    "Currency": "EUR", "Subtotal": "15.00", "Shipping": "0.00", "Taxes": "0.00", "Total": "15.00", "Discount Amount": "0.00",
    "Created at": "2024-03-01 10:00:00 +0100", "Lineitem quantity": "1", "Lineitem name": '"Frame 8" oak',
    "Lineitem price": "10.00", "Lineitem requires shipping": "true", "Lineitem taxable": "true",
    "Payment Method": "Shopify Payments", "Refunded Amount": "0.00", "Source": "web", "Lineitem discount": "0.00",
}  # fmt: skip
BRUSH = {
    "Name": "#1", "Email": "a@example.com", "Created at": "2024-03-01 10:00:00 +0100", "Lineitem quantity": "1",
    "Lineitem name": "Brush", "Lineitem price": "5.00", "Lineitem requires shipping": "true", "Lineitem taxable": "true",
    "Lineitem discount": "0.00",
}  # fmt: skip
SOAP = FRAME | {
    "Name": "#2", "Email": "b@example.com", "Paid at": "2024-03-02 10:00:00 +0100", "Subtotal": "10.00", "Total": "10.00",
    "Created at": "2024-03-02 10:00:00 +0100", "Lineitem name": "Soap",
}  # fmt: skip
TEAPOT = {
    "Name": "#61566", "Email": "florence@example.com", "Created at": "2025-12-31 21:46:49 +0000", "Lineitem quantity": "2",
    "Lineitem name": '"Hand-made teapot, blue No. 188"-0', "Lineitem price": "65.00", "Lineitem sku": "TEA-0188",
    "Lineitem requires shipping": "true", "Lineitem taxable": "true", "Lineitem fulfillment status": "pending",
    "Vendor": "Hill & Daughters", "Lineitem discount": "0.00",
}  # fmt: skip
JUMPER = TEAPOT | {
    "Lineitem name": "Café jumper No. 82", "Lineitem price": "17.99", "Lineitem sku": "JUM-0082",
    "Vendor": '"Field, Wood & Co"',
}  # fmt: skip


def exported(path: Path, rows: Sequence[Mapping[str, str]], encoding: str = "utf-8") -> Path:
    """An orders export of Shopify; the fields are written as they are, with whatever quotes they have."""
    lines = [HEADER, *(",".join(row.get(name, "") for name in HEADER.split(",")) for row in rows)]
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


@pytest.fixture
def empty(command, tmp_path: Path) -> Path:
    assert command("init", tmp_path / "shop", "--currency", "EUR", "--timezone", "Europe/Berlin").code == 0
    return tmp_path / "shop"


def counted(command, shop: Path, *words: object) -> dict[str, int]:
    said = command("load", *words, "--shop", shop, "--format", "json")
    assert said.code == 0, said
    (count,) = json.loads(said.out)["files"].values()
    return count


def rejected(command, shop: Path) -> dict[int, str]:
    """By line, why."""
    lines = json.loads(command("rejects", "--shop", shop, "--format", "json").out)
    return {line["line"]: line["reasons"][0] for line in lines}


def value(command, shop: Path, metric: str) -> float:
    (found,) = json.loads(command("metric", metric, "--grain", "all", "--shop", shop, "--format", "json").out)
    return found["value"]


def test_a_quote_inside_quotes_costs_its_own_order(command, empty: Path, tmp_path: Path):
    file = exported(tmp_path / "shopify.csv", [FRAME, BRUSH, SOAP])
    assert counted(command, empty, file) == {"read": 3, "used": 1, "waiting": 0, "rejected": 2, "skipped": 0}
    assert rejected(command, empty) == {
        2: "a quote inside a quoted field is not doubled",
        3: "order '#1' has a rejected line: 'shopify.csv line 2'",
    }
    assert (value(command, empty, "orders"), value(command, empty, "net_revenue")) == (1, 10)


def test_an_order_of_which_a_line_cannot_be_told_apart_is_refused_by_its_own_reasons(
    command, empty: Path, tmp_path: Path
):
    """In Windows-1252, and nothing else in the file: no row is used, so that the file is refused."""
    file = exported(tmp_path / "shopify.csv", [TEAPOT, JUMPER], "cp1252")
    said = command("load", file, "--shop", empty)
    assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 2)
    assert "2 of 2 rows would be rejected" in said.err and "add up" not in said.err
    count = counted(command, empty, file, "--accept-rejects")
    assert count == {"read": 2, "used": 0, "waiting": 0, "rejected": 2, "skipped": 0}
    assert rejected(command, empty) == {
        2: "a quote inside a quoted field is not doubled",
        3: "order '#61566' has a rejected line: 'shopify.csv line 2'",
    }


def test_with_another_order_in_the_file_only_that_one_is_loaded(command, empty: Path, tmp_path: Path):
    file = exported(tmp_path / "shopify.csv", [SOAP, TEAPOT, JUMPER], "cp1252")
    assert counted(command, empty, file) == {"read": 3, "used": 1, "waiting": 0, "rejected": 2, "skipped": 0}
    assert (value(command, empty, "orders"), value(command, empty, "net_revenue")) == (1, 10)
