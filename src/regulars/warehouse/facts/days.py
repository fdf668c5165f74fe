"""Local days of instants, from a table of UTC offsets, so that engines need no timezone data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from regulars.warehouse.fact_table import Sources
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import day_and_second

if TYPE_CHECKING:
    import ibis.expr.types as ir

_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def with_local_day(rows: ir.Table, at: str, sources: Sources, name: str = "day") -> ir.Table:
    """Add the epoch day of an instant in the row's `zone`, else in the shop's timezone.

    Args:
        rows: a table with the instant and `zone`.
        at: the column of the instant, in UTC.
        sources: the table zone_days, and the shop's timezone.
        name: the column of the day.
    """
    utc_day, second = day_and_second(rows[at])
    rows = rows.mutate(utc_day_=utc_day, second_=second, zone_=rows.zone.fill_null(sources.settings.timezone))
    days = sources.table("zone_days")
    days = days.select(of_zone=days.zone, of_day=days.utc_day, switch=days.switch, before=days.before, after=days.after)
    rows = rows.left_join(days, [rows.utc_day_ == days.of_day, rows.zone_ == days.of_zone])
    local = rows.second_ + (rows.second_ < rows.switch).ifelse(rows.before, rows.after)
    day = rows.utc_day_ + ibis.cases((local >= _DAY, 1), (local < 0, -1), else_=0)
    return rows.mutate(**{name: day.cast("int32")}).drop(
        "utc_day_", "second_", "zone_", "of_zone", "of_day", "switch", "before", "after"
    )


def with_local_days(rows: ir.Table, days: Mapping[str, str], sources: Sources) -> ir.Table:
    """Add the local days of several instants: `days` maps the column of each instant to that of its day."""
    for at, name in days.items():
        rows = with_local_day(rows, at, sources, name)
    return rows


def zone_days(zones: Iterable[str], first: int, last: int) -> dict[str, npt.NDArray[Any]]:
    """Return the UTC offsets of each zone and each UTC day from `first` to `last` (epoch days), as columns.

    `before` and `after` are the seconds to add to UTC before and after the second `switch` of that day; on most days
    they are equal.
    """
    days = np.arange(first, last + 1)
    columns: dict[str, list[object]] = {name: [] for name in ("zone", "utc_day", "switch", "before", "after")}
    for zone in zones:
        offsets = [_offset(ZoneInfo(zone), int(day) * _DAY) for day in (*days, last + 1)]
        for day, before, after in zip(days, offsets, offsets[1:], strict=False):
            switch = _DAY if before == after else _switch(ZoneInfo(zone), int(day) * _DAY, before)
            for name, value in zip(columns, (zone, int(day), switch, before, after), strict=True):
                columns[name].append(value)
    return {name: np.array(values, dtype=object if name == "zone" else np.int32) for name, values in columns.items()}


def _offset(zone: ZoneInfo, second: int) -> int:
    """Return the seconds that clocks in the zone are ahead of UTC, at a second since 1970."""
    ahead = (_EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds())


def _switch(zone: ZoneInfo, start: int, before: int) -> int:
    """Return the second of the UTC day at which the offset changes from `before`."""
    low, high = 0, _DAY
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, start + middle) == before else (low, middle)
    return high
