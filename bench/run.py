"""One size of shop from nothing to its records: data, shop, every figure in turn, answers compared."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.aims import Aim
from bench.figures import Figure
from bench.forecast import parameters
from bench.forecast.pasts import TRUTH
from bench.history import CUSTOMERS, ORDERS, Record, Run
from bench.measuring import WHOLE, BenchError, Measured, Place, measure
from bench.peers.answers import Answers, differences
from bench.peers.environments import METRICFLOW, PYMC, Environment

_SHOP = "load_csv"
"""The figure whose shop is asked by all others."""
_SHOWN = 5

Tell = Callable[[str], None]


class DifferentAnswers(BenchError):
    """A peer answers otherwise: then nothing that was measured means anything."""


def run_size(
    counts: str,
    size: int,
    place: Place,
    figures: Sequence[Figure],
    run: Run,
    environments: Mapping[str, Environment],
    *,
    lines: bool,
    quick: bool,
    tell: Tell,
) -> list[Record]:
    """Measure the figures that count orders, or customers, at one size.

    Raises BenchError where one fails and DifferentAnswers where a peer disagrees.
    """
    figures = [f for f in figures if f.counts == counts and _possible(f, size, environments)]
    if counts == ORDERS:
        _prepare(size, place, figures, lines=lines, tell=tell)
    else:
        _draw(size, place, tell=tell)
    records: dict[str, Record] = {}
    exported = False
    for figure in figures:
        tell(f"{size:,}: {figure.name}")
        if figure.environment and counts == ORDERS and not exported:
            measure("bench.peers.export:write", place)
            exported = True
        measured = _measured(figure, place, environments, quick=quick)
        equal = compare(figure, place)
        for record in _records(figure, measured, run, size, records, equal, place):
            records[record.figure] = record
    return list(records.values())


def skipped(
    figures: Sequence[Figure], environments: Mapping[str, Environment], sizes: Mapping[str, Sequence[int]]
) -> list[tuple[str, str]]:
    """Which figures are left out, and why; `sizes` by what they count."""
    found = []
    for figure in figures:
        missing = figure.environment and environments[figure.environment].missing
        most = figure.most_size
        above = [f"{size:,}" for size in sizes.get(figure.counts, ()) if most is not None and size > most]
        if missing:
            found.append((figure.name, missing))
        elif above:
            found.append((figure.name, f"takes too much time or memory at {' and '.join(above)} {figure.counts}"))
    return found


def _possible(figure: Figure, size: int, environments: Mapping[str, Environment]) -> bool:
    if figure.environment and environments[figure.environment].missing:
        return False
    return figure.most_size is None or size <= figure.most_size


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


def _draw(customers: int, place: Place, *, tell: Tell) -> None:
    """Customers' pasts, kept from an earlier run where they are whole."""
    made = place.data("made.json")
    order = {"customers": customers}
    if not (made.exists() and json.loads(made.read_text(encoding="utf-8")) == order):
        tell(f"{customers:,}: drawing customers")
        made.unlink(missing_ok=True)
        measure("bench.forecast.pasts:make", place, order, most=1)
        made.write_text(json.dumps(order), encoding="utf-8")


def _measured(figure: Figure, place: Place, environments: Mapping[str, Environment], *, quick: bool) -> Measured:
    most = min(figure.most, 2) if quick else figure.most
    arguments = dict(figure.arguments) | (dict(figure.quick) if quick else {})
    python: Path | str = sys.executable
    if figure.environment == METRICFLOW:  # a program of its own, which is started and timed from here
        arguments["environment"] = str(environments[METRICFLOW].folder)
    elif figure.environment:
        python = environments[figure.environment].python
    return measure(figure.target, place, arguments, python=python, most=most, budget=figure.budget)


def compare(figure: Figure, place: Place) -> bool | None:
    """True where the answers are the same, None where there is nothing to compare.

    A fit of ours is held against the truth, a peer's against ours.
    """
    if figure.law and figure.equals is None:
        if found := parameters.errors(_answer(place, figure.name), TRUTH[figure.law]):
            raise DifferentAnswers(f"{figure.name} misses the truth, nothing is written:\n  {_told(found)}")
        return None
    if figure.equals is None:
        return None
    ours, theirs = (_answer(place, name) for name in figure.equals)
    if not any(theirs.values()):
        raise DifferentAnswers(f"{figure.name} answered nothing.")
    if figure.law:
        found = parameters.differences(ours, theirs, priors=figure.environment == PYMC)
    else:
        found = differences({name: ours[name] for name in theirs if name in ours}, theirs)
    if found:
        raise DifferentAnswers(
            f"{figure.name} and Regulars differ {len(found):,} times, nothing is written:\n  {_told(found)}"
        )
    return True


def _answer(place: Place, name: str) -> Answers:
    found: Answers = json.loads(place.answers(name).read_text(encoding="utf-8"))
    return found


def _told(found: Sequence[str]) -> str:
    return "\n  ".join(found[:_SHOWN])


def _records(
    figure: Figure,
    measured: Measured,
    run: Run,
    size: int,
    known: Mapping[str, Record],
    equal: bool | None,
    place: Place,
) -> list[Record]:
    """The figure's record and those of its parts."""
    told = [(WHOLE, figure.what, figure.against, figure.aim)]
    told += [(part.name, part.what, part.against, part.aim) for part in figure.parts]
    found = [
        _record(figure, part, what, against, aim, measured, run, size, known, None if part else equal)
        for part, what, against, aim in told
    ]
    if figure.law:
        answer = _answer(place, figure.name)
        errors = answer.get("standard_errors")
        found[0] = replace(found[0], law=figure.law, parameters=answer["parameters"], standard_errors=errors)
    return found


def _record(
    figure: Figure,
    part: str,
    what: str,
    against: str,
    aim: Aim | None,
    measured: Measured,
    run: Run,
    size: int,
    known: Mapping[str, Record],
    equal: bool | None,
) -> Record:
    seconds = measured.median(part)
    busy = median(measured.busy[part]) if measured.busy.get(part) else None
    ratio = None
    if against in known:
        other = known[against]
        ratio = busy / other.busy if figure.by_processors and busy and other.busy else seconds / other.seconds
    return Record(
        run=run,
        orders=size if figure.counts == ORDERS else 0,
        customers=size if figure.counts == CUSTOMERS else 0,
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
        met=aim.met(size, seconds, measured.peak_mb, ratio, busy, measured.bytes_per_order) if aim else None,
        equal_answers=equal,
        busy=busy,
        bytes_per_order=measured.bytes_per_order,
    )
