"""regulars forecast: what a shop owner reads, and what a program gets."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from cli.conftest import Command
from regulars.cli import run
from regulars.simulate import ShopShape, simulate, write_canonical


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ahead")
    shape = ShopShape(customers=1500, months=24, until=date(2025, 12, 31))
    write_canonical(simulate(shape, seed=11), folder / "files")
    assert run(["init", str(folder / "shop"), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert run(["load", str(folder / "files"), "--shop", str(folder / "shop")]) == 0
    return folder / "shop"


@pytest.fixture
def whole(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "whole"))


def test_a_forecast_says_what_to_expect_and_how_to_read_it(command: Command, whole: Path):
    said = command("forecast", "--shop", whole)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("Forecast as of 2025-12-31, of 1,")
    for words in (
        "customers who buy within 90 days", "purchases within 365 days", "profit within 365 days, less 10 % a year",
        "profit at risk with them within a year", "Value is profit:", "do not decide what customers are worth", "Pareto/NBD",
    ):  # fmt: skip
        assert words in said.out
    assert "stale" not in said.out
    (row,) = [line for line in lines if line.startswith("customers who buy within 365 days")]
    assert "at least" in row and '"At least": fewer than three periods as long fit the data' in said.out


def test_the_report_shows_the_latest_again_and_says_what_made_it_stale(command: Command, whole: Path, tmp_path: Path):
    assert command("forecast", "--shop", whole).code == 0
    first = command("forecast", "--report", "--shop", whole).out
    assert "standard error" in first and "stale" not in first
    (tmp_path / "late.csv").write_text(
        "order_id,customer_id,ordered_at,currency,gross\nz,nina,2026-01-05 10:00,GBP,30\n"
    )
    assert command("load", tmp_path / "late.csv", "--shop", whole).code == 0
    then = command("forecast", "--report", "--shop", whole).out
    assert "This forecast is stale: since it was made, files were loaded. Make a new one: regulars forecast" in then
    assert then.startswith("Forecast as of 2025-12-31")


def test_a_program_gets_everything(command: Command, whole: Path):
    options = ("--horizon", 180, "--rate", 0, "--model", "mbg", "--as-of", "2025-11-30", "--format", "json")
    said = command("forecast", *options, "--shop", whole)
    found = json.loads(said.out)
    assert said.err == ""
    assert (found["as_of"], found["horizon"], found["discount"], found["model"]) == ("2025-11-30", 180, 0, "mbg")
    assert set(found["parameters"]) == {"r", "alpha", "a", "b"} == set(found["standard_errors"])
    assert found["stale"] == [] and found["value_of"] == "profit"
    assert found["totals"]["buyers"]["30"] < found["totals"]["buyers"]["90"] < found["customers"]
    ranges = found["totals"]["buyers_range"]
    assert {days: (one["days"], one["at_least"]) for days, one in ranges.items()} == {
        "30": (30, False), "90": (90, False), "365": (90, True)
    }  # fmt: skip
    for name in ("purchases", "revenue", "profit"):
        one = found["totals"][f"{name}_range"]
        assert (one["days"], one["at_least"]) == (90, True)  # three periods of 180 days do not fit
        assert one["low"] < float(found["totals"][name]) < one["high"]


def test_a_report_shows_the_backtest_and_earlier_forecasts(command: Command, whole: Path):
    assert command("forecast", "--as-of", "2025-09-30", "--shop", whole).code == 0
    assert command("forecast", "--shop", whole).code == 0
    said = command("forecast", "--report", "--shop", whole)
    assert (said.code, said.err) == (0, "")
    for words in (
        "Backtest over 3 periods: the forecast of buyers within 90 days was off by",
        "Backtest: customers who bought within 90 days", "pareto (used)", "naive: same as the days before",
        "purchases of the top tenth", "Calibration: ten groups of customers by their chance to buy",
        "Earlier forecasts and what happened: customers who bought",
    ):  # fmt: skip
        assert words in said.out
    found = json.loads(command("forecast", "--report", "--format", "json", "--shop", whole).out)
    assert [one["as_of"] for one in found["backtest"]["quarters"]] == ["2025-10-02", "2025-07-04", "2025-04-05"]
    assert [(one["as_of"], one["days"]) for one in found["actuals"]] == [("2025-09-30", 30), ("2025-09-30", 90)]
    groups = found["backtest"]["calibration"]
    assert len(groups) == 10 and groups[0]["actual"] < groups[-1]["actual"]


@pytest.mark.slow
def test_a_forecast_is_drawn_into_a_folder(command: Command, whole: Path, tmp_path: Path):
    folder = tmp_path / "pictures"
    assert command("forecast", "--as-of", "2025-09-30", "--shop", whole).code == 0
    said = command("forecast", "--pictures", folder, "--shop", whole)
    assert (said.code, said.err) == (0, "")
    names = ("value-by-tenth", "value-by-chance", "silence", "calibration", "hidden-quarters", "top-tenth", "kept")
    drawn = {folder / "forecast.html", *(folder / f"forecast-{name}.svg" for name in names)}
    assert {Path(path) for path in said.out.splitlines()[-1].removeprefix("Drawn: ").split(", ")} == drawn
    assert all(path.stat().st_size for path in drawn)
    assert "<title>Forecast of shop</title>" in (folder / "forecast.html").read_text()

    options = ("--report", "--pictures", folder, "--pictures-as", "png", "--format", "json")
    found = json.loads(command("forecast", *options, "--shop", whole).out)
    assert found["pictures"] == [
        str(folder / "forecast.html"),
        *(str(folder / f"forecast-{name}.png") for name in names),
    ]
    assert (folder / "forecast-silence.png").read_bytes().startswith(b"\x89PNG")


def test_pictures_leave_the_files_of_others_alone(command: Command, whole: Path, tmp_path: Path):
    (tmp_path / "forecast.html").write_text("mine")
    said = command("forecast", "--pictures", tmp_path, "--shop", whole)
    assert said.code == 2
    assert "was not written by Regulars" in said.err
    assert (tmp_path / "forecast.html").read_text() == "mine"
    assert command("forecast", "--report", "--shop", whole).code == 1  # no forecast was made


def test_a_short_history_says_that_it_was_not_tested(command: Command, whole: Path):
    said = command("forecast", "--as-of", "2024-11-30", "--shop", whole)
    assert said.code == 0
    assert "How far off such forecasts were in the past is not known" in said.out
    (row,) = [line for line in said.out.splitlines() if line.startswith("customers who buy within 90 days")]
    assert row.endswith("not known") and '"Not known": the data are too short' in said.out


def test_a_small_shop_is_told_what_is_missing(command: Command, shop: Path):
    said = command("forecast", "--shop", shop)
    assert (said.code, said.out) == (1, "")
    assert "500 customers who ordered are needed, and there are 3" in said.err
    assert "180 days of orders are needed, and there are 89" in said.err
    assert len(said.err.splitlines()) == 2


def test_a_report_without_a_forecast_says_how_to_make_one(command: Command, shop: Path):
    said = command("forecast", "--report", "--shop", shop)
    assert said.code == 1
    assert said.err.splitlines() == ["No forecast has been made of this shop yet.", "Make one: regulars forecast"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--as-of", "yesterday"), "'yesterday' is no day such as 2011-10-31"),
        (("--as-of", "2031-01-01"), "The data do not reach 2031-01-01"),
        (("--model", "prophet"), "'prophet' is not one of"),
        (("--horizon", "0"), "1 to 3,650 days ahead, not 0"),
        (("--rate", "-1"), "A discount is a share of 0 or more"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(command: Command, shop: Path, options: tuple[str, str], words: str):
    said = command("forecast", *options, "--shop", shop)
    assert said.code == 2
    assert words in said.err


def test_metrics_that_look_ahead_wait_for_a_forecast(command: Command, whole: Path):
    for asked in (
        ("metric", "customers_at_risk"),
        ("drill-down", "value_at_risk", "--period", "2025-12"),
        ("segments",),
    ):
        refused = command(*asked, "--shop", whole)
        assert refused.code == 1 and not refused.out
        assert refused.err == "No forecast has been made of this shop yet.\nMake one: regulars forecast\n"
    said = command("metrics", "--shop", whole)
    assert said.code == 0 and "customers_at_risk" not in said.out and "regulars forecast" in said.out
    assert json.loads(command("metrics", "--format", "json", "--shop", whole).out)[-1]["value"] is None


def test_metrics_that_look_ahead_are_those_of_the_latest_forecast(command: Command, whole: Path, tmp_path: Path):
    """The latest complete month is November here, and the forecast of December's first days."""
    assert command("forecast", "--as-of", "2025-12-09", "--shop", whole).code == 0
    said = command("metrics", "--shop", whole)
    assert said.err == ""
    heads = [line.split()[1] for line in said.out.splitlines() if line.startswith("metric ")]
    assert heads[-1] == "2025-12"
    (value,) = json.loads(command("metric", "customers_at_risk", "--format", "json", "--shop", whole).out)
    found = json.loads(command("forecast", "--report", "--format", "json", "--shop", whole).out)
    assert value["value"] == found["totals"]["at_risk"] > 0 and value["period"]["label"] == "2025-12"
    rows = json.loads(
        command("drill-down", "customers_at_risk", "--period", "2025-12", "--format", "json", "--shop", whole).out
    )
    assert len(rows) == value["value"]
    (tmp_path / "late.csv").write_text(
        "order_id,customer_id,ordered_at,currency,gross\nz,nina,2026-01-05 10:00,GBP,30\n"
    )
    assert command("load", tmp_path / "late.csv", "--shop", whole).code == 0
    for asked in (("metric", "value_at_risk"), ("metrics",), ("segments",)):
        stale = command(*asked, "--shop", whole)
        assert stale.code == 0 and "The latest forecast is stale: since it was made, files were loaded." in stale.err
    assert command("metric", "net_revenue", "--shop", whole).err == ""


