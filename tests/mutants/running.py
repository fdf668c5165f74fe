"""Puts one mutant into a copy of the source and runs its tests there."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

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
    # One example that fails is enough: to look for the smallest one takes minutes.
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CI": "true",
        "REGULARS_TEST_PROFILE": "first failure",
    }
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"]
    ran = subprocess.run(
        [*command, "--basetemp", str(folder / "tests"), *mutant.tests],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if ran.returncode == TESTS_FAILED:
        return ""
    if ran.returncode != 0:
        raise RuntimeError(f"the tests of “{mutant.fault}” did not run: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return ran.stdout[-2000:]
