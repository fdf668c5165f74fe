"""What the shop corrects about its persons. Corrections are kept beside the rows and survive every load."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import duckdb

from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes
from regulars.warehouse.identity.identities import define_identities, shown
from regulars.warehouse.identity.records import PRIMARY, links


@dataclass(frozen=True)
class Link:
    """Two identities that hang together, because a record has both or (`joined`) because the shop said so."""

    a: str
    b: str
    joined: bool


@dataclass(frozen=True)
class Merge:
    """A person made of several records (customer ids, and addresses or numbers of guests), and what links them."""

    person: int
    customer: str
    name: str | None
    records: int
    identities: tuple[str, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Correction:
    """A link that the shop added (`joined`) or took away. `at` is in UTC."""

    seq: int
    a: str
    b: str
    joined: bool
    at: datetime
    note: str
    through: tuple[str, ...] = ()
    """After a split: the identities, from a to b, through which the two are one person all the same; else empty."""


def ensure_corrections(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table of corrections where it is not there yet."""
    con.execute(
        "CREATE TABLE IF NOT EXISTS main.people_corrections"
        ' (seq BIGINT, a TEXT, b TEXT, joined BOOLEAN, "at" TIMESTAMP, note TEXT)'
    )


def corrections(con: duckdb.DuckDBPyConnection) -> list[Correction]:
    """All corrections, oldest first. Of several about the same two identities the last one counts."""
    found = con.execute('SELECT seq, a, b, joined, "at", note FROM main.people_corrections ORDER BY seq').fetchall()
    return [Correction(seq, a, b, joined, at.replace(tzinfo=UTC), note or "") for seq, a, b, joined, at, note in found]


_SEVERAL = """(SELECT DISTINCT person FROM facts.identities GROUP BY person, split_part(identity, ':', 1) HAVING count(*) > 1)"""
"""Persons with two customer numbers, two addresses or two phone numbers. One of each is what a customer usually has."""


def count_merges(con: duckdb.DuckDBPyConnection) -> int:
    """How many persons have two customer numbers, two addresses or two phone numbers."""
    found = con.execute(f"SELECT count(*) FROM {_SEVERAL}").fetchone()
    return int(found[0]) if found else 0


def merges(con: duckdb.DuckDBPyConnection, limit: int = 50) -> list[Merge]:
    """Persons of whom something is known twice, those of most identities first: too many at once show a shared one."""
    found = con.execute(
        f"SELECT person, customer, name, records FROM facts.persons SEMI JOIN {_SEVERAL} USING (person)"
        " JOIN (SELECT person, count(*) AS known FROM facts.identities GROUP BY person) USING (person)"
        " ORDER BY known DESC, customer, person LIMIT ?",
        [limit],
    ).fetchall()
    identities = _identities_of(con, [row[0] for row in found])
    links = _links_of(con, [row[0] for row in found])
    return [
        Merge(person, customer, name, records, tuple(identities[person]), tuple(links[person]))
        for person, customer, name, records in found
    ]


def join(changes: Changes, settings: Settings, a: str, b: str, note: str = "") -> Correction:
    """Say that two identities are one person. Takes effect when the facts are brought up to date.

    Raises UsageError where one of them is not known, or they are one person already.
    """
    con = changes.con
    one, other = _pair(con, settings, a, b)
    if _person(con, one) == _person(con, other) and _said(con, one, other) is not False:
        raise UsageError(f"{shown(one)} and {shown(other)} are one person already.")
    return _record(changes, one, other, joined=True, note=note)


def split(changes: Changes, settings: Settings, a: str, b: str, note: str = "") -> Correction:
    """Take away the direct link between two identities. Takes effect when the persons are derived again.

    A record that has both belongs to the stronger one's person from then on. The result's `through` tells by which
    others the two still hang together. Raises UsageError where one of them is not known, they are two persons already,
    or there is no direct link: then the message names the way from one to the other.
    """
    con = changes.con
    one, other = _pair(con, settings, a, b)
    person = _person(con, one)
    if person != _person(con, other):
        raise UsageError(f"{shown(one)} and {shown(other)} are two persons already.")
    links = _links_of(con, [person])[person]
    direct = [link for link in links if {link.a, link.b} == {one, other}]
    through = _path((link for link in links if link not in direct), one, other)
    if not direct:
        steps = ", ".join(f"{shown(a)} with {shown(b)}" for a, b in pairwise(through))
        raise UsageError(
            f"{shown(one)} and {shown(other)} have no direct link: they are one person through {steps}.",
            f"Split one of these links, for example: regulars people split {shown(through[0])} {shown(through[1])}",
        )
    return _record(changes, one, other, joined=False, note=note, through=through)


