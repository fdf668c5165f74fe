"""Check the integrity of a version of a shop's data: file, row counts, log, and rollups against rows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import duckdb

from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.query import Facts, Query, periods_of
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Grid
from regulars.services.reading import facts_of
from regulars.vocabulary.calendar import Grain, Period
from regulars.vocabulary.shop import Shop
from regulars.warehouse import log
from regulars.warehouse.facts_version import is_current
from regulars.warehouse.log.data_files import folder
from regulars.warehouse.versions import Warehouse
from regulars.warehouse.versions.log_folder import faults, listed

SAMPLE = 3
"""Periods of each grain for which rollups are compared with rows."""
_GRAINS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
_SPLITS: tuple[tuple[str, ...], ...] = ((), ("country",))


@dataclass(frozen=True)
class Finding:
    """Result of the check of one part of a version. Without faults the part is intact."""

    version: int
    part: str
    faults: tuple[str, ...]
    skipped: str = ""
    """Reason why the part was not checked; empty if it was."""


def check(shop: Shop, number: int) -> Iterator[Finding]:
    """Check one version and yield a finding for each part. Reads the whole file of the version."""
    warehouse = Warehouse(shop.warehouse, shop.settings.machine)
    fault = warehouse.fault(number)
    yield Finding(number, "file", (fault,) if fault else ())
    if fault:
        return
    with warehouse.read(number) as con:
        if not log.is_complete(con):
            for part in ("accounts", "log", "rollups"):
                yield Finding(number, part, (), "an older Regulars wrote it")
            return
        yield Finding(number, "accounts", tuple(accounting_faults(con)))
        yield Finding(number, "log", tuple(log_faults(con)))
        if not is_current(con, shop.settings):
            yield Finding(number, "rollups", (), "the settings, or Regulars, changed since")
            return
        facts = facts_of(con, shop)
        if not facts.coverage:
            yield Finding(number, "rollups", (), "nothing that happened on a day is loaded")
            return
        yield Finding(number, "rollups", tuple(_differences(facts, random.Random(number))))


def _differences(facts: Facts, chance: random.Random) -> Iterator[str]:
    """Yield the values that differ between rollups and rows, in a sample of periods."""
    from_rollups = replace(facts, version=None, built=None)  # a version of None: no cached results
    from_rows = replace(from_rollups, rollups=())
    for splits in _SPLITS:
        metrics = tuple(
            metric
            for metric in CATALOGUE
            if not isinstance(metric, Grid) and not metric.is_snapshot and {*splits} <= {*metric.splits}
        )
        question = Query(metrics, tuple(_periods(facts, chance)), splits)
        kept, counted = run_query(question, from_rollups), run_query(question, from_rows)
        for stored, computed in zip(kept, counted, strict=True):
            if stored != computed:
                where = "".join(f", {name} {value}" for name, value in stored.split.items())
                yield f"{stored.metric.name} of {stored.period.label}{where} is {stored.value}, by its rows {computed.value}"


def _periods(facts: Facts, chance: random.Random) -> Iterator[Period]:
    for grain in _GRAINS:
        periods: Sequence[Period] = periods_of(facts, grain, None, None)
        yield from sorted(chance.sample(periods, min(SAMPLE, len(periods))), key=lambda period: period.first)


def accounting_faults(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the files of loads whose row counts are not read = used + waiting + rejected + skipped, or whose rejects are
    missing.
    """
    for load_id, name in con.execute(
        "SELECT load_id, name FROM main.load_files WHERE read != used + coalesce(waiting, 0) + rejected + skipped ORDER BY ALL"
    ).fetchall():
        yield f"load {load_id}: the rows of {name} do not add up"
    for load_id, rejected, stored in con.execute(
        "SELECT load_id, booked, coalesce(there, 0) AS stored"
        " FROM (SELECT load_id, sum(rejected) AS booked FROM main.load_files"
        " WHERE load_id NOT IN (SELECT load_id FROM main.loads WHERE undone_at IS NOT NULL) GROUP BY load_id)"
        " LEFT JOIN (SELECT load_id, count(*) AS there FROM main.rejects GROUP BY load_id) USING (load_id)"
        " WHERE booked != stored ORDER BY load_id"
    ).fetchall():
        yield f"load {load_id}: {rejected:,} rows were rejected, and {stored:,} of them are stored"


def log_faults(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the files of the log that are missing or damaged, each with what to do."""
    for file, fault in faults(folder(con), listed(con).values()):
        yield f"{fault} ({file.table} of {_loads_text(file.loads)}). {file.remedy}"


def _loads_text(loads: tuple[int, ...]) -> str:
    return f"load {loads[0]}" if len(loads) == 1 else f"loads {loads[0]} to {loads[-1]}"
