"""Dates of renewals: on the day of the month of the start, or on the month's last day where it has no such day; or
every n days.

Days are epoch days. Months are numbered from January 1970 = 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.vocabulary.settings.term import Term

IntArray = npt.NDArray[np.int64]


def renewal_day(term: Term, began: IntArray, number: IntArray) -> IntArray:
    """Return the day of the `number`-th renewal; the 0-th is the day of the start."""
    if term.days:
        return began + term.days * number
    month, of_month = month_and_day(began)
    due_month = month + term.months * number
    return month_start(due_month) + np.minimum(of_month, month_length(due_month)) - 1


def renewals_due(term: Term, began: IntArray, day: IntArray | int) -> IntArray:
    """Return how many renewals are due by the end of `day`."""
    if term.days:
        return (day - began) // term.days
    month, of_month = month_and_day(began)
    this_month, this_day = month_and_day(np.asarray(day))
    not_reached = this_day < np.minimum(of_month, month_length(this_month))
    return (this_month - month - not_reached) // term.months


def month_and_day(day: IntArray) -> tuple[IntArray, IntArray]:
    """Return the number of the month, and the day of the month, from 1."""
    month = np.asarray(day).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return month, np.asarray(day) - month_start(month) + 1


def month_start(month: IntArray) -> IntArray:
    """Return the first day of a month."""
    return np.asarray(month).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def month_length(month: IntArray) -> IntArray:
    """Return the number of days of a month."""
    return month_start(np.asarray(month) + 1) - month_start(month)


def calendar_table(first: int, last: int) -> pa.Table:
    """Return for each day from `first` to `last`: calendar_day, month, of_month, the month's length, and `before`, that
    of the month before.
    """
    days = np.arange(first, last + 1)
    month, of_month = month_and_day(days)
    columns = {"calendar_day": days, "month": month, "of_month": of_month, "length": month_length(month)}
    columns["before"] = month_length(month - 1)
    return pa.table({name: pa.array(values.astype(np.int32)) for name, values in columns.items()})
