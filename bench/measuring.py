"""One figure, measured in a fresh process: seconds of each run, and the most memory the process ever held.

The parent calls `measure`, which starts `python -m bench.measuring`; there the figure's function is given a Place and a
Stopwatch. Only the standard library is imported here, as pandas and polars are measured in environments of their own.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WHOLE = ""
"""The name of a figure's own time among those of its parts."""
_MB = 1e6


class BenchError(Exception):
    """The bench cannot go on: a figure failed, or two answers differ."""


@dataclass(frozen=True)
class Place:
    """Where one size of shop lies: its exports, the shop loaded from them, and what was answered about it."""

    folder: Path

    def data(self, name: str) -> Path:
        """A generated file."""
        return self.folder / "data" / name

    @property
    def shop(self) -> Path:
        """The shop that questions are asked of."""
        return self.folder / "shop"

    def scratch(self, name: str) -> Path:
        """A folder or file of one figure's own."""
        return self.folder / "scratch" / name

    def answers(self, name: str) -> Path:
        """What a figure answered: metric -> period and split -> value."""
        return self.folder / "answers" / f"{name}.json"

    def write_answers(self, name: str, found: Mapping[str, Mapping[str, float | None]]) -> None:
        """Keep what a figure answered, to be compared with what its peer says."""
        file = self.answers(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found), encoding="utf-8")


@dataclass
class Stopwatch:
    """Collects the runs of a figure: at most `most`, and no further one once `budget` seconds are spent."""

    most: int = 5
    budget: float = 30.0
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    busy: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of processors, all threads together."""
    bytes_per_order: float | None = None
    """On the disk, where that is what is measured."""
    peak: float | None = None
    """Bytes, where another process than this one did the work."""

    def runs(self) -> Iterator[int]:
        """Numbers of the runs to make, at least one."""
        began = time.perf_counter()
        for number in range(self.most):
            if number and time.perf_counter() - began > self.budget:
                return
            yield number

    @contextmanager
    def timing(self, part: str = WHOLE) -> Iterator[None]:
        """Time the block."""
        busy, began = time.process_time(), time.perf_counter()
        yield
        self.seconds[part].append(time.perf_counter() - began)
        self.busy[part].append(time.process_time() - busy)

    def process(self, command: Sequence[str], **more: Any) -> None:
        """Time a whole process. Raises BenchError with the end of what it said where it fails.

        A process counts the memory of the one that started it as its own, so this one must be small.
        """
        with tempfile.TemporaryFile() as said:
            began = time.perf_counter()
            started = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **more)
            _, status, used = os.wait4(started.pid, 0)
            started.returncode = os.waitstatus_to_exitcode(status)
            self.seconds[WHOLE].append(time.perf_counter() - began)
            self.busy[WHOLE].append(used.ru_utime + used.ru_stime)
            if started.returncode:
                said.seek(0)
                raise BenchError(f"{' '.join(command)} failed:\n{said.read().decode(errors='replace')[-3000:]}")
        self.peak = max(self.peak or 0.0, used.ru_maxrss * 1024.0)


@dataclass(frozen=True)
class Measured:
    """Seconds of every run, of the whole ("") and by part, by the clock and of processors; the most memory held, in MB of a
    million bytes; bytes per order on the disk, where these are what is measured.
    """

    seconds: dict[str, list[float]]
    busy: dict[str, list[float]]
    peak_mb: float
    bytes_per_order: float | None = None

    def median(self, part: str = WHOLE) -> float:
        """The middle run."""
        return median(self.seconds[part])


def measure(
    target: str,
    place: Place,
    arguments: Mapping[str, Any] | None = None,
    *,
    python: Path | str = sys.executable,
    most: int = 5,
    budget: float = 30.0,
) -> Measured:
    """Run `module:function` in a fresh process of this Python. Raises BenchError where it fails."""
    scratch = place.scratch("measured.json")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.unlink(missing_ok=True)
    order = {"target": target, "place": str(place.folder), "arguments": dict(arguments or {}), "most": most}
    order |= {"budget": budget, "out": str(scratch)}
    done = subprocess.run(
        [str(python), "-m", "bench.measuring", json.dumps(order)],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_environment(),
    )  # fmt: skip
    if done.returncode or not scratch.exists():
        raise BenchError(f"{target} {dict(arguments or {})} failed:\n{(done.stderr or done.stdout)[-3000:]}")
    return Measured(**json.loads(scratch.read_text(encoding="utf-8")))


def _environment() -> dict[str, str]:
    """That of this process, but for what forbids Python to keep compiled modules, as some containers do and no shop's machine:
    without them each process compiles some 190 again.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def most_memory_held() -> float:
    """The largest resident size of this process so far, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024
    raise BenchError("This system does not say how much memory a process held.")


def _main(order: dict[str, Any]) -> None:
    module, _, name = order["target"].partition(":")
    watch = Stopwatch(order["most"], order["budget"])
    getattr(importlib.import_module(module), name)(Place(Path(order["place"])), watch, **order["arguments"])
    peak = watch.peak if watch.peak is not None else most_memory_held()
    told = {"seconds": watch.seconds, "busy": watch.busy, "peak_mb": peak / _MB}
    told |= {"bytes_per_order": watch.bytes_per_order}
    Path(order["out"]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
