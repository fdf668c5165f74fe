"""Each subscription's past as of a day: how often it has renewed, and whether it left at a renewal that has come since.

An end between two renewals, or on the day of one, counts as non-renewal at the next due date. Until that day has come it counts
with those who were not yet asked: others of the same age were not asked either, and to count only those who left early would
make leaving look more frequent than it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from regulars.forecast.subscriptions.renewal_days import Days, calendar, length_of, month_and_day
from regulars.vocabulary.settings.term import Term, Terms
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import divided, larger, smaller

STEPS = 20
"""Parts of a period in which ends are told apart; the last day, that of the renewal itself, is one more."""


def known_until(engine: Engine, rows: ir.Table, covered: tuple[int, int]) -> int:
    """The last epoch day of which it is known who is subscribed: the last on which a subscription began or ended, for of later
    days nobody knows whether those that ran then still do.

    rows: the fact subscriptions; covered: the last day of the shop's data, and that which subscriptions are said to cover.
    """
    last_day, told = covered
    found = engine.row(
        rows.agg(
            began=rows.day.max(where=rows.day <= last_day), ended=rows.ended_day.max(where=rows.ended_day <= last_day)
        )
    )
    known = [int(day) for day in found.values() if day is not None]
    return min(last_day, max(told, *known))


@dataclass(frozen=True)
class Past:
    """What there is to learn from, in an engine.

    `rows` is the fact subscriptions with `plan` ('' where none is told), the `months` and `days` of its term, the parts of the
    calendar that its days are: `cohort`, the number of the month it began in, and `began_of` of that month, `end_month`,
    `end_of_month` and so on. `terms` are those of the plans.
    """

    engine: Engine
    rows: ir.Table
    terms: dict[str, Term]


def past(engine: Engine, rows: ir.Table, terms: Terms, until: int) -> Past:
    """The past of the fact subscriptions before the epoch day `until`."""
    rows = rows.filter(rows.day < until).mutate(plan=rows.plan.fill_null(""))
    found = engine.read(rows.group_by("plan").agg(first=rows.day.min()))
    plans = found["plan"].to_pylist()
    named = {plan: terms.of(plan) for plan in plans}
    days = engine.keep("subscription_days", calendar(min(found["first"].to_pylist(), default=until), until))
    of_plans = engine.keep(
        "subscription_terms",
        pa.table(
            {
                "of_plan": pa.array(plans, pa.string()),
                "months": pa.array([named[plan].months for plan in plans], pa.int32()),
                "days": pa.array([named[plan].days for plan in plans], pa.int32()),
            }
        ),
    )
    rows = rows.inner_join(of_plans, rows.plan == of_plans.of_plan).drop("of_plan")
    began = days.select(began_on=days.calendar_day, cohort=days.month, began_of=days.of_month)
    rows = rows.inner_join(began, rows.day == began.began_on).drop("began_on")
    named_end = {f"end_{name}": days[name] for name in ("month", "of_month", "length", "before")}
    ends = days.select(ended_on=days.calendar_day, **named_end)
    rows = rows.left_join(ends, rows.ended_day == ends.ended_on).drop("ended_on")
    return Past(engine, engine.keep("subscription_past", rows), named)


def renewal_history(past: Past, until: int) -> ir.Table:
    """One row per subscription that began before the epoch day `until`, adding

    `over`, whether it ended before; `asked`, how many of its renewals have come, were all kept; `renewed`, how many were kept;
    `left`, whether it ended at a renewal that has come; `part`, in which of STEPS parts of a period it ended (STEPS itself is
    its last day; of no meaning where it is not over).
    """
    month, of_month = (int(number) for number in month_and_day(np.asarray(until - 1)))
    length = int(length_of(np.asarray(month)))
    rows = past.rows.filter(past.rows.day < until)
    # The last day of a month stands for those it lacks.
    short = rows.began_of > of_month if of_month < length else ibis.literal(False)
    rows = rows.mutate(
        over=rows.ended_day.notnull() & (rows.ended_day < until),
        anchor=smaller(rows.began_of, rows.end_length),
        short=short,
    )
    missed = rows.end_of_month <= rows.anchor  # what ends on the day of a renewal was not renewed
    rows = rows.mutate(
        asked=_times(
            rows, ibis.literal(month) - rows.cohort - rows.short.ifelse(1, 0), ibis.literal(until - 1) - rows.day
        ),
        whole=rows.end_month - rows.cohort - missed.ifelse(1, 0),
        since=missed.ifelse(rows.end_before - smaller(rows.began_of, rows.end_before), -rows.anchor)
        + rows.end_of_month,
        size=missed.ifelse(rows.end_before - smaller(rows.began_of, rows.end_before) + rows.anchor, rows.end_length),
    )
    kept = larger(_times(rows, rows.whole, rows.ended_day - rows.day - 1), ibis.literal(0))
    rows = rows.mutate(renewed=rows.over.ifelse(kept, rows.asked).cast("int32"))
    monthly = rows.months > 0
    passed = monthly.ifelse(
        (rows.whole - rows.renewed * rows.months) * rows.size + rows.since,
        rows.ended_day - rows.day - rows.renewed * rows.days,
    )
    part = divided(passed * STEPS, monthly.ifelse(rows.months * rows.size, rows.days)).floor().cast("int32")
    rows = rows.mutate(left=rows.over & (rows.renewed < rows.asked), part=part)
    return rows.drop("anchor", "short", "whole", "since", "size")


def _times(rows: ir.Table, months: ir.IntegerValue, days: ir.IntegerValue) -> ir.IntegerValue:
    """How often a subscription's term has passed in so many whole months, or in so many days."""
    monthly = rows.months > 0
    return divided(monthly.ifelse(months, days), monthly.ifelse(rows.months, rows.days)).floor().cast("int32")


@dataclass(frozen=True, eq=False)
class LivesCells:
    """Subscriptions with equal pasts as one: their plan, cohort (a month's number), renewals, whether they left, how many."""

    plan: list[str]
    cohort: Days
    renewed: Days
    left: Days
    running: Days
    n: Days

    def of(self, plans: set[str]) -> LivesCells:
        """Those of some plans."""
        rows = np.array([plan in plans for plan in self.plan], dtype=bool)
        numbers = (part[rows] for part in (self.cohort, self.renewed, self.left, self.running, self.n))
        return LivesCells([plan for plan in self.plan if plan in plans], *numbers)


def cells(engine: Engine, rows: ir.Table) -> LivesCells:
    """The cells of `renewal_history`."""
    found = engine.read(
        rows.group_by("plan", "cohort", "renewed", left=rows.left.cast("int32"), running=(~rows.over).cast("int32"))
        .agg(n=rows.count())
        .order_by("plan", "cohort", "renewed", "left", "running")
    )
    numbers = (np.asarray(found[name], dtype=np.int64) for name in ("cohort", "renewed", "left", "running", "n"))
    return LivesCells(found["plan"].to_pylist(), *numbers)


def parts(engine: Engine, rows: ir.Table) -> dict[str, Days]:
    """When within a period subscribers left: by plan, how many in each of STEPS parts, and on its last day."""
    left = rows.filter(rows.left)
    found = engine.read(left.group_by("plan", "part").agg(n=left.count()))
    counts: dict[str, Days] = {}
    for row in found.to_pylist():
        counts.setdefault(row["plan"], np.zeros(STEPS + 1, dtype=np.int64))[row["part"]] += row["n"]
    return counts
