"""`regulars simulate`: of any size, in any of its formats, and loaded again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

REFUSED, WRONG = 1, 2
TABLES = ("customers", "orders", "order_lines", "returns")


def new_shop(command, folder: Path) -> Path:
    marketplace = ("--shared-address", "*@marketplace.example.com")
    assert command("init", folder, "--currency", "GBP", "--timezone", "Europe/London", *marketplace).code == 0
    return folder


def made(said) -> int:
    """How many orders the command says it made."""
    assert said.code == 0, said.err
    found = re.search(r"^([\d,]+) orders of [\d,]+ customers, 2023-07-01 to 2025-12-31\.$", said.out, re.MULTILINE)
    assert found, said.out
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("asked", ["10000", "10_000", "10,000", "10k", "0.01M"])
def test_so_many_orders_however_they_are_written(command, tmp_path: Path, asked: str):
    number = made(command("simulate", tmp_path, "--orders", asked, "--format", "parquet"))
    assert 10_000 <= number <= 10_100
    assert pq.read_metadata(tmp_path / "orders.parquet").num_rows == number


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_canonical_files_are_loaded_whole_from_their_folder(command, tmp_path: Path, kind: str):
    exports, shop = tmp_path / "exports", new_shop(command, tmp_path / "shop")
    number = made(command("simulate", exports, "--orders", "2k", "--format", kind))
    rows = (
        {table: pq.read_metadata(exports / f"{table}.parquet").num_rows for table in TABLES}
        if kind == "parquet"
        else {}
    )
    said = command("load", exports, "--shop", shop, "--format", "json")
    result = json.loads(said.out)
    assert set(result["files"]) == {f"{table}.{kind}" for table in TABLES}
    assert {file["rejected"] for file in result["files"].values()} == {0}
    loaded = {table: result["tables"][table]["inserted"] for table in TABLES}
    assert loaded["orders"] == number
    assert loaded == (rows or loaded)


@pytest.mark.slow
def test_parquet_csv_and_shopify_give_the_same_answers(command, tmp_path: Path):
    answers = []
    for kind in ("parquet", "csv", "shopify"):
        shop = new_shop(command, tmp_path / f"shop-{kind}")
        command("simulate", tmp_path / kind, "--orders", "2k", "--format", kind)
        assert command("load", tmp_path / kind, "--shop", shop).code == 0
        asked = ("--period", "2025", "--shop", shop, "--format", "json")
        names = ("orders", "repeat_purchase_rate", "customer_retention_rate", "net_revenue")
        answers.append([json.loads(command("metric", name, *asked).out)[0]["value"] for name in names[:3]])
    assert answers[0] == answers[1] == answers[2]
    assert None not in answers[0]


def test_only_some_tables(command, tmp_path: Path):
    made(command("simulate", tmp_path, "--orders", "500", "--format", "parquet", "--tables", "orders,customers"))
    assert {path.name for path in tmp_path.iterdir()} == {"orders.parquet", "customers.parquet", ".truth"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--orders", "0"], WRONG, "above 0"),
        (["--orders", "-5"], WRONG, "above 0"),
        (["--orders", "many"], WRONG, "'many' is no whole number"),
        (["--orders", "1.5"], WRONG, "no whole number"),
        (["--orders", "nan"], WRONG, "no whole number"),
        (["--orders", ""], WRONG, "no whole number"),
        (["--customers", "0"], WRONG, "above 0"),
        (["--customers", "5", "--orders", "5"], WRONG, "one of them"),
        (["--orders", "9" * 20], REFUSED, "GB of memory"),
        (["--customers", "1000000M"], REFUSED, "GB of memory"),
        (["--orders", "5", "--tables", "orders"], WRONG, "--format parquet or csv"),
        (["--orders", "5", "--format", "csv", "--tables", "ordrs"], WRONG, "order_lines"),
        (["--orders", "5", "--format", "csv", "--tables", ""], WRONG, "order_lines"),
        (["--orders", "5", "--format", "xml"], WRONG, "parquet"),
        (["--seed", "-1"], WRONG, "--seed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_simulated_is_refused(command, tmp_path: Path, arguments: list[str], code: int, words: str):
    said = command("simulate", tmp_path / "none", *arguments)
    assert (said.code, said.out) == (code, ""), said
    assert words in said.err and len(said.err.splitlines()) <= 2
    assert not (tmp_path / "none").exists() or not list((tmp_path / "none").iterdir())


def test_a_folder_with_ones_own_files_is_refused(command, tmp_path: Path):
    (tmp_path / "orders_export.csv").write_text("my own")
    said = command("simulate", tmp_path, "--customers", "20")
    assert (said.code, said.out) == (WRONG, "") and "was not simulated" in said.err
    assert (tmp_path / "orders_export.csv").read_text() == "my own"


def test_costs_of_a_shopify_shop_bring_profit(command, tmp_path: Path):
    shop = new_shop(command, tmp_path / "shop")
    made(command("simulate", tmp_path / "exports", "--orders", "2k", "--costs"))
    assert command("load", tmp_path / "exports", "--source", "shopify", "--shop", shop).code == 0
    asked = ("--period", "2025", "--shop", shop, "--format", "json")
    (profit,), (revenue,), (coverage,) = (
        json.loads(command("metric", name, *asked).out)
        for name in ("average_order_profit", "average_order_value", "cost_coverage")
    )
    assert coverage["value"] == 1
    assert 0.3 * revenue["value"] < profit["value"] < 0.8 * revenue["value"]


def test_costs_are_for_shopify_alone(command, tmp_path: Path):
    said = command("simulate", tmp_path, "--orders", "500", "--format", "csv", "--costs")
    assert said.code == WRONG and "order_lines holds the costs already" in said.err
