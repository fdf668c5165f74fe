"""Who is a customer, who left, who came back: every count against plain sets, on shops drawn at random.

One warehouse holds many little shops, told apart by their channel: a question split by channel answers for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.sets import Bought, History, Splitter, day_in, gaps_counted, histories, retention
from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import THEMES, named
from regulars.metrics.query import Query, condition
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.vocabulary.calendar import Grain, Period, between
from regulars.vocabulary.shop import Settings

SHOPS = 24
ZONES = ("Europe/London", "America/New_York")
# Clocks change on 2024-03-10 and 2024-11-03 in New York, on 2024-03-31 and 2024-10-27 in London.
FIRST = date(2024, 3, 8)
DAYS = 250
# Minutes of the UTC day around local midnight in both zones, winter and summer, and around noon.
MINUTES = (0, 1, 59, 60, 239, 240, 241, 299, 300, 720, 1379, 1380, 1381, 1439)
FILE_ZONES = (None, None, None, None, "UTC", "Asia/Tokyo")
"""The zone a row's file was read in, where its times carried none: its local day stays the one in that zone."""


@dataclass
class World:
    """A derived warehouse and the counted orders in it, as the oracle knows them."""

    shop: TestShop
    orders: list[Bought]
    first: date
    last: date


@st.composite
def worlds(draw: st.DrawFn, wandering: bool = False) -> World:
    """A shop of 24 little shops. With `wandering`, orders of one customer come by any channel."""
    zone = draw(st.sampled_from(ZONES))
    one = st.tuples(
        st.integers(0, SHOPS - 1),
        st.sampled_from([0, 0, 0, 1, 1, 2, None]),
        # Close together, around a clock change or anywhere.
        st.one_of(st.integers(0, 30), st.integers(225, 245), st.integers(0, DAYS)),
        st.sampled_from(MINUTES),
        st.sampled_from(["DE", "FR", None]),
        st.sampled_from(["5.00", "10.00", "20.00"]),
        st.sampled_from(["counted"] * 12 + ["cancelled", "test"]),
        st.sampled_from(FILE_ZONES),
        st.integers(0, 3),
    )
    drawn = draw(st.lists(one, min_size=60, max_size=150))
    names = draw(st.permutations(range(len(drawn))))  # order ids say nothing about time
    rows, known, days = [], [], []
    for number, (place, person, day, minute, country, amount, status, file_zone, other) in zip(
        names, drawn, strict=True
    ):
        at = datetime.combine(FIRST, datetime.min.time()) + timedelta(days=day, minutes=minute)
        customer = None if person is None else f"{place}-{person}"
        channel = f"{other}" if wandering else f"{place:02d}"
        rows.append(
            order(
                f"o{number:03d}", customer, at.isoformat(), amount, channel=channel, country=country, zone=file_zone,
                status="cancelled" if status == "cancelled" else "counted", test=status == "test",
            )
        )  # fmt: skip
        local = day_in(at, file_zone or zone)
        days.append(local)
        if status == "counted":
            known.append(Bought(f"o{number:03d}", customer, at, local, channel, country, float(amount)))
    made = shop(Settings(name="test", currency="GBP", timezone=zone), orders=rows)
    return World(made, known, min(days), max(days))


@st.composite
def periods(draw: st.DrawFn) -> tuple[Period, ...]:
    """A day, a month, everything, and any two dates: some longer than any window, some outside the data."""
    found = set()
    for _ in range(draw(st.integers(3, 5))):
        start = FIRST + timedelta(days=draw(st.integers(-20, DAYS + 10)))
        found.add(between(start, start + timedelta(days=draw(st.one_of(st.integers(0, 5), st.integers(0, 300))))))
    day = FIRST + timedelta(days=draw(st.integers(0, DAYS)))
    start = FIRST - timedelta(days=30)
    return (
        *sorted(found),
        Period(day, day + timedelta(days=1), day.isoformat(), Grain.DAY),
        Period(
            day.replace(day=1), (day.replace(day=28) + timedelta(days=4)).replace(day=1), f"{day:%Y-%m}", Grain.MONTH
        ),
        Period(start, start + timedelta(days=DAYS + 60), "all", Grain.ALL),
    )


