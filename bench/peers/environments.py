"""The peers' own environments: made on first use, or named as missing with one line saying why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import ROOT

PEERS, METRICFLOW, LIFETIMES, PYMC = "peers", "metricflow", "lifetimes", "pymc"
FOLDERS = {
    PEERS: ".venv-bench",
    METRICFLOW: ".venv-metricflow",
    LIFETIMES: ".venv-lifetimes",
    PYMC: ".venv-pymc",
}
TELLING = {
    PEERS: ("pandas", "polars"),
    METRICFLOW: ("metricflow", "dbt-core", "dbt-duckdb"),
    LIFETIMES: ("lifetimes",),
    PYMC: ("pymc-marketing", "pymc"),
}
"""Packages whose versions are noted beside what was measured."""


@dataclass(frozen=True)
class Environment:
    """One of them. `missing` says why it is not there; empty where it is."""

    name: str
    folder: Path
    missing: str = ""

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def versions(self) -> dict[str, str]:
        """Versions of what it was made for."""
        code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
        names = TELLING[self.name]
        said = subprocess.run([self.python, "-c", code, *names], capture_output=True, text=True, check=True)
        return dict(zip(names, said.stdout.split(), strict=True))


def prepare(name: str, where: Path, *, install: bool, tell: Callable[[str], None]) -> Environment:
    """The environment in the folder `where`; made there first where that is allowed and needed."""
    folder = where / FOLDERS[name]
    script = [str(ROOT / "scripts" / "bench-environment.sh"), name, str(folder)]
    if _run([*script, "check"]).returncode == 0:
        return Environment(name, folder)
    if not install:
        return Environment(name, folder, f"{folder.name} is not there, and nothing may be installed")
    tell(f"Making {folder.name} (once) …")
    done = _run(script)
    if done.returncode == 0:
        return Environment(name, folder)
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return Environment(name, folder, said[-1] if said else f"{folder.name} could not be made")


def _run(script: list[str]) -> subprocess.CompletedProcess[str]:
    settings = os.environ | {"PYTHON": os.environ.get("PYTHON", sys.executable)}
    return subprocess.run(script, env=settings, capture_output=True, text=True, check=False)
