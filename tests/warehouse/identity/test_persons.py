"""Who is one person: by hand for the cases a shop asks about, and against plain Python sets on generated records."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from properties import few
from regulars.vocabulary.errors import WarehouseError
from regulars.warehouse.identity import derive_persons, persons, with_person
from regulars.warehouse.identity.corrections import ensure_corrections
from regulars.warehouse.tables import BY_NAME
from warehouse.rows import IDENTITIES, RECORDS, SETTINGS, WHOSE_ORDERS, WHOSE_RETURNS, add, empty_warehouse


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return empty_warehouse()


def groups(con: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    """The identities of each person."""
    derive_persons(con, SETTINGS)
    found = con.execute("SELECT list(identity) FROM facts.identities GROUP BY person").fetchall()
    return {frozenset(row[0]) for row in found}


def only(con: duckdb.DuckDBPyConnection, question: str) -> object:
    found = con.execute(question).fetchall()
    assert len(found) == 1
    return found[0][0] if len(found[0]) == 1 else found[0]


def test_an_empty_shop_has_no_persons(con: duckdb.DuckDBPyConnection):
    assert groups(con) == set()
    assert only(con, "SELECT count(*) FROM facts.persons") == 0
    assert only(con, f"SELECT count(*) FROM {WHOSE_ORDERS}") == 0


def test_a_guest_becomes_a_customer_through_the_address(con: duckdb.DuckDBPyConnection):
    add(con, "orders", order_id="1", email="Anna@example.com ")
    add(con, "customers", customer_id="7", email="anna@example.com", phone="01632 960961", name="Anna")
    add(con, "orders", order_id="2", customer_id="7")
    add(con, "orders", order_id="3", phone="+44 1632 960961")
    assert groups(con) == {frozenset({"id:regulars:7", "email:anna@example.com", "phone:+441632960961"})}
    assert only(con, f"SELECT count(DISTINCT person) FROM {WHOSE_ORDERS}") == 1
    assert only(con, "SELECT customer, name, records FROM facts.persons") == ("7", "Anna", 3)


def test_a_guest_without_identity_is_nobody(con: duckdb.DuckDBPyConnection):
    add(con, "orders", order_id="1")
    add(con, "orders", order_id="2", email="not an address", phone="0")
    assert groups(con) == set()
    assert con.execute(f"SELECT order_id, person FROM {WHOSE_ORDERS} ORDER BY 1").fetchall() == [
        ("1", None),
        ("2", None),
    ]


def test_a_guest_is_shown_by_address_or_else_by_number(con: duckdb.DuckDBPyConnection):
    add(con, "orders", email="anna@example.com", phone="01632 960961")
    add(con, "orders", phone="01632 960962")
    groups(con)
    assert con.execute("SELECT customer, email, phone, name FROM facts.persons ORDER BY customer").fetchall() == [
        ("+441632960962", None, "+441632960962", None),
        ("anna@example.com", "anna@example.com", "+441632960961", None),
    ]


def test_two_sources_number_their_customers_independently(con: duckdb.DuckDBPyConnection):
    add(con, "customers", source="shopify", customer_id="1", email="anna@example.com")
    add(con, "customers", source="till", customer_id="1", email="bert@example.com")
    add(con, "tickets", source="helpdesk", customer_id="88", email="anna@example.com")
    assert groups(con) == {
        frozenset({"id:shopify:1", "id:helpdesk:88", "email:anna@example.com"}),
        frozenset({"id:till:1", "email:bert@example.com"}),
    }


def test_a_person_id_holds_over_sources(con: duckdb.DuckDBPyConnection):
    add(con, "customers", source="shopify", customer_id="1", person_id="p7")
    add(con, "customers", source="till", customer_id="1", person_id=" p7 ")
    add(con, "orders", source="market", person_id="p7")
    add(con, "orders", source="market", person_id="P7", email="bert@example.com")
    assert groups(con) == {
        frozenset({"id:shopify:1", "id:till:1", "person:p7"}),
        frozenset({"person:P7", "email:bert@example.com"}),
    }
    assert con.execute("SELECT customer, records FROM facts.persons ORDER BY 1").fetchall() == [("1", 3), ("P7", 1)]


def test_a_word_for_nobody_is_no_person_id(con: duckdb.DuckDBPyConnection):
    for word in ("0", "NULL", "n/a", " - "):
        add(con, "orders", person_id=word)
    assert groups(con) == set()


def test_a_shared_address_makes_nobody_one_person(con: duckdb.DuckDBPyConnection):
    shared = replace(SETTINGS, shared_addresses=("*@market.example", "01632 960961"))
    add(con, "customers", customer_id="1", email="a@market.example", phone="01632 960961")
    add(con, "customers", customer_id="2", email="a@market.example", phone="+441632960961")
    add(con, "orders", order_id="9", email="a@market.example")
    derive_persons(con, shared)
    assert con.execute("SELECT identity FROM facts.identities ORDER BY 1").fetchall() == [
        ("id:regulars:1",),
        ("id:regulars:2",),
    ]
    assert only(con, f"SELECT person FROM {WHOSE_ORDERS}") is None


def test_an_extension_makes_no_second_person(con: duckdb.DuckDBPyConnection):
    for phone in ("+1 (415) 555-0123", "415-555-0123", "1-415-555-0123", "(415) 555 0123 ext. 5", "+1 415 555 0123 x5"):
        add(con, "orders", phone=phone)
    derive_persons(con, replace(SETTINGS, phone_country_code="1"))
    assert con.execute("SELECT identity FROM facts.identities").fetchall() == [("phone:+14155550123",)]


def test_a_return_that_names_its_customer_has_a_person(con: duckdb.DuckDBPyConnection):
    add(con, "returns", return_id="r1", customer_id="5")
    add(con, "returns", return_id="r2", order_id="1")
    add(con, "customers", customer_id="5")
    groups(con)
    assert only(con, f"SELECT return_id FROM {WHOSE_RETURNS} JOIN facts.persons USING (person)") == "r1"


def test_names_come_from_the_latest_row_that_has_them(con: duckdb.DuckDBPyConnection):
    early, late = datetime(2023, 1, 1), datetime(2024, 1, 1)
    add(
        con, "customers", customer_id="1", email="a@example.com", name="Anna Old", country="GB", city="Leeds",
        joined_at=early, channel="search", updated_at=early,
    )  # fmt: skip
    add(con, "customers", customer_id="2", email="a@example.com", name="Anna New", joined_at=late, channel="mail")
    groups(con)
    described = "SELECT name, country, city, joined_at, channel, records FROM facts.persons"
    assert only(con, described) == ("Anna New", "GB", "Leeds", early, "search", 2)


def test_a_person_s_number_is_the_md5_of_the_smallest_identity(con: duckdb.DuckDBPyConnection):
    add(con, "customers", customer_id="1", email="anna@example.com")
    groups(con)
    number = int(hashlib.md5(b"email:anna@example.com").hexdigest()[:15], 16)
    assert only(con, "SELECT person, bucket FROM facts.persons") == (number, number % 32)


def test_numbers_that_collide_are_parted(con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch):
    for number in range(1, 61):
        add(con, "customers", customer_id=str(number))
    monkeypatch.setattr(persons, "HEX_DIGITS", 2)  # 256 numbers for 60 persons
    assert len(groups(con)) == 60
    first = con.execute("SELECT * FROM facts.identities ORDER BY ALL").fetchall()
    groups(con)
    assert con.execute("SELECT * FROM facts.identities ORDER BY ALL").fetchall() == first


def test_identities_of_one_hash_stay_two(con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch):
    for number in range(1, 201):
        add(con, "customers", customer_id=str(number), email=f"{number}@x.example")
    expected = {frozenset({f"id:regulars:{number}", f"email:{number}@x.example"}) for number in range(1, 201)}
    assert groups(con) == expected
    numbers = con.execute(f"FROM {IDENTITIES} ORDER BY ALL").fetchall()
    monkeypatch.setattr(persons, "HASH_BITS", 16)  # 65,536 hashes for 400 identities
    hashes = "count(*), count(DISTINCT hash(identity) % 65536)"
    identities, different = con.execute(f"SELECT {hashes} FROM facts.identities").fetchall()[0]
    assert different < identities, "nothing collides, so nothing is tested"
    assert groups(con) == expected
    assert con.execute(f"FROM {IDENTITIES} ORDER BY ALL").fetchall() == numbers


def test_keys_are_counted_from_one_in_a_transaction_too(con: duckdb.DuckDBPyConnection):
    """Where DuckDB gives the rows of a new table numbers that are far from 0."""
    for number in range(1, 21):
        add(con, "customers", customer_id=str(number), email=f"{number}@x.example")
    con.execute("BEGIN")
    groups(con)
    con.execute("COMMIT")
    assert only(con, "SELECT list(key ORDER BY key) FROM facts.identities") == list(range(1, 41))
    assert con.execute(f"SELECT id, email FROM {RECORDS} ORDER BY id").fetchall() == sorted(
        (f"id:regulars:{number}", f"email:{number}@x.example") for number in range(1, 21)
    )


def test_too_few_hashes_are_refused(con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch):
    for number in range(1, 21):
        add(con, "customers", customer_id=str(number))
    monkeypatch.setattr(persons, "HASH_BITS", 4)
    with pytest.raises(WarehouseError, match="cannot be made distinct"):
        groups(con)


def test_a_customer_of_two_systems_is_shown_by_the_smallest_id(con: duckdb.DuckDBPyConnection):
    """Whatever the systems are called."""
    add(con, "customers", source="shop", customer_id="9", email="a@example.com")
    add(con, "customers", source="till:2", customer_id="1", email="a@example.com")
    groups(con)
    assert only(con, "SELECT customer, records FROM facts.persons") == ("1", 2)


def test_nothing_temporary_remains(con: duckdb.DuckDBPyConnection):
    add(con, "customers", customer_id="1")
    derive_persons(con, SETTINGS)
    derive_persons(con, SETTINGS)
    assert con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall() == []
    assert con.execute("SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal").fetchall() == []


# Against sets ------------------------------------------------------------------------------------

EMAILS = {
    "a@x.example": "a@x.example",
    " A@X.example": "a@x.example",
    "b@x.example": "b@x.example",
    "c@x.example": "c@x.example",
    "office@shared.example": None,
    "OFFICE@shared.example ": None,
    "broken@": None,
    "": None,
}
PHONES = {
    "01632 960961": "+441632960961",
    "+44 1632 960961": "+441632960961",
    "0044 1632 960962": "+441632960962",
    "01632 960999": None,  # shared
    "12": None,
}
SHARED = replace(SETTINGS, shared_addresses=("*@shared.example", "+441632960999"))


ABOUT_SOMEBODY = (
    "returns", "visits", "carts", "leads", "tickets", "contacts", "calls", "invitations", "answers", "mentions", "messages",
    "holdouts", "consents", "subscriptions",
)  # fmt: skip
"""Tables that say who besides customers and orders."""


@dataclass(frozen=True)
class Record:
    table: str
    source: str
    customer_id: str | None
    person_id: str | None
    email: str | None
    phone: str | None

    def identities(self) -> list[str]:
        """Primary first."""
        email, phone = EMAILS.get(self.email or ""), PHONES.get(self.phone or "")
        found = [
            self.customer_id and f"id:{self.source}:{self.customer_id}",
            self.person_id and f"person:{self.person_id}",
            email and f"email:{email}",
            phone and f"phone:{phone}",
        ]
        return [identity for identity in found if identity]


@st.composite
def records(draw: st.DrawFn) -> Record:
    table = draw(st.sampled_from(["customers", "orders", "orders", *ABOUT_SOMEBODY]))
    number = st.sampled_from(["1", "2", "3", "4"])
    return Record(
        table,
        draw(st.sampled_from(["regulars", "shopify"])),
        draw(number if table == "customers" else st.none() | number),
        draw(st.none() | st.none() | st.sampled_from(["1", "2"])),
        draw(st.none() | st.sampled_from(list(EMAILS))),
        draw(st.none() | st.sampled_from(list(PHONES))),
    )


NODES = [
    *(f"id:{source}:{number}" for source in ("regulars", "shopify") for number in range(1, 5)),
    *(f"person:{number}" for number in range(1, 3)),
    *(f"email:{email}" for email in sorted({email for email in EMAILS.values() if email})),
    *(f"phone:{phone}" for phone in sorted({phone for phone in PHONES.values() if phone})),
]
CORRECTIONS = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.booleans()), max_size=8)


def by_sets(rows: list[Record], corrections: list[tuple[str, str, bool]]) -> dict[str, frozenset[str]]:
    """Each identity's person, as the set of its identities: what the tables must say, without any table."""
    links: set[frozenset[str]] = set()
    known: set[str] = set()
    for row in rows:
        identities = row.identities()
        known.update(identities)
        links.update(frozenset({identities[0], other}) for other in identities[1:])
    for a, b, joined in corrections:
        links.discard(frozenset({a, b}))
        if joined and a != b and {a, b} <= known:
            links.add(frozenset({a, b}))
    person = {identity: frozenset({identity}) for identity in known}
    for a, b in map(tuple, links):
        if person[a] is not person[b]:
            both = person[a] | person[b]
            person.update(dict.fromkeys(both, both))
    return person