WINDOWS = st.one_of(st.integers(1, 12), st.integers(1, 120), st.sampled_from([1, 250, 365, 20_000]))


def check(
    world: World,
    asked: tuple[Period, ...],
    window: int,
    splits: tuple[str, ...],
    of: Splitter,
    where: tuple[str, ...] = (),
    orders: list[Bought] | None = None,
) -> None:
    question = Query(THEMES["Retention"], asked, splits, tuple(condition(one) for one in where), window)
    values: dict[tuple[str, Period, object], Value] = {}
    for value in run_query(question, world.shop.facts):
        values[value.metric.name, value.period, tuple(value.split.values())] = value
    groups: dict[object, list[History]] = {key: [] for _, _, key in values}
    for history in histories(world.orders if orders is None else orders):
        groups.setdefault(of(history), []).append(history)
    for period in asked:
        there = period.start <= world.last and period.end > world.first
        for group, people in groups.items():
            expected = retention(people, period, window)
            for name, wanted in expected.items():
                found = values[name, period, group]
                told = f"{name} of {group} in {period.label}, window {window}, where {where}"
                if not there or wanted is None:
                    assert found.value is None, told
                else:
                    assert found.value == pytest.approx(wanted, abs=1e-9), told
            if there:
                for name in ("time_between_purchases", "time_between_purchases_median", "time_between_purchases_p90"):
                    assert values[name, period, group].n == gaps_counted(people, period)


@settings(max_examples=4)
@given(worlds(), periods(), WINDOWS)
def test_every_state_of_many_little_shops_is_what_sets_say(
    world: World, asked: tuple[Period, ...], window: int
) -> None:
    check(world, asked, window, ("channel",), lambda history: (history[0].channel,))


@pytest.mark.slow
@settings(max_examples=60)
@given(worlds(), periods(), WINDOWS)
def test_every_state_of_thousands_of_little_shops_is_what_sets_say(
    world: World, asked: tuple[Period, ...], window: int
) -> None:
    check(world, asked, window, ("channel",), lambda history: (history[0].channel,))


@settings(max_examples=2)
@given(worlds(), periods(), WINDOWS)
def test_the_whole_shop_is_answered_from_the_histograms(world: World, asked: tuple[Period, ...], window: int) -> None:
    check(world, asked, window, (), lambda history: ())


@settings(max_examples=3)
@given(worlds(wandering=True), periods(), WINDOWS)
def test_a_split_goes_by_the_first_order(world: World, asked: tuple[Period, ...], window: int) -> None:
    check(
        world, asked, window, ("country", "channel"),
        lambda history: (history[0].country or "unknown", history[0].channel),
    )  # fmt: skip


FILTERS = {
    "country=DE": lambda o: o.country == "DE",
    "country!=DE": lambda o: o.country != "DE",
    "country=FR,unknown": lambda o: o.country in ("FR", None),
    "net_revenue>=10": lambda o: o.amount >= 10,
    "net_revenue<20": lambda o: o.amount < 20,
    "channel=0,1": lambda o: o.channel in ("0", "1"),
}


@settings(max_examples=3)
@given(worlds(wandering=True), periods(), WINDOWS, st.sets(st.sampled_from(sorted(FILTERS)), min_size=1, max_size=2))
def test_a_filter_makes_it_a_metric_within_those_orders(
    world: World, asked: tuple[Period, ...], window: int, where: set[str]
) -> None:
    kept = [one for one in world.orders if all(FILTERS[text](one) for text in where)]
    check(world, asked, window, ("channel",), lambda history: (history[0].channel,), tuple(sorted(where)), kept)


def test_750_950_and_625_joined_is_43_3_per_cent_kept() -> None:
    rows = [order(f"s{n}", f"c{n}", "2024-02-20") for n in range(750)]
    rows += [order(f"k{n}", f"c{n}", "2024-03-10") for n in range(325)]
    # Of the 625 who joined, 25 had been customers before and were lost.
    rows += [order(f"old{n}", f"j{n}", "2023-12-20") for n in range(25)]
    rows += [order(f"j{n}", f"j{n}", "2024-03-20") for n in range(625)]
    found = states(rows)
    counts = {"customers_start": 750, "customers_end": 950, "joined_customers": 625, "retained_customers": 325}
    assert {name: found[name] for name in counts} == counts
    assert (found["lost_customers"], found["won_back_customers"], found["new_customers"]) == (425, 25, 600)
    assert round(100 * found["customer_retention_rate"], 1) == 43.3
    assert round(100 * found["customer_churn_rate"], 1) == 56.7


