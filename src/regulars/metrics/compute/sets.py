"""Who was active at both ends of a period, taken from the orders themselves: for periods longer than the active window."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import numpy as np
import pyarrow as pa

from regulars.metrics.compute.relations import PERSON, orders_of_customers, with_unknown
from regulars.metrics.question import Condition, Facts
from regulars.vocabulary.calendar import Period


def counts_by_sets(
    facts: Facts,
    where: tuple[Condition, ...],
    active_window: int,
    periods: Sequence[Period],
    by: tuple[str, ...],
    bucketed: bool,
) -> pa.Table:
    """By period, `by` (as split_0 …) and bucket_: `lost` (active at the start, not at the end) and `new_and_active`
    (first order ever in the period, active at its end).
    """
    days, number, at_end = [], [], []
    for index, period in enumerate(periods):
        for moment, end in ((period.first, False), (period.beyond, True)):
            window = np.arange(moment - active_window, moment)
            days.append(window)
            number.append(np.full(len(window), index))
            at_end.append(np.full(len(window), end))
    starts = np.array([period.first for period in periods])
    numbers = np.concatenate(number)
    windows = ibis.memtable(
        pa.table(
            {
                "counted_day": np.concatenate(days).astype(np.int32),
                "period": numbers.astype(np.int32),
                "at_end": np.concatenate(at_end).astype(np.int8),
                "period_start": starts[numbers].astype(np.int32),
            }
        )
    )
    rows = orders_of_customers(facts, where, by)
    rows = rows.inner_join(windows, rows.day == windows.counted_day)
    names = {
        f"split_{place}": (rows[column] if column == PERSON else with_unknown(rows[column]))
        for place, column in enumerate(by)
    }
    if bucketed:
        names["bucket_"] = rows.bucket.cast("int64")
    people = rows.group_by(period=rows.period, one=rows.person, **names).agg(
        at_end=rows.at_end.max(),
        at_start=(1 - rows.at_end).max(),
        new=(rows.first_day >= rows.period_start).ifelse(1, 0).max(),
    )
    groups = ("period", *names)
    counted = people.group_by(*groups).agg(
        lost=((people.at_start == 1) & (people.at_end == 0)).sum(),
        new_and_active=((people.at_end == 1) & (people.new == 1)).sum(),
    )
    return counted.to_pyarrow()
