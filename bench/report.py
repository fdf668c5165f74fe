"""What the bench found: one table in the terminal, and the tables of docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.table import Table

from bench.aims import shown_seconds
from bench.forecast import report as forecasts
from bench.history import CUSTOMERS, ORDERS, Record, Run
from bench.wording import markdown, size_of

_MET = {True: "yes", False: "no", None: ""}
_BUSY = 0.5
"""A load from which figures are slower than on a machine of one's own."""
EQUAL_AT_ALL_SIZES = "catalogue_warm"
_LITTLE, _LIKE_ORDERS = 0.2, 0.8
"""Growth as a share of what the orders grew by, on a logarithmic scale: below, a figure hardly grows; above, as they do."""


def table(records: Sequence[Record], skipped: Iterable[tuple[str, str]] = ()) -> Table:
    """One table of all sizes, with what was skipped at its end."""
    found = Table(title=None if not records else told(records[0].run), title_justify="left", header_style="bold")
    for column in ("figure", "what", "median", "fastest", "busy", "peak", "ratio", "to", "aim", "met"):
        found.add_column(
            column,
            justify="right" if column in ("median", "fastest", "busy", "peak", "ratio") else "left",
            # A name in two halves is found by nobody: sentences give way first.
            no_wrap=column not in ("what", "aim"),
        )
    for counts, size in dict.fromkeys((record.counts, record.size) for record in records):
        of_size = [record for record in records if (record.counts, record.size) == (counts, size)]
        for group in dict.fromkeys(record.group for record in of_size):
            found.add_section()
            found.add_row(f"[bold]{size_of(size)} {counts}[/]", f"[bold]{group}[/]")
            for record in of_size:
                if record.group == group:
                    found.add_row(*_row(record))
    skipped = list(skipped)
    if skipped:
        found.add_section()
    for name, why in skipped:
        found.add_row(name, f"skipped: {why}")
    return found


def _row(record: Record) -> Iterator[str]:
    yield ("  " if record.part_of else "") + _name(record.figure)
    yield record.what + (", answers equal" if record.equal_answers else "")
    yield _shown(record)
    yield shown_seconds(record.fastest) if record.bytes_per_order is None else ""
    yield "" if record.busy is None or record.bytes_per_order is not None else shown_seconds(record.busy)
    yield "" if _is_part(record) else f"{record.peak_mb:,.0f} MB"
    yield _times(record.ratio)
    yield record.against
    yield record.aim
    yield _MET[record.met]


def told(run: Run) -> str:
    """When, where and with what a run was made, in one sentence."""
    at, machine = run.at.replace("T", " ")[:16], run.machine
    with_ = ", ".join(f"{name} {number}" for name, number in run.versions.items())
    busy = machine.get("load", 0.0)
    others = f" Other processes were running: the load average was {busy:g} at the start." if busy >= _BUSY else ""
    return (
        f"Measured {at} UTC at commit {run.commit} on {machine['cores']} cores of {machine['cpu']} with"
        f" {machine['ram_gb']} GB of memory; {with_}.{others}"
    )


# The page --------------------------------------------------------------------------------------------------------------


def page(newest: Mapping[int, Sequence[Record]], forecasting: Mapping[int, Sequence[Record]] | None = None) -> str:
    """The generated part of docs/performance.md: by number of orders, the records of the newest whole run.

    forecasting: the same by number of customers.
    """
    parts = [_of_orders(newest)] if newest else []
    parts += [_of_customers(forecasting)] if forecasting else []
    return "\n".join(parts) if parts else "There are no measurements yet: run `make bench`.\n"


def _of_customers(newest: Mapping[int, Sequence[Record]]) -> str:
    parts = ["## Forecast", *_runs(newest, CUSTOMERS), growth(newest, CUSTOMERS), beside(newest, CUSTOMERS)]
    if aims := _aims(newest, CUSTOMERS):
        parts.append(aims)
    return "\n\n".join((*parts, "### Fitted parameters", forecasts.side_by_side(newest))) + "\n"


def _of_orders(newest: Mapping[int, Sequence[Record]]) -> str:
    parts = ["## Machine and date", *_runs(newest), "## How cost grows", growth(newest)]
    if len(newest) > 1:
        parts.append(_grows(newest))
    parts += ["## Compared with limits and other programs", beside(newest)]
    if aims := _aims(newest):
        parts += ["## Aims", aims]
    return "\n\n".join(parts) + "\n"


def _runs(newest: Mapping[int, Sequence[Record]], counts: str = ORDERS) -> Iterator[str]:
    runs: dict[str, list[int]] = {}
    for size, records in newest.items():
        runs.setdefault(told(records[0].run), []).append(size)
    for said, sizes in runs.items():
        yield f"**{' and '.join(map(size_of, sizes))} {counts}.** {said}"


def growth(newest: Mapping[int, Sequence[Record]], counts: str = ORDERS) -> str:
    """Every figure at every size, with how often the smallest size's seconds the largest's are, and there the processors' seconds
    and its memory.
    """
    sizes = list(newest)
    many = len(sizes) > 1
    header = [
        "figure",
        "what",
        *(f"{size_of(size)} {counts}" for size in sizes),
        *(["grows"] if many else []),
        "CPU time",
        "memory",
    ]
    parts = []
    for group, names in _by_group(newest).items():
        rows = []
        for name in names:
            found = [_named(newest[size], name) for size in sizes]
            last = next(record for record in reversed(found) if record is not None)
            cells = [f"{'— ' if last.part_of else ''}{_name(name)}", last.what]
            cells += ["" if record is None else _shown(record) for record in found]
            if many:
                cells.append(_times(_grown(found[0], found[-1])))
            cells.append("" if last.busy is None or last.bytes_per_order is not None else shown_seconds(last.busy))
            cells.append("" if _is_part(last) else _memory(last.peak_mb))
            rows.append(cells)
        parts.append(f"**{group}**\n\n{markdown(header, rows)}")
    return "\n\n".join(parts)