def test_from_1000_to_900_customers_is_10_per_cent_net_churn() -> None:
    rows = [order(f"s{n}", f"c{n}", "2024-02-20") for n in range(1000)]
    rows += [order(f"k{n}", f"c{n}", "2024-03-10") for n in range(850)]
    rows += [order(f"j{n}", f"j{n}", "2024-03-20") for n in range(50)]
    assert states(rows)["net_churn_rate"] == pytest.approx(0.1, abs=1e-12)


@pytest.mark.parametrize(
    ("window", "day", "expected"),
    [(31, "2024-01-30", 1), (31, "2024-01-29", 0), (30, "2024-01-31", 1), (30, "2024-01-30", 0)],
)
def test_a_customer_is_active_for_the_whole_window(window: int, day: str, expected: int) -> None:
    """March is longer than a window of 30 days, and then computed in another way."""
    rows = [order("a", "ana", "2023-12-01"), order("b", "bob", day), order("c", "cy", "2024-03-20")]
    found = states(rows, window)
    assert (found["customers_start"], found["lost_customers"]) == (expected, expected)


def states(rows: list[dict[str, object]], window: int = 31) -> dict[str, float]:
    """The values of March 2024."""
    facts = shop(orders=rows).facts
    question = Query(THEMES["Retention"], (facts.calendar.parse("2024-03"),), active_window=window)
    values = run_query(question, facts)
    return {value.metric.name: value.value for value in values if value.value is not None}


@pytest.mark.parametrize(("hour", "day"), [("2024-03-31T00:59:59", "2024-03-31"), ("2024-03-31T22:59:59", "2024-03-31"),
                                           ("2024-03-31T23:00:00", "2024-04-01"), ("2024-10-26T22:59:59", "2024-10-26"),
                                           ("2024-10-26T23:00:00", "2024-10-27"), ("2024-10-27T23:59:59", "2024-10-27"),
                                           ("2024-10-28T00:00:00", "2024-10-28")])  # fmt: skip
def test_an_order_lies_on_the_day_of_the_shops_clocks(hour: str, day: str) -> None:
    """London's 2024-03-31 has 23 hours and its 2024-10-27 has 25."""
    facts = shop(orders=[order(1, "ana", hour)]).facts
    (value,) = run_query(Query((named("orders"),), (facts.calendar.parse(day),)), facts)
    assert value.value == 1


def test_equal_times_are_told_apart_by_the_order_id() -> None:
    made = shop(
        orders=[
            order("b", "ana", "2024-03-01T10:00:00", "1.00", country="DE"),
            order("a", "ana", "2024-03-01T10:00:00", "2.00", country="FR"),
        ]
    )
    (value,) = run_query(
        Query((named("new_customers"),), (made.facts.calendar.parse("2024-03"),), ("country",)), made.facts
    )
    assert value.split == {"country": "FR"}


def test_days_never_run_backwards_where_files_were_read_in_different_zones() -> None:
    """Tokyo's clocks show the 11th when the earlier of the two orders is placed, London's the 10th at the later one."""
    made = shop(
        orders=[
            order(1, "ana", "2024-03-10T23:30:00", zone="Asia/Tokyo"),
            order(2, "ana", "2024-03-10T23:45:00"),
        ]
    )
    found = made.con.execute(
        "SELECT order_id, order_number, day - previous_day FROM facts.orders ORDER BY order_number"
    )
    assert found.fetchall() == [("2", 1, None), ("1", 2, 1)]


def test_amounts_stay_decimal() -> None:
    made = shop(orders=[order(n, "ana", "2024-03-01", "0.10") for n in range(3)])
    assert made.con.execute("SELECT sum(net_revenue) FROM facts.orders").fetchone() == (Decimal("0.3000"),)
