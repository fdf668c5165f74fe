"""Derivation by difference equals derived from nothing: after any loads, late refunds, replacements, undos, joins and splits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from regulars.vocabulary.errors import LoadRefused, UsageError
from regulars.vocabulary.shop import Settings
from regulars.warehouse import log
from regulars.warehouse.changes import Changes
from regulars.warehouse.derive import Derivation, derive, track_changes
from regulars.warehouse.facts import BY_NAME as BY_FACT
from regulars.warehouse.identity import join, split
from regulars.warehouse.log import stored_columns
from regulars.warehouse.log.data_files import create_views
from regulars.warehouse.tables import BY_NAME, TABLES
from warehouse.memory import warehouse_in_memory
from warehouse.rows import IDENTITIES, RECORDS

SHOP = Settings(name="test", currency="GBP", timezone="Europe/London", phone_country_code="44")
FACTS = ("records", "identities", "persons", "product_calls", "product_names", "gaps", "coverage", *BY_FACT)
OF_ORDERS = ("orders", "order_lines", "returns")
START = datetime(2024, 3, 29, 21)
"""Two days before clocks go forward."""


class Shop:
    """A warehouse that is corrected by difference, load after load."""

    def __init__(self) -> None:
        self.con = warehouse_in_memory()
        self.settings = SHOP
        self.loads = 0
        self.ways: list[str] = []
        """Why everything was derived anew, write by write; empty where differences were enough."""
        self.changed: frozenset[str] = frozenset()
        """The facts that the last write changed."""

    @contextmanager
    def writing(self) -> Iterator[Changes]:
        self._forget()
        changes = track_changes(self.con, self.settings)
        self.con.execute("BEGIN")
        try:
            yield changes
            derived = derive(self.con, self.settings, changes)
            self.after(derived)
            self.ways.append(derived.full_refresh_reason)
            self.changed = derived.changed_facts
        except (LoadRefused, UsageError):
            self.con.execute("ROLLBACK")
        else:
            self.con.execute("COMMIT")

    def after(self, derived: Derivation) -> None:
        """What else a write brings up to date."""

    def set(self, **changed: Any) -> None:
        """Change settings."""
        self.settings = replace(self.settings, **changed)
        with self.writing():
            pass

    def _forget(self) -> None:
        """A write has its own connection, and no temporary tables of another's."""
        for kind in ("view", "table"):
            found = f"SELECT {kind}_name FROM duckdb_{kind}s() WHERE temporary AND NOT internal"
            for (name,) in self.con.execute(found).fetchall():
                self.con.execute(f"DROP {kind} temp.{name}")

    def load(self, tables: dict[str, list[dict[str, Any]]], *, replace: bool = False, wait: bool = False) -> None:
        """Load rows; `wait`: those of orders wait until `use_waiting`."""
        with self.writing() as changes:
            self.loads += 1
            self.con.execute(
                "INSERT INTO main.loads VALUES (?, timezone('UTC', now()), 'load', 'test', ?, NULL, NULL)",
                [self.loads, replace],
            )
            for name, rows in tables.items():
                self._stage(name, rows)
                if wait and name in OF_ORDERS:
                    log.append_waiting(self.con, BY_NAME[name], self.loads, "temp.staged")
                    continue
                log.merge(self.con, BY_NAME[name], self.loads, "temp.staged", ["test"] if replace else [], changes)

    def use_waiting(self) -> None:
        with self.writing() as changes:
            self.con.execute(
                "CREATE OR REPLACE TEMP TABLE complete AS SELECT DISTINCT load_id, source, order_id FROM log.orders WHERE waiting"
            )
            log.release_waiting(self.con, [BY_NAME[name] for name in OF_ORDERS], "temp.complete", changes)

    def undo(self, load: int) -> None:
        with self.writing() as changes:
            log.undo(self.con, load, changes)

    def _stage(self, name: str, rows: list[dict[str, Any]]) -> None:
        columns = [column for column in stored_columns(BY_NAME[name]) if column.name != "load_id"]
        key = ("source", *BY_NAME[name].key)
        told = {tuple(row.get(part, "test") for part in key): {"source": "test", **row} for row in rows}
        values = ", ".join(
            f'{"?" if column.name in {k for r in told.values() for k in r} else "NULL"}::{column.kind.sql} AS "{column.name}"'
            for column in columns
        )
        given_ = [column.name for column in columns if column.name in {k for r in told.values() for k in r}]
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {values} LIMIT 0", [None] * len(given_))
        for row in told.values():
            self.con.execute(f"INSERT INTO temp.staged SELECT {values}", [row.get(name) for name in given_])

    def anew(self) -> duckdb.DuckDBPyConnection:
        """The same rows, derived from nothing."""
        other = warehouse_in_memory()
        (log_folder,) = self.con.execute("SELECT current_setting('file_search_path')").fetchall()[0]
        other.execute(f"SET GLOBAL file_search_path = '{log_folder}'")
        names = ["main.loads", "main.load_tables", "main.log_files", "main.log_hidden"]
        corrected = self.con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'people_corrections'").fetchone()
        if corrected:
            other.execute(
                "CREATE TABLE main.people_corrections"
                ' (seq BIGINT, a TEXT, b TEXT, joined BOOLEAN, "at" TIMESTAMP, note TEXT)'
            )
            names.append("main.people_corrections")
        for name in names:
            other.register("rows_", self.con.execute(f"FROM {name}").to_arrow_table())
            other.execute(f"INSERT INTO {name} FROM rows_")
        for table in TABLES:
            create_views(other, table)
        derive(other, self.settings)
        return other

    def check(self) -> None:
        other = self.anew()
        for name in FACTS:
            rows = {"records": RECORDS, "identities": IDENTITIES}.get(name, f"facts.{name}")
            columns = ", ".join(f'"{column}"' for column in other.sql(f"FROM {rows}").columns)
            mine, anew = (con.execute(f"SELECT {columns} FROM {rows}").fetchall() for con in (self.con, other))
            assert sorted(mine, key=repr) == sorted(anew, key=repr), name
        other.close()


