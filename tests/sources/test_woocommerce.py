"""WooCommerce's customers export becomes customers, with its traps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from regulars.sources.catalogue import recognise
from regulars.sources.shops.woocommerce_customers import woocommerce_customers

HEADER = (
    "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,Postal Code,"
    "Billing Phone,Shipping Phone,Role"
)
ANN = (
    "Ann Lee,ann,2024-05-02T09:00:00,2024-04-03T10:15:00,Ann@Example.com,3,59.70,19.90,DE,Berlin,BE,10115,"
    "'+49301,,customer"
)
GUEST = "Bo Berg,,2024-05-01T12:00:00,,bo@example.com,1,12.00,12.00,AT,Wien,,1010,,,"
NAME_ALONE = "Cem,,2024-05-01T12:00:00,,,0,0,0,,,,,,,"


def test_the_export_is_recognised(data: Callable[[str], Path]):
    seen = json.loads(data("exports/headers.json").read_text(encoding="utf-8"))["woocommerce_analytics_customers"]
    assert seen["header"] == HEADER
    assert recognise("wc-customers-report-export.csv", HEADER.split(",")) is woocommerce_customers


def test_customers_and_guests_come_and_a_name_alone_does_not(con, load_file):
    # With the byte order mark that the export begins with.
    result = load_file(woocommerce_customers, "\ufeff" + "\n".join((HEADER, ANN, GUEST, NAME_ALONE)) + "\n")
    (count,) = result.files.values()
    assert (count.read, count.used, count.skipped, count.rejected) == (3, 2, 1, 0)
    query = "SELECT customer_id, email, phone, name, country, joined_at::text, attributes->>'role' FROM customers"
    assert con.execute(f"{query} ORDER BY name").fetchall() == [
        ("email:ann@example.com", "Ann@Example.com", "+49301", "Ann Lee", "DE", "2024-04-03 10:15:00", "customer"),
        ("email:bo@example.com", "bo@example.com", None, "Bo Berg", "AT", None, None),
    ]


def test_the_last_columns_may_be_missing(con, load_file):
    header, ann = (",".join(text.split(",")[:12]) for text in (HEADER, ANN))
    load_file(recognise("export.csv", header.split(",")), f"{header}\n{ann}\n")
    assert con.execute("SELECT name, phone FROM customers").fetchall() == [("Ann Lee", None)]


def test_words_for_nobody_make_no_customer_id(con, load_file):
    """Neither as address nor as username; who has both that and a real username goes by the username."""
    rows = [GUEST.replace("bo@example.com", word).replace("Bo Berg", f"No {word}") for word in ("n/a", "guest", "None")]
    rows += [row.replace(",,2024-05-01", ",Guest,2024-05-01") for row in rows[:2]]
    rows += [ANN.replace("Ann@Example.com", "n/a"), GUEST]
    (count,) = load_file(woocommerce_customers, "\n".join((HEADER, *rows)) + "\n").files.values()
    assert (count.used, count.skipped, count.rejected) == (2, 5, 0)
    assert con.execute("SELECT customer_id FROM customers ORDER BY 1").fetchall() == [
        ("email:bo@example.com",),
        ("user:ann",),
    ]
