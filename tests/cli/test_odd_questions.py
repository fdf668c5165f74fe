"""Questions that nobody means end in words, and explain says what this shop lacks."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest


def test_a_closed_output_ends_without_a_traceback(program: list[str], shop: Path):
    asked = shlex.join([*program, "metric", "orders", "--shop", str(shop)])
    for closed in (">&-", ">&- 2>&-", "--format csv >&-", "--format json >&-"):
        done = subprocess.run(["sh", "-c", f"{asked} {closed}"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), closed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--where", "country=DE\0"), "holds a zero byte"),
        (("--where", "coun\0try=DE"), "holds a zero byte"),
        (("--period", "0001"), "begins before 1900"),
        (("--period", "0999-12"), "begins before 1900"),
        (("--since", "0001-01-01"), "begins before 1900"),
        (("--period", "9999"), "9999"),
    ],
)
def test_odd_values_are_refused_in_words(command, shop: Path, arguments: tuple[str, str], words: str):
    said = command("metric", "orders", *arguments, "--shop", shop)
    assert said.code == 2 and words in said.err and len(said.err.splitlines()) <= 2, said
    assert "\0" not in said.err


def test_explain_says_which_tables_this_shop_lacks(command, shop: Path, shops_with):
    said = command("explain", "product_return_rate", "--shop", shop).out
    (line,) = [line for line in said.splitlines() if line.startswith("Not loaded")]
    assert "returns" in line and "order_lines" in line and "regulars tables returns" in line
    told = json.loads(command("explain", "product_return_rate", "--shop", shop, "--format", "json").out)
    assert set(told["tables_not_loaded"]) == {"returns", "order_lines"}
    assert "Not loaded" not in command("explain", "net_revenue", "--shop", shop).out
    assert "Not loaded" not in command("explain", "product_return_rate", "--shop", shops_with("returns")).out


def in_shop(out: str) -> str:
    """What explain says of this shop's data: the line of that label and those below it without one."""
    lines = out.splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith("In this shop")), len(lines))
    return " ".join(" ".join(lines[first : lines.index("", first)] if first < len(lines) else []).split())


def test_explain_says_which_columns_splits_and_history_this_shop_lacks(command, shop: Path, shops_with):
    profit = command("explain", "average_order_profit", "--shop", shop).out
    costs = "No row of orders has a value in profit: load what goods cost (regulars tables product_costs)."
    assert costs in in_shop(profit)
    assert "Every row of orders is unknown by channel, coupon" in in_shop(profit)
    assert "country" not in in_shop(profit), "four of five orders have one"
    reach = "the data cover 89 days, 2024-01-03 to 2024-03-31."
    assert f"Too little history to compare with a year earlier: {reach}" in in_shop(profit)
    churn = command("explain", "customer_churn_rate", "--shop", shop).out
    assert f"Too little history: a period needs 365 days of data before it, and {reach}" in in_shop(churn)
    assert "In this shop" not in command("explain", "product_return_rate", "--shop", shop).out, "its tables come first"
    told = json.loads(command("explain", "average_order_profit", "--shop", shop, "--format", "json").out)
    assert costs in told["missing_data"] and told["tables_not_loaded"] == []
    assert costs not in in_shop(command("explain", "average_order_profit", "--shop", shops_with("product_costs")).out)


def test_explain_has_nothing_to_say_of_no_shop(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert "In this shop" not in command("explain", "average_order_profit").out


def test_a_shop_of_another_currency_is_asked_for_its_own(command, tmp_path: Path):
    header = "order_id,ordered_at,currency,gross\n"
    (tmp_path / "orders.csv").write_text(f"{header}1,2024-03-01,USD,5.00\n2,2024-03-02,USD,6.00\n")
    (tmp_path / "more.csv").write_text(f"{header}3,2024-03-03,EUR,5.00\n4,2024-03-04,USD,6.00\n")
    assert command("init", tmp_path / "new", "--currency", "EUR", "--timezone", "UTC").code == 0
    asked = "This shop's currency is EUR (regulars.toml), and no order of this load is in it. If the setting is wrong,"
    assert asked in command("load", tmp_path / "orders.csv", "--shop", tmp_path / "new").out
    assert "If the setting is wrong" not in command("load", tmp_path / "more.csv", "--shop", tmp_path / "new").out