def at(days: int, hours: int) -> datetime:
    return START + timedelta(days=days, hours=hours)


def order(number: str, moment: datetime, gross: Decimal, **more: Any) -> dict[str, Any]:
    usual = {
        "status": "counted",
        "currency": "GBP",
        "discount": Decimal("0.50"),
        "shipping": Decimal("1.20"),
        "tax": Decimal("0.33"),
    }
    usual |= {"tax_included": True, "test": False}
    return {"order_id": number, "ordered_at": moment, "gross": gross, **usual, **more}


orders = st.builds(
    lambda number, customer, email, days, hours, status, gross, country, coupon, currency: order(
        str(number), at(days, hours), gross, customer_id=customer, email=email, status=status, country=country,
        coupon=coupon, currency=currency,
    ),
    st.integers(1, 9),
    st.sampled_from([None, "a", "b", "c", "d"]),
    st.sampled_from([None, None, "a@x.example", "b@x.example", "c@x.example"]),
    st.integers(0, 40),
    st.integers(0, 5),
    st.sampled_from(["counted"] * 5 + ["cancelled"]),
    st.integers(0, 3000).map(lambda cents: Decimal(cents) / 100),
    st.sampled_from(["GB", "DE", None]),
    st.sampled_from(["SPRING", None]),
    st.sampled_from(["GBP"] * 6 + ["EUR"]),
)  # fmt: skip
lines = st.builds(
    lambda number, line, product, name, amount, cost, kind: {
        "order_id": str(number), "line_id": str(line), "product_id": product, "product_name": name, "quantity": 1 + line,
        "amount": amount, "unit_cost": cost, "kind": kind,
    },
    st.integers(1, 9),
    st.integers(1, 2),
    st.sampled_from(["p", "q", "r", None]),
    st.sampled_from(["Soap", "Savon", None, None]),
    st.integers(0, 2000).map(lambda cents: Decimal(cents) / 100),
    st.sampled_from([None, Decimal("1.5")]),
    st.sampled_from(["product"] * 4 + ["gift card"]),
)  # fmt: skip
refunds = st.builds(
    lambda number, order_id, line, product, customer, days, amount, restocked: {
        "return_id": str(number), "order_id": order_id, "line_id": line, "product_id": product, "customer_id": customer,
        "returned_at": at(days, 1), "quantity": 1, "amount": amount, "restocked": restocked,
    },
    st.integers(1, 4),
    st.one_of(st.none(), st.integers(1, 9).map(str)),
    st.sampled_from([None, "1"]),
    st.sampled_from([None, "p", "r"]),
    st.sampled_from([None, "a", "c"]),
    st.integers(0, 60),
    st.integers(1, 1500).map(lambda cents: Decimal(cents) / 100),
    st.sampled_from([None, True, False]),
)  # fmt: skip
customers = st.builds(
    lambda customer, email, phone, name, days, person: {
        "customer_id": customer, "email": email, "phone": phone, "name": name, "joined_at": at(days, 0), "country": name,
        "person_id": person,
    },
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from([None, "a@x.example", "b@x.example", "d@x.example"]),
    st.sampled_from([None, "01632 960961", "01632 960962"]),
    st.sampled_from([None, "Ann", "Bea"]),
    st.integers(0, 5),
    st.sampled_from([None, None, "p1", "p2"]),
)  # fmt: skip
costs = st.builds(
    lambda product, days, cost: {
        "product_id": product, "valid_from": at(days, 0).date(), "unit_cost": Decimal(cost), "currency": "GBP",
    },
    st.sampled_from(["p", "q"]), st.integers(0, 30), st.integers(1, 3),
)  # fmt: skip
products = st.builds(
    lambda product, name: {"product_id": product, "name": name, "category": name},
    st.sampled_from(["p", "q", "r"]),
    st.sampled_from(["Soap", "Oil", None]),
)
spend = st.builds(
    lambda days, amount: {
        "day": at(days, 0).date(), "channel": "ads", "campaign": "x", "amount": Decimal(amount), "currency": "GBP",
    },
    st.integers(0, 30), st.integers(1, 5),
)  # fmt: skip
subscriptions = st.builds(
    lambda number, customer, days, hours, length, plan: {
        "subscription_id": str(number), "customer_id": customer, "started_at": at(days, hours),
        "ended_at": length and at(days + length, hours), "plan": plan,
    },
    st.integers(1, 4),
    st.sampled_from(["a", "b", "e"]),
    st.integers(-3, 30),
    st.integers(0, 5),
    st.sampled_from([None, 1, 40]),
    st.sampled_from([None, "yearly"]),
)  # fmt: skip
ABOUT_SOMEBODY = ("visits", "carts", "tickets", "calls", "answers", "messages", "holdouts", "consents")
"""Tables that say who, and that no fact reads, or not all of them."""
others = st.builds(
    lambda number, customer, email, phone, person: {
        "number": str(number), "customer_id": customer, "email": email, "phone": phone, "person_id": person
    },
    st.integers(1, 4),
    st.sampled_from([None, None, "a", "b", "f"]),
    st.sampled_from([None, "a@x.example", "b@x.example", "e@x.example"]),
    st.sampled_from([None, None, "01632 960961", "01632 960962"]),
    st.sampled_from([None, None, "p1", "p2"]),
)  # fmt: skip