def resolve(con: duckdb.DuckDBPyConnection, settings: Settings, typed: str) -> str:
    """The identity meant: an email address, a phone number, `source:id`, or a customer or person id that stands alone.

    Raises UsageError where nothing or more than one thing matches.
    """
    text = typed.strip()
    define_identities(con, settings)
    found = con.execute(
        """
        SELECT DISTINCT identity FROM facts.identities
        WHERE identity IN ($typed, 'id:' || $typed, 'person:' || $typed, email_identity($typed), phone_identity($typed))
           OR (source IS NOT NULL AND identity = 'id:' || source || ':' || $typed)
        ORDER BY identity
        """,
        {"typed": text},
    ).fetchall()
    identities = [row[0] for row in found]
    if not identities:
        raise UsageError(
            f"Nobody is known by {typed!r}.",
            "Write an email address, a phone number, a customer id, or source:id. Shared addresses identify nobody.",
        )
    if len(identities) > 1:
        raise UsageError(f"{typed!r} can mean several: {', '.join(identities)}.", "Write one of these in full.")
    return str(identities[0])


def _pair(con: duckdb.DuckDBPyConnection, settings: Settings, a: str, b: str) -> tuple[str, str]:
    one, other = resolve(con, settings, a), resolve(con, settings, b)
    if one == other:
        raise UsageError(f"{a!r} and {b!r} are the same.")
    return one, other


def _person(con: duckdb.DuckDBPyConnection, identity: str) -> int:
    found = con.execute("SELECT person FROM facts.identities WHERE identity = ?", [identity]).fetchone()
    assert found is not None
    return int(found[0])


def _said(con: duckdb.DuckDBPyConnection, a: str, b: str) -> bool | None:
    """What the last correction about two identities says; None where there is none."""
    ensure_corrections(con)
    found = con.execute(
        "SELECT joined FROM main.people_corrections WHERE (a = $a AND b = $b) OR (a = $b AND b = $a)"
        " ORDER BY seq DESC LIMIT 1",
        {"a": a, "b": b},
    ).fetchone()
    return None if found is None else bool(found[0])


def _record(changes: Changes, a: str, b: str, *, joined: bool, note: str, through: tuple[str, ...] = ()) -> Correction:
    con = changes.con
    ensure_corrections(con)
    changes.linked |= {a, b}
    at = datetime.now(UTC).replace(microsecond=0)
    found = con.execute(
        "INSERT INTO main.people_corrections"
        " SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ? FROM main.people_corrections RETURNING seq",
        [a, b, joined, at.replace(tzinfo=None), note],
    ).fetchone()
    assert found is not None
    return Correction(int(found[0]), a, b, joined, at, note, through)


def _identities_of(con: duckdb.DuckDBPyConnection, persons: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for person, identity in con.execute(
        "SELECT person, identity FROM facts.identities WHERE person IN (SELECT unnest(?)) ORDER BY identity", [persons]
    ).fetchall():
        found[person].append(identity)
    return found


def _links_of(con: duckdb.DuckDBPyConnection, persons: list[int]) -> dict[int, list[Link]]:
    found: dict[int, list[Link]] = defaultdict(list)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE theirs AS SELECT key, identity, person FROM facts.identities"
        " WHERE person IN (SELECT unnest(?))",
        [persons],
    )
    records = f"(FROM facts.records WHERE {PRIMARY} IN (SELECT key FROM temp.theirs))"
    for person, joined, a, b in con.execute(
        f"""
        SELECT DISTINCT one.person, l.joined,
            CASE WHEN l.joined THEN least(one.identity, other.identity) ELSE one.identity END AS a,
            CASE WHEN l.joined THEN greatest(one.identity, other.identity) ELSE other.identity END AS b
        FROM ({links(records, "temp.theirs")}) l
        JOIN temp.theirs one ON one.key = l.a JOIN temp.theirs other ON other.key = l.b
        ORDER BY a, b
        """
    ).fetchall():
        found[person].append(Link(a, b, joined))
    return found


def _path(links: Iterable[Link], start: str, end: str) -> tuple[str, ...]:
    """The shortest way from one identity to another, both included; empty where there is none."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for link in links:
        neighbours[link.a].append(link.b)
        neighbours[link.b].append(link.a)
    came_from: dict[str, str | None] = {start: None}
    open_ends = deque([start])
    while open_ends and end not in came_from:
        here = open_ends.popleft()
        for there in neighbours[here]:
            if there not in came_from:
                came_from[there] = here
                open_ends.append(there)
    step: str | None = end if end in came_from else None
    path: list[str] = []
    while step is not None:
        path.append(step)
        step = came_from[step]
    return tuple(reversed(path))