def filled(rows: list[Record], corrections: list[tuple[str, str, bool]]) -> duckdb.DuckDBPyConnection:
    con = SHOP
    for table in ("customers", "orders", *ABOUT_SOMEBODY):
        con.execute(f"DELETE FROM main.{table}")
    ensure_corrections(con)
    con.execute("DELETE FROM main.people_corrections")
    for number, row in enumerate(rows):
        values = {"source": row.source, "customer_id": row.customer_id, "person_id": row.person_id}
        values |= {"email": row.email, "phone": row.phone}
        if row.table != "customers":
            values[BY_NAME[row.table].key[0]] = str(number)
        add(con, row.table, **values)
    for seq, (a, b, joined) in enumerate(corrections):
        con.execute("INSERT INTO main.people_corrections VALUES (?, ?, ?, ?, now(), '')", [seq, a, b, joined])
    derive_persons(con, SHARED)
    return con


SHOP = empty_warehouse()
ROWS = st.lists(records(), max_size=14)


@settings(max_examples=few(25))
@given(ROWS, CORRECTIONS)
def test_persons_are_the_components_of_what_records_share(rows: list[Record], corrections: list[tuple[str, str, bool]]):
    expected = by_sets(rows, corrections)
    con = filled(rows, corrections)
    by_person: dict[int, set[str]] = defaultdict(set)
    for identity, person in con.execute("SELECT identity, person FROM facts.identities").fetchall():
        by_person[person].add(identity)
    assert {frozenset(identities) for identities in by_person.values()} == set(expected.values())
    for table in {row.table for row in rows} - {"customers"}:
        whose = with_person(BY_NAME[table], f"main.{table}")
        theirs = dict(con.execute(f"SELECT {BY_NAME[table].key[0]}, person FROM ({whose})").fetchall())
        for number, row in enumerate(rows):
            if row.table == table:
                primary = row.identities()[0] if row.identities() else None
                found = frozenset(by_person[theirs[str(number)]]) if theirs[str(number)] is not None else None
                assert found == (expected[primary] if primary else None)
    primaries = defaultdict(set)
    for row in rows:
        if row.identities():
            primaries[expected[row.identities()[0]]].add(row.identities()[0])
    counted = con.execute("SELECT person, records FROM facts.persons").fetchall()
    assert {frozenset(by_person[person]): count for person, count in counted} == {
        identities: len(found) for identities, found in primaries.items()
    }


@settings(max_examples=few(8))
@given(ROWS, CORRECTIONS)
def test_the_order_of_loads_does_not_matter(rows: list[Record], corrections: list[tuple[str, str, bool]]):
    def told() -> list[list[tuple[object, ...]]]:
        return [
            SHOP.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in (RECORDS, IDENTITIES, "facts.persons")
        ]

    # A key stands once among the current rows, so of several rows of one customer only the last is taken.
    keyed = {(row.source, row.customer_id, row.table == "customers" or i): row for i, row in enumerate(rows)}
    unique = list(keyed.values())
    filled(unique, corrections)
    before = told()
    filled(unique[::-1], corrections)
    assert told() == before