def of_others(table: str, rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows of a table about somebody that say who, and nothing else but their key."""
    (key,) = BY_NAME[table].key
    return {table: [{key: row["number"], **{name: row[name] for name in row if name != "number"}} for row in rows]}


rates = st.just([{"day": at(day, 0).date(), "currency": "EUR", "rate": Decimal("0.85123")} for day in range(-2, 45, 5)])


def some(rows: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[Any]:
    return st.lists(rows, min_size=1, max_size=most)


tables = st.one_of(
    st.fixed_dictionaries({"orders": some(orders)}, optional={"order_lines": some(lines), "returns": some(refunds)}),
    st.fixed_dictionaries(
        {"orders": some(orders)}, optional={"customers": some(customers), "order_lines": some(lines)}
    ),
    st.fixed_dictionaries({"returns": some(refunds, 2)}),
    st.fixed_dictionaries({"order_lines": some(lines)}),
    st.fixed_dictionaries({"customers": some(customers)}),
    st.fixed_dictionaries({"products": some(products, 2)}),
    st.fixed_dictionaries({"product_costs": some(costs, 2)}),
    st.fixed_dictionaries({"spend": some(spend, 2)}),
    st.fixed_dictionaries({"subscriptions": some(subscriptions)}, optional={"customers": some(customers)}),
    st.fixed_dictionaries({"exchange_rates": rates}),
    st.builds(of_others, st.sampled_from(ABOUT_SOMEBODY), st.lists(others, min_size=1, max_size=4)),
)
people = st.sampled_from(["test:a", "test:b", "test:c", "a@x.example", "b@x.example", "c@x.example", "01632 960961"])
acts = st.one_of(
    st.tuples(st.just("load"), tables),
    st.tuples(st.just("load"), tables),
    st.tuples(st.just("replace"), tables),
    st.tuples(st.just("wait"), tables),
    st.tuples(st.just("use"), st.none()),
    st.tuples(st.just("undo"), st.integers(1, 6)),
    st.tuples(st.just("join"), st.tuples(people, people)),
    st.tuples(st.just("split"), st.tuples(people, people)),
)
FIRST = {
    "orders": [
        order("1", at(0, 1), Decimal(10), customer_id="a", email="a@x.example"),
        order("2", at(3, 1), Decimal(20), customer_id="b"),
        order("3", at(9, 1), Decimal(5), customer_id="a"),
        order("4", at(9, 1), Decimal(5)),
    ],
    "customers": [{"customer_id": "a", "email": "a@x.example"}, {"customer_id": "b", "phone": "01632 960961"}],
    "exchange_rates": [{"day": at(0, 0).date(), "currency": "EUR", "rate": Decimal("0.85")}],
}


def perform(shop: Shop, act: str, what: Any) -> None:
    if act in ("load", "replace", "wait"):
        shop.load(what, replace=act == "replace", wait=act == "wait")
    elif act == "use":
        shop.use_waiting()
    elif act == "undo":
        shop.undo(what)
    elif act == "set":
        shop.set(**what)
    else:
        with shop.writing() as changes:
            (join if act == "join" else split)(changes, shop.settings, *what)


def history(done: list[tuple[str, Any]]) -> Shop:
    shop = Shop()
    shop.load(FIRST)
    for act, what in done:
        perform(shop, act, what)
    for way in shop.ways[1:]:
        event(way or "by difference")
    return shop


@settings(max_examples=5, deadline=None)
@given(st.lists(acts, min_size=1, max_size=5))
def test_whatever_happens_the_facts_are_as_if_derived_anew(done: list[tuple[str, Any]]):
    history(done).check()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(acts, min_size=1, max_size=12))
def test_after_a_long_history_too(done: list[tuple[str, Any]]):
    history(done).check()


def test_a_late_order_is_a_matter_of_its_customer():
    shop = Shop()
    shop.load(FIRST)
    shop.load({"orders": [order("0", at(-5, 0), Decimal(7), customer_id="a")]})
    assert shop.ways[1:] == [""]
    assert shop.con.execute(
        "SELECT order_id, order_number, previous_day FROM facts.orders WHERE order_id IN ('0', '1', '3') ORDER BY order_number"
    ).fetchall() == [("0", 1, None), ("1", 2, 19806), ("3", 3, 19811)]
    assert shop.con.execute("SELECT count(*) FROM temp.added_orders").fetchone() == (3,)
    shop.check()


def test_an_order_that_waited_is_a_matter_of_its_customer():
    shop = Shop()
    late = order("0", at(-5, 0), Decimal(7), customer_id="a")
    line = {"order_id": "0", "line_id": "1", "product_id": "p", "quantity": 1, "amount": Decimal(7)}
    shop.load({**FIRST, "order_lines": [{**line, "order_id": "1"}]})
    shop.load({"orders": [late], "order_lines": [line]}, wait=True)
    shop.check()
    assert shop.con.execute("SELECT count(*) FROM facts.orders").fetchall() == [(4,)]
    shop.use_waiting()
    assert shop.ways[1:] == ["", ""]
    shop.check()
    assert shop.con.execute("SELECT count(*) FROM facts.orders").fetchall() == [(5,)]
    shop.undo(2)
    shop.check()
    assert shop.con.execute("SELECT count(*) FROM facts.orders").fetchall() == [(4,)]


def test_of_a_history_only_the_rows_that_differ_are_written_again():
    shop = Shop()
    days = [at(0, 0), at(3, 0), at(9, 0)]
    shop.load({"orders": [order(str(n), day, Decimal(7), customer_id="a") for n, day in enumerate(days)]})
    ids = "SELECT order_id, rowid FROM facts.orders ORDER BY order_id"
    before = dict(shop.con.execute(ids).fetchall())
    shop.load({"orders": [order("3", at(20, 0), Decimal(7), customer_id="a")]})
    assert shop.ways[1:] == [""]
    now = dict(shop.con.execute(ids).fetchall())
    # The last order has a next one now; those before it lie where they lay.
    assert [now[one] == before[one] for one in ("0", "1", "2")] == [True, True, False]
    assert shop.con.execute("SELECT count(*) FROM temp.added_orders").fetchone() == (2,)
    assert shop.con.execute("SELECT count(*) FROM temp.histories_now").fetchone() == (4,)
    shop.check()


@pytest.mark.parametrize(
    "later",
    [
        {"products": [{"product_id": "p", "name": "Soap", "category": "bath"}]},
        {"products": [{"product_id": "p", "category": "bath"}]},
        {
            "order_lines": [
                {"order_id": "3", "line_id": "1", "product_id": "p", "product_name": "Soap", "amount": Decimal(1)}
            ]
        },
    ],
    ids=["named and filed", "filed only", "named by another order"],
)
def test_a_product_may_be_named_after_it_was_sold(later: dict[str, list[dict[str, Any]]]):
    shop = Shop()
    line = {"line_id": "1", "product_id": "p", "amount": Decimal(9)}
    lines_ = [{**line, "order_id": "1", "quantity": 1, "kind": "product"}, {**line, "order_id": "2", "kind": "product"}]
    back = {"return_id": "1", "product_id": "p", "customer_id": "b", "returned_at": at(12, 0), "amount": Decimal(2)}
    shop.load({**FIRST, "order_lines": lines_, "returns": [back]})
    shop.load(
        {
            name: [{"kind": "product", **row} if name == "order_lines" else row for row in rows]
            for name, rows in later.items()
        }
    )
    assert shop.ways[1:] == [""]
    (row,) = (row for rows in later.values() for row in rows)
    found = shop.con.execute(
        "SELECT DISTINCT product, category FROM facts.lines WHERE order_id IN ('1', '2')"
    ).fetchall()
    assert found == [(row.get("name", row.get("product_name", "p")), row.get("category"))]
    shop.check()


def test_a_colon_may_belong_to_the_source_or_to_the_id():
    shop = Shop()
    named = {"source": "shop:b", "customer_id": "1", "name": "Zoe"}
    shop.load({"orders": [order("1", at(0, 0), Decimal(10), source="shop", customer_id="b:1")], "customers": [named]})
    late = order("2", at(1, 0), Decimal(10), source="shop", customer_id="b:1", email="z@x.example")
    shop.load({"orders": [late]})
    assert shop.ways[1:] == [""]
    assert shop.con.execute("SELECT name, email FROM facts.persons").fetchall() == [("Zoe", "z@x.example")]
    shop.check()


def test_a_customer_lies_in_one_bucket_though_a_guests_order_came_back():
    shop = Shop()
    back = {"customer_id": "b", "amount": Decimal(2)}
    of_a_guest = {**back, "return_id": "1", "order_id": "4", "returned_at": at(12, 0)}
    shop.load({**FIRST, "returns": [of_a_guest, {**back, "return_id": "2", "returned_at": at(13, 0)}]})
    found = shop.con.execute("SELECT return_id, bucket = person % 32 FROM facts.returns ORDER BY return_id").fetchall()
    assert found == [("1", True), ("2", True)]


@pytest.mark.parametrize(
    "table", [*ABOUT_SOMEBODY[:2], *(pytest.param(table, marks=pytest.mark.slow) for table in ABOUT_SOMEBODY[2:])]
)
def test_what_a_row_says_of_somebody_joins_and_parts_customers(table: str):
    shop = Shop()
    shop.load(FIRST)
    (key,) = BY_NAME[table].key
    known = "SELECT list(person ORDER BY order_id) FROM facts.orders WHERE order_id IN ('1', '2')"
    apart = shop.con.execute(known).fetchall()
    shop.load({table: [{key: "1", "email": "A@x.example", "phone": "+44 1632 960961"}]})
    ((together,),) = shop.con.execute(known).fetchall()
    assert together[0] == together[1] and together[0] is not None
    shop.check()
    shop.load({table: [{key: "1", "email": "new@x.example"}]})
    assert shop.con.execute(known).fetchall() == apart
    described = "SELECT customer, email, records FROM facts.persons WHERE email = 'new@x.example'"
    assert shop.con.execute(described).fetchall() == [("new@x.example", "new@x.example", 1)]
    shop.check()
    shop.undo(3)
    assert shop.con.execute(known).fetchall() == [(together,)]
    shop.undo(2)
    assert shop.con.execute(known).fetchall() == apart
    assert shop.ways[1:] == [""] * 4
    shop.check()


@pytest.mark.parametrize("blank", ["\u00a0", "\t", " "])
def test_blanks_before_an_id_hide_nobody_from_a_late_load(blank: str):
    shop = Shop()
    named = {"customer_id": f"{blank}z", "name": "Zoe", "email": None}
    shop.load({**FIRST, "customers": [*FIRST["customers"], named]})
    shop.load({"orders": [order("8", at(3, 0), Decimal(7), customer_id="z", email="z@x.example")]})
    assert shop.ways[1:] == [""]
    found = shop.con.execute("SELECT name, email FROM facts.persons WHERE customer = 'z'").fetchall()
    assert found == [("Zoe", "z@x.example")]
    shop.check()


def test_a_customer_told_of_anew_without_any_order_is_described_anew():
    shop = Shop()
    shop.load(FIRST)
    shop.load({"customers": [{"customer_id": "a", "email": "a@x.example", "name": "Anna"}]})
    assert shop.ways[1:] == [""]
    assert shop.con.execute("SELECT name FROM facts.persons WHERE customer = 'a'").fetchall() == [("Anna",)]
    shop.check()


def test_what_only_repeats_is_no_change():
    shop = Shop()
    shop.load(FIRST)
    shop.load({"orders": FIRST["orders"], "customers": FIRST["customers"]})
    assert shop.ways[1:] == [""]
    assert shop.changed == frozenset()
    shop.check()


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        (
            {"exchange_rates": [{"day": at(0, 0).date(), "currency": "EUR", "rate": Decimal("0.9")}]},
            "exchange rates changed",
        ),
        (
            {"product_costs": [{"product_id": "p", "valid_from": at(0, 0).date(), "unit_cost": 1, "currency": "GBP"}]},
            "product costs changed",
        ),
        ({"products": [{"product_id": "p", "name": "Oil"}]}, "products were renamed"),
    ],
)
def test_what_is_no_matter_of_some_customers_derives_everything(tables: dict[str, Any], why: str):
    shop = Shop()
    line = {"order_id": "1", "line_id": "1", "product_id": "p", "product_name": "Soap", "quantity": 1, "amount": 9}
    shop.load({**FIRST, "order_lines": [{**line, "kind": "product"}]})
    shop.load(tables)
    assert shop.ways[1:] == [why]
    shop.check()


def test_changed_settings_derive_everything():
    shop = Shop()
    shop.load(FIRST)
    elsewhere = replace(SHOP, timezone="Asia/Tokyo")
    assert track_changes(shop.con, SHOP).full_refresh_reason == ""
    assert track_changes(shop.con, elsewhere).full_refresh_reason
