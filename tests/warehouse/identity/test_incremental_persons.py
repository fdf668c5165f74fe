"""Persons after any loads, replacements, undos, joins and splits: as if derived anew, and as plain Python sets have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from properties import few
from regulars.vocabulary.errors import LoadRefused, UsageError
from regulars.warehouse.changes import Changes
from regulars.warehouse.identity import derive_persons, update_persons
from regulars.warehouse.identity.corrections import ensure_corrections
from regulars.warehouse.tables import BY_NAME
from warehouse.identity.test_persons import ABOUT_SOMEBODY, NODES, SHARED, Record, by_sets, records
from warehouse.rows import FILLED, IDENTITIES, RECORDS
from warehouse.test_difference import Shop

TABLES = ("customers", "orders", *ABOUT_SOMEBODY)
TOLD = (RECORDS, IDENTITIES, "facts.persons")


class Persons(Shop):
    """A warehouse whose persons alone are corrected, write after write."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = SHARED
        ensure_corrections(self.con)
        derive_persons(self.con, self.settings)

    @contextmanager
    def writing(self) -> Iterator[Changes]:
        self._forget()
        changes = Changes(self.con)
        self.con.execute("BEGIN")
        try:
            yield changes
            assert update_persons(self.con, self.settings, changes) and not changes.full_refresh_reason
        except (LoadRefused, UsageError):
            self.con.execute("ROLLBACK")
        else:
            self.con.execute("COMMIT")

    def load_records(self, rows: list[tuple[int, Record]]) -> None:
        tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for number, row in rows:
            values = {
                "customer_id": row.customer_id,
                "person_id": row.person_id,
                "email": row.email,
                "phone": row.phone,
            }
            key = {} if row.table == "customers" else {BY_NAME[row.table].key[0]: str(number)}
            tables[row.table].append({"source": row.source, **FILLED.get(row.table, {}), **values, **key})
        self.load(tables)

    def correct(self, a: str, b: str, joined: bool) -> None:
        with self.writing() as changes:
            changes.corrected_identities |= {a, b}
            self.con.execute(
                "INSERT INTO main.people_corrections SELECT count(*), ?, ?, ?, now(), '' FROM main.people_corrections",
                [a, b, joined],
            )

    def rows(self) -> list[Record]:
        who = "source, customer_id, person_id, email, phone"
        return [
            Record(table, *row)
            for table in TABLES
            for row in self.con.execute(f"SELECT {who} FROM main.{table}").fetchall()
        ]

    def told(self) -> list[list[tuple[Any, ...]]]:
        return [self.con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TOLD]


ACTS = st.one_of(
    st.tuples(st.just("load"), st.lists(st.tuples(st.integers(1, 3), records()), min_size=1, max_size=5)),
    st.tuples(st.just("undo"), st.integers(1, 6)),
    st.tuples(st.just("correct"), st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.booleans())),
)


@settings(max_examples=few(8), deadline=None)
@given(st.lists(ACTS, min_size=1, max_size=10))
def test_whatever_happens_persons_are_as_if_derived_anew(acts: list[tuple[str, Any]]):
    shop = Persons()
    for act, what in acts:
        if act == "load":
            shop.load_records(what)
        elif act == "undo":
            shop.undo(what)
        else:
            shop.correct(*what)
    corrections = shop.con.execute("SELECT a, b, joined FROM main.people_corrections ORDER BY seq").fetchall()
    by_person: dict[int, set[str]] = defaultdict(set)
    for identity, person in shop.con.execute("SELECT identity, person FROM facts.identities").fetchall():
        by_person[person].add(identity)
    assert {frozenset(one) for one in by_person.values()} == set(by_sets(shop.rows(), corrections).values())
    before = shop.told()
    shop._forget()
    derive_persons(shop.con, shop.settings)
    assert shop.told() == before
    shop.con.close()


def test_a_split_holds_where_records_reach_beyond_the_customers_concerned():
    """Both orders name an address that is no longer theirs: what is loaded later must not join them by it."""
    shop = Persons()
    shop.load_records(
        [(number, Record("orders", "regulars", str(number), None, "a@x.example", None)) for number in (1, 2)]
    )
    for number in (1, 2):
        shop.correct(f"id:regulars:{number}", "email:a@x.example", False)
    shop.load_records(
        [(number, Record("returns", "regulars", str(number), None, None, "01632 960961")) for number in (1, 2)]
    )
    shop.undo(2)
    found = {frozenset(i for i, p, _ in shop.told()[1] if p == person) for _, person, _ in shop.told()[1]}
    assert found == {frozenset({"id:regulars:1"}), frozenset({"id:regulars:2"}), frozenset({"email:a@x.example"})}
