"""One size of shop from nothing to its records: data, shop, every figure in turn, answers compared."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.figures import Aim, Figure
from bench.history import Record, Run
from bench.measuring import WHOLE, BenchError, Measured, Place, measure
from bench.peers.answers import differences
from bench.peers.environments import METRICFLOW, Environment

_SHOP = "load_csv"
"""The figure whose shop is asked by all others."""
_SHOWN = 5

Tell = Callable[[str], None]


class DifferentAnswers(BenchError):
    """A peer answers otherwise: then nothing that was measured means anything."""


def run_size(
    orders: int,
    place: Place,
    figures: Sequence[Figure],
    run: Run,
    environments: Mapping[str, Environment],
    *,
    lines: bool,
    quick: bool,
    tell: Tell,
) -> list[Record]:
    """Measure the figures at one size. Raises BenchError where one fails and DifferentAnswers where a peer disagrees."""
    figures = [f for f in figures if _possible(f, orders, environments)]
    _prepare(orders, place, figures, lines=lines, tell=tell)
    records: dict[str, Record] = {}
    exported = False
    for figure in figures:
        tell(f"{orders:,}: {figure.name}")
        if figure.environment and not exported:
            measure("bench.peers.export:write", place)
            exported = True
        measured = _measured(figure, place, environments, quick=quick)
        equal = compare(figure, place)
        for record in _records(figure, measured, run, orders, records, equal):
            records[record.figure] = record
    return list(records.values())


def skipped(
    figures: Sequence[Figure], environments: Mapping[str, Environment], sizes: Sequence[int]
) -> list[tuple[str, str]]:
    """Which figures are left out, and why."""
    found = []
    for figure in figures:
        missing = figure.environment and environments[figure.environment].missing
        above = [f"{orders:,}" for orders in sizes if figure.most_orders is not None and orders > figure.most_orders]
        if missing:
            found.append((figure.name, missing))
        elif above:
            found.append((figure.name, f"takes too much time or memory at {' and '.join(above)} orders"))
    return found


def _possible(figure: Figure, orders: int, environments: Mapping[str, Environment]) -> bool:
    if figure.environment and environments[figure.environment].missing:
        return False
    return figure.most_orders is None or orders <= figure.most_orders


def _prepare(orders: int, place: Place, figures: Sequence[Figure], *, lines: bool, tell: Tell) -> None:
    """The generated files, kept from an earlier run where they are whole, and a shop where no figure loads one."""
    made = place.data("made.json")
    order = {"orders": orders, "lines": lines}
    if not (made.exists() and json.loads(made.read_text(encoding="utf-8")) in (order, order | {"lines": True})):
        tell(f"{orders:,}: simulating")
        made.unlink(missing_ok=True)
        measure("bench.data:make", place, order, most=1)
        made.write_text(json.dumps(order), encoding="utf-8")
    if not any(figure.name == _SHOP for figure in figures):
        tell(f"{orders:,}: loading")
        files = ("orders.csv", "customers.csv")
        measure("bench.load:whole", place, {"files": files, "keep": True}, most=1)


def _measured(figure: Figure, place: Place, environments: Mapping[str, Environment], *, quick: bool) -> Measured:
    most = min(figure.most, 2) if quick else figure.most
    arguments = dict(figure.arguments)
    python: Path | str = sys.executable
    if figure.environment == METRICFLOW:  # a program of its own, which is started and timed from here
        arguments["environment"] = str(environments[METRICFLOW].folder)
    elif figure.environment:
        python = environments[figure.environment].python
    return measure(figure.target, place, arguments, python=python, most=most, budget=figure.budget)


def compare(figure: Figure, place: Place) -> bool | None:
    """True where the answers are the same, None where there is nothing to compare."""
    if figure.equals is None:
        return None
    ours, theirs = (json.loads(place.answers(name).read_text(encoding="utf-8")) for name in figure.equals)
    if not any(theirs.values()):
        raise DifferentAnswers(f"{figure.name} answered nothing.")
    found = differences({name: ours[name] for name in theirs if name in ours}, theirs)
    if found:
        shown = "\n  ".join(found[:_SHOWN])
        raise DifferentAnswers(
            f"{figure.name} and Regulars differ {len(found):,} times, nothing is written:\n  {shown}"
        )
    return True


def _records(
    figure: Figure, measured: Measured, run: Run, orders: int, known: Mapping[str, Record], equal: bool | None
) -> list[Record]:
    """The figure's record and those of its parts."""
    told = [(WHOLE, figure.what, figure.against, figure.aim)]
    told += [(part.name, part.what, part.against, part.aim) for part in figure.parts]
    return [
        _record(figure, part, what, against, aim, measured, run, orders, known, None if part else equal)
        for part, what, against, aim in told
    ]


def _record(
    figure: Figure,
    part: str,
    what: str,
    against: str,
    aim: Aim | None,
    measured: Measured,
    run: Run,
    orders: int,
    known: Mapping[str, Record],
    equal: bool | None,
) -> Record:
    seconds = measured.median(part)
    ratio = seconds / known[against].seconds if against in known else None
    return Record(
        run=run,
        orders=orders,
        figure=f"{figure.name}.{part}" if part else figure.name,
        what=what,
        group=figure.group,
        part_of=figure.name if part else figure.one_of,
        seconds=seconds,
        fastest=min(measured.seconds[part]),
        slowest=max(measured.seconds[part]),
        runs=len(measured.seconds[part]),
        peak_mb=round(measured.peak_mb, 1),
        against=against if ratio is not None else "",
        ratio=ratio,
        aim=str(aim) if aim else "",
        met=aim.met(orders, seconds, measured.peak_mb, ratio) if aim else None,
        equal_answers=equal,
    )
