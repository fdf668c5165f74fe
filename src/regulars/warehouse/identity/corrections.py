"""Corrections of persons by the user. They are stored beside the rows and apply to every later load."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import duckdb

from regulars.system.shell import quoted
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes
from regulars.warehouse.identity.identities import define_identities, display_identity
from regulars.warehouse.identity.records import PRIMARY, links


@dataclass(frozen=True)
class Link:
    """A link between two identities: a record has both, or (`joined`) the user joined them."""

    a: str
    b: str
    joined: bool


@dataclass(frozen=True)
class Merge:
    """A person made of several records (customer ids, or addresses and numbers of guests), with the links between them."""

    person: int
    customer: str
    name: str | None
    records: int
    identities: tuple[str, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Correction:
    """A link that the user added (`joined`) or removed. `at` is in UTC."""

    seq: int
    a: str
    b: str
    joined: bool
    at: datetime
    note: str
    through: tuple[str, ...] = ()
    """After a split: the identities, from a to b, that still connect the two; empty where nothing does."""


def ensure_corrections(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table of corrections where it does not exist."""
    con.execute(
        "CREATE TABLE IF NOT EXISTS main.people_corrections"
        ' (seq BIGINT, a TEXT, b TEXT, joined BOOLEAN, "at" TIMESTAMP, note TEXT)'
    )


def corrections(con: duckdb.DuckDBPyConnection) -> list[Correction]:
    """Return all corrections, oldest first. Of several for the same two identities the last one counts."""
    rows = con.execute('SELECT seq, a, b, joined, "at", note FROM main.people_corrections ORDER BY seq').fetchall()
    return [Correction(seq, a, b, joined, at.replace(tzinfo=UTC), note or "") for seq, a, b, joined, at, note in rows]


_MERGED_PERSONS = (
    "(SELECT DISTINCT person FROM facts.identities GROUP BY person, split_part(identity, ':', 1) HAVING count(*) > 1)"
)
"""Persons with two customer numbers, two addresses or two phone numbers."""


def count_merges(con: duckdb.DuckDBPyConnection) -> int:
    """Return the number of persons with two customer numbers, two addresses or two phone numbers."""
    row = con.execute(f"SELECT count(*) FROM {_MERGED_PERSONS}").fetchone()
    return int(row[0]) if row else 0


def merges(con: duckdb.DuckDBPyConnection, limit: int = 50) -> list[Merge]:
    """Return merged persons, those with most identities first: very many usually share a wrong address."""
    rows = con.execute(
        f"SELECT person, customer, name, records FROM facts.persons SEMI JOIN {_MERGED_PERSONS} USING (person)"
        " JOIN (SELECT person, count(*) AS known FROM facts.identities GROUP BY person) USING (person)"
        " ORDER BY known DESC, customer, person LIMIT ?",
        [limit],
    ).fetchall()
    identities = _identities_of(con, [row[0] for row in rows])
    links = _links_of(con, [row[0] for row in rows])
    return [
        Merge(person, customer, name, records, tuple(identities[person]), tuple(links[person]))
        for person, customer, name, records in rows
    ]


def join(changes: Changes, settings: Settings, a: str, b: str, note: str = "") -> Correction:
    """Record that two identities are one person. Takes effect when the facts are derived.

    Args:
        changes: the changes of the write.
        settings: the shop's settings.
        a: an identity, as `resolve` accepts it.
        b: another identity.
        note: a text for the list of corrections.

    Raises:
        UsageError: one of them is not known, or they are already one person.
    """
    con = changes.con
    first, second = _resolve_pair(con, settings, a, b)
    if _person(con, first) == _person(con, second) and _last_correction(con, first, second) is not False:
        raise UsageError(f"{display_identity(first)} and {display_identity(second)} are already one person.")
    return _record(changes, first, second, joined=True, note=note)


def split(changes: Changes, settings: Settings, a: str, b: str, note: str = "") -> Correction:
    """Remove the direct link between two identities. Takes effect when the facts are derived.

    A record with both belongs to the person of the stronger one from then on. The arguments are those of `join`.

    Returns:
        The correction; `through` has the identities that still connect the two.

    Raises:
        UsageError: one of them is not known, they are already two persons, or they have no direct link; the message
            then names the identities between them.
    """
    con = changes.con
    first, second = _resolve_pair(con, settings, a, b)
    person = _person(con, first)
    if person != _person(con, second):
        raise UsageError(f"{display_identity(first)} and {display_identity(second)} are already two persons.")
    links = _links_of(con, [person])[person]
    direct_links = [link for link in links if {link.a, link.b} == {first, second}]
    path = _path((link for link in links if link not in direct_links), first, second)
    if not direct_links:
        typed = " ".join(quoted(display_identity(identity)) for identity in path[:2])
        links_text = ", ".join(f"{display_identity(a)} with {display_identity(b)}" for a, b in pairwise(path))
        raise UsageError(
            f"{display_identity(first)} and {display_identity(second)} have no direct link:"
            f" they are one person through {links_text}.",
            f"Split one of these links, for example: regulars people split {typed}",
        )
    return _record(changes, first, second, joined=False, note=note, through=path)


