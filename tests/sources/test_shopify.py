"""What a Shopify shop's exports turn into, with their traps."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from regulars.sources.shops.shopify_customers import shopify_customers
from regulars.sources.shops.shopify_orders import STATUS_OF, shopify_orders
from regulars.warehouse.tables.orders import STATUSES

ORDER = {
    "Name": "#1001",
    "Email": "ann@example.com",
    "Financial Status": "paid",
    "Created at": "2025-10-07 09:50:26 +0200",
    "Currency": "EUR",
    "Subtotal": "20.00",
    "Shipping": "5.00",
    "Taxes": "3.99",
    "Total": "25.00",
    "Refunded Amount": "",
    "Lineitem quantity": "1",
    "Lineitem name": "Soap",
    "Lineitem price": "20.00",
}


def line(name: str, price: str, quantity: int = 1, **more: str) -> dict[str, str]:
    """A further line of the order before: nothing of the order's own stands on it."""
    return {
        "Name": "#1001", "Lineitem name": name, "Lineitem price": price, "Lineitem quantity": str(quantity), **more
    }  # fmt: skip


def export(*lines: dict[str, str]) -> str:
    header = dict.fromkeys(name for row in lines for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(header), restval="")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


@pytest.fixture
def orders(con, load_file):
    """A function that loads lines of the export and returns the rows of one of its tables."""

    def run(*lines: dict[str, str], table: str = "orders") -> list[dict]:
        load_file(shopify_orders, export(*lines))
        found = con.execute(f"SELECT * FROM {table} ORDER BY ALL")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    return run


def test_an_order_of_several_lines_is_one_order_and_its_own_fields_count_once(orders):
    lines = (ORDER | {"Subtotal": "33.00", "Total": "38.00"}, line("Brush", "6.50", 2))
    (order,) = orders(*lines)
    assert (order["order_id"], str(order["ordered_at"])) == ("#1001", "2025-10-07 07:50:26")
    assert (order["gross"], order["discount"], order["shipping"], order["tax"]) == (
        Decimal("33.0000"), Decimal(0), Decimal(5), Decimal("3.99"),
    )  # fmt: skip
    found = orders(*lines, table="order_lines")
    assert [(row["line_id"], row["product_name"], row["quantity"], row["amount"]) for row in found] == [
        ("1", "Soap", 1, Decimal(20)),
        ("2", "Brush", 2, Decimal(13)),
    ]


def test_only_a_core_of_columns_is_needed(orders):
    core = {name: ORDER[name] for name in shopify_orders.requires}
    (order,) = orders(core)
    assert (order["gross"], order["discount"], order["shipping"], order["tax"], order["tax_included"]) == (
        20,
        0,
        0,
        0,
        False,
    )
    assert (order["email"], order["phone"], order["customer_id"], order["channel"]) == (None,) * 4


@pytest.mark.parametrize(("theirs", "ours"), STATUS_OF.items())
def test_the_financial_status_says_what_an_order_is(orders, theirs: str, ours: str):
    (order,) = orders(ORDER | {"Financial Status": theirs})
    assert order["status"] == ours
    assert ours in STATUSES


def test_an_order_with_a_day_of_cancellation_is_cancelled_in_both_spellings(orders):
    for column in ("Cancelled at", "Canceled at"):
        (order,) = orders(ORDER | {column: "2025-10-08 10:00:00 +0200"})
        assert (order["status"], str(order["cancelled_at"])) == ("cancelled", "2025-10-08 08:00:00")


@pytest.mark.parametrize("unknown", ["on_hold", "it's", ""])
def test_an_order_in_a_state_nobody_knows_is_rejected_and_the_reason_names_it(con, orders, unknown: str):
    assert orders(ORDER | {"Financial Status": unknown}, line("Brush", "1.00")) == []
    rejects = con.execute("SELECT line, unit, array_to_string(reasons, '; ') FROM rejects ORDER BY line").fetchall()
    assert [(number, order) for number, order, _ in rejects] == [(2, "#1001"), (3, "#1001")]
    shown = unknown.replace("'", "’")
    what = f"'{shown}' is not known" if unknown else "it is empty"
    known = "paid, partially_paid, partially_refunded, refunded, authorized, pending, voided, expired"
    assert rejects[0][2] == f"Financial Status: {what}; known: {known}"


