"""Business time: the seconds that a shop was open between two instants, through daylight saving."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from regulars.vocabulary.settings.business_hours import MAX_SPANS, BusinessHours, Span
from regulars.warehouse.fact_table import Sources
from regulars.warehouse.facts.days import zone_days
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import counted, day_and_second, larger, smaller

if TYPE_CHECKING:
    import ibis.expr.types as ir

_DAY = 86_400
_EPOCH = date(1970, 1, 1)
OFFSETS = ("utc_day", "switch", "before", "after")
SPANS_OF_UTC_DAY = MAX_SPANS + 2
"""A UTC day has the spans of a local day; one may be cut in two, and one comes twice where clocks go back."""
COLUMNS = {
    "utc_day": "int32", "open_before": "int64",
    **{f"{name}_{number}": "int32" for number in range(SPANS_OF_UTC_DAY) for name in ("opens", "closes")},
}  # fmt: skip
"""The columns of business_days: seconds of openings before a UTC day, and second of the day of its openings and closings."""


def with_business_time(rows: ir.Table, at: str, sources: Sources, name: str) -> ir.Table:
    """Add the seconds for which the shop had been open until an instant, since a fixed day: differences are business time.

    They are null where the instant is, and in a shop without the setting `business_hours`.

    Args:
        rows: a table with the instant.
        at: the column of the instant, in UTC.
        sources: the table business_days.
        name: the column to add.
    """
    utc_day, second = day_and_second(rows[at])
    rows = rows.mutate(utc_day_=utc_day, second_=second)
    days = sources.table("business_days")
    days = days.rename({f"{column}_of_day": column for column in COLUMNS})
    rows = rows.left_join(days, rows.utc_day_ == days.utc_day_of_day)
    zero = ibis.literal(0, "int64")
    open_seconds = []
    for number in range(SPANS_OF_UTC_DAY):
        opens, closes = (rows[f"{part}_{number}_of_day"].cast("int64") for part in ("opens", "closes"))
        open_seconds.append(larger(zero, smaller(rows.second_ - opens, closes - opens)).fill_null(0))
    rows = rows.mutate(**{name: counted(rows.open_before_of_day + reduce(add, open_seconds))})
    return rows.drop("utc_day_", "second_", *days.columns)


def business_days(hours: BusinessHours | None, timezone: str, first: int, last: int) -> dict[str, npt.NDArray[Any]]:
    """Return the openings of each UTC day from `first` to `last` (epoch days), as COLUMNS; no rows without hours.

    The shop is open at an instant whose time on the clocks of its timezone lies in the hours. Where a day has fewer
    openings than there are columns, the others begin and end at 0.
    """
    offsets = zone_days([timezone] if hours is not None else [], first, last)
    rows: list[tuple[int, ...]] = []
    open_before = 0
    for day, switch, before, after in zip(*(offsets[name] for name in OFFSETS), strict=True):
        assert hours is not None
        openings = list(_openings(hours, int(day), int(switch), int(before), int(after)))
        padded = [*openings, *[(0, 0)] * (SPANS_OF_UTC_DAY - len(openings))]
        rows.append((int(day), open_before, *(second for span in padded for second in span)))
        open_before += sum(closes - opens for opens, closes in openings)
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    return {name: np.array(column, dtype=kind) for (name, kind), column in zip(COLUMNS.items(), columns, strict=True)}


def _openings(hours: BusinessHours, utc_day: int, switch: int, before: int, after: int) -> Iterator[Span]:
    """The openings within a UTC day in its seconds; those that touch are one."""
    pending: Span | None = None
    for start, end, offset in ((0, switch, before), (switch, _DAY, after)):
        for days_later in (-1, 0, 1):
            midnight = days_later * _DAY - offset
            for opens, closes in hours.on(_EPOCH + timedelta(days=utc_day + days_later)):
                span = max(start, midnight + opens * 60), min(end, midnight + closes * 60)
                if span[0] >= span[1]:
                    continue
                if pending is not None and span[0] > pending[1]:
                    yield pending
                    pending = None
                pending = span if pending is None else (pending[0], span[1])
    if pending is not None:
        yield pending
