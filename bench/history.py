"""What was measured, one JSON line per figure: written by the bench, read by docs/performance.md. Standard library only."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.measuring import ROOT

FILE = ROOT / "bench" / "results" / "history.jsonl"
ORDERS, CUSTOMERS = "orders", "customers"
"""What the size of a figure counts."""
_PACKAGES = ("regulars", "duckdb", "ibis-framework", "numpy", "scipy", "pyarrow")


@dataclass(frozen=True)
class Run:
    """Where and when a figure was measured, and with what."""

    at: str
    """When the run began (UTC)."""
    commit: str
    """The commit, with a + where files were changed since."""
    machine: dict[str, Any]
    """cores, ram_gb, cpu; load, how many processes of others were running."""
    versions: dict[str, str]
    whole: bool
    """Whether every figure of these sizes was measured; else the run was narrowed down and no page is written from it."""


@dataclass(frozen=True)
class Record:
    """One figure of one run at one size. `ratio` is its median over that of the figure `against`.

    The size is a number of orders, or where that is 0 of customers.
    """

    run: Run
    orders: int
    figure: str
    what: str
    group: str
    part_of: str
    """The figure whose time it is a part of, or that measures several such at once."""
    seconds: float
    fastest: float
    slowest: float
    runs: int
    peak_mb: float
    against: str = ""
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None
    equal_answers: bool | None = None
    """True where a peer's answers were compared with ours; a bench with different ones ends without a record."""
    customers: int = 0
    busy: float | None = None
    """Seconds of processors, the median."""
    bytes_per_order: float | None = None
    """On the disk, where that is what was measured: then its seconds say nothing."""
    law: str = ""
    """The model that was fitted."""
    parameters: dict[str, float | None] | None = None
    """What the fit found, times in days."""
    standard_errors: dict[str, float | None] | None = None

    @property
    def counts(self) -> str:
        """What its size is a number of."""
        return ORDERS if self.orders else CUSTOMERS

    @property
    def size(self) -> int:
        """How many orders, or customers."""
        return self.orders or self.customers


def this_run(*, whole: bool, versions: Mapping[str, str]) -> Run:
    """The run that begins now; `versions` of what stands in other environments."""
    mine = {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
    return Run(datetime.now(UTC).isoformat(timespec="seconds"), _commit(), machine(), mine | dict(versions), whole)


def machine() -> dict[str, Any]:
    """Cores that may be used, memory in GB, the processor's name, and how busy it was in the last minute."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in told if line.startswith("model name")]
    cpu = names[0] if names else platform.machine()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "ram_gb": round(memory),
        "cpu": cpu,
        "load": round(os.getloadavg()[0], 1),
    }


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "bench", ":!bench/results")
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def append(records: Iterable[Record], file: Path) -> None:
    """Add one line per record."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        for record in records:
            told = asdict(record)
            lines.write(json.dumps(told.pop("run") | told, ensure_ascii=False) + "\n")


def read(file: Path) -> list[Record]:
    """All records, oldest first; none where nothing was measured yet."""
    if not file.exists():
        return []
    return [_record(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _record(told: dict[str, Any]) -> Record:
    run = Run(**{name.name: told.pop(name.name) for name in fields(Run)})
    return Record(run, **told)


def newest(records: Iterable[Record], counts: str = ORDERS) -> dict[int, list[Record]]:
    """By number of orders (or customers), the records of the last whole run of that size; smallest size first."""
    found: dict[int, list[Record]] = {}
    for record in records:
        if not record.run.whole or record.counts != counts:
            continue
        held = found.setdefault(record.size, [])
        if held and held[0].run.at < record.run.at:
            held.clear()
        if not held or held[0].run.at == record.run.at:
            held.append(record)
    return dict(sorted(found.items()))