@pytest.mark.parametrize(
    ("amounts", "included"),
    [
        ({"Subtotal": "20.00", "Shipping": "5.00", "Taxes": "3.99", "Total": "25.00"}, True),
        ({"Subtotal": "20.00", "Shipping": "5.00", "Taxes": "3.99", "Total": "28.99"}, False),
        ({"Subtotal": "20.00", "Shipping": "5.00", "Taxes": "3.99", "Total": "25.01"}, True),  # a cent of rounding
        ({"Subtotal": "20.00", "Shipping": "5.00", "Taxes": "3.99", "Total": "28.98"}, False),
        ({"Subtotal": "20.00", "Shipping": "5.00", "Taxes": "3.99", "Total": "32.00", "Duties": "7.00"}, True),
        ({"Subtotal": "20.00", "Shipping": "5.00", "Taxes": "3.99", "Total": "35.99", "Duties": "7.00"}, False),
        ({"Subtotal": "20.00", "Shipping": "5.00", "Taxes": "0.00", "Total": "25.00"}, False),  # no tax to be included
        ({"Shipping": "5.00", "Taxes": "3.99", "Total": "23.00", "Discount Amount": "2.00"}, True),  # no Subtotal
        ({"Subtotal": "20.00", "Taxes": "3.99"}, False),  # nothing to tell by: as the declaration says
    ],
)
def test_whether_prices_include_tax_is_seen_from_the_total(orders, amounts: dict[str, str], included: bool):
    order = {name: value for name, value in ORDER.items() if name not in ("Subtotal", "Shipping", "Taxes", "Total")}
    (found,) = orders(order | amounts)
    assert found["tax_included"] is included


def test_what_the_subtotal_is_short_of_the_lines_is_the_discount(orders):
    # Discount Amount also holds the 5.00 that a code took off the shipping.
    taken = {
        "Subtotal": "17.00",
        "Shipping": "0.00",
        "Total": "17.00",
        "Discount Code": "TEN",
        "Discount Amount": "8.00",
    }
    (order,) = orders(ORDER | taken)
    assert (order["gross"], order["discount"], order["shipping"], order["coupon"]) == (20, 3, 0, "TEN")
    (order,) = orders(ORDER | {"Subtotal": "21.00"})
    assert order["discount"] == 0
    (order,) = orders(ORDER | {"Subtotal": "", "Discount Amount": "25.00"})
    assert order["discount"] == 20


@pytest.mark.parametrize(
    ("amounts", "included"),
    [
        ({"Subtotal": "20.00", "Taxes": "3.99", "Total": "27.00"}, True),  # on top of the Subtotal, as documented
        ({"Subtotal": "20.00", "Taxes": "3.99", "Total": "30.99"}, False),
        ({"Subtotal": "22.00", "Taxes": "3.99", "Total": "27.00"}, True),  # within it
        ({"Subtotal": "22.00", "Taxes": "3.99", "Total": "30.99"}, False),
    ],
)
def test_a_tip_is_no_discount_and_no_tax(orders, amounts: dict[str, str], included: bool):
    lines = (ORDER | amounts, line("Tip", "2.00"))
    (order,) = orders(*lines)
    assert (order["gross"], order["discount"], order["tax_included"]) == (22, 0, included)
    assert [row["kind"] for row in orders(*lines, table="order_lines")] == ["product", "tip"]


@pytest.mark.parametrize(
    ("name", "shipped", "kind"),
    [
        ("Gift Card", "true", "gift card"),
        ("Gift card - £50.00", "", "gift card"),
        ("Soap & Co. Gift Card", "false", "gift card"),
        ("Gift card box", "true", "product"),
        ("Tip", "false", "tip"),
        ("Felt tip pen", "true", "product"),
        ("E-book", "false", "product"),
        ("Geschenkgutschein", "true", "gift card"),
        ("Gutscheinbuch Berlin", "true", "product"),
        ("Gutscheinbuch Berlin", "false", "product"),  # taxed, as far as is known
        ("Tarjeta de regalo", "", "gift card"),
        ("Buono Regalo 25 €", "", "gift card"),
        ("Our Cadeaubon for you", "false", "gift card"),
        ("Подарочный сертификат", "", "gift card"),
        ("ギフトカード", "", "gift card"),
        ("Gift wrap", "false", "product"),
        ("Gift card holder", "true", "product"),
    ],
)
def test_gift_cards_and_tips_are_told_from_products(orders, name: str, shipped: str, kind: str):
    (row,) = orders(ORDER | {"Lineitem name": name, "Lineitem requires shipping": shipped}, table="order_lines")
    assert row["kind"] == kind


