"""A real shop, from its file to published numbers: Online Retail (Chen et al., UCI, CC BY 4.0), by the example mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regulars.load.run import LoadResult
from regulars.metrics.catalogue import named
from regulars.metrics.customers.drill_down import rows
from regulars.metrics.query import Facts, Query
from regulars.metrics.query_result import Value
from regulars.metrics.run_query import run_query
from regulars.services.app import App
from regulars.vocabulary.shop import Shop

MAPPING = Path(__file__).resolve().parents[1] / "examples" / "online_retail.toml"
WHOLE = "2010-12-01..2011-12-09"


@pytest.fixture(scope="module")
def loaded(data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[App, LoadResult]:
    file = data("online_retail/online_retail.csv.gz")
    app = App(Shop.create(tmp_path_factory.mktemp("retail"), currency="GBP", timezone="Europe/London"))
    return app, app.load([file], mapping=MAPPING)


@pytest.fixture(scope="module")
def facts(loaded: tuple[App, LoadResult]) -> Iterator[Facts]:
    with loaded[0].facts() as found:
        yield found


def ask(facts: Facts, name: str, period: str, **more: object) -> list[Value]:
    return list(run_query(Query((named(name),), (facts.calendar.parse(period),), **more), facts))  # type: ignore[arg-type]


def only(facts: Facts, name: str, period: str) -> Value:
    (value,) = ask(facts, name, period)
    return value


def test_every_row_is_accounted_for(loaded: tuple[App, LoadResult]) -> None:
    (count,) = loaded[1].files.values()
    assert count.read == 541_909 == count.used + count.skipped + count.rejected
    assert count.rejected == 0


def test_large_orders_of_wholesalers_are_not_warned_of(loaded: tuple[App, LoadResult]) -> None:
    """The largest line is 168,469.60, and the orders are of wholesalers."""
    assert [warning for warning in loaded[1].warnings if "times as large" in warning] == []


def test_orders_and_customers(facts: Facts) -> None:
    per_customer = only(facts, "orders_per_active_customer", WHOLE)
    assert (per_customer.numerator, per_customer.denominator) == (18_532, 4_338)
    value = only(facts, "customer_lifetime_value", WHOLE)
    assert (value.numerator, value.denominator) == (8_911_407.90, 4_338)
    assert only(facts, "average_revenue_per_customer", WHOLE).numerator / 18_532 == pytest.approx(480.866, abs=5e-4)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "percent"), [("repeat_customer_rate", 65.583), ("repeat_customer_rate_by_days", 64.315)]
)
def test_who_came_back(facts: Facts, name: str, percent: float) -> None:
    assert only(facts, name, WHOLE).value == pytest.approx(percent / 100, abs=5e-6)


def test_time_between_purchases(facts: Facts) -> None:
    mean = only(facts, "time_between_purchases", WHOLE)
    assert (mean.n, round(mean.value or 0, 3)) == (12_425, 45.657)
    assert only(facts, "time_between_purchases_median", WHOLE).value == 28
    assert only(facts, "time_between_purchases_p90", WHOLE).value == 110


def test_the_first_cohort_after_a_month(facts: Facts) -> None:
    cells = ask(facts, "cohort_retention_rate", "2010-12")
    second = next(cell for cell in cells if cell.split == {"age": "1"})
    assert (second.numerator, second.denominator) == (324, 885)


def test_the_rows_behind_a_number_are_its_customers(facts: Facts) -> None:
    value = only(facts, "returning_customer_rate", "2011-10")
    found = rows(named("returning_customer_rate"), facts.calendar.parse("2011-10"), facts)
    assert sum(row.numerator for row in found) == value.numerator
    assert sum(row.denominator or 0 for row in found) == value.denominator == len(found)


def test_returns_without_orders_leave_rates_by_order_day_unknown(facts: Facts) -> None:
    assert only(facts, "product_return_rate", "2011-10").value is None
    assert only(facts, "product_return_rate_by_return_day", "2011-10").value is not None
