from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from regulars.simulate import MARKETPLACE_EMAIL, ShopShape, SimulatedShop, baskets, simulate
from regulars.simulate.population import Kind
from regulars.simulate.simulated_shop import TABLES
from regulars.warehouse.tables import BY_NAME


def tally(query: str, **tables: pa.Table) -> int:
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.register(name, table)
        row = con.execute(query).fetchone()
    assert row is not None
    return int(row[0] or 0)


@pytest.mark.parametrize("name", TABLES)
def test_rows_keep_the_tables_declaration(shop: SimulatedShop, name: str) -> None:
    table, rows = BY_NAME[name], shop.tables()[name]
    assert rows.column_names == [column.name for column in table.columns]
    for column in table.columns:
        if not column.nullable:
            assert rows[column.name].null_count == 0, column.name
        if column.choices:
            assert set(rows[column.name].unique().to_pylist()) <= set(column.choices)
        if column.low is not None:
            assert tally(f'SELECT count(*) FROM rows WHERE "{column.name}" < {column.low}', rows=rows) == 0
    for rule in table.rules:
        assert tally(f"SELECT count(*) FROM rows WHERE {rule.broken}", rows=rows) == 0, rule.reason
    key = ", ".join(table.key)
    assert tally(f"SELECT count(DISTINCT ({key})) FROM rows", rows=rows) == rows.num_rows > 0


def test_the_same_seed_gives_the_same_shop_and_another_seed_another() -> None:
    shape = ShopShape(customers=2_000)
    one, two, other = (simulate(shape, seed).tables() for seed in (5, 5, 6))
    assert all(one[name].equals(two[name]) for name in TABLES)
    assert not one["orders"].equals(other["orders"])


def test_customers_do_not_change_when_more_of_them_come() -> None:
    few, many = (simulate(ShopShape(customers=n), seed=5) for n in (16_384, 40_000))
    assert np.array_equal(few.people.rate, many.people.rate[:16_384])
    assert few.bought.size == (many.bought.person < 16_384).sum()


def test_blocks_can_be_made_in_any_order() -> None:
    shop = simulate(ShopShape(customers=16_000), seed=5)
    start = baskets.BLOCK
    assert list(shop.starts()) == [0, start]
    alone = shop.order_rows(shop.basket(start))
    assert alone.equals(shop.orders.slice(start))


def test_orders_lines_and_returns_agree(shop: SimulatedShop) -> None:
    tables = {"orders": shop.orders, "order_lines": shop.order_lines, "returns": shop.returns}
    sums = "SELECT order_id, sum(amount) AS amount, sum(discount) AS of_lines FROM order_lines GROUP BY 1"
    wrong = f"""SELECT count(*) FROM orders LEFT JOIN ({sums}) USING (order_id)
        WHERE gross IS DISTINCT FROM amount OR of_lines > discount"""
    assert tally(wrong, **tables) == 0
    assert tally("SELECT count(*) FROM returns ANTI JOIN orders USING (order_id)", **tables) == 0
    assert tally("SELECT count(*) FROM returns ANTI JOIN order_lines USING (order_id, line_id)", **tables) == tally(
        "SELECT count(*) FROM returns WHERE line_id IS NULL AND quantity IS NULL AND product_id IS NULL", **tables
    )


def test_account_holders_have_a_number_and_guests_do_not(shop: SimulatedShop) -> None:
    kind = shop.people.kind[shop.bought.person]
    account = np.isin(kind, (Kind.ACCOUNT, Kind.TWO_EMAILS))
    assert (shop.orders["customer_id"].is_valid().to_numpy() == account).all()
    assert (shop.orders["email"].is_null().to_numpy() == np.isin(kind, (Kind.PHONE_GUEST, Kind.NAMELESS))).all()
    assert shop.orders["phone"].is_null().to_numpy()[kind == Kind.NAMELESS].all()
    assert shop.orders["phone"].is_valid().to_numpy()[kind == Kind.PHONE_GUEST].all()
    emails = np.array(shop.orders["email"].to_pylist(), object)
    assert {email.lower() for email in emails[kind == Kind.MARKETPLACE]} == {MARKETPLACE_EMAIL}
    known = shop.customers["customer_id"].to_pylist()
    assert set(shop.orders["customer_id"].drop_null().to_pylist()) <= set(known)


def test_email_and_phone_find_each_person_again(shop: SimulatedShop) -> None:
    """No two customers share an email (besides the marketplace's) or a phone, and all orders of one hang together."""
    person = shop.bought.person.tolist()
    owner: dict[str, int] = {}
    joined: dict[int, set[str]] = {}
    emails, phones = shop.orders["email"].to_pylist(), shop.orders["phone"].to_pylist()
    for who, email, phone in zip(person, emails, phones, strict=True):
        given = [email.lower()] if email and email.lower() != MARKETPLACE_EMAIL else []
        given += [phone.replace(" ", "")] if phone else []
        for identity in given:
            assert owner.setdefault(identity, who) == who
            joined.setdefault(who, set()).add(identity)
    doubles = [len(joined[who]) for who in joined if shop.people.kind[who] == Kind.TWO_EMAILS]
    assert max(doubles) == 3


def test_a_guest_gets_a_new_record_at_every_checkout(shop: SimulatedShop) -> None:
    kind = shop.people.kind
    checkouts = np.isin(kind[shop.bought.person], (Kind.GUEST, Kind.PHONE_GUEST)).sum()
    accounts = (kind == Kind.ACCOUNT).sum() + 2 * (kind == Kind.TWO_EMAILS).sum()
    assert shop.customers.num_rows == accounts + checkouts + 1


def test_any_size_from_one_customer_on() -> None:
    tiny = simulate(ShopShape(customers=1, months=1), seed=1)
    assert tiny.orders.num_rows >= 1
    assert set(tiny.tables()) == set(TABLES)
