"""Splits, filters, what stands for nothing, and when a value is complete and mature."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from metrics.shops import TestShop, order, shop
from regulars.metrics.catalogue import CATALOGUE, named
from regulars.metrics.query import Condition, Query, condition, latest_complete, outside_data, period_named, periods_of
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.metrics.shapes import Grid, Metric, Total
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.errors import UsageError
from regulars.warehouse.derive import derive
from regulars.warehouse.log import add_counts
from regulars.warehouse.tables import BY_NAME


def ask(
    made: TestShop, name: str, period: str, splits: tuple[str, ...] = (), where: tuple[str, ...] = (), window: int = 365
) -> dict[str, Value]:
    """Values by the values of the splits."""
    facts = made.facts
    question = Query((named(name),), (facts.calendar.parse(period),), splits, tuple(map(condition, where)), window)
    return {", ".join(value.split.values()): value for value in run_query(question, facts)}


def numbers(
    made: TestShop, name: str, period: str, splits: tuple[str, ...] = (), where: tuple[str, ...] = ()
) -> dict[str, float | None]:
    return {split: value.value for split, value in ask(made, name, period, splits, where).items()}


@pytest.fixture(scope="module")
def two() -> TestShop:
    """ana buys a coat and a hat, ben a hat; one hat comes back; a guest buys without lines."""
    orders = [
        order(1, "ana", "2024-03-01", "40.00", country="DE", channel="web", coupon="SPRING"),
        order(2, "ana", "2024-04-10", "10.00", country="FR", channel="shop"),
        order(3, "ben", "2024-04-20", "30.00", channel="web", source="other"),
        order(4, None, "2024-05-31", "5.00", country="DE"),
    ]
    lines = [
        line(1, 1, "coat", 1, "30.00", category="warm"), line(1, 2, "hat", 1, "10.00"), line(2, 1, "hat", 2, "10.00"),
        line(3, 1, "hat", 3, "30.00", source="other"),
    ]  # fmt: skip
    back = {"return_id": "r", "order_id": "2", "line_id": "1", "returned_at": datetime(2024, 4, 12), "quantity": 1,
            "amount": Decimal(5), "reason": "too small"}  # fmt: skip
    spend = [{"day": date(2024, 4, 1), "channel": "web", "amount": Decimal(6), "currency": "GBP"}]
    return shop(orders=orders, order_lines=lines, returns=[back], spend=spend)


def line(number: int, place: int, product: str, quantity: int, amount: str, **more: object) -> dict[str, object]:
    return {"order_id": str(number), "line_id": str(place), "product_name": product, "quantity": quantity,
            "amount": Decimal(amount), **more}  # fmt: skip


def test_orders_are_split_by_their_own_words(two: TestShop) -> None:
    assert numbers(two, "net_revenue", "2024", ("country",)) == {"DE": 45, "FR": 5, "unknown": 30}
    assert numbers(two, "orders", "2024", ("channel", "country")) == {
        "shop, FR": 1, "unknown, DE": 1, "web, DE": 1, "web, unknown": 1,
    }  # fmt: skip
    assert numbers(two, "orders", "2024", ("source",)) == {"other": 1, "test": 3}
    assert numbers(two, "orders", "2024", ("coupon",)) == {"SPRING": 1, "unknown": 3}


def test_customers_are_split_by_their_first_order(two: TestShop) -> None:
    assert numbers(two, "active_buyers", "2024-04", ("channel",)) == {"web": 2}
    assert numbers(two, "customer_lifetime_value", "2024", ("country",)) == {"DE": 45, "unknown": 30}
    assert numbers(two, "new_customers", "2024", ("product",)) == {"coat": 1, "hat": 1}


def test_lines_are_split_by_product_and_category(two: TestShop) -> None:
    # Of the order without lines no product is known, and no piece.
    assert numbers(two, "units", "2024", ("product",)) == {"coat": 1, "hat": 6, "unknown": 0}
    assert numbers(two, "units", "2024", ("category",)) == {"unknown": 6, "warm": 1}
    found = ask(two, "product_return_rate", "2024-04", ("product",))
    assert (found["hat"].numerator, found["hat"].denominator) == (1, 5)


def test_a_split_that_only_the_returns_know_leaves_what_was_sold_whole(two: TestShop) -> None:
    found = ask(two, "product_return_rate", "2024-04", ("reason",))
    assert {split: (value.numerator, value.denominator) for split, value in found.items()} == {"too small": (1, 5)}


def test_a_split_value_without_anything_in_the_period_is_zero(two: TestShop) -> None:
    facts = two.facts
    periods = (facts.calendar.parse("2024-03"), facts.calendar.parse("2024-04"))
    found = run_query(Query((named("orders"), named("average_order_value")), periods, ("country",)), facts)
    got = {(v.metric.name, v.period.label, v.split["country"]): v.value for v in found}
    assert got["orders", "2024-03", "FR"] == 0
    assert got["average_order_value", "2024-03", "FR"] is None


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (("country=DE",), 45), (("country=de",), 0), (("country=DE,FR",), 50), (("country!=DE",), 35), (("country=unknown",), 30),
        (("country!=unknown",), 50), (("net_revenue>=30",), 70), (("net_revenue<30",), 10), (("order_number=1",), 70),
        (("order_number>1",), 5), (("first_country=DE",), 45), (("product=hat",), 45), (("units>=3",), 30), (("source=other",), 30),
        (("country=DE", "channel=web"), 40), (("coupon=SPRING",), 40), (("net_revenue=40,30",), 70), (("currency!=GBP",), 0),
    ],
)  # fmt: skip
def test_a_filter_keeps_the_orders_or_lines_it_names(two: TestShop, where: tuple[str, ...], expected: float) -> None:
    assert numbers(two, "net_revenue", "2024", (), where) == {"": expected}


def test_a_filter_of_lines(two: TestShop) -> None:
    assert numbers(two, "units", "2024", (), ("product!=hat",)) == {"": 1}


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("refunds_by_return_day", "reason=too small"),
        ("units", "category=warm"),
        ("product_return_rate", "category=warm"),
    ],
)
def test_a_filter_that_only_the_metrics_own_fact_knows(two: TestShop, name: str, where: str) -> None:
    ask(two, name, "2024", (), (where,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("country=DE", Condition("country", "=", ("DE",))),
        ("country = DE, AT", Condition("country", "=", ("DE", "AT"))),
        ("net_revenue>=50", Condition("net_revenue", ">=", ("50",))),
        ("channel!=web", Condition("channel", "!=", ("web",))),
        ("coupon=A=B", Condition("coupon", "=", ("A=B",))),
        ("coupon=<3", Condition("coupon", "=", ("<3",))),
    ],
)
def test_how_a_condition_is_written(text: str, expected: Condition) -> None:
    assert condition(text) == expected


@pytest.mark.parametrize("text", ["", "country", "=DE"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        condition(text)
    assert "country=DE" in refused.value.hint


def test_an_unknown_column_names_the_known_ones(two: TestShop) -> None:
    with pytest.raises(UsageError, match="'colour'") as refused:
        ask(two, "orders", "2024", (), ("colour=red",))
    assert "country" in refused.value.hint and "net_revenue" in refused.value.hint


def test_a_number_is_compared_with_numbers(two: TestShop) -> None:
    with pytest.raises(UsageError, match="is a number"):
        ask(two, "orders", "2024", (), ("net_revenue>much",))
    with pytest.raises(UsageError, match="several values"):
        ask(two, "orders", "2024", (), ("net_revenue>1,2",))


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e40", "1e-40"])
def test_a_number_that_no_amount_can_be_is_refused(two: TestShop, number: str) -> None:
    with pytest.raises(UsageError, match="is a number"):
        ask(two, "orders", "2024", (), (f"net_revenue>{number}",))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("net_revenue>9.9996", 4), ("net_revenue>=10.0104", 2), ("net_revenue=10.0104", 0), ("net_revenue!=10.0104", 4),
        ("net_revenue=10,10.0200,10.0304", 2), ("net_revenue<10.000000000001", 1), ("net_revenue<=9.999999999999", 0),
        ("net_revenue>0.1e2", 3), ("units>-0.0004", 4), ("units<0.0004", 4), ("order_number>1.9996", 3),
    ],
)  # fmt: skip
def test_a_number_is_compared_to_its_last_digit(where: str, expected: int) -> None:
    amounts = ("10.00", "10.01", "10.02", "10.03")
    made = shop(orders=[order(n, "ana", f"2024-03-0{n}", amount) for n, amount in enumerate(amounts, 1)])
    assert numbers(made, "orders", "2024", (), (where,)) == {"": expected}


def test_an_unknown_split_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'colour'") as refused:
        Query((named("orders"),), (), ("colour",))
    assert refused.value.hint.startswith("It knows: channel, country, coupon, currency")
    with pytest.raises(UsageError, match="twice"):
        Query((named("orders"),), (), ("country", "country"))


def test_an_unknown_metric_names_the_closest() -> None:
    with pytest.raises(UsageError) as refused:
        named("customer_churn")
    assert "customer_churn_rate" in refused.value.hint
    assert named("Customer-Churn rate") is named("customer_churn_rate")


@pytest.mark.parametrize("window", [0, -1, 20_001])
def test_a_window_that_makes_no_sense_is_refused(window: int) -> None:
    with pytest.raises(UsageError, match="active_window must be between 1 and 20,000 days"):
        Query((named("orders"),), (), active_window=window)


@pytest.mark.parametrize("metric", [m for m in CATALOGUE if not isinstance(m, Grid)], ids=lambda m: m.name)
def test_outside_the_data_is_nothing_and_inside_is_zero(two: TestShop, metric: Metric) -> None:
    facts = two.facts
    name = metric.name
    for period in ("2023-12", "2024-06", "2030"):
        assert ask(two, name, period)[""].value is None
    # 2024-04-11 has orders and returns around it, but nothing on the day itself.
    value = run_query(Query((named(name),), (facts.calendar.parse("2024-04-11"),)), facts)[0]
    if isinstance(metric, Total):
        is_loaded = {*metric.tables} <= {"orders", "order_lines", "returns", "spend", "linked_returns"}
        assert value.value == (0 if is_loaded else None)
    elif value.denominator == 0:
        assert value.value is None and value.low is None and value.high is None


def test_what_has_no_rows_at_all_is_nothing() -> None:
    assert numbers(shop(orders=[order(1, "ana", "2024-03-01")]), "refunds_by_return_day", "2024-03") == {"": None}


def flags(made: TestShop, name: str, period: str, window: int = 365) -> tuple[bool, bool]:
    value = ask(made, name, period, window=window)[""]
    return value.complete, value.mature


@pytest.fixture(scope="module")
def march_to_may() -> TestShop:
    """Orders from 2024-03-05 to 2024-05-31, a refund on 2024-04-20."""
    back = {
        "return_id": "r",
        "order_id": "1",
        "returned_at": datetime(2024, 4, 20),
        "quantity": 1,
        "amount": Decimal(5),
    }
    days = ("2024-03-05", "2024-04-20", "2024-05-31")
    lines = [line(number, 1, "hat", 1, "10.00") for number in range(len(days))]
    return shop(orders=[order(n, "ana", day) for n, day in enumerate(days)], order_lines=lines, returns=[back])


@pytest.mark.parametrize(
    ("period", "complete"),
    [("2024-04", True), ("2024-05", True), ("2024-06", False), ("2024-Q2", False), ("2024-05-31", True), ("2024-06-01", False),
     ("2024", False), ("2024-05-01..2024-05-31", True), ("2024-05-01..2024-06-01", False)],
)  # fmt: skip
def test_a_period_is_complete_once_the_data_reach_its_last_day(
    march_to_may: TestShop, period: str, complete: bool
) -> None:
    assert flags(march_to_may, "orders", period)[0] is complete


def test_a_table_without_news_is_covered_by_the_load_that_brought_it(march_to_may: TestShop) -> None:
    """The refunds came with the orders: none since 2024-04-20 means none."""
    assert flags(march_to_may, "refunds_by_return_day", "2024-05")[0]


def test_what_the_shop_says_of_its_files_is_believed() -> None:
    made = shop(orders=[order(1, "ana", "2024-03-05"), order(2, "ana", "2024-05-28")])
    assert not flags(made, "orders", "2024-05")[0]
    made.con.execute(
        "INSERT INTO main.loads VALUES (1, TIMESTAMP '2024-06-02', 'load', 'test', false, DATE '2024-05-31', NULL)"
    )
    add_counts(made.con, BY_NAME["orders"], 1, "test")
    derive(made.con, made.settings)
    assert flags(made, "orders", "2024-05")[0]
    assert not flags(made, "orders", "2024-06")[0]


@pytest.mark.parametrize(
    ("name", "period", "window", "mature"),
    [
        # The data begin on 2024-03-05: a window of 27 days reaches back to it from 2024-04-01.
        ("customer_churn_rate", "2024-04", 27, True), ("customer_churn_rate", "2024-04", 28, False),
        ("customer_retention_rate", "2024-05", 365, False), ("customers_end", "2024-04", 365, True),
        ("orders", "2024-04", 365, True),
        # 30 days after the last day of April lie inside the data, after that of May they do not.
        ("product_return_rate", "2024-04", 365, True), ("product_return_rate", "2024-05", 365, False),
        ("product_return_rate", "2024-04-01..2024-05-01", 365, True),
        ("product_return_rate", "2024-04-01..2024-05-02", 365, False),
        ("product_return_rate_by_return_day", "2024-05", 365, True),
        # The data reach 2024-05-31: 31 days after the last day of April.
        ("returning_customer_rate_lifetime", "2024-04", 31, True), ("returning_customer_rate_lifetime", "2024-04", 32, False),
        ("returning_customer_rate_lifetime", "2024-05", 365, False),
    ],
)  # fmt: skip
def test_a_value_is_mature_once_late_events_had_time(
    march_to_may: TestShop, name: str, period: str, window: int, mature: bool
) -> None:
    assert flags(march_to_may, name, period, window)[1] is mature


def test_the_latest_complete_period(march_to_may: TestShop) -> None:
    facts = march_to_may.facts
    assert latest_complete(facts, Grain.MONTH).label == "2024-05"
    assert latest_complete(facts, Grain.QUARTER).label == "2024-Q1"
    assert latest_complete(facts, Grain.YEAR).label == "2024"  # running: none is complete
    assert [period.label for period in periods_of(facts, Grain.MONTH, None, None)] == ["2024-03", "2024-04", "2024-05"]
    assert [period.label for period in periods_of(facts, Grain.MONTH, date(2024, 4, 30), date(2024, 5, 1))] == [
        "2024-04", "2024-05",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "start", "last"),
    [
        ("last-month", "2024-05-01", "2024-05-31"),
        ("this-month", "2024-05-01", "2024-05-31"),
        ("last-2-months", "2024-04-01", "2024-05-31"),
        ("last-week", "2024-05-20", "2024-05-26"),  # the one of 31 May, a Friday, is not complete
        ("this-week", "2024-05-27", "2024-06-02"),
        ("last-3-weeks", "2024-05-06", "2024-05-26"),
        ("last-90-days", "2024-03-03", "2024-05-31"),
        ("last-day", "2024-05-31", "2024-05-31"),
        ("last-quarter", "2024-01-01", "2024-03-31"),
        ("this-year", "2024-01-01", "2024-12-31"),
        ("all", "2024-03-05", "2024-05-31"),
    ],
)
def test_relative_periods_end_with_the_data(march_to_may: TestShop, text: str, start: str, last: str) -> None:
    period = period_named(march_to_may.facts, text, named("orders"))
    assert (str(period.start), str(period.end - timedelta(days=1))) == (start, last)


@pytest.mark.parametrize("text", ["last-0-days", "last-0-months"])
def test_a_relative_period_has_a_day(march_to_may: TestShop, text: str) -> None:
    with pytest.raises(UsageError, match="at least 1 day"):
        period_named(march_to_may.facts, text)


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("2031-05", "2031-05 lies after the data, which cover 2024-03-05 to 2024-05-31."),
        ("2024-06", "2024-06 lies after the data, which cover 2024-03-05 to 2024-05-31."),
        ("2024-03-04", "2024-03-04 lies before the data, which cover 2024-03-05 to 2024-05-31."),
        ("2024-03", ""),
        ("2024", ""),
    ],
)
def test_a_period_without_any_day_of_the_data_is_named(march_to_may: TestShop, period: str, said: str) -> None:
    facts = march_to_may.facts
    assert outside_data(facts, [facts.calendar.parse(period)], named("orders")) == said


def test_guests_count_in_orders_and_not_among_customers(two: TestShop) -> None:
    assert numbers(two, "guest_order_share", "2024") == {"": 0.25}
    assert numbers(two, "average_order_value", "2024") == {"": 20}
    assert numbers(two, "average_revenue_per_customer", "2024") == {"": 37.5}
    assert numbers(two, "active_buyers", "2024-05") == {"": 0}


def test_what_is_not_known_by_a_split_is_not_taken_whole_from_each_part(two: TestShop) -> None:
    """Spend is known by channel, not by country: each country would pay for all of it."""
    with pytest.raises(UsageError, match="cannot be split by 'country'"):
        ask(two, "average_profit_per_customer_after_marketing", "2024", ("country",))
