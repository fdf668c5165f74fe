"""regulars forecast in a shop with subscriptions: what a shop owner reads, and what a program gets."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from cli.conftest import Command
from forecast.subscriptions.population import Plan, drawn, write
from regulars.cli import run
from regulars.vocabulary.shop import SETTINGS_FILE

BOX = Plan("box", 1, 0.7, 3.0, 900, 20.0, early=True)
CLUB = Plan("club", 12, 0.8, 2.0, 400, 120.0)


def opened(folder: Path, plans: list[Plan], setting: str = "", only: int = 2) -> Path:
    shop = folder / "shop"
    assert run(["init", str(shop), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    settings = shop / SETTINGS_FILE
    settings.write_text(f"{setting}\n{settings.read_text()}")
    files = write(drawn(plans, seed=3), folder / "files")
    assert run(["load", *map(str, files[:only]), "--shop", str(shop)]) == 0
    return shop


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    setting = 'subscriptions_renew = { club = "year", Clubb = "year" }'
    return opened(tmp_path_factory.mktemp("subscribed"), [BOX, CLUB], setting)


@pytest.fixture
def whole(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "whole"))


def test_both_forecasts_are_made_and_shown(command: Command, whole: Path):
    said = command("forecast", "--shop", whole)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("Forecast as of 2025-12-31")
    assert any(line.startswith("Subscriptions as of 2025-12-31:") and "running, of" in line for line in lines)
    for words in (
        "subscriptions that renew within 90 days", "revenue of renewals within 365 days, less 10 % a year",
        "less than if all stayed, within 365 days", "By plan, within 365 days", "a renewal brings",
        "Subscriptions are taken to renew every month: box; every year: club;", "subscriptions_renew in regulars.toml",
        "No subscription is of the plan Clubb, which subscriptions_renew names.",
    ):  # fmt: skip
        assert words in said.out
    assert "stale" not in said.out


@pytest.mark.slow
def test_the_report_shows_cohorts_and_the_hidden_past(command: Command, whole: Path):
    assert command("forecast", "--as-of", "2025-09-30", "--shop", whole).code == 0
    assert command("forecast", "--shop", whole).code == 0
    said = command("forecast", "--report", "--shop", whole)
    assert (said.code, said.err) == (0, "")
    for words in (
        "The model of each plan", "first renewal", "Shifted beta-geometric",
        "Cohorts, by the quarter in which subscriptions began", "2023-Q1", "renewed once",
        "Backtest: subscriptions still active after 90 days", "naive: same churn as the days before",
        "Backtest by cohort, all periods together", "alike, as the model takes them to be",
        "Earlier forecasts and what happened: subscriptions that renewed",
    ):  # fmt: skip
        assert words in said.out
    found = json.loads(command("forecast", "--report", "--format", "json", "--shop", whole).out)["subscriptions"]
    assert [one["as_of"] for one in found["backtest"]["quarters"]] == ["2025-10-02", "2025-07-04", "2025-04-05"]
    assert [(one["as_of"], one["days"]) for one in found["actuals"]] == [("2025-09-30", 30), ("2025-09-30", 90)]
    assert len(found["cohorts"]) == 12


def test_a_program_gets_everything(command: Command, whole: Path):
    said = command("forecast", "--horizon", 180, "--rate", 0, "--format", "json", "--shop", whole)
    found = json.loads(said.out)
    assert found["as_of"] == "2025-12-31" and found["model"]
    of = found["subscriptions"]
    assert (of["as_of"], of["horizon"], of["discount"], of["stale"]) == ("2025-12-31", 180, 0, [])
    assert {plan["plan"]: plan["renews"] for plan in of["plans"]} == {"box": "every month", "club": "every year"}
    assert set(of["models"][0]["parameters"]) == {"alpha", "beta"}
    assert of["totals"]["renewing"]["30"] < of["totals"]["renewing"]["365"] < of["totals"]["subscriptions"]


def test_a_load_makes_both_stale(command: Command, whole: Path, tmp_path: Path):
    assert command("forecast", "--shop", whole).code == 0
    (tmp_path / "late.csv").write_text(
        "order_id,customer_id,ordered_at,currency,gross\nz,nina,2026-01-05 10:00,GBP,30\n"
    )
    assert command("load", tmp_path / "late.csv", "--shop", whole).code == 0
    said = command("forecast", "--report", "--shop", whole).out
    assert said.count("This forecast is stale: since it was made, files were loaded.") == 2


@pytest.mark.slow
def test_few_subscriptions_do_not_stop_the_forecast_of_purchases(command: Command, tmp_path: Path):
    _, orders = write(drawn([BOX], seed=3), tmp_path / "many")
    subscriptions, _ = write(drawn([Plan("few", 1, 0.7, 3.0, 30)], seed=1), tmp_path / "few")
    shop = tmp_path / "shop"
    assert run(["init", str(shop), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert run(["load", str(subscriptions), str(orders), "--shop", str(shop)]) == 0
    said = command("forecast", "--shop", shop)
    assert said.code == 0 and said.out.startswith("Forecast as of 2025-12-31")
    assert said.err.startswith(
        "Subscriptions are not forecast. There are not enough data to forecast subscriptions: few: 100"
    )
    assert json.loads(command("forecast", "--report", "--format", "json", "--shop", shop).out)["subscriptions"] is None


@pytest.mark.slow
def test_few_customers_do_not_stop_the_forecast_of_subscriptions(command: Command, tmp_path: Path):
    shop = opened(tmp_path, [Plan("box", 1, 0.7, 3.0, 400)], only=1)
    said = command("forecast", "--shop", shop)
    assert said.code == 0 and said.out.startswith("Subscriptions as of ")
    assert said.err.startswith("Purchases are not forecast. There are no orders in this shop yet.")
    assert "Value is not known: no orders of known customers are loaded." in said.out
    assert "Subscriptions are taken to renew every month;" in said.out
    assert command("forecast", "--report", "--shop", shop).out.startswith("Subscriptions as of ")


def test_where_neither_can_be_made_both_reasons_are_told(command: Command, tmp_path: Path):
    shop = opened(tmp_path, [Plan("box", 1, 0.7, 3.0, 40)])
    said = command("forecast", "--shop", shop)
    assert (said.code, said.out) == (1, "")
    assert "500 customers who ordered are needed" in said.err
    assert "100 subscriptions with a renewal due are needed" in said.err
    assert command("forecast", "--report", "--shop", shop).code == 1


def test_a_shop_without_subscriptions_is_told_nothing_of_them(command: Command, tmp_path: Path):
    files = write(drawn([BOX], seed=3), tmp_path / "files", date(2025, 12, 31))
    shop = tmp_path / "plain"
    assert run(["init", str(shop), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert run(["load", str(files[1]), "--shop", str(shop)]) == 0
    said = command("forecast", "--shop", shop)
    assert said.code == 0 and "ubscription" not in said.out + said.err
