"""What each fit found, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.forecast.pasts import NAMES, TRUTH
from bench.history import Record
from bench.wording import markdown, size_of


def side_by_side(newest: Mapping[int, Sequence[Record]]) -> str:
    """A table for each model: the truth, then by number of customers what every fit found, ours with a standard error."""
    parts = []
    for law, truth in TRUTH.items():
        rows = [["", "true values", *(f"{value:g}" for value in truth.values())]]
        for size, records in newest.items():
            rows += [
                [size_of(size), f"`{record.figure}`", *(_found(record, name) for name in truth)]
                for record in records
                if record.law == law
            ]
        parts.append(f"**{NAMES[law]}**\n\n{markdown(['customers', 'fit', *truth], rows)}")
    return "\n\n".join(parts)


def _found(record: Record, name: str) -> str:
    value = (record.parameters or {}).get(name)
    error = (record.standard_errors or {}).get(name)
    if value is None:
        return ""
    return f"{value:.5g}" if error is None else f"{value:.5g} ± {error:.2g}"
