"""What the shop corrects: join, split, and what it is told about both."""

from __future__ import annotations

import shlex

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from properties import few
from regulars.system import disk
from regulars.vocabulary.errors import UsageError
from regulars.warehouse.changes import Changes
from regulars.warehouse.identity import (
    Link,
    corrections,
    count_merges,
    derive_persons,
    display_identity,
    join,
    merges,
    resolve,
    split,
)
from regulars.warehouse.identity.corrections import ensure_corrections
from warehouse.rows import SETTINGS, WHOSE_ORDERS, add, empty_warehouse


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Anna with two accounts that share a number, Bert with one, and Carla, who never made one."""
    con = empty_warehouse()
    add(con, "customers", customer_id="1", email="anna@example.com", phone="01632 960961", name="Anna")
    add(con, "customers", customer_id="2", email="anna@work.example", phone="01632 960961", name="Anna W.")
    add(con, "customers", customer_id="3", email="bert@example.com")
    add(con, "customers", customer_id="3", email="bert@till.example", source="till")
    add(con, "orders", order_id="9", email="carla@example.com")
    derive_persons(con, SETTINGS)
    return con


def persons(con: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    derive_persons(con, SETTINGS)
    found = con.execute("SELECT list(identity) FROM facts.identities GROUP BY person").fetchall()
    return {frozenset(display_identity(identity) for identity in row[0]) for row in found}


ANNA = frozenset({"regulars:1", "regulars:2", "anna@example.com", "anna@work.example", "+441632960961"})
BERT = frozenset({"regulars:3", "bert@example.com"})
BERT_AT_THE_TILL = frozenset({"till:3", "bert@till.example"})
CARLA = frozenset({"carla@example.com"})


def test_merges_show_what_links_the_records(con: duckdb.DuckDBPyConnection):
    assert persons(con) == {ANNA, BERT, BERT_AT_THE_TILL, CARLA}
    assert count_merges(con) == 1
    (anna,) = merges(con)
    assert (anna.customer, anna.name, anna.records) == ("1", "Anna W.", 2)
    assert frozenset(map(display_identity, anna.identities)) == ANNA
    assert set(anna.links) == {
        Link("id:regulars:1", "email:anna@example.com", False),
        Link("id:regulars:1", "phone:+441632960961", False),
        Link("id:regulars:2", "email:anna@work.example", False),
        Link("id:regulars:2", "phone:+441632960961", False),
    }


def test_the_largest_merges_come_first(con: duckdb.DuckDBPyConnection):
    for number in range(10, 15):
        add(con, "customers", customer_id=str(number), email="office@example.com")
    derive_persons(con, SETTINGS)
    assert [merge.records for merge in merges(con)] == [5, 2]
    assert [merge.records for merge in merges(con, limit=1)] == [5]


def test_join_and_split_again(con: duckdb.DuckDBPyConnection):
    before = con.execute("SELECT * FROM facts.persons ORDER BY ALL").fetchall()
    join(Changes(con), SETTINGS, "regulars:3", "till:3", note="same Bert")
    assert persons(con) == {ANNA, BERT | BERT_AT_THE_TILL, CARLA}
    assert Link("id:regulars:3", "id:till:3", True) in merges(con)[1].links
    split(Changes(con), SETTINGS, "till:3", "regulars:3")
    assert persons(con) == {ANNA, BERT, BERT_AT_THE_TILL, CARLA}
    assert con.execute("SELECT * FROM facts.persons ORDER BY ALL").fetchall() == before
    assert [(c.seq, c.a, c.b, c.joined, c.note) for c in corrections(con)] == [
        (1, "id:regulars:3", "id:till:3", True, "same Bert"),
        (2, "id:till:3", "id:regulars:3", False, ""),
    ]


def test_split_and_join_again(con: duckdb.DuckDBPyConnection):
    before = persons(con)
    result = split(Changes(con), SETTINGS, "2", "01632 960961")
    assert result.through == ()
    work = frozenset({"regulars:2", "anna@work.example"})
    assert persons(con) == {ANNA - work, work, BERT, BERT_AT_THE_TILL, CARLA}
    join(Changes(con), SETTINGS, "01632 960961", "2")
    assert persons(con) == before


def test_a_record_whose_link_was_split_belongs_to_its_stronger_identity(con: duckdb.DuckDBPyConnection):
    add(con, "orders", order_id="10", customer_id="3", email="carla@example.com")
    derive_persons(con, SETTINGS)
    split(Changes(con), SETTINGS, "regulars:3", "carla@example.com")
    assert persons(con) == {ANNA, BERT, BERT_AT_THE_TILL, CARLA}
    owners = f"SELECT order_id, customer FROM {WHOSE_ORDERS} JOIN facts.persons USING (person) ORDER BY order_id"
    assert con.execute(owners).fetchall() == [("10", "3"), ("9", "carla@example.com")]


def test_corrections_survive_what_is_loaded_later(con: duckdb.DuckDBPyConnection):
    join(Changes(con), SETTINGS, "regulars:3", "till:3")
    con.execute("DELETE FROM main.customers WHERE source = 'till'")
    assert persons(con) == {ANNA, BERT, CARLA}
    add(con, "customers", customer_id="3", email="bert@till.example", source="till")
    assert persons(con) == {ANNA, BERT | BERT_AT_THE_TILL, CARLA}


def test_two_that_hang_together_through_others_are_not_split_blindly(con: duckdb.DuckDBPyConnection):
    with pytest.raises(UsageError) as refusal:
        split(Changes(con), SETTINGS, "1", "2")
    assert str(refusal.value) == (
        "regulars:1 and regulars:2 have no direct link: they are one person through"
        " regulars:1 with +441632960961, +441632960961 with regulars:2."
    )
    assert refusal.value.hint.endswith("regulars people split regulars:1 +441632960961")
    assert corrections(con) == []


def test_the_command_to_type_next_has_each_identity_as_one_argument(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(disk, "WINDOWS", False)
    con = empty_warehouse()
    add(con, "customers", customer_id="Ann O'Neil 1", phone="01632 960961")
    add(con, "customers", customer_id="2", phone="01632 960961")
    derive_persons(con, SETTINGS)
    with pytest.raises(UsageError) as refusal:
        split(Changes(con), SETTINGS, "Ann O'Neil 1", "2")
    typed = shlex.split(refusal.value.hint.partition(": ")[2])
    assert typed == ["regulars", "people", "split", "regulars:Ann O'Neil 1", "+441632960961"]


def test_a_split_that_does_not_part_them_says_what_still_links_them(con: duckdb.DuckDBPyConnection):
    add(con, "orders", customer_id="2", email="anna@example.com")
    derive_persons(con, SETTINGS)
    result = split(Changes(con), SETTINGS, "1", "anna@example.com")
    assert result.through == ("id:regulars:1", "phone:+441632960961", "id:regulars:2", "email:anna@example.com")
    assert ANNA in persons(con)


def test_what_makes_no_sense_is_refused(con: duckdb.DuckDBPyConnection):
    with pytest.raises(UsageError, match="already one person"):
        join(Changes(con), SETTINGS, "1", "2")
    with pytest.raises(UsageError, match="already two persons"):
        split(Changes(con), SETTINGS, "1", "bert@example.com")
    with pytest.raises(UsageError, match="are the same"):
        join(Changes(con), SETTINGS, "anna@example.com", " ANNA@example.com")
    assert corrections(con) == []


@pytest.mark.parametrize(
    ("typed", "identity"),
    [
        ("1", "id:regulars:1"),
        ("regulars:1", "id:regulars:1"),
        ("id:regulars:1", "id:regulars:1"),
        (" Anna@Example.com ", "email:anna@example.com"),
        ("email:anna@example.com", "email:anna@example.com"),
        ("+44 (0)1632 960961", "phone:+441632960961"),
        ("01632 960961", "phone:+441632960961"),
        ("till:3", "id:till:3"),
    ],
)
def test_an_identity_as_people_type_it(con: duckdb.DuckDBPyConnection, typed: str, identity: str):
    assert resolve(con, SETTINGS, typed) == identity


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("3", "matches several identities: id:regulars:3, id:till:3"),
        ("dora@example.com", "There is no customer with 'dora@example.com'"),
        ("4711", "There is no customer with '4711'"),
        ("", "There is no customer with ''"),
        ("%", "There is no customer with '%'"),
    ],
)
def test_an_identity_that_cannot_be_told(con: duckdb.DuckDBPyConnection, typed: str, reason: str):
    with pytest.raises(UsageError) as refusal:
        resolve(con, SETTINGS, typed)
    assert reason in str(refusal.value)
    assert refusal.value.hint


def test_an_id_that_looks_like_a_number_must_be_told_apart(con: duckdb.DuckDBPyConnection):
    add(con, "customers", customer_id="01632960961")
    derive_persons(con, SETTINGS)
    with pytest.raises(UsageError, match="matches several"):
        resolve(con, SETTINGS, "01632960961")
    assert resolve(con, SETTINGS, "phone:+441632960961") == "phone:+441632960961"


SHOP = empty_warehouse()


@settings(max_examples=few(10))
@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4)), min_size=1, max_size=10),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_whatever_the_shop_a_join_taken_back_leaves_no_trace(accounts: list[tuple[int, int]], pair: tuple[int, int]):
    SHOP.execute("DELETE FROM main.orders")
    ensure_corrections(SHOP)
    SHOP.execute("DELETE FROM main.people_corrections")
    for customer, address in accounts:
        add(SHOP, "orders", customer_id=str(customer), email=f"{address}@example.com")
    before = persons(SHOP)
    one, other = (f"own:{number}" for number in pair)
    try:
        join(Changes(SHOP), SETTINGS, one, other)
    except UsageError:
        return  # one of them is not there, or they are one person
    assert len(persons(SHOP)) == len(before) - 1
    split(Changes(SHOP), SETTINGS, one, other)
    assert persons(SHOP) == before
