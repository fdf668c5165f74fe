"""Cohort grids against plain sets: who was won together, and what each of them did since."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from metrics.sets import Bought, History, histories
from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import named
from regulars.metrics.query import Query, condition
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.vocabulary.calendar import Grain, Period

FIRST, LAST = date(2024, 1, 15), date(2024, 9, 20)
DAYS = (LAST - FIRST).days
GRIDS = ("cohort_retention_rate", "cohort_revenue_per_customer")


def month_of(day: date) -> int:
    return day.year * 12 + day.month


def calendar_age(first: date, day: date) -> int:
    return month_of(day) - month_of(first)


def rolling_age(first: date, day: date) -> int:
    return (day - first).days // 30


def over_by(last: date, first: date, age: int, rolling: bool) -> bool:
    """Whether the age is over, for someone who started on `first`, when the data end with `last`."""
    if rolling:
        return first + timedelta(days=30 * (age + 1)) <= last + timedelta(days=1)
    return month_of(last + timedelta(days=1)) > month_of(first) + age


def cells(people: list[History], period: Period, last: date, rolling: bool) -> dict[int, tuple[int, int, float]]:
    """By age: customers whose time at that age is over, those of them who ordered, and their net revenue until then."""
    age_of = rolling_age if rolling else calendar_age
    found = {}
    cohort = [history for history in people if period.start <= history[0].day < period.end]
    for age in range(DAYS):
        over = [history for history in cohort if over_by(last, history[0].day, age, rolling)]
        if not over:
            continue
        ordering = sum(any(age_of(h[0].day, o.day) == age for o in h) for h in over)
        revenue = sum(o.amount for h in over for o in h if age_of(h[0].day, o.day) <= age)
        found[age] = (len(over), ordering, revenue)
    return found


@st.composite
def shops(draw: st.DrawFn) -> tuple[TestShop, list[Bought]]:
    one = st.tuples(
        st.integers(0, 25), st.one_of(st.integers(0, 40), st.integers(0, DAYS)), st.sampled_from([5, 10, 25]),
        st.sampled_from(["DE", "FR", None]),
    )  # fmt: skip
    drawn = draw(st.lists(one, min_size=40, max_size=120))
    rows = [order("end", None, LAST, "1.00")]
    known = []
    for number, (person, day, amount, country) in enumerate(drawn):
        row = order(f"{number:03d}", f"c{person}", FIRST + timedelta(days=day), amount, country=country)
        rows.append(row)
        known.append(
            Bought(f"{number:03d}", f"c{person}", row["ordered_at"], FIRST + timedelta(days=day), None, country, amount)
        )
    return shop(orders=rows), known


def grids(
    made: TestShop, periods: tuple[Period, ...], rolling: bool, splits: tuple[str, ...] = (), *where: str
) -> list[Value]:
    metrics = tuple(named(name + ("_rolling" if rolling else "")) for name in GRIDS)
    conditions = tuple(condition(text) for text in where)
    return list(run_query(Query(metrics, periods, splits, conditions), made.facts))


@settings(max_examples=3, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(shops(), st.booleans())
def test_every_cell_is_what_sets_say(drawn: tuple[TestShop, list[Bought]], rolling: bool) -> None:
    made, orders = drawn
    last = LAST
    calendar = made.facts.calendar
    periods = (
        *calendar.periods(Grain.MONTH, FIRST, LAST),
        *calendar.periods(Grain.WEEK, FIRST, FIRST + timedelta(days=60)),
        *calendar.periods(Grain.QUARTER, FIRST, LAST),
        *calendar.periods(Grain.ALL, FIRST, LAST),
    )
    by_country: dict[str, list[History]] = defaultdict(list)
    for history in histories(orders):
        by_country[history[0].country or "unknown"].append(history)
    found = {
        (
            value.metric.name.removesuffix("_rolling"),
            value.period,
            value.split["country"],
            int(value.split["age"]),
        ): value
        for value in grids(made, periods, rolling, ("country",))
    }
    wanted = {}
    for period in periods:
        for country, people in by_country.items():
            whole = sum(period.start <= history[0].day < period.end for history in people)
            for age, (over, ordering, revenue) in cells(people, period, last, rolling).items():
                complete = period.grain is Grain.ALL or over == whole
                wanted["cohort_retention_rate", period, country, age] = (ordering / over, over, complete)
                wanted["cohort_revenue_per_customer", period, country, age] = (revenue / over, over, complete)
    assert found.keys() == wanted.keys()
    for key, (expected, over, complete) in wanted.items():
        value = found[key]
        assert (value.value, value.n, value.complete) == (pytest.approx(expected, abs=1e-9), over, complete), key


def four() -> TestShop:
    """ana and ben start in March, cem in April; the data end on the last day of May."""
    return shop(
        orders=[
            order(1, "ana", "2024-03-01", "10"), order(2, "ana", "2024-04-30", "20"), order(3, "ana", "2024-05-02", "5"),
            order(4, "ben", "2024-03-31", "30"), order(5, "ben", "2024-05-31", "7"),
            order(6, "cem", "2024-04-01", "1"), order(7, "cem", "2024-05-01", "2"),
        ]
    )  # fmt: skip


def literal(values: list[Value], name: str) -> dict[tuple[str, str], float | None]:
    return {(value.period.label, value.split["age"]): value.value for value in values if value.metric.name == name}


def test_a_grid_by_calendar_months() -> None:
    made = four()
    months = tuple(made.facts.calendar.periods(Grain.MONTH, date(2024, 3, 1), date(2024, 5, 31)))
    found = grids(made, months, rolling=False)
    assert literal(found, "cohort_retention_rate") == {
        ("2024-03", "0"): 1, ("2024-03", "1"): 0.5, ("2024-03", "2"): 1, ("2024-04", "0"): 1, ("2024-04", "1"): 1,
    }  # fmt: skip
    assert literal(found, "cohort_revenue_per_customer") == {
        ("2024-03", "0"): 20, ("2024-03", "1"): 30, ("2024-03", "2"): 36, ("2024-04", "0"): 1, ("2024-04", "1"): 3,
    }  # fmt: skip


def test_the_average_is_weighted_by_cohort_and_leaves_incomplete_cells_out() -> None:
    made = four()
    whole = tuple(made.facts.calendar.periods(Grain.ALL, date(2024, 3, 1), date(2024, 5, 31)))
    found = grids(made, whole, rolling=False)
    # Month 1: one of two of March and one of one of April; month 2: March alone.
    assert literal(found, "cohort_retention_rate") == {
        ("all", "0"): 1,
        ("all", "1"): pytest.approx(2 / 3),
        ("all", "2"): 1,
    }


def test_a_rolling_grid_counts_30_days_from_each_first_order() -> None:
    made = four()
    march = (made.facts.calendar.parse("2024-03"),)
    found = {
        v.split["age"]: (v.value, v.n, v.complete)
        for v in grids(made, march, rolling=True)
        if v.metric.name.startswith(GRIDS[0])
    }
    # ana's 2024-04-30 is her day 60, 2024-05-02 her day 62: both block 2, of which she has 92 days; ben has 62 days.
    assert found == {"0": (1, 2, True), "1": (0, 2, True), "2": (1, 1, False)}


def test_an_order_beyond_the_complete_cells_is_left_out() -> None:
    made = shop(orders=[order(1, "ana", "2024-03-01"), order(2, "ana", "2024-04-10")])
    march = (made.facts.calendar.parse("2024-03"),)
    assert literal(grids(made, march, rolling=False), GRIDS[0]) == {("2024-03", "0"): 1}


def test_a_cohort_within_some_orders() -> None:
    made = shop(
        orders=[
            order(1, "ana", "2024-03-01", country="FR"), order(2, "ana", "2024-04-01", country="DE"),
            order(3, "ana", "2024-05-01", country="DE"), order(4, "ana", "2024-05-31", country="FR"),
        ]
    )  # fmt: skip
    months = tuple(made.facts.calendar.periods(Grain.MONTH, date(2024, 3, 1), date(2024, 5, 31)))
    found = grids(made, months, False, (), "country=DE")
    assert literal(found, GRIDS[0]) == {("2024-04", "0"): 1, ("2024-04", "1"): 1}