def test_a_refund_is_one_return_of_the_order_on_the_last_day_it_is_known_of(orders):
    refunded = ORDER | {"Financial Status": "partially_refunded", "Refunded Amount": "4.50"}
    times = {"Paid at": "2025-10-07 09:51:00 +0200", "Fulfilled at": "2025-10-09 12:00:00 +0200"}
    (row,) = orders(refunded | times, line("Brush", "6.50"), table="returns")
    assert (row["return_id"], row["order_id"], row["amount"]) == ("#1001/refund/4.5000", "#1001", Decimal("4.5000"))
    assert (str(row["returned_at"]), row["quantity"], row["tax"]) == ("2025-10-09 10:00:00", None, None)
    cancelled = {"Name": "#1002", "Cancelled at": "2025-10-08 08:00:00 +0200"}
    rows = orders(refunded | times | cancelled, refunded | {"Name": "#1003"}, table="returns")
    assert [(row["order_id"], str(row["returned_at"])) for row in rows[1:]] == [
        ("#1002", "2025-10-08 06:00:00"),
        ("#1003", "2025-10-07 07:50:26"),
    ]


def test_an_order_without_a_refund_has_no_return(orders):
    assert orders(ORDER | {"Refunded Amount": "0.00"}, table="returns") == []


def test_a_customer_is_known_by_the_address_and_a_strange_phone_does_not_join_people(orders):
    address = {"Phone": "", "Billing Phone": "'+4915112345"}
    (order,) = orders(ORDER | address)
    assert (order["email"], order["phone"]) == ("ann@example.com", None)
    (order,) = orders(ORDER | address | {"Email": ""})
    assert (order["email"], order["phone"]) == (None, "+4915112345")
    (order,) = orders(ORDER | address | {"Phone": "'+49300000"})
    assert order["phone"] == "+49300000"


def test_where_it_went_how_it_came_and_whether_it_was_a_trial(orders):
    (order,) = orders(
        ORDER | {"Shipping Country": "", "Billing Country": "AT", "Source": "pos", "Payment Method": "bogus"},
        line("Brush", "1.00"),
    )
    assert (order["country"], order["channel"], order["test"]) == ("AT", "pos", True)
    (order,) = orders(ORDER | {"Shipping Country": "DE", "Billing Country": "AT", "Payment Method": "Shopify Payments"})
    assert (order["country"], order["test"]) == ("DE", False)


def test_a_product_is_known_by_its_sku_else_by_its_name(orders):
    rows = orders(ORDER | {"Lineitem sku": "'007"}, line("Brush", "1.00"), table="order_lines")
    assert [row["product_id"] for row in rows] == ["007", "Brush"]


def blocks(*orders: tuple[dict[str, str], ...]) -> list[dict[str, str]]:
    return [row for order in orders for row in order]


def test_the_same_order_twice_in_one_file_is_taken_once(con, load_file):
    first = (ORDER | {"Subtotal": "33.00", "Total": "38.00"}, line("Brush", "6.50", 2))
    other = (ORDER | {"Name": "#1002", "Email": "bo@example.com"},)
    for lines in (blocks(first, other, first), blocks(other, first, first, first)):
        result = load_file(shopify_orders, export(*lines))
        (count,) = result.files.values()
        assert (count.read, count.used, count.rejected) == (len(lines), len(lines), 0)
        assert con.execute("SELECT order_id, gross, discount FROM orders ORDER BY 1").fetchall() == [
            ("#1001", 33, 0),
            ("#1002", 20, 0),
        ]
        assert con.execute("SELECT count(*), sum(quantity) FROM order_lines").fetchall() == [(3, 4)]


