"""Files in our own column names need nothing but their names."""

from __future__ import annotations

from regulars.sources.catalogue import recognise


def test_orders_and_customers_in_our_own_columns_belong_together(con, load_file):
    orders = "order_id,customer_id,ordered_at,gross,currency,updated_at\n1,C1,2024-04-03 10:15,19.90,EUR,\n"
    customers = "customer_id,name,country\nC1,Ann,DE\nC2,Bo,AT\n"
    for text in (orders, customers):
        source = recognise("export.csv", text.splitlines()[0].split(","))
        assert [count.rejected for count in load_file(source, text).files.values()] == [0]
    query = "SELECT order_id, name, gross::text, status, discount::text, test FROM orders JOIN customers"
    assert con.execute(f"{query} USING (source, customer_id)").fetchall() == [
        ("1", "Ann", "19.9000", "counted", "0.0000", False)
    ]


def test_an_older_row_does_not_replace_a_newer_one(con, load_file):
    header = "customer_id,name,updated_at"
    source = recognise("customers.csv", header.split(","))
    for row in ("C1,Ann Lee,2024-05-02", "C1,Ann,2024-05-01"):
        load_file(source, f"{header}\n{row}\n")
    assert con.execute("SELECT name FROM customers").fetchall() == [("Ann Lee",)]


def test_carts_have_a_change_of_their_own(con, load_file):
    header = "cart_id,opened_at,updated_at,last_step,items"
    load_file(recognise("x.csv", header.split(",")), f"{header}\nK1,2024-05-01,2024-05-02,payment,3\n")
    assert con.execute("SELECT cart_id, updated_at::date::text, items FROM carts").fetchall() == [
        ("K1", "2024-05-02", 3)
    ]


def test_a_column_that_nothing_uses_is_named(load_file):
    header = "order_id,costumer_id,ordered_at,gross,currency,E-Mail,colour,rejected_line"
    found = load_file(recognise("x.csv", header.split(",")), f"{header}\n1,C1,2024-04-03,1,EUR,a@b.c,red,2\n")
    assert found.warnings == [
        "export0.csv: column costumer_id is not used; did you mean customer_id?",
        "export0.csv: column E-Mail is not used; did you mean email?",
        "export0.csv: not used: column colour.",
        "None of the 1 orders of this load has a usable customer_id, person_id, email or phone number, so all count as"
        " guest orders and no customer is known. Load them with one of these columns.",
    ]


def test_known_columns_and_one_known_buyer_say_nothing(load_file):
    header = "order_id,Customer_ID,ordered_at,gross,currency"
    source = recognise("x.csv", header.split(","))
    assert load_file(source, f"{header}\n1,C1,2024-04-03,1,EUR\n2,,2024-04-03,1,EUR\n").warnings == []
