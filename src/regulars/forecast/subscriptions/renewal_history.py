"""Each subscription's renewals as of a day, and whether it churned at a renewal that has been due since.

An end between two renewals counts as non-renewal at the next due date, and so does an end on the day of a renewal.
Before that date it counts as not yet due, like all subscriptions of its age: to count early ends alone would
overestimate churn.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from regulars.forecast.subscriptions.renewal_days import IntArray, calendar_table, month_and_day, month_length
from regulars.vocabulary.settings.term import Term, Terms
from regulars.warehouse.engine import Engine
from regulars.warehouse.portable import divided, larger, smaller

PERIOD_PARTS = 20
"""Parts of a period that ends are counted by; the last day, that of the renewal, is one more."""


def known_until(engine: Engine, rows: ir.Table, covered: tuple[int, int]) -> int:
    """Return the last epoch day for which it is known who is subscribed: the last on which a subscription began or
    ended.

    Args:
        engine: Where the rows are.
        rows: The fact subscriptions.
        covered: Last day of the shop's data, and the last that subscriptions cover.
    """
    last_day, covered_until = covered
    last_days = engine.row(
        rows.agg(
            began=rows.day.max(where=rows.day <= last_day), ended=rows.ended_day.max(where=rows.ended_day <= last_day)
        )
    )
    event_days = [int(day) for day in last_days.values() if day is not None]
    return min(last_day, max(covered_until, *event_days))


@dataclass(frozen=True)
class SubscriptionData:
    """Subscriptions in an engine, and the terms of their plans.

    `rows` is the fact subscriptions with `plan` ('' where there is none), the `months` and `days` of its term, and the
    calendar parts of its days: `cohort`, the number of the month of its start, `began_of`, the day of that month,
    `end_month`, `end_of_month` and so on.
    """

    engine: Engine
    rows: ir.Table
    terms: dict[str, Term]


def subscription_data(engine: Engine, rows: ir.Table, terms: Terms, until: int) -> SubscriptionData:
    """Return the subscriptions that began before the epoch day `until`."""
    rows = rows.filter(rows.day < until).mutate(plan=rows.plan.fill_null(""))
    plan_starts = engine.read(rows.group_by("plan").agg(first=rows.day.min()))
    plans = plan_starts["plan"].to_pylist()
    plan_terms = {plan: terms.of(plan) for plan in plans}
    days = engine.keep("subscription_days", calendar_table(min(plan_starts["first"].to_pylist(), default=until), until))
    of_plans = engine.keep(
        "subscription_terms",
        pa.table(
            {
                "of_plan": pa.array(plans, pa.string()),
                "months": pa.array([plan_terms[plan].months for plan in plans], pa.int32()),
                "days": pa.array([plan_terms[plan].days for plan in plans], pa.int32()),
            }
        ),
    )
    rows = rows.inner_join(of_plans, rows.plan == of_plans.of_plan).drop("of_plan")
    start_calendar = days.select(began_on=days.calendar_day, cohort=days.month, began_of=days.of_month)
    rows = rows.inner_join(start_calendar, rows.day == start_calendar.began_on).drop("began_on")
    named_end = {f"end_{name}": days[name] for name in ("month", "of_month", "length", "before")}
    ends = days.select(ended_on=days.calendar_day, **named_end)
    rows = rows.left_join(ends, rows.ended_day == ends.ended_on).drop("ended_on")
    return SubscriptionData(engine, engine.keep("subscription_past", rows), plan_terms)


def renewal_history(data: SubscriptionData, until: int) -> ir.Table:
    """Return one row per subscription that began before the epoch day `until`.

    Returns:
        The rows with columns `over`: ended before `until`; `asked`: renewals due; `renewed`: renewals made; `left`:
        ended at a renewal that is due; `part`: part of the period in which it ended, from 0 to PERIOD_PARTS, the latter
        its last day.
    """
    month, of_month = (int(number) for number in month_and_day(np.asarray(until - 1)))
    length = int(month_length(np.asarray(month)))
    rows = data.rows.filter(data.rows.day < until)
    # On the last day of a month, renewals of the days that it lacks are due, too.
    no_such_day = rows.began_of > of_month if of_month < length else ibis.literal(False)
    rows = rows.mutate(
        over=rows.ended_day.notnull() & (rows.ended_day < until),
        anchor=smaller(rows.began_of, rows.end_length),
        short=no_such_day,
    )
    before_renewal = rows.end_of_month <= rows.anchor  # an end on the day of a renewal is a non-renewal
    rows = rows.mutate(
        asked=_terms_elapsed(
            rows, ibis.literal(month) - rows.cohort - rows.short.ifelse(1, 0), ibis.literal(until - 1) - rows.day
        ),
        whole=rows.end_month - rows.cohort - before_renewal.ifelse(1, 0),
        since=before_renewal.ifelse(rows.end_before - smaller(rows.began_of, rows.end_before), -rows.anchor)
        + rows.end_of_month,
        size=before_renewal.ifelse(
            rows.end_before - smaller(rows.began_of, rows.end_before) + rows.anchor, rows.end_length
        ),
    )
    renewals_made = larger(_terms_elapsed(rows, rows.whole, rows.ended_day - rows.day - 1), ibis.literal(0))
    rows = rows.mutate(renewed=rows.over.ifelse(renewals_made, rows.asked).cast("int32"))
    monthly = rows.months > 0
    days_passed = monthly.ifelse(
        (rows.whole - rows.renewed * rows.months) * rows.size + rows.since,
        rows.ended_day - rows.day - rows.renewed * rows.days,
    )
    part = divided(days_passed * PERIOD_PARTS, monthly.ifelse(rows.months * rows.size, rows.days)).floor().cast("int32")
    rows = rows.mutate(left=rows.over & (rows.renewed < rows.asked), part=part)
    return rows.drop("anchor", "short", "whole", "since", "size")


def _terms_elapsed(rows: ir.Table, months: ir.IntegerValue, days: ir.IntegerValue) -> ir.IntegerValue:
    """Return how many terms of a subscription fit into so many whole months, or days."""
    monthly = rows.months > 0
    return divided(monthly.ifelse(months, days), monthly.ifelse(rows.months, rows.days)).floor().cast("int32")


@dataclass(frozen=True, eq=False)
class RenewalSummary:
    """Counts of subscriptions with equal histories: plan, cohort (number of a month), renewals, churned, running and
    number, one row each.
    """

    plan: list[str]
    cohort: IntArray
    renewed: IntArray
    left: IntArray
    running: IntArray
    n: IntArray

    def of(self, plans: set[str]) -> RenewalSummary:
        """Return the rows of some plans."""
        rows = np.array([plan in plans for plan in self.plan], dtype=bool)
        numbers = (part[rows] for part in (self.cohort, self.renewed, self.left, self.running, self.n))
        return RenewalSummary([plan for plan in self.plan if plan in plans], *numbers)


def renewal_summary(engine: Engine, rows: ir.Table) -> RenewalSummary:
    """Return the counts of `renewal_history`."""
    counts = engine.read(
        rows.group_by("plan", "cohort", "renewed", left=rows.left.cast("int32"), running=(~rows.over).cast("int32"))
        .agg(n=rows.count())
        .order_by("plan", "cohort", "renewed", "left", "running")
    )
    numbers = (np.asarray(counts[name], dtype=np.int64) for name in ("cohort", "renewed", "left", "running", "n"))
    return RenewalSummary(counts["plan"].to_pylist(), *numbers)


def ends_by_part(engine: Engine, rows: ir.Table) -> dict[str, IntArray]:
    """Return by plan the number of ends in each part of a period and on its last day, shape (PERIOD_PARTS + 1,)."""
    left = rows.filter(rows.left)
    parts = engine.read(left.group_by("plan", "part").agg(n=left.count()))
    counts: dict[str, IntArray] = {}
    for row in parts.to_pylist():
        counts.setdefault(row["plan"], np.zeros(PERIOD_PARTS + 1, dtype=np.int64))[row["part"]] += row["n"]
    return counts