def test_an_order_twice_in_one_file_and_not_alike_is_rejected_whole(con, load_file):
    first = (ORDER, line("Brush", "6.50", 2))
    other = (ORDER | {"Name": "#1002"},)
    for changed in ((ORDER,), (ORDER | {"Financial Status": "refunded"}, line("Brush", "6.50", 2))):
        con.execute("DELETE FROM rejects")
        (count,) = load_file(shopify_orders, export(*blocks(first, other, changed))).files.values()
        assert (count.used, count.rejected) == (1, 2 + len(changed))
        assert con.execute("SELECT order_id FROM orders").fetchall() == [("#1002",)]
        assert con.execute("SELECT DISTINCT reasons FROM rejects").fetchall() == [
            (["order '#1001' is in the file twice with different content (from lines 2, 5); delete one of the two"],)
        ]


def test_a_bad_line_rejects_the_repeats_of_its_order_too(con, load_file):
    first = (ORDER | {"Financial Status": "on_hold"}, line("Brush", "6.50", 2))
    (count,) = load_file(shopify_orders, export(*first, *first)).files.values()
    assert (count.used, count.rejected) == (0, 4)


NEW = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,Default Address Country Code"
NEW += ",Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Tags"
OLDER = (
    "First Name,Last Name,Email,Accepts Email Marketing,City,Country,Country Code,Phone,Total Spent,Total Orders,Tags"
)


def test_customers_of_the_layout_with_numbers(con, load_file):
    load_file(
        shopify_customers,
        f"{NEW}\n'6940095564,Ann,Lee,Ann@example.com,yes,Ulm,DE,,'+4915112345,no,99.50,3,\"vip, b2b\"\n",
    )
    query = "SELECT customer_id, email, phone, name, country, city, tags FROM customers"
    assert con.execute(query).fetchall() == [
        ("6940095564", "Ann@example.com", "+4915112345", "Ann Lee", "DE", "Ulm", "vip, b2b")
    ]
    known = "SELECT attributes->>'total_orders', attributes->>'total_spent', attributes->>'accepts_email_marketing'"
    assert con.execute(f"{known} FROM customers").fetchone() == ("3", "99.5", "true")


def test_customers_of_the_layout_without_numbers_are_known_by_address(con, load_file):
    ann, bo = ",Lee,Ann@example.com,yes,Ulm,Germany,DE,,9,3,", "Bo,,,no,,,,'+49 151-99,9,1,"
    text = "\n".join([OLDER, ann, bo, "Nobody,At all,,no,,,,,0,0,", ""])
    assert load_file(shopify_customers, text).files["export0.csv"].skipped == 1
    query = "SELECT customer_id, email, phone, name, country FROM customers ORDER BY 1"
    assert con.execute(query).fetchall() == [
        ("email:ann@example.com", "Ann@example.com", None, "Lee", "DE"),
        ("phone:4915199", None, "+49 151-99", "Bo", None),
    ]


def test_a_customer_with_an_address_does_not_take_the_phone_of_a_delivery_address(con, load_file):
    """It may be another's number. Where no email says who it is, it is all there is; the customer's own phone always counts."""
    own, delivery = "+44 1632 960961", "+44 1632 960962"
    rows = [("1", "ann@example.com", delivery, ""), ("2", "", delivery, ""), ("3", "cem@example.com", delivery, own)]
    lines = [f"'{n},A,B,{email},no,,,{address},{phone},no,0,0," for n, email, address, phone in rows]
    load_file(shopify_customers, "\n".join([NEW, *lines, ""]))
    found = con.execute("SELECT customer_id, phone FROM customers ORDER BY 1").fetchall()
    assert found == [("1", None), ("2", delivery), ("3", own)]


ANN, BO = ",Lee,ANN@example.com,yes,,,,,9,{},", "Bo,,,no,,,,'+49 151-99,9,1,"
BOS_ORDER = ORDER | {"Name": "#1002", "Email": "", "Phone": "'+4915199", "Financial Status": "voided"}


def test_a_shop_hears_that_its_customers_file_knows_more_orders(load_file):
    customers = "\n".join([OLDER, ANN.format(1000), BO, ""])
    (warning,) = load_file(shopify_customers, customers, account="uk").warnings
    assert warning.startswith("The customers file counts 1,001 orders, and 0 of them were loaded. Export all orders")
    (warning,) = load_file(shopify_orders, export(ORDER, BOS_ORDER), account="uk").warnings
    assert warning.startswith("The customers file counts 1,001 orders, and 2 of them were loaded.")
    assert load_file(shopify_orders, export(ORDER, BOS_ORDER), account="fr").warnings == []
    assert load_file(shopify_customers, "\n".join([OLDER, ANN.format(1), BO, ""]), account="uk").warnings == []


