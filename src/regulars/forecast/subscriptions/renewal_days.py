"""When subscriptions renew: on the day of the month they began, on its last day where it has no such day, or every so many days.

Days are epoch days. Months are numbered from January 1970 = 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.vocabulary.settings.term import Term

Days = npt.NDArray[np.int64]


def renewal_day(term: Term, began: Days, number: Days) -> Days:
    """The day on which subscriptions that began then renew for the `number`-th time; the 0-th is the day they began."""
    if term.days:
        return began + term.days * number
    month, of_month = month_and_day(began)
    later = month + term.months * number
    return first_of(later) + np.minimum(of_month, length_of(later)) - 1


def come_by(term: Term, began: Days, day: Days | int) -> Days:
    """How many renewals of subscriptions that began then have come by the end of `day`, were they all kept."""
    if term.days:
        return (day - began) // term.days
    month, of_month = month_and_day(began)
    this_month, this_day = month_and_day(np.asarray(day))
    short = this_day < np.minimum(of_month, length_of(this_month))
    return (this_month - month - short) // term.months


def month_and_day(day: Days) -> tuple[Days, Days]:
    """The month's number, and the day of the month, from 1."""
    month = np.asarray(day).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return month, np.asarray(day) - first_of(month) + 1


def first_of(month: Days) -> Days:
    """The first day of a month."""
    return np.asarray(month).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def length_of(month: Days) -> Days:
    """How many days a month has."""
    return first_of(np.asarray(month) + 1) - first_of(month)


def calendar(first: int, last: int) -> pa.Table:
    """Of each day from first to last: calendar_day, its month's number, the day of_month, the month's length, and that of the
    month before.
    """
    days = np.arange(first, last + 1)
    month, of_month = month_and_day(days)
    columns = {"calendar_day": days, "month": month, "of_month": of_month, "length": length_of(month)}
    columns["before"] = length_of(month - 1)
    return pa.table({name: pa.array(values.astype(np.int32)) for name, values in columns.items()})
