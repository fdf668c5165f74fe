"""MetricFlow answering through dbt and DuckDB, as its own command line does. Standard library only."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

from bench.measuring import Place, Stopwatch

PROJECT = Path(__file__).parent / "metricflow_project"
FILE = "peers.parquet"
WINDOW = 90
"""Days of the project's metric active_customers."""


def query(place: Place, watch: Stopwatch, environment: str, metric: str, grain: str, ours: str) -> None:
    """Time `mf query` for one metric by day or month; keep its answer under the name that Regulars gives the metric."""
    folder = place.scratch("metricflow")
    settings = os.environ | {
        "PATH": f"{Path(environment) / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "DBT_PROFILES_DIR": str(folder),
        "DO_NOT_TRACK": "1",
        "BENCH_ORDERS": str(place.scratch(FILE)),
        "BENCH_DATABASE": str(folder / "bench.duckdb"),
        "BENCH_THREADS": str(len(os.sched_getaffinity(0))),
    }
    settings.pop("PYTHONPATH", None)
    if not (folder / "bench.duckdb").exists():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(PROJECT, folder)
        Stopwatch().process(["dbt", "build", "--project-dir", "."], cwd=folder, env=settings)
    out = folder / f"{metric}.csv"
    words = ["mf", "query", "--metrics", metric, "--group-by", f"metric_time__{grain}", "--csv", str(out), "--quiet"]
    for _ in watch.runs():
        watch.process(words, cwd=folder, env=settings)
    place.write_answers(f"metricflow_{metric}", {ours: _read(out, 10 if grain == "day" else 7)})


def _read(file: Path, length: int) -> dict[str, float | None]:
    """Period, as long as its label is, -> value."""
    with file.open(newline="", encoding="utf-8") as rows:
        _, *found = csv.reader(rows)
    return {period[:length]: float(value) if value else None for period, value in found}
