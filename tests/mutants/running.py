"""Puts one mutant into a copy of the source and runs its tests there."""

from __future__ import annotations

import compileall
import os
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import cache_from_source
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS_FAILED = 1
"""pytest's exit status where tests ran and some failed; all others mean that the mutant was not tried."""


@dataclass(frozen=True)
class Mutant:
    """One deliberate fault: in `file` (below src/regulars) the text `old`, which stands there once, becomes `new`.

    `tests` are arguments of pytest: files or tests, without slow ones.
    """

    fault: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def times(self) -> int:
        """How often `old` stands in the file."""
        return (ROOT / "src" / "regulars" / self.file).read_text(encoding="utf-8").count(self.old)


def compiled_source(folder: Path) -> Path:
    """Copy the source below `folder` and compile it, once for many mutants. Returns the copy."""
    source = folder / "regulars"
    shutil.copytree(ROOT / "src" / "regulars", source, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(source, quiet=2)
    return source


def survives(mutant: Mutant, folder: Path, compiled: Path) -> str:
    """Run the mutant's tests in a copy of the `compiled_source` below `folder`.

    Returns what pytest said where they passed, else nothing. Raises RuntimeError where the tests could not run at all.
    """
    source = folder / "src"
    shutil.copytree(compiled, source / "regulars")
    file = source / "regulars" / mutant.file
    file.write_text(file.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8")
    Path(cache_from_source(str(file))).unlink(missing_ok=True)
    said = folder / "said"
    process = _with_libraries().Process(target=_run, args=(mutant.tests, str(source), str(folder / "tests"), str(said)))
    process.start()
    process.join()
    text = said.read_text(encoding="utf-8", errors="replace")[-4000:]
    if process.exitcode == TESTS_FAILED:
        return ""
    if process.exitcode != 0:
        raise RuntimeError(f"the tests of “{mutant.fault}” did not run: {text}")
    return text


@cache
def _with_libraries() -> ForkServerContext:
    """Processes that begin with all that `regulars` and its tests import from elsewhere: a mutant's test needs less time."""
    context = get_context("forkserver")
    context.set_forkserver_preload(
        ["pytest", "hypothesis", "duckdb", "ibis", "pandas", "pyarrow", "scipy.stats", "pydantic", "openpyxl", "typer"]
    )
    return context


def _run(tests: tuple[str, ...], source: str, folder: str, said: str) -> NoReturn:
    """Run tests of the `regulars` in `source`, and end this process with pytest's exit status; what it says is in `said`."""
    assert "regulars" not in sys.modules
    sys.path.insert(0, source)
    sys.dont_write_bytecode = True
    os.chdir(ROOT)
    # One example that fails is enough: to look for the smallest one takes minutes.
    os.environ |= {
        "PYTHONPATH": source,
        "PYTHONDONTWRITEBYTECODE": "1",
        "CI": "true",
        "REGULARS_TEST_PROFILE": "first failure",
    }
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"):
        os.environ.pop(name, None)
    with open(said, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow", "--basetemp", folder]
    sys.exit(pytest.main([*options, *tests]))
