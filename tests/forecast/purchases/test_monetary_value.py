"""What a purchase is worth: outliers capped and named, profit where it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import ibis
import numpy as np
import pytest

from metrics.shops import SETTINGS, TestShop, order, shop
from regulars.forecast.purchases.histories import customer_histories
from regulars.forecast.purchases.monetary_value import MonetaryValue, fit_monetary_value, winsorize
from regulars.vocabulary.calendar import epoch_day
from regulars.warehouse.engine import Engine

UNTIL = epoch_day(date(2025, 1, 1))


def drawn(customers: int, seed: int = 1) -> list[dict[str, object]]:
    """Customers with a typical order of their own, as Gamma-Gamma has it: p 6, q 4, v 15."""
    chance = np.random.default_rng(seed)
    rows = []
    for person in range(customers):
        scale = 1 / chance.gamma(4, 1 / 15)
        for number in range(1 + chance.poisson(2)):
            amount = max(round(chance.gamma(6, scale), 2), 0.01)
            rows.append(order(f"{person}-{number}", f"c{person}", f"2024-{1 + number % 12:02}-11", amount))
    return rows


def spent(made: TestShop, most: Decimal = Decimal(10**6)) -> tuple[Engine, MonetaryValue]:
    engine = Engine(ibis.duckdb.from_connection(made.con))
    orders = engine.fact("orders")
    return engine, fit_monetary_value(engine, orders, engine.keep("h", customer_histories(orders, UNTIL, most)), UNTIL)


def test_parameters_of_spend_are_recovered():
    _, found = spent(shop(orders=drawn(6000)))
    assert (found.model, found.reason) == ("gamma-gamma", "")
    assert found.parameters == pytest.approx({"p": 6, "q": 4, "v": 15}, rel=0.15)


def test_what_a_customer_spends_lies_between_their_own_mean_and_that_of_all():
    engine, found = spent(shop(orders=drawn(2000)))
    p, q, v = found.parameters.values()
    rows = ibis.memtable({"frequency": [0, 0, 9_999], "spent": [Decimal(0), Decimal(100), Decimal(1_000_000)]})
    none, once, often = engine.backend.execute(rows.select(x=found.per_purchase_day(rows.frequency, rows.spent)))["x"]
    assert none == pytest.approx(p * v / (q - 1))  # the mean of all: 30 in truth
    assert none < once < 100
    assert often == pytest.approx(100, rel=1e-3)


def test_two_orders_a_day_make_a_purchase_day_worth_two():
    rows = drawn(300)
    twice = [{**row, "order_id": f"{row['order_id']}b"} for row in rows]
    once, both = (spent(shop(orders=orders))[1].parameters for orders in (rows, [*rows, *twice]))
    assert both == pytest.approx({"p": once["p"], "q": once["q"], "v": 2 * once["v"]}, rel=1e-3)


@pytest.mark.parametrize("number", [1, 20])
def test_wholesale_customers_change_nobody_elses_value(number: int):
    """800 customers spend about 49 a day; one or twenty more order seven times a day for 550 each."""
    chance = np.random.default_rng(5)
    days = [f"2024-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    retail = [
        order(f"{person}-{day}", f"c{person}", day, max(round(chance.gamma(3, scale), 2), 0.01))
        for person, scale in enumerate(chance.normal(49 / 3, 2, 800))
        for day in chance.choice(days, 1 + chance.poisson(1), replace=False)
    ]
    few = days[::number]  # twenty of them order as often together as one does on all days
    wholesale = [
        order(f"w{which}-{day}-{n}", f"w{which}", day, "550.00")
        for which in range(number)
        for day in few
        for n in range(7)
    ]
    for orders in (retail, [*retail, *wholesale]):
        made = shop(orders=orders)
        engine = Engine(ibis.duckdb.from_connection(made.con))
        fact = engine.fact("orders")
        rows = engine.keep("h", customer_histories(fact, UNTIL, winsorize(engine, fact, UNTIL).at))
        found = fit_monetary_value(engine, fact, rows, UNTIL)
        known_orders = engine.read(
            rows.select("person", per_purchase_day=found.per_purchase_day(rows.frequency, rows.spent))
        ).to_pylist()
        customers = dict(made.con.execute("SELECT person, customer FROM facts.persons").fetchall())
        per_purchase_day = {customers[row["person"]]: row["per_purchase_day"] for row in known_orders}
        largest = [per_purchase_day.pop(name) for name in list(per_purchase_day) if name.startswith("w")]
        assert len(per_purchase_day) == 800
        assert sum(per_purchase_day.values()) / 800 == pytest.approx(49, abs=3)
    assert largest == pytest.approx([7 * 550] * number, rel=0.05)


def test_customers_who_all_spend_the_same_get_the_mean():
    engine, found = spent(
        shop(orders=[order(n, f"c{n % 100}", f"2024-0{1 + n // 100}-01", "25.00") for n in range(300)])
    )
    assert found.model == "mean" and found.reason
    assert found.parameters == {"mean": 25.0}
    rows = ibis.memtable({"frequency": [3], "spent": [Decimal(9)]})
    assert engine.backend.execute(rows.select(x=found.per_purchase_day(rows.frequency, rows.spent)))["x"][0] == 25.0


def test_the_cap_names_what_it_touches():
    rows = [order(n, f"c{n}", "2024-01-01", "10.00") for n in range(1998)]
    rows += [order("a", "a", "2024-01-02", "500.00"), order("b", "b", "2024-01-02", "90010.00")]
    rows += [order("later", "c", "2025-06-01", "70000.00"), order("free", "d", "2024-01-02", "0")]
    made = shop(orders=rows)
    engine = Engine(ibis.duckdb.from_connection(made.con))
    found = winsorize(engine, engine.fact("orders"), UNTIL)
    # The 99.9 % quantile of 2000 amounts interpolates between the 1998th (10.00) and the 1999th (500.00): 0.001 of the way.
    assert found.at == Decimal("10.49")
    assert (found.orders, found.amount) == (2, Decimal("490510.00") - 2 * Decimal("10.49") - Decimal("400000.00"))
    spends = {
        row["person"]: row["spent"]
        for row in engine.read(customer_histories(engine.fact("orders"), UNTIL, found.at)).to_pylist()
    }
    assert max(spends.values()) == found.at


COST = {"product_id": "mug", "valid_from": date(2024, 1, 1), "unit_cost": Decimal(4), "currency": "GBP"}


def lines(rows: list[dict[str, object]], product: str = "mug") -> list[dict[str, object]]:
    return [
        {"order_id": row["order_id"], "line_id": "1", "product_id": product, "quantity": 1, "amount": row["gross"]}
        for row in rows
    ]


ROWS = [order(n, f"c{n % 100}", f"2024-0{1 + n // 100}-01", 10 + n % 7) for n in range(300)]


def test_value_is_profit_where_all_costs_are_known():
    made = shop(orders=ROWS, order_lines=lines(ROWS), product_costs=[COST])
    _, found = spent(made)
    revenue = sum(row["gross"] for row in ROWS)
    assert found.value_of == "profit"
    assert found.share == pytest.approx(float((revenue - 4 * 300) / revenue))


def test_one_order_without_a_cost_makes_it_revenue():
    made = shop(orders=ROWS, order_lines=lines(ROWS[1:]) + lines(ROWS[:1], "pot"), product_costs=[COST])
    _, found = spent(made)
    assert (found.value_of, found.share) == ("revenue", 1.0)
    assert found.why == "the profit of 1 of 300 orders is not known"


@pytest.mark.slow
def test_a_default_margin_is_named():
    settings = replace(SETTINGS, default_margin=Decimal("0.4"))
    _, found = spent(shop(settings, orders=ROWS))
    assert found.value_of == "profit"
    assert found.share == pytest.approx(0.4)
    assert found.why == "40.0 % of revenue was profit, for 300 of 300 orders with the default margin"


def test_a_shop_that_lost_money_so_far_is_told_in_revenue():
    made = shop(orders=ROWS, order_lines=lines(ROWS), product_costs=[{**COST, "unit_cost": Decimal(40)}])
    assert spent(made)[1].value_of == "revenue"
