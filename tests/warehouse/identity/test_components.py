"""Connected components against union-find in plain Python, and in how few rounds they are found."""

from __future__ import annotations

import random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from properties import few
from regulars.warehouse.identity.components import find_components

CON = duckdb.connect()


def components(keys: list[int], links: list[tuple[int, int, bool]]) -> tuple[dict[int, int], int]:
    """Each key's label, and the number of rounds."""
    CON.execute("CREATE OR REPLACE TEMP TABLE keys (key BIGINT)")
    CON.execute("CREATE OR REPLACE TEMP TABLE links (a BIGINT, b BIGINT, joined BOOLEAN)")
    CON.execute("INSERT INTO keys SELECT unnest(?)", [keys])
    CON.execute(
        "INSERT INTO links SELECT unnest(?), unnest(?), unnest(?)",
        [[one[place] for one in links] for place in range(3)],
    )
    rounds = found()
    return dict(CON.execute("SELECT key, label FROM temp.components").fetchall()), rounds


def found() -> int:
    """Find the components of the tables `keys` and `links`. Returns the number of rounds."""
    CON.execute("DROP VIEW IF EXISTS temp.components")
    CON.execute(
        "CREATE OR REPLACE TEMP TABLE own AS SELECT key, low, high, key IN (SELECT a FROM links) AS leads FROM keys"
        " LEFT JOIN (SELECT b AS key, min(a) AS low, max(a) AS high FROM links WHERE NOT joined GROUP BY b) USING (key)"
    )
    CON.execute(
        "CREATE OR REPLACE TEMP TABLE told AS FROM links WHERE joined OR b IN (SELECT key FROM own WHERE low <> high)"
    )
    return find_components(CON, "temp.own", "temp.told")


def by_union_find(keys: list[int], links: list[tuple[int, int, bool]]) -> dict[int, int]:
    parent = {key: key for key in keys}

    def root(key: int) -> int:
        while parent[key] != key:
            parent[key] = key = parent[parent[key]]
        return key

    for a, b, _ in links:
        parent[root(a)] = root(b)
    return {key: root(key) for key in keys}


def groups(labels: dict[int, int]) -> set[frozenset[int]]:
    return {frozenset(key for key in labels if labels[key] == label) for label in set(labels.values())}


KEYS = st.integers(0, 11)
# What records say leads from stronger to weaker identities; what the shop joins leads anywhere.
RECORDED = st.tuples(KEYS, KEYS).filter(lambda pair: pair[0] % 4 < pair[1] % 4).map(lambda pair: (*pair, False))
JOINED = st.tuples(KEYS, KEYS, st.just(True))


@settings(max_examples=few(60))
@given(st.lists(RECORDED | JOINED, max_size=16), st.permutations(range(12)))
def test_components_are_those_of_union_find(links: list[tuple[int, int, bool]], names: list[int]):
    links = [(names[a], names[b], joined) for a, b, joined in links]
    labels, _ = components(list(range(12)), links)
    assert groups(labels) == groups(by_union_find(list(range(12)), links))
    assert all(labels[label] == label for label in labels.values())


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("joined", [False, True])
def test_a_path_of_a_thousand_takes_few_rounds(shuffled: bool, joined: bool):
    """Customer, address, customer, address …: each record shares one with the next."""
    keys = list(range(1_000))
    if shuffled:
        random.Random(7).shuffle(keys)
    pairs = [(keys[n], keys[n + 1]) if n % 2 == 0 else (keys[n + 1], keys[n]) for n in range(999)]
    labels, rounds = components(keys, [(a, b, joined) for a, b in pairs])
    assert len(set(labels.values())) == 1
    assert rounds <= 10


def test_an_identity_that_very_many_share_takes_no_more_rounds():
    CON.execute("CREATE OR REPLACE TEMP TABLE keys AS SELECT hash(range) AS key FROM range(270_001)")
    CON.execute(
        "CREATE OR REPLACE TEMP TABLE links AS SELECT key AS a, hash(0) AS b, false AS joined FROM keys WHERE key <> hash(0)"
    )
    assert found() <= 3
    assert CON.execute("SELECT count(DISTINCT label), count(*) FROM temp.components").fetchall() == [(1, 270_001)]
