"""Every deliberate fault is caught by the tests that are there for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mutants.catalogue import MUTANTS
from mutants.running import ROOT, Mutant, compiled_source, survives


def name_of(mutant: Mutant) -> str:
    return mutant.fault.replace(" ", "-")


@pytest.mark.parametrize("mutant", MUTANTS, ids=name_of)
def test_a_mutant_changes_one_place_and_names_tests_that_exist(mutant: Mutant) -> None:
    assert mutant.times == 1 and mutant.new != mutant.old
    assert all((ROOT / test.partition("::")[0]).exists() for test in mutant.tests if test.startswith("tests/"))


def test_faults_have_names_of_their_own() -> None:
    assert [fault for fault, times in Counter(m.fault for m in MUTANTS).items() if times > 1] == []


@pytest.mark.parametrize("folder", ["sources", "load", "warehouse/versions"])
def test_each_module_has_a_mutant(folder: str) -> None:
    source = ROOT / "src" / "regulars"
    modules = {str(file.relative_to(source)) for file in (source / folder).rglob("*.py") if file.name != "__init__.py"}
    assert modules
    assert sorted(modules - {mutant.file for mutant in MUTANTS}) == []


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_source(tmp_path_factory.mktemp("compiled"))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=name_of)
def test_a_mutant_is_caught(mutant: Mutant, tmp_path: Path, compiled: Path) -> None:
    assert survives(mutant, tmp_path, compiled) == ""
