"""What programs read: the JSON and CSV of metric and metrics."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

KEYS = [
    "metric",
    "period",
    "split",
    "value",
    "low",
    "high",
    "n",
    "numerator",
    "denominator",
    "unit",
    "currency",
    "timezone",
]


def answers(said) -> list[dict[str, Any]]:
    assert (said.code, said.err) == (0, "")
    return json.loads(said.out)


def test_a_value_has_exactly_the_keys_of_the_contract(command, first_shop):
    found = answers(command("metric", "returning_customer_rate", "--shop", first_shop, "--format", "json"))
    assert [list(value) for value in found] == [KEYS] * 3
    assert found[1] == {
        "metric": "returning_customer_rate",
        "period": {"label": "2024-02", "start": "2024-02-01", "end": "2024-03-01", "complete": True, "mature": True},
        "split": {},
        "value": 0.5,
        "low": pytest.approx(0.0945, abs=1e-4),
        "high": pytest.approx(0.9055, abs=1e-4),
        "n": 2,
        "numerator": 1,
        "denominator": 2,
        "unit": "share",
        "currency": None,
        "timezone": "Europe/London",
    }


def test_a_comparison_adds_the_change_and_nothing_else(command, first_shop):
    found = answers(command("metric", "orders", "--shop", first_shop, "--compare", "--format", "json"))
    assert [list(value) for value in found] == [[*KEYS, "change", "year_earlier"]] * 3
    assert found[0]["change"] is None, "there is nothing before the first month"
    keys = ["period", "before", "difference", "low", "high", "verdict", "note", "events"]
    assert list(found[1]["change"]) == keys
    assert found[2]["change"]["period"] == {"label": "2024-02", "start": "2024-02-01", "end": "2024-03-01"}
    assert [value["year_earlier"] for value in found] == [None] * 3, "the files begin less than a year before"
    assert found[1]["change"]["verdict"] is None, "the files begin inside the first month"
    assert (found[2]["change"]["before"], found[2]["change"]["verdict"]) == (2, "too few to tell")


def test_nothing_there_is_null(command, first_shop):
    said = command("metric", "orders", "--period", "2020-01", "--shop", first_shop, "--format", "json")
    assert said.err == "2020-01 lies before the data, which cover 2024-01-03 to 2024-03-31.\n"
    (value,) = json.loads(said.out)
    assert value["value"] is value["numerator"] is value["denominator"] is None
    (value,) = answers(
        command("metric", "average_order_value", "--period", "2024-01-10", "--shop", first_shop, "--format", "json")
    )
    assert (value["value"], value["denominator"]) == (None, 0)


@pytest.mark.parametrize("asked", [("metrics",), ("metric", "orders"), ("drill-down", "orders")])
def test_a_period_beyond_the_data_is_named(command, first_shop, asked):
    said = command(*asked, "--period", "2031-05", "--shop", first_shop)
    assert "2031-05 lies after the data, which cover 2024-01-" in said.err
    assert "lies" not in command(*asked, "--period", "last-month", "--shop", first_shop).err


def test_money_is_exact_to_the_cent(command, first_shop):
    total = command("metric", "net_revenue", "--grain", "all", "--shop", first_shop, "--format", "json")
    (value,) = answers(total)
    assert '"value": 1065.6,' in total.out
    assert (value["value"], value["currency"]) == (1065.6, "GBP")
    rows = list(
        csv.DictReader(io.StringIO(command("metric", "net_revenue", "--shop", first_shop, "--format", "csv").out))
    )
    assert [row["value"] for row in rows] == ["30.30", "1030.30", "5.00"]


def test_csv_is_the_same_with_a_column_for_each_split(command, first_shop):
    said = command(
        "metric",
        "orders",
        "--split",
        "country,currency",
        "--period",
        "2024-02",
        "--shop",
        first_shop,
        "--format",
        "csv",
    )
    head, *rows = said.out.splitlines()
    assert head == (
        "metric,period,start,end,complete,mature,country,split_currency,"
        "value,low,high,n,numerator,denominator,unit,currency,timezone"
    )
    assert "orders,2024-02,2024-02-01,2024-03-01,true,true,GB,GBP,1,,,1,1,,count,,Europe/London" in rows
    assert "orders,2024-02,2024-02-01,2024-03-01,true,true,unknown,GBP,1,,,1,1,,count,,Europe/London" in rows


def test_where_narrows_down_to_some_orders(command, first_shop):
    said = command(
        "metric", "orders", "--where", "country=GB,FR", "--where", "net_revenue>=20", "--grain", "all", "--shop", first_shop,
        "--format", "json",
    )  # fmt: skip
    assert [value["value"] for value in answers(said)] == [2]


def test_metrics_are_those_of_the_latest_complete_month_without_grids(command, first_shop):
    found = answers(command("metrics", "--shop", first_shop, "--format", "json"))
    assert {value["period"]["label"] for value in found} == {"2024-03"}
    without = {value["metric"] for value in found if "reason" in value}
    assert {"units", "product_return_rate", "predicted_lifetime_value"} <= without and "orders" not in without
    for value in found:
        assert list(value) == [*KEYS, *(["reason"] if value["metric"] in without else [])]
        assert value["value"] is None or value["metric"] not in without
    names = [value["metric"] for value in found]
    assert {"orders", "customer_churn_rate", "product_return_rate"} <= set(names) and len(names) == len(set(names))
    assert not [name for name in names if name.startswith("cohort_")]


def test_a_theme_and_a_list(command, first_shop):
    found = answers(command("metrics", "--theme", "returns", "--shop", first_shop, "--format", "json"))
    assert all(value["metric"].startswith("product_return_rate") for value in found)
    listed = answers(command("metrics", "--list", "--format", "json"))
    assert list(listed[0]) == ["metric", "title", "theme", "group", "nature", "question", "unit", "also_called"]
    net = next(one for one in listed if one["metric"] == "net_churn_rate")
    assert (net["title"], net["group"], net["nature"]) == ("Net churn rate", "customer_churn_rate", "flow")
    assert "Net churn rate" in command("metrics", "--list").out
    assert "cohort_retention_rate" in [metric["metric"] for metric in listed]


def test_a_period_with_a_grain_is_cut_into_it(command, first_shop):
    found = answers(
        command("metric", "orders", "--period", "2024-Q1", "--grain", "month", "--shop", first_shop, "--format", "json")
    )
    assert [(value["period"]["label"], value["value"]) for value in found] == [
        ("2024-01", 2),
        ("2024-02", 2),
        ("2024-03", 1),
    ]
    since = answers(
        command(
            "metric", "orders", "--since", "2024-02", "--until", "2024-02", "--shop", first_shop, "--format", "json"
        )
    )
    assert [value["period"]["label"] for value in since] == ["2024-02"]


def test_all_is_a_period_and_a_grain(command, first_shop):
    for asked in (["--grain", "all"], ["--period", "all"]):
        shown = command("metrics", *asked, "--shop", first_shop)
        assert (shown.code, shown.err) == (0, "") and "1,065.60 GBP" in shown.out and "change" not in shown.out
        for one in (["metrics", "--theme", "value"], ["metric", "net_revenue"]):
            (value,) = (
                value
                for value in answers(command(*one, *asked, "--shop", first_shop, "--format", "json"))
                if value["metric"] == "net_revenue"
            )
            period = value["period"]
            assert (value["value"], period["label"], period["start"], period["end"]) == (
                1065.6, "all", "2024-01-03", "2024-04-01",
            )  # fmt: skip
    cut = answers(
        command("metric", "orders", "--period", "all", "--grain", "month", "--shop", first_shop, "--format", "json")
    )
    assert [value["value"] for value in cut] == [2, 2, 1]
    everyone = command("drill-down", "orders", "--period", "all", "--shop", first_shop, "--format", "csv")
    assert [line.split(",")[0] for line in everyone.out.splitlines()[1:]] == ["ana", "ben", "cem"]


@pytest.fixture
def three_years(command, shop: Path, tmp_path: Path) -> Path:
    """A shop of three years, in which 40 people order every half year."""
    days = [f"{year}-{month}-15" for year in (2022, 2023, 2024) for month in ("03", "09")]
    lines = [f"y{number}-{day},{day},GBP,10.00,person{number}" for day in days for number in range(40)]
    file = tmp_path / "three_years.csv"
    file.write_text("\n".join(["order_id,ordered_at,currency,gross,customer_id", *lines, ""]))
    assert command("load", file, "--shop", shop).code == 0
    return shop


def test_all_data_are_compared_with_nothing(command, three_years):
    asked = ("--compare", "--shop", three_years)
    (year,) = answers(command("metric", "orders", "--period", "2024", *asked, "--format", "json"))
    assert year["year_earlier"]["before"] == 80, "other periods are compared with a year earlier"
    (value,) = answers(command("metric", "orders", "--period", "all", *asked, "--format", "json"))
    assert (value["change"], value["year_earlier"]) == (None, None)
    for one in (["metric", "orders"], ["metrics", "--theme", "value"]):
        for period in (["--period", "all"], ["--grain", "all"]):
            said = command(*one, *period, *asked)
            assert said.code == 0 and "year earlier" not in said.out and "verdict" not in said.out
            assert said.out.count("Nothing lies before all data: they are compared with nothing.") == 1


def test_what_is_not_mature_is_named_with_what_it_waits_for(command, three_years):
    said = command("metrics", "--period", "all", "--theme", "retention", "--shop", three_years)
    marked = {line.split()[0] for line in said.out.splitlines() if line[:1].isalpha() and "°" in line}
    notes = [line for line in said.out.splitlines() if line.startswith("°")]
    window = next(
        line for line in notes if line.endswith("once the data reach one active window back before the period's start")
    )
    assert "customers_start" in window and "returning_customer_rate_lifetime" not in window
    assert {name for note in notes for name in note.split(": ")[1].split(" can be")[0].split(", ")} == marked
    said = command("metric", "customers_start", "--period", "all", "--shop", three_years)
    assert "° not mature: it can be trusted once the data reach" in said.out


def test_the_active_window_is_the_shops_unless_given(command, shop):
    def churn(*more: object) -> float:
        said = command("metric", "customers_end", "--period", "2024-03", "--shop", shop, "--format", "json", *more)
        assert said.code == 0
        return json.loads(said.out)[0]["value"]

    assert (churn(), churn("--active-window", "10")) == (3, 1)
    settings = shop / "regulars.toml"
    settings.write_text(settings.read_text().replace("active_window = 365", "active_window = 10"))
    assert churn() == 1


def test_a_changed_setting_derives_again_and_says_so(command, shop):
    settings = shop / "regulars.toml"
    settings.write_text(settings.read_text().replace('"Europe/London"', '"Asia/Tokyo"'))
    said = command("metric", "orders", "--grain", "all", "--shop", shop, "--format", "json")
    assert "deriving everything again" in said.err
    assert json.loads(said.out)[0]["timezone"] == "Asia/Tokyo"
    assert command("metric", "orders", "--shop", shop).err == ""


def test_rows_are_exactly_the_customers_behind_the_number(command, first_shop):
    said = command(
        "drill-down", "returning_customer_rate", "--period", "2024-02", "--shop", first_shop, "--format", "csv"
    )
    found = {row["customer"]: (row["numerator"], row["denominator"]) for row in csv.DictReader(io.StringIO(said.out))}
    assert found == {"ana": ("1", "1"), "cem": ("0", "1")}
    none = command("drill-down", "orders", "--period", "2020-01", "--shop", first_shop, "--format", "csv")
    assert none.out == "customer,name,email,country,orders,first_order,last_order,numerator,denominator\n"


def test_rows_have_customers_who_add_nothing_and_the_guests_orders(command, tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,currency,gross\n"
        "1,ana,2024-01-03,GBP,10.00\n2,ben,2024-01-04,GBP,0.00\n3,,2024-01-05,GBP,5.00\n4,,2024-01-06,GBP,6.00\n"
    )
    shop = tmp_path / "shop"
    command("init", shop, "--currency", "GBP", "--timezone", "Europe/London")
    assert command("load", tmp_path / "orders.csv", "--shop", shop).code == 0
    asked = ("net_revenue", "--period", "2024-01", "--shop", shop, "--format", "json")
    (value,) = answers(command("metric", *asked))
    found = {row["customer"]: row for row in answers(command("drill-down", *asked))}
    assert {name: row["numerator"] for name, row in found.items()} == {"ana": 10, "ben": 0, None: 11}
    assert sum(row["orders"] for row in found.values()) == value["n"] == 4
    assert (found[None]["first_order"], found[None]["last_order"]) == ("2024-01-05", "2024-01-06")


def test_the_people_behind_a_split_are_found_by_their_first_order(command, tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,currency,country,gross\n"
        "1,ana,2024-01-03,GBP,DE,10.00\n2,ana,2024-02-04,GBP,FR,10.00\n3,ben,2024-02-05,GBP,DE,5.00\n"
    )
    shop = tmp_path / "shop"
    command("init", shop, "--currency", "GBP", "--timezone", "Europe/London")
    assert command("load", tmp_path / "orders.csv", "--shop", shop).code == 0
    asked = ("active_buyers", "--period", "2024-02", "--shop", shop, "--format", "json")
    (germans,) = answers(command("metric", *asked, "--split", "country"))
    assert (germans["split"], germans["value"]) == ({"country": "DE"}, 2)
    behind = answers(command("drill-down", *asked, "--where", "first_country=DE"))
    assert [row["customer"] for row in behind] == ["ana", "ben"]
    assert [row["customer"] for row in answers(command("drill-down", *asked, "--where", "country=DE"))] == ["ben"]
    told = command("explain", "active_buyers").out
    assert "--where first_country=DE" in told and "first_country=DE" in command("drill-down", "--help").out
    assert "first_country=DE" not in command("explain", "net_revenue").out


def test_a_metric_is_explained_with_its_title_group_and_nature(command):
    told = command("explain", "lost_customers").out
    assert told.startswith("Lost customers (lost_customers)\n")
    assert "customer_churn_rate" in told and "flow: of a period; customers are lost and won day by day" in told
    found = json.loads(command("explain", "lost_customers", "--format", "json").out)
    assert [found[key] for key in ("title", "group", "nature", "length")] == [
        "Lost customers", "customer_churn_rate", "flow", "hazard",
    ]  # fmt: skip
    found = json.loads(command("explain", "customer_lifetime_value", "--format", "json").out)
    assert (found["nature"], found["length"]) == ("cumulative", None)
    assert found["interval"].endswith("on the log scale where the value is positive")
    assert "log scale" not in command("explain", "product_return_rate").out


@pytest.mark.parametrize("table", [None, "order_lines", "returns", "product_costs"])
def test_all_metrics_of_shops_with_and_without_lines_returns_and_costs(command, shops_with, table):
    shop = shops_with(table)
    for grain in ("month", "all"):
        said = command("metrics", "--grain", grain, "--shop", shop)
        assert (said.code, said.err) == (0, "") and "net_revenue" in said.out and "product_return_rate" in said.out


def test_the_plan_says_from_what_a_question_is_answered(command, shop):
    said = command("explain", "net_revenue", "--plan", "--split", "country", "--shop", shop)
    assert (said.code, said.err) == (0, "")
    assert "answered from" in said.out and "sums by" in said.out and "country" in said.out
    asked = ("customer_churn_rate", "--plan", "--period", "2024-01", "--shop", shop, "--format", "json")
    plan = json.loads(command("explain", *asked).out)
    assert plan["metric"] == "customer_churn_rate"
    assert {(step["fact"], step["answered_from"]) for step in plan["plan"]} == {
        ("gaps_after", "rollup"),
        ("gaps_before", "rollup"),
    }
    refused = command("explain", "net_revenue", "--plan", "--split", "reason", "--shop", shop)
    assert refused.code == 2 and "cannot be split" in refused.err
