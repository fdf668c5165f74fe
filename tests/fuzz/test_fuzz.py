"""A fixed part of the fuzzing: about ten seconds of it with the quick tests, more with the slow ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz import warehouses
from fuzz.files import KINDS, case
from fuzz.readers import findings
from fuzz.seeds import SEEDS

QUICK = {"delimited": 6, "shopify": 3, "json": 5, "xlsx": 8, "parquet": 6, "archive": 5, "mapping": 12}
"""How many inputs of each kind the quick tests run."""

SLOW = 12
"""The slow tests run so many times as many, other ones."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return warehouses.shop(tmp_path_factory.mktemp("fuzz"))


def fuzzed(kind: str, seeds: range, folder: Path) -> dict[int, list[str]]:
    """Findings by seed."""
    found = {}
    for seed in seeds:
        (folder / str(seed)).mkdir()
        found[seed] = findings(case(kind, seed), folder / str(seed))
    return {seed: wrong for seed, wrong in found.items() if wrong}


def test_every_kind_is_fuzzed() -> None:
    assert set(QUICK) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_always_the_same_input(kind: str) -> None:
    assert [case(kind, seed) for seed in range(5)] == [case(kind, seed) for seed in range(5)]


@pytest.mark.parametrize(("kind", "seed"), SEEDS)
def test_an_input_that_once_found_something(kind: str, seed: int, tmp_path: Path) -> None:
    assert findings(case(kind, seed), tmp_path) == []


@pytest.mark.parametrize("kind", KINDS)
def test_any_input_ends_in_rows_rejects_or_a_refusal(kind: str, tmp_path: Path) -> None:
    assert fuzzed(kind, range(QUICK[kind]), tmp_path) == {}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_inputs_end_in_rows_rejects_or_a_refusal(kind: str, tmp_path: Path) -> None:
    assert fuzzed(kind, range(1_000, 1_000 + SLOW * QUICK[kind]), tmp_path) == {}


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_warehouse_answers_rightly_or_refuses(shop: Path, seed: int, tmp_path: Path) -> None:
    assert warehouses.findings(shop, seed, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_040))
def test_many_damaged_warehouses_answer_rightly_or_refuse(shop: Path, seed: int, tmp_path: Path) -> None:
    assert warehouses.findings(shop, seed, tmp_path) == []
