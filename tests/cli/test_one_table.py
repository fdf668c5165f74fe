"""A shop of one table only: what that table tells is answered; all else names the table that is missing. Nothing breaks.

The rows are written from the declaration of the table alone, so that a fact cannot be declared without being tested here.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from cli.conftest import Command
from regulars.cli import run
from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.measures import DECLARED
from regulars.metrics.shapes import Grid, Metric
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.schema import Column, Kind

FIRST, ROWS = date(2024, 1, 1), 91
"""A row a day: January to March."""
KNOWN = {"currency": "GBP", "scale_low": "0", "scale_high": "10", "status": "counted", "kind": ""}
NAMED = {"linked_returns": "returns that name", "forecasts": "forecast", "subscription_forecasts": "forecast"}
FAULTS = ("Traceback", "Error", "KeyError", "internal")
Loaded = Callable[[FactTable], Path]
FACTS = pytest.mark.parametrize("fact", FACT_TABLES, ids=lambda fact: fact.name)


def cell(column: Column, number: int) -> str:
    day = FIRST + timedelta(days=number)
    if KNOWN.get(column.name):
        return KNOWN[column.name]
    if column.choices:
        return column.choices[0]
    if column.name == "answered_at":  # of a call: within it
        return f"{day} 12:00"
    if column.name == "ended_at":
        return ""
    if column.name == "customer_id":
        return f"c{number % 40}"
    texts = {
        Kind.INSTANT: f"{day} 12:00", Kind.DAY: str(day), Kind.MONEY: "10.00", Kind.INTEGER: "1", Kind.NUMBER: "1",
        Kind.FLAG: "false", Kind.JSON: "{}", Kind.ID: f"{column.name}{number}",
    }  # fmt: skip
    return "" if column.nullable else texts.get(column.kind, "one")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The shop of one fact's table, loaded once; no command here changes it."""

    @cache
    def load(fact: FactTable) -> Path:
        folder = tmp_path_factory.mktemp(fact.name)
        shop, file = folder / "shop", folder / f"{fact.table.name}.csv"
        with file.open("w", newline="") as opened:
            written = csv.writer(opened)
            written.writerow(column.name for column in fact.table.columns)
            written.writerows([cell(column, n) for column in fact.table.columns] for n in range(ROWS))
        assert run(["init", str(shop), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
        assert run(["load", str(file), "--shop", str(shop)]) == 0
        return shop

    return load


def tables_of(metric: Metric) -> set[str]:
    """By the declarations of facts and the metric's own needs; a setting that this shop lacks is one of them."""
    needed = {*metric.needs, metric.needs_setting} - {""}
    return {table for one in metric.facts for table in one.tables} | needed


def alone(fact: FactTable) -> list[Metric]:
    """The metrics that need nothing but the fact's own table; lines are nothing without their orders."""
    mine = [one for one in DECLARED if one.name == fact.name]
    return [one for one in CATALOGUE if tables_of(one) == set(mine[0].tables) and fact.name != "lines"]


@FACTS
@pytest.mark.parametrize("step", [20, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
def test_what_one_table_tells_is_answered_and_all_else_says_what_is_missing(
    command: Command, loaded: Loaded, fact: FactTable, step: int
) -> None:
    shop = loaded(fact)
    answered = alone(fact)
    others = [metric for metric in CATALOGUE if metric not in answered]
    for metric in (*answered, *others[::step]):
        said = command("metric", metric.name, "--shop", shop, "--format", "json")
        if metric in answered:
            found = json.loads(said.out)
            labels = {value["period"]["label"] for value in found}
            # A cohort of the last month has no month behind it.
            young = {"2024-03"} if isinstance(metric, Grid) else set()
            assert (said.code, labels | young) == (0, {"2024-01", "2024-02", "2024-03"}), said
            assert isinstance(metric, Grid) or all(value["period"]["complete"] for value in found), metric.name
            assert "reason" not in found[0]
        else:
            missing = {NAMED.get(name, name) for name in tables_of(metric)}
            assert (said.code, said.out) == (1, ""), metric.name
            assert any(name in said.err for name in missing), said
            assert len(said.err.splitlines()) <= 2, said


@FACTS
def test_the_list_of_all_metrics_shows_what_there_is_and_names_what_is_missing(
    command: Command, loaded: Loaded, fact: FactTable
) -> None:
    shop = loaded(fact)
    answered = [metric.name for metric in alone(fact) if not isinstance(metric, Grid)]
    said = command("metrics", "--shop", shop)
    if not answered:
        assert said.code == 1 and "no rows of" in said.err and "regulars load" in said.err, said
        return
    assert (said.code, said.err) == (0, "")
    assert all(name in said.out for name in answered)
    if any(tables_of(metric) - {fact.table.name} for metric in CATALOGUE if not metric.forecast):
        assert ": load a file of " in said.out and "regulars load" in said.out
    values = {one["metric"]: one for one in json.loads(command("metrics", "--shop", shop, "--format", "json").out)}
    for name, value in values.items():
        assert value["period"]["label"] == "2024-03"
        if name in answered:
            assert "reason" not in value
        else:
            assert value["value"] is None, value
            assert re.match("not available: (no rows of|business_hours is not set)", value["reason"]), value


COMMANDS = (
    ("metrics", "--period", "all"), ("metrics", "--grain", "week", "--format", "csv"), ("metrics", "--theme", "returns"),
    ("metrics", "--split", "channel"), ("metrics", "--since", "2024-02"), ("metrics", "--compare"),
    ("drill-down", "net_revenue", "--period", "all"), ("explain", "net_revenue"), ("explain", "net_revenue", "--plan"),
    ("explain", "cohort_retention_rate", "--plan"), ("explain", "customer_acquisition_cost"), ("suggest-window",),
    ("forecast",), ("forecast", "--report"), ("segments",), ("segments", "due-now"), ("check",), ("loads",), ("versions",),
    ("rejects",), ("people", "merges"), ("people", "list"), ("events", "list"),
)  # fmt: skip


@FACTS
def test_no_command_breaks(command: Command, loaded: Loaded, fact: FactTable) -> None:
    shop = loaded(fact)
    for asked in (*COMMANDS, *(("drill-down", metric.name, "--period", "2024-02") for metric in CATALOGUE[:4])):
        said = command(*asked, "--shop", shop)
        assert said.code in (0, 1, 2), (asked, said)
        assert not any(word in said.err for word in FAULTS), (asked, said)
        assert len(said.err.splitlines()) <= 4, (asked, said)
        assert said.code == 0 or said.err, asked


def test_a_shop_of_customers_alone_says_that_nothing_has_happened(command: Command, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,email,name,country\n1,ana@example.com,Ana,GB\n")
    shop = tmp_path / "shop"
    assert command("init", shop, "--currency", "GBP", "--timezone", "Europe/London").code == 0
    assert command("load", tmp_path / "customers.csv", "--shop", shop).code == 0
    for asked in (("metrics",), ("metric", "orders"), ("suggest-window",), ("metrics", "--format", "json")):
        said = command(*asked, "--shop", shop)
        assert (said.code == 1 and "loaded" in said.err) or "There are no orders" in said.err
        assert "regulars load" in said.err, (asked, said)
    assert command("explain", "orders", "--shop", shop).code == 0
    assert command("check", "--shop", shop).code == 0


def test_each_metric_follows_the_days_of_its_own_tables(command: Command, tmp_path: Path) -> None:
    """Orders to the end of May, spend to the end of March: what spend costs is of March, and nothing after it is complete."""
    shop = tmp_path / "shop"
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,currency,gross\n1,ana,2024-01-02 12:00,GBP,10.00\n2,ben,2024-05-31 12:00,GBP,20.00\n"
    )
    (tmp_path / "spend.csv").write_text(
        "day,channel,campaign,amount,currency\n2024-02-01,ads,a,3.00,GBP\n2024-03-31,ads,a,4.00,GBP\n"
    )
    assert command("init", shop, "--currency", "GBP", "--timezone", "Europe/London").code == 0
    for name in ("orders", "spend"):
        assert command("load", tmp_path / f"{name}.csv", "--shop", shop).code == 0
    found = {one["metric"]: one for one in json.loads(command("metrics", "--shop", shop, "--format", "json").out)}
    after_marketing = "average_profit_per_customer_after_marketing"
    assert found["orders"]["period"]["label"] == "2024-05"
    assert found[after_marketing]["period"]["label"] == "2024-03"
    months = json.loads(command("metric", after_marketing, "--shop", shop, "--format", "json").out)
    assert [value["period"]["label"] for value in months] == ["2024-02", "2024-03"]
    (whole,) = json.loads(command("metric", after_marketing, "--period", "all", "--shop", shop, "--format", "json").out)
    assert (whole["period"]["start"], whole["period"]["end"]) == ("2024-02-01", "2024-04-01")
    shown = command("metrics", "--shop", shop).out
    assert "2024-05" in shown
    (costs,) = [line for line in shown.splitlines() if line.startswith("product_costs:")]
    assert after_marketing in costs, "without costs it has no value in March either"