def test_a_customer_in_both_layouts_is_one(load_file):
    load_file(shopify_orders, export(ORDER))
    assert load_file(shopify_customers, "\n".join([OLDER, ANN.format(1), ""])).warnings == []
    assert load_file(shopify_customers, f"{NEW}\n'69,Ann,Lee,ann@example.com,yes,Ulm,DE,,,no,9,1,\n").warnings == []


def test_a_shop_hears_what_missing_amounts_mean_for_net_revenue(load_file):
    core = {name: ORDER[name] for name in (*shopify_orders.requires, "Email")}
    found = load_file(shopify_orders, export(core)).warnings
    assert [warning.partition(": ")[0] for warning in found] == [
        f"export0.csv has no column {name}"
        for name in ("Taxes", "Total", "Shipping", "Subtotal and no column Discount Amount", "Refunded Amount")
    ]
    assert all("net revenue" in warning for warning in found)
    assert load_file(shopify_orders, export(ORDER)).warnings == []


def test_a_shop_hears_that_its_orders_lead_to_nobody(load_file):
    anonymous = ORDER | {"Email": ""}
    assert load_file(shopify_orders, export(anonymous)).warnings == [
        "None of the 1 orders of this load has a usable customer_id, person_id, email or phone number, so all count as"
        " guest orders and no customer is known. Load them with one of these columns."
    ]
    assert load_file(shopify_orders, export(anonymous, ORDER | {"Name": "#2"})).warnings == []


def test_a_second_shop_that_numbers_its_orders_alike_is_noticed(con, load_file):
    first = ORDER | {"Email": "a@example.com", "Created at": "2024-03-01 10:00:00 +0100", "Id": ""}
    other = ORDER | {"Email": "z@example.com", "Created at": "2024-05-01 10:00:00 +0200", "Id": ""}
    load_file(shopify_orders, export(first))
    (warning,) = load_file(shopify_orders, export(other)).warnings
    assert warning.startswith(
        "1 order of this load replaced one of shopify with another customer and another day (#1001)."
    )
    assert load_file(shopify_orders, export(first), account="second").warnings == []
    assert con.execute("SELECT count(*) FROM orders").fetchall() == [(2,)]


def test_what_came_back_in_an_exchange_counts_in_the_order(con, orders):
    lines = (
        ORDER | {"Subtotal": "10.00", "Shipping": "0.00", "Total": "10.00", "Lineitem price": "30.00"},
        line("Soap", "20.00", -1),
    )
    (order,) = orders(*lines)
    assert (order["gross"], order["discount"]) == (10, 0)
    rows = orders(*lines, table="order_lines")
    assert [(row["quantity"], row["amount"]) for row in rows] == [(1, 30), (-1, -20)]


def test_a_rebate_on_a_line_of_its_own_counts_in_the_order(con, orders):
    lines = (
        ORDER | {"Subtotal": "25.00", "Shipping": "0.00", "Total": "25.00", "Lineitem price": "30.00"},
        line("Rabatt", "-5.00"),
    )
    (order,) = orders(*lines)
    assert (order["gross"], order["discount"]) == (25, 0)
    assert [row["amount"] for row in orders(*lines, table="order_lines")] == [30, -5]


@pytest.mark.parametrize(("email", "phone"), [("n/a", ""), ("", "n/a"), ("guest", "0000000"), ("", "-")])
def test_words_for_nobody_make_no_customer_id(con, load_file, email: str, phone: str):
    header = "First Name,Last Name,Email,Accepts Email Marketing,Phone\n"
    rows = f"Ann,A,{email},no,{phone}\nBo,B,{email},no,{phone}\nCem,C,{email},no,+44 1632 960961\n"
    (count,) = load_file(shopify_customers, header + rows).files.values()
    assert (count.used, count.skipped, count.rejected) == (1, 2, 0)
    assert con.execute("SELECT customer_id FROM customers").fetchall() == [("phone:441632960961",)]
