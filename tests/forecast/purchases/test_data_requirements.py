"""A forecast that the data cannot carry is refused, and the shop told what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import ibis
import pytest

from metrics.shops import TestShop, order, shop
from regulars.forecast.options import ForecastOptions
from regulars.forecast.purchases.data_requirements import DataCounts, count_data, require, unmet_requirements
from regulars.forecast.purchases.monetary_value import winsorize
from regulars.forecast.purchases.pipeline import run_forecast
from regulars.services.forecasting import Forecasting
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.errors import ForecastRefused, NothingLoaded, UsageError
from regulars.vocabulary.shop import Shop
from regulars.warehouse.engine import Engine

TODAY = epoch_day(date(2025, 1, 1))
ENOUGH = DataCounts(customers=500, regulars=20, first_day=TODAY - 180, last_day=TODAY - 31, until=TODAY)


def test_enough_is_enough():
    assert unmet_requirements(ENOUGH) == ()
    require(ENOUGH)


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"customers": 499}, "500 customers who ordered are needed, and there are 499"),
        ({"first_day": TODAY - 179}, "180 days of orders are needed, and there are 179"),
        ({"last_day": TODAY - 32}, "the last order is of 2024-11-30, 31 days before; at most 30 are allowed"),
        ({"regulars": 19}, "20 customers with 3 orders or more are needed, and there are 19"),
        ({"first_day": None, "last_day": None}, "no known customer has ordered yet"),
    ],
)
def test_each_gate_says_what_is_missing(lacking: dict[str, int | None], said: str):
    with pytest.raises(ForecastRefused) as refused:
        require(replace(ENOUGH, **lacking))
    assert str(refused.value) == f"There are not enough data for a forecast: {said}."


def test_all_that_is_missing_is_said_at_once():
    assert len(unmet_requirements(replace(ENOUGH, customers=3, regulars=0, first_day=TODAY - 40))) == 3


def small(*more: dict[str, object]) -> TestShop:
    rows = [order(f"{name}{day}", name, f"2024-01-0{day}") for name in ("ana", "ben") for day in (1, 2, 3)]
    return shop(orders=[*rows, order("g", None, "2024-01-09"), order("c", "cem", "2024-01-04"), *more])


def test_evidence_is_counted_as_of_the_day():
    engine = Engine(ibis.duckdb.from_connection(small().con))
    first = epoch_day(date(2024, 1, 1))
    assert count_data(engine, engine.fact("orders"), first + 3) == DataCounts(2, 2, first, first + 2, first + 3)
    assert count_data(engine, engine.fact("orders"), first + 9) == DataCounts(3, 2, first, first + 3, first + 9)
    assert count_data(engine, engine.fact("orders"), first) == DataCounts(0, 0, None, None, first)


def test_a_small_shop_is_refused_before_anything_is_fitted():
    engine = Engine(ibis.duckdb.from_connection(small().con))
    with pytest.raises(ForecastRefused, match="500 customers"):
        run_forecast(engine, "GBP", epoch_day(date(2024, 1, 10)), ForecastOptions())


def test_orders_worth_nothing_give_no_forecast():
    engine = Engine(ibis.duckdb.from_connection(shop(orders=[order(1, "ana", "2024-01-01", Decimal(0))]).con))
    with pytest.raises(ForecastRefused, match="has a net revenue above 0"):
        winsorize(engine, engine.fact("orders"), epoch_day(date(2024, 2, 1)))


def test_a_refused_forecast_leaves_no_version(app: Forecasting):
    before = app.warehouse.number
    with pytest.raises(ForecastRefused, match="days of orders are needed"):
        app.forecast(ForecastOptions(as_of=date(2024, 3, 1)))
    with pytest.raises(UsageError, match="The data do not reach 2026-01-01"):
        app.forecast(ForecastOptions(as_of=date(2026, 1, 1)))
    assert app.warehouse.number == before
    assert app.forecasts() == ()


@pytest.mark.parametrize("options", [{"horizon": 0}, {"horizon": 4000}, {"rate": -0.1}, {"rate": float("nan")}])
def test_what_cannot_be_asked(options: dict[str, float]):
    with pytest.raises(UsageError):
        ForecastOptions(**options)


def test_an_empty_shop_has_nothing_to_forecast_from(tmp_path):
    with pytest.raises(NothingLoaded):
        Forecasting(Shop.create(tmp_path, currency="GBP", timezone="UTC")).forecast()
