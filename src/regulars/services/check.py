"""Check the integrity of a version of a shop's data: file, row counts, log, and rollups against rows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.query import Facts, Query, periods_of
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Grid
from regulars.services.reading import facts_of
from regulars.vocabulary.calendar import Grain, Period
from regulars.vocabulary.shop import Shop
from regulars.warehouse import log
from regulars.warehouse.facts_version import is_current
from regulars.warehouse.integrity import accounting_faults, log_faults
from regulars.warehouse.versions import Warehouse

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