def resolve(con: duckdb.DuckDBPyConnection, settings: Settings, typed: str) -> str:
    """Return the identity of a text: an email address, a phone number, `source:id`, or an unambiguous customer or person
    id.

    Raises:
        UsageError: it matches no identity, or several.
    """
    text = typed.strip()
    define_identities(con, settings)
    rows = con.execute(
        """
        SELECT DISTINCT identity FROM facts.identities
        WHERE identity IN ($typed, 'id:' || $typed, 'person:' || $typed, email_identity($typed), phone_identity($typed))
           OR (source IS NOT NULL AND identity = 'id:' || source || ':' || $typed)
        ORDER BY identity
        """,
        {"typed": text},
    ).fetchall()
    identities = [row[0] for row in rows]
    if not identities:
        raise UsageError(
            f"There is no customer with {typed!r}.",
            "Write an email address, a phone number, a customer id, or source:id. Shared addresses identify no customer.",
        )
    if len(identities) > 1:
        raise UsageError(
            f"{typed!r} matches several identities: {', '.join(identities)}.", "Write one of these in full."
        )
    return str(identities[0])


def _resolve_pair(con: duckdb.DuckDBPyConnection, settings: Settings, a: str, b: str) -> tuple[str, str]:
    first, second = resolve(con, settings, a), resolve(con, settings, b)
    if first == second:
        raise UsageError(f"{a!r} and {b!r} are the same identity.")
    return first, second


def _person(con: duckdb.DuckDBPyConnection, identity: str) -> int:
    row = con.execute("SELECT person FROM facts.identities WHERE identity = ?", [identity]).fetchone()
    assert row is not None
    return int(row[0])


def _last_correction(con: duckdb.DuckDBPyConnection, a: str, b: str) -> bool | None:
    """Return whether the last correction of two identities joined them; None without any."""
    ensure_corrections(con)
    row = con.execute(
        "SELECT joined FROM main.people_corrections WHERE (a = $a AND b = $b) OR (a = $b AND b = $a)"
        " ORDER BY seq DESC LIMIT 1",
        {"a": a, "b": b},
    ).fetchone()
    return None if row is None else bool(row[0])


def _record(changes: Changes, a: str, b: str, *, joined: bool, note: str, through: tuple[str, ...] = ()) -> Correction:
    con = changes.con
    ensure_corrections(con)
    changes.corrected_identities |= {a, b}
    at = datetime.now(UTC).replace(microsecond=0)
    row = con.execute(
        "INSERT INTO main.people_corrections"
        " SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ? FROM main.people_corrections RETURNING seq",
        [a, b, joined, at.replace(tzinfo=None), note],
    ).fetchone()
    assert row is not None
    return Correction(int(row[0]), a, b, joined, at, note, through)


def _identities_of(con: duckdb.DuckDBPyConnection, persons: list[int]) -> dict[int, list[str]]:
    identities: dict[int, list[str]] = defaultdict(list)
    for person, identity in con.execute(
        "SELECT person, identity FROM facts.identities WHERE person IN (SELECT unnest(?)) ORDER BY identity", [persons]
    ).fetchall():
        identities[person].append(identity)
    return identities


def _links_of(con: duckdb.DuckDBPyConnection, persons: list[int]) -> dict[int, list[Link]]:
    links_by_person: dict[int, list[Link]] = defaultdict(list)
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
        links_by_person[person].append(Link(a, b, joined))
    return links_by_person


def _path(links: Iterable[Link], start: str, end: str) -> tuple[str, ...]:
    """Return the shortest path between two identities, both included; empty where there is none."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for link in links:
        neighbours[link.a].append(link.b)
        neighbours[link.b].append(link.a)
    previous: dict[str, str | None] = {start: None}
    queue = deque([start])
    while queue and end not in previous:
        current = queue.popleft()
        for neighbour in neighbours[current]:
            if neighbour not in previous:
                previous[neighbour] = current
                queue.append(neighbour)
    identity: str | None = end if end in previous else None
    path: list[str] = []
    while identity is not None:
        path.append(identity)
        identity = previous[identity]
    return tuple(reversed(path))