def test_segments_are_listed_and_told_customer_by_customer(command: Command, whole: Path):
    assert command("forecast", "--shop", whole).code == 0
    said = command("segments", "--shop", whole)
    assert said.code == 0 and "worth keeping and leaving" in said.out and "GBP" in said.out
    sizes = json.loads(command("segments", "--format", "json", "--shop", whole).out)
    for size in sizes:
        name = size["segment"].replace("_", "-")
        people = command("segments", name, "--format", "csv", "--shop", whole).out.splitlines()
        assert len(people) - 1 == size["customers"] > 0
        assert people[0].startswith("customer,name,email,country,purchase_days,last_purchase")
    shown = command("segments", "due-now", "--limit", 2, "--shop", whole).out
    assert "more; --format csv has all." in shown and shown.count("GBP") == 6
    refused = command("segments", "due", "--shop", whole)
    assert (refused.code, refused.err) == (2, "There is no segment 'due'.\nDid you mean due_now?\n")


def test_a_report_is_of_the_day_one_asks_for_and_makes_no_other_forecast(command: Command, whole: Path):
    for day in ("2025-09-30", "2025-12-31"):
        assert command("forecast", "--as-of", day, "--shop", whole).code == 0
    assert command("forecast", "--report", "--shop", whole).out.startswith("Forecast as of 2025-12-31")
    assert command("forecast", "--report", "--as-of", "2025-09-30", "--shop", whole).out.startswith(
        "Forecast as of 2025-09-30"
    )
    refused = command("forecast", "--report", "--as-of", "2025-10-01", "--shop", whole)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "No forecast as of 2025-10-01 is kept.\nThere are those of 2025-09-30, 2025-12-31.\n"
    refused = command("forecast", "--report", "--horizon", 730, "--shop", whole)
    assert (refused.code, refused.err.splitlines()[0]) == (
        2,
        "A report shows a forecast as it was made: leave out --horizon.",
    )


def test_where_nobody_leaves_nothing_is_said_of_leaving(command: Command, whole: Path):
    said = command("forecast", "--model", "nbd", "--shop", whole)
    assert said.code == 0 and "go by the chance to buy" in said.out
    assert "leaving:" not in said.out and "at risk with them" not in said.out
    for asked in (("segments",), ("segments", "worth-keeping-and-leaving")):
        text = " ".join(command(*asked, "--shop", whole).out.split())
        assert "The model of this forecast has no churn, so no customer is at risk." in text