def _grows(newest: Mapping[int, Sequence[Record]]) -> str:
    """In a sentence: what hardly grows, what grows as the orders do."""
    first, last = min(newest), max(newest)
    times = last / first
    growing: dict[str, list[str]] = {"little": [], "as": [], "between": []}
    for record in newest[last]:
        before = _named(newest[first], record.figure)
        if before is None or record.part_of:
            continue
        grown = record.seconds / before.seconds
        kind = "little" if grown <= times**_LITTLE else "as" if grown >= times**_LIKE_ORDERS else "between"
        growing[kind].append(f"`{record.figure}`")
    said = [f"{size_of(last)} orders are {times:g} times as many as {size_of(first)}. The cost"]
    if growing["little"]:
        said.append(f"- is nearly the same (at most {times**_LITTLE:.1f} times) for {', '.join(growing['little'])};")
    if growing["between"]:
        said.append(f"- grows less than the orders for {', '.join(growing['between'])};")
    if growing["as"]:
        said.append(
            f"- grows like the orders or more ({times**_LIKE_ORDERS:.1f} times and up) for {', '.join(growing['as'])};"
        )
    return said[0] + "\n\n" + "\n".join(said[1:]).removesuffix(";") + "."


def beside(newest: Mapping[int, Sequence[Record]], counts: str = ORDERS) -> str:
    """The ratios: a figure's seconds over those of its limit, or a peer's over ours."""
    rows = []
    for name in dict.fromkeys(name for names in _by_group(newest).values() for name in names):
        found = [_named(records, name) for records in newest.values()]
        known = [r for r in found if r is not None and r.ratio is not None and (_is_part(r) or not r.part_of)]
        if known:
            equal = "yes" if all(record.equal_answers for record in known) else ""
            ratios = ["" if record is None else _times(record.ratio) for record in found]
            rows.append([f"`{name}`", *ratios, f"`{known[-1].against}`", equal])
    return markdown(
        ["figure", *(f"{size_of(size)} {counts}" for size in newest), "compared with", "equal results"], rows
    )


def _aims(newest: Mapping[int, Sequence[Record]], counts: str = ORDERS) -> str:
    rows = [
        [
            f"`{r.figure}`",
            size_of(r.size),
            r.aim,
            _shown(r),
            "" if r.busy is None or r.bytes_per_order is not None else shown_seconds(r.busy),
            _memory(r.peak_mb),
            _times(r.ratio),
            _MET[r.met],
        ]
        for records in newest.values()
        for r in records
        if r.met is not None
    ]
    rows += _equal_at_all_sizes(newest)
    return markdown(["figure", counts, "aim", "median", "CPU time", "memory", "ratio", "met"], rows) if rows else ""


def _equal_at_all_sizes(newest: Mapping[int, Sequence[Record]]) -> list[list[str]]:
    """What should cost the same at every size: whether the runs at the smallest and the largest overlap."""
    first, last = _named(newest[min(newest)], EQUAL_AT_ALL_SIZES), _named(newest[max(newest)], EQUAL_AT_ALL_SIZES)
    if len(newest) < 2 or first is None or last is None:
        return []
    overlap = last.fastest <= first.slowest and first.fastest <= last.slowest
    sizes = f"{size_of(first.size)} and {size_of(last.size)}"
    medians = f"{shown_seconds(first.seconds)} and {shown_seconds(last.seconds)}"
    grown = _times(last.seconds / first.seconds)
    return [[f"`{last.figure}`", sizes, "equal within noise: runs overlap", medians, "", "", grown, _MET[overlap]]]


def _by_group(newest: Mapping[int, Sequence[Record]]) -> dict[str, list[str]]:
    """Figures by group, in the order in which they were measured; every size's are there."""
    found: dict[str, dict[str, None]] = {}
    for records in sorted(newest.values(), key=len, reverse=True):
        for record in records:
            found.setdefault(record.group, {})[record.figure] = None
    return {group: list(names) for group, names in found.items()}


def _shown(record: Record) -> str:
    """What was measured: seconds, or bytes per order."""
    if record.bytes_per_order is None:
        return shown_seconds(record.seconds)
    return f"{record.bytes_per_order:.1f} bytes an order"


def _grown(first: Record | None, last: Record | None) -> float | None:
    """How many times as much the larger size costs."""
    if first is None or last is None:
        return None
    if first.bytes_per_order is not None and last.bytes_per_order is not None:
        return last.bytes_per_order / first.bytes_per_order
    return last.seconds / first.seconds


def _is_part(record: Record) -> bool:
    """Whether it is a part of a figure's time, in the same process."""
    return "." in record.figure


def _name(figure: str) -> str:
    return figure.partition(".")[2] or figure


def _named(records: Iterable[Record], name: str) -> Record | None:
    return next((record for record in records if record.figure == name), None)


def _times(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:,.0f} ×" if ratio >= 100 else f"{ratio:.1f} ×" if ratio >= 1 else f"{ratio:.2g} ×"


def _memory(peak_mb: float) -> str:
    return f"{peak_mb / 1000:.1f} GB" if peak_mb >= 1000 else f"{peak_mb:.0f} MB"
