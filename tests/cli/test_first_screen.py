"""`regulars metrics`: five headlines with a sentence each, then the themes, and one line for each table that is missing."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from cli.conftest import Command
from cli.test_changes_shown import change, value
from regulars.cli import run
from regulars.metrics.query_result import Verdict
from regulars.services.metric_tables import sentence_tone
from regulars.services.overview import what_changed

TITLES = ["Net revenue", "Orders", "New customers", "Customer churn rate", "Returning customer rate"]
HEADER = "order_id,customer_id,ordered_at,currency,gross\n"


def shop_of(command: Command, folder: Path, **tables: str) -> Path:
    assert command("init", folder / "shop", "--currency", "GBP", "--timezone", "UTC").code == 0
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(rows)
        assert command("load", folder / f"{name}.csv", "--shop", folder / "shop").code == 0
    return folder / "shop"


def orders_of(first: date, days: int) -> str:
    """Two orders a day of 10.00 each, by 60 customers in turn: each orders every 30 days."""
    rows = [
        f"{day}-{which},c{(2 * day + which) % 60},{first + timedelta(days=day)} 12:00,GBP,10.00"
        for day in range(days)
        for which in (0, 1)
    ]
    return HEADER + "\n".join([*rows, ""])


@pytest.fixture(scope="module")
def two_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders of each day of 2023 and 2024."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "orders.csv").write_text(orders_of(date(2023, 1, 1), 731))
    assert run(["init", str(folder / "shop"), "--currency", "GBP", "--timezone", "UTC"]) == 0
    assert run(["load", str(folder / "orders.csv"), "--shop", str(folder / "shop")]) == 0
    return folder / "shop"


def test_five_headlines_stand_first_with_a_sentence_each(command: Command, two_years: Path):
    said = command("metrics", "--shop", two_years)
    assert (said.code, said.err) == (0, "")
    header, *lines = said.out.splitlines()
    assert header.split() == ["headline", "2024-12", "2024-11", "2023-12"]
    assert [line.split("  ")[0] for line in lines[0:10:2]] == TITLES
    assert all(line.startswith("  ") and line.endswith(".") for line in lines[1:10:2])
    assert lines[0].split()[2:] == ["620.00", "GBP", "600.00", "GBP", "620.00", "GBP"]  # 31, 30 and 31 days
    assert lines[2].split()[1:] == ["62", "60", "62"]
    assert lines[4].split()[2:] == ["0", "0", "0"]
    assert "from 2024-11" in lines[3] and "from 2023-12" in lines[3]
    assert lines[11] == "Retention"


def test_themes_show_last_year_beside_last_month(command: Command, two_years: Path):
    lines = command("metrics", "--shop", two_years).out.splitlines()
    start = lines.index("Value and sales")
    assert lines[start + 1].split("  ")[0] == "metric"
    titles = [part.strip() for part in lines[start + 1].split("  ") if part.strip()]
    assert titles == ["metric", "2024-12", "95 % interval", "2024-11", "2023-12", "change", "verdict"]
    (orders,) = [line for line in lines[start:] if line.startswith("orders ")]
    assert orders.split()[1:5] == ["62", "60", "62", "+2"]


def test_a_theme_of_ones_own_choice_has_no_headlines(command: Command, two_years: Path):
    for asked in (["--theme", "value"], ["--split", "country"], ["--where", "country=unknown"], ["--compare"]):
        assert "headline" not in command("metrics", *asked, "--shop", two_years).out
    assert command("metrics", "--period", "2024-06", "--shop", two_years).out.startswith("headline")


def test_what_is_not_known_is_a_dash_and_never_0(command: Command, tmp_path: Path):
    """Two months: nothing a year earlier, and no customer can have been lost yet."""
    shop = shop_of(command, tmp_path, orders=orders_of(date(2024, 1, 1), 60))
    out = command("metrics", "--shop", shop).out
    assert out.splitlines()[0].split() == ["headline", "2024-02", "2024-01"]


def test_one_order_has_nothing_to_compare_with(command: Command, tmp_path: Path):
    shop = shop_of(command, tmp_path, orders=HEADER + "1,ana,2024-01-31,GBP,5.00\n")
    said = command("metrics", "--shop", shop)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].split() == ["headline", "2024-01", "2023-12"]
    assert lines[1].split() == ["Net", "revenue", "5.00", "GBP", "–"]
    assert lines[2] == "  Nothing to compare with: the data hold no earlier value."


def test_one_line_for_each_missing_table_names_what_it_would_bring(command: Command, two_years: Path):
    lines = command("metrics", "--shop", two_years).out.splitlines()
    (returns,) = [line for line in lines if line.startswith("returns:")]
    assert (
        returns.startswith("returns: load a file of returns, for refunds_by_order_day, ")
        and "product_return_rate" in returns
    )
    for table in ("order_lines", "returns", "visits", "answers"):
        assert len([line for line in lines if line.startswith(f"{table}: load a file of ")]) == 1, table
    assert not [line for line in lines if line.startswith(("product_return_rate", "net_promoter_score"))]
    assert sum(line.startswith("Load a file: regulars load FILE…") for line in lines) == 1


def test_what_products_cost_is_asked_for_where_profit_has_no_value(command: Command, two_years: Path, shops_with):
    lines = command("metrics", "--shop", two_years).out.splitlines()
    (costs,) = [line for line in lines if line.startswith("product_costs:")]
    assert costs.startswith("product_costs: load a file of product costs, with order_lines for average_order_profit, ")
    assert not [line for line in lines if line.startswith(("average_order_profit", "No value"))]
    (returns,) = [line for line in lines if line.startswith("returns:")]
    assert returns.endswith("; with order_lines for product_return_rate and product_return_rate_by_return_day.")


def test_returns_without_their_order_ask_for_the_order(command: Command, tmp_path: Path):
    returns = "return_id,returned_at,amount,quantity\nr1,2024-01-20,1.00,1\n"
    shop = shop_of(command, tmp_path, orders=orders_of(date(2024, 1, 1), 60), returns=returns)
    (line,) = [line for line in command("metrics", "--shop", shop).out.splitlines() if line.startswith("returns:")]
    assert line.startswith("returns: load them with the order of each (order_id), for refunds_by_order_day, ")


@pytest.mark.parametrize(
    ("name", "before", "year", "sentence"),
    [
        (
            "orders",
            change(5, verdict=Verdict.NOISE, note="1 more day; as usual for December"),
            change(12, verdict=Verdict.REAL, period="2024-12"),
            "Within noise: +5 from 2025-11 (1 more day; as usual for December); really rose: +12 from 2024-12.",
        ),
        (
            "customer_churn_rate",
            change(-0.031, verdict=Verdict.REAL),
            None,
            "Really fell: -3.1 points from 2025-11.",
        ),
        ("orders", change(2, verdict=Verdict.TOO_FEW), None, "Too few to tell: +2 from 2025-11."),
        (
            "orders",
            change(2, verdict=Verdict.MORE_THAN_CHANCE, note="season not known"),
            None,
            "More than chance, season not known: +2 from 2025-11.",
        ),
        (
            "customer_lifetime_value",
            change(2.5, verdict=None),
            None,
            "No verdict, as time alone changes it: +2.50 GBP from 2025-11.",
        ),
        ("orders", None, None, "Nothing to compare with: the data hold no earlier value."),
        ("orders", change(None), None, "Nothing to compare with: the data hold no earlier value."),
        # More by number, and less than usual: the verdict is on what is judged.
        (
            "orders",
            change(5, verdict=Verdict.REAL, note="lower than usual for December", direction=-1),
            None,
            "Really fell: +5 from 2025-11 (lower than usual for December).",
        ),
    ],
)
def test_the_sentence_says_what_really_changed(name, before, year, sentence):
    assert what_changed(value(name, 100, before, year)) == sentence


def test_a_sentence_has_a_colour_where_all_of_it_is_real():
    real, noise = change(5, verdict=Verdict.REAL), change(5, verdict=Verdict.NOISE)
    fell = change(-5, verdict=Verdict.REAL, period="2024-12")
    assert sentence_tone(value("orders", 100, real)) == "green"
    assert sentence_tone(value("orders", 100, real, change(5, verdict=Verdict.REAL, period="2024-12"))) == "green"
    assert sentence_tone(value("customer_churn_rate", 0.1, real)) == "red"
    assert sentence_tone(value("orders", 100, real, noise)) == sentence_tone(value("orders", 100, noise, real)) == ""
    assert sentence_tone(value("orders", 100, real, fell)) == sentence_tone(value("orders", 100, None)) == ""


def test_a_window_that_does_not_fit_names_the_command_that_proposes_one(command: Command, two_years: Path, shop: Path):
    said = command("metrics", "--shop", two_years).out
    long = "The active window of 365 days is long for this shop: 90 % of the purchases by which customers came back happened"
    assert f"{long} within 30 days. Next: regulars suggest-window --shop {two_years}" in said
    assert (
        "The active window of 10 days is short" in command("metrics", "--active-window", "10", "--shop", two_years).out
    )
    assert "suggest-window" not in command("metrics", "--active-window", "45", "--shop", two_years).out
    assert "suggest-window" not in command("metrics", "--shop", shop).out, "too few purchases to propose one"
    assert json.loads(command("suggest-window", "--shop", two_years, "--format", "json").out)["active_window"] == 30


def test_a_window_longer_than_the_data_is_named(command: Command, tmp_path: Path):
    shop = shop_of(command, tmp_path, orders=orders_of(date(2024, 1, 1), 91))
    said = command("metrics", "--shop", shop).out
    assert "The active window of 365 days is longer than the data (91 days): no customer can count as lost yet." in said
