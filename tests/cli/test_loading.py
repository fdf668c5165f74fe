"""The life of a shop's data on the command line: load, look at rejects, fix, load again, undo, go back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import BAD


def load_json(command, *arguments: object, code: int = 0) -> dict:
    said = command("load", *arguments, "--format", "json")
    assert said.code == code, said
    return json.loads(said.out)


def test_the_accounts_as_programs_read_them(command, shop: Path, tmp_path: Path):
    (tmp_path / "bad.csv").write_text(BAD)
    assert load_json(command, tmp_path / "bad.csv", "--shop", shop) == {
        "version": 2,
        "load_id": 2,
        "files": {"bad.csv": {"read": 2, "used": 1, "waiting": 0, "rejected": 1, "skipped": 0}},
        "tables": {"orders": {"inserted": 1, "updated": 0, "unchanged": 0}},
        "released": 0,
        "refused": {},
        "unknown": {},
        "passed_over": {},
    }


@pytest.mark.parametrize("name", ["a b:c", "a:b", "a b", "uk/fr", "uk\n", " ", "ü b"])
def test_an_account_that_would_not_be_told_from_its_source_is_refused(command, shop: Path, tmp_path: Path, name: str):
    (tmp_path / "bad.csv").write_text(BAD)
    said = command("load", tmp_path / "bad.csv", "--account", name, "--shop", shop)
    assert said.code == 2 and said.err.startswith("The account ") and "letters, digits, _, - and ." in said.err
    assert len(said.err.splitlines()) == 2


@pytest.mark.parametrize("name", ["uk", "UK-2", "shop_1", "shop.example", "münchen"])
def test_an_account_of_letters_and_digits_is_taken(command, shop: Path, tmp_path: Path, name: str):
    (tmp_path / "bad.csv").write_text(BAD)
    assert command("load", tmp_path / "bad.csv", "--account", name, "--shop", shop).code == 0


@pytest.mark.parametrize("name", ["a b", "a:b", "shopify:uk", "Shopify", "7", "a-b", "a\nb", " ", "ü"])
def test_a_source_that_no_mapping_could_name_is_refused(command, shop: Path, tmp_path: Path, name: str):
    (tmp_path / "bad.csv").write_text(BAD)
    said = command("load", tmp_path / "bad.csv", "--source", name, "--shop", shop)
    assert said.code == 2 and said.err.startswith("The source ") and "small letters, digits and _" in said.err
    assert len(said.err.splitlines()) == 2


@pytest.mark.parametrize("name", ["shopify", "till_2"])
def test_a_source_of_small_letters_and_digits_is_taken(command, shop: Path, tmp_path: Path, name: str):
    (tmp_path / "bad.csv").write_text(BAD)
    assert command("load", tmp_path / "bad.csv", "--source", name, "--shop", shop).code == 0
    assert json.loads(command("loads", "--format", "json", "--shop", shop).out)[-1]["source"] == name


def test_a_file_loaded_before_changes_nothing(command, shop: Path, tmp_path: Path):
    (tmp_path / "bad.csv").write_text(BAD)
    load_json(command, tmp_path / "bad.csv", "--shop", shop)
    said = command("load", tmp_path / "bad.csv", "--shop", shop, "--format", "json")
    told = json.loads(said.out)
    assert (told["version"], told["load_id"], told["tables"]) == (2, 2, {}), "no table was touched"
    assert told["files"] == {"bad.csv": {"read": 0, "used": 0, "waiting": 0, "rejected": 0, "skipped": 0}}
    assert "was loaded before (load 2)" in said.err
    again = load_json(command, tmp_path / "bad.csv", "--again", "--shop", shop)
    assert (again["version"], again["tables"]["orders"]["unchanged"]) == (3, 1)


def test_what_is_no_matter_of_some_customers_is_said(command, shop: Path, tmp_path: Path):
    (tmp_path / "late.csv").write_text(BAD)
    assert "anew" not in command("load", tmp_path / "late.csv", "--shop", shop).err
    (tmp_path / "rates.csv").write_text("day,currency,rate\n2024-05-01,USD,0.9\n")
    said = command("load", tmp_path / "rates.csv", "--shop", shop)
    assert said.code == 0, said
    assert "Deriving all facts again: exchange rates changed." in said.err


def test_rejects_are_exported_corrected_and_loaded_again(command, shop: Path, tmp_path: Path):
    (tmp_path / "bad.csv").write_text(BAD)
    said = command("load", tmp_path / "bad.csv", "--shop", shop)
    assert "1 row was rejected" in said.out and "bad.csv line 2" in said.out and "regulars rejects" in said.out
    assert "not an amount" in command("rejects", "--shop", shop).out
    (one,) = json.loads(command("rejects", "--shop", shop, "--format", "json").out)
    assert (one["load_id"], one["file"], one["line"], one["fields"]["gross"]) == (2, "bad.csv", 2, "ten")
    assert json.loads(command("rejects", "--load", 1, "--shop", shop, "--format", "json").out) == []
    fixed = tmp_path / "fixed.csv"
    assert command("rejects", "--export", fixed, "--shop", shop).code == 0
    fixed.write_text(fixed.read_text().replace(",ten,", ",10.00,"))
    result = load_json(command, fixed, "--shop", shop)
    assert result["files"] == {"fixed.csv": {"read": 1, "used": 1, "waiting": 0, "rejected": 0, "skipped": 0}}
    assert (
        json.loads(command("metric", "orders", "--grain", "all", "--shop", shop, "--format", "json").out)[0]["value"]
        == 7
    )


def test_strict_refuses_and_changes_nothing(command, shop: Path, tmp_path: Path):
    (tmp_path / "bad.csv").write_text(BAD)
    said = command("load", tmp_path / "bad.csv", "--strict", "--shop", shop)
    assert (said.code, said.out) == (1, "") and "--strict" in said.err
    assert len(json.loads(command("versions", "--shop", shop, "--format", "json").out)) == 1


def test_a_file_without_a_used_row_is_refused_unless_told_otherwise(command, shop: Path, tmp_path: Path):
    bad = tmp_path / "bad.csv"
    bad.write_text("order_id,ordered_at,currency,gross\n6,2024-03-01,GBP,ten\n")
    said = command("load", bad, "--shop", shop)
    assert (said.code, said.out) == (1, ""), said
    assert "1 of 1 rows would be rejected: gross: 'ten' is not an amount" in said.err and "--accept-rejects" in said.err
    assert len(json.loads(command("versions", "--shop", shop, "--format", "json").out)) == 1
    taken = command("load", bad, "--accept-rejects", "--shop", shop)
    assert taken.code == 0 and "Next: regulars rejects" in taken.out and "Next: regulars metrics" not in taken.out
    (one,) = json.loads(command("rejects", "--shop", shop, "--format", "json").out)
    assert one["fields"]["gross"] == "ten"


def test_refused_files_of_a_folder_are_all_named_and_left_out_on_request(command, shop: Path, tmp_path: Path):
    header, folder = "order_id,ordered_at,currency,gross\n", tmp_path / "exports"
    folder.mkdir()
    for name, number, gross in (("a", 11, "x"), ("b", 12, "2.00"), ("c", 13, "y")):
        (folder / f"{name}.csv").write_text(f"{header}{number},2024-03-01,GBP,{gross}\n")
    refused = command("load", folder, "--shop", shop)
    assert refused.code == 1 and "2 files are refused" in refused.err
    assert "a.csv: 1 of 1 rows" in refused.err and "c.csv: 1 of 1 rows" in refused.err and "b.csv" not in refused.err
    result = load_json(command, folder, "--skip-refused", "--shop", shop, code=3)
    assert {Path(name).name: file["used"] for name, file in result["files"].items()} == {"b.csv": 1}
    assert sorted(Path(name).name for name in result["refused"]) == ["a.csv", "c.csv"]
    assert result["tables"] == {"orders": {"inserted": 1, "updated": 0, "unchanged": 0}}


def test_orders_before_their_rates_wait_and_are_used_when_the_rates_come(command, shop: Path, tmp_path: Path):
    def revenue() -> float:
        asked = ("metric", "net_revenue", "--grain", "all", "--shop", shop, "--format", "json")
        return json.loads(command(*asked).out)[0]["value"]

    before, orders, rates = revenue(), tmp_path / "usd.csv", tmp_path / "rates.csv"
    orders.write_text("order_id,ordered_at,currency,gross\n8,2024-03-01,USD,10.00\n9,2024-03-02,GBP,7.00\n")
    said = command("load", orders, "--shop", shop)
    assert said.code == 0 and "1 row waits for exchange rates to GBP, the shop's currency: USD, 2024-03-01" in said.out
    assert revenue() == before + 7
    assert "regulars rejects --waiting" in command("rejects", "--shop", shop).out
    (one,) = json.loads(command("rejects", "--waiting", "--shop", shop, "--format", "json").out)
    assert (one["order_id"], one["line"], one["rows"]) == ("8", 2, 1)
    assert "1 row of it still waits" in command("load", orders, "--shop", shop, "--format", "json").err
    rates.write_text("day,currency,rate\n2024-02-28,USD,0.80\n")
    result = load_json(command, rates, "--shop", shop)
    assert (result["released"], revenue()) == (1, before + 15)
    loads = json.loads(command("loads", "--shop", shop, "--format", "json").out)
    assert [(one["read"], one["used"], one["waiting"]) for one in loads] == [(5, 5, 0), (2, 2, 0), (1, 1, 0)]
    assert "Nothing waits." in command("rejects", "--waiting", "--shop", shop).out


def test_numbers_say_that_rows_of_the_newest_load_are_not_in_them(command, shop: Path, tmp_path: Path):
    asked = (("metric", "orders", "--grain", "all"), ("metrics",))
    assert not any("newest load" in command(*words, "--shop", shop).out for words in asked)
    (tmp_path / "bad.csv").write_text(BAD + "8,2024-03-02,USD,7.00\n9,2024-03-02,USD,7.00\n")
    load_json(command, tmp_path / "bad.csv", "--shop", shop)
    for words in asked:
        said = command(*words, "--shop", shop).out
        assert f"1 row of the newest load was rejected: regulars rejects --shop {shop}" in said
        assert f"2 rows of the newest load wait for exchange rates: regulars rejects --waiting --shop {shop}" in said
        piped = command(*words, "--shop", shop, "--format", "csv")
        assert "newest load" in piped.err and "newest load" not in piped.out
    command("undo", 2, "--shop", shop)
    assert not any("newest load" in command(*words, "--shop", shop).out for words in asked)


def test_undo_and_rollback(command, shop: Path, tmp_path: Path):
    def orders() -> int:
        return json.loads(command("metric", "orders", "--grain", "all", "--shop", shop, "--format", "json").out)[0][
            "value"
        ]

    (tmp_path / "bad.csv").write_text(BAD)
    load_json(command, tmp_path / "bad.csv", "--shop", shop)
    assert orders() == 6
    assert command("undo", 2, "--shop", shop).code == 0
    assert orders() == 5
    assert "undone" in command("loads", "--shop", shop).out
    assert "Version 2" in command("rollback", "--shop", shop).out
    assert orders() == 6
    current = [
        one["number"]
        for one in json.loads(command("versions", "--shop", shop, "--format", "json").out)
        if one["current"]
    ]
    assert current == [2]


def test_covers_until_finishes_the_month(command, tmp_path: Path):
    shop, orders = tmp_path / "shop", tmp_path / "orders.csv"
    orders.write_text("order_id,ordered_at,currency,gross\n1,2024-01-03,GBP,5.00\n")
    command("init", shop, "--currency", "GBP", "--timezone", "Europe/London")
    load_json(command, orders, "--covers-until", "2024-01-31", "--shop", shop)
    (value,) = json.loads(command("metric", "orders", "--shop", shop, "--format", "json").out)
    assert value["period"]["complete"] is True


def test_people_are_joined_split_and_listed(command, shop: Path):
    buyers = ("metric", "active_buyers", "--grain", "all", "--shop", shop, "--format", "json")
    assert json.loads(command(*buyers).out)[0]["value"] == 3
    assert (
        "one person now" in command("people", "join", "ana", "ben@example.com", "--note", "asked", "--shop", shop).out
    )
    assert json.loads(command(*buyers).out)[0]["value"] == 2
    assert "ben@example.com" in command("people", "merges", "--shop", shop).out
    command("people", "split", "ana", "ben@example.com", "--shop", shop)
    assert json.loads(command(*buyers).out)[0]["value"] == 3
    listed = json.loads(command("people", "list", "--shop", shop, "--format", "json").out)
    assert [(one["joined"], one["note"]) for one in listed] == [(True, "asked"), (False, "")]


def test_a_simulated_shop_is_loaded_like_a_real_one(command, tmp_path: Path):
    exports, shop = tmp_path / "exports", tmp_path / "shop"
    said = command("simulate", exports, "--customers", 200, "--months", 6, "--until", "2024-06-30", "--seed", 3)
    assert said.code == 0 and "2024-01-01 to 2024-06-30" in said.out
    command(
        "init",
        shop,
        "--currency",
        "GBP",
        "--timezone",
        "Europe/London",
        "--shared-address",
        "*@marketplace.example.com",
    )
    assert 'shared_addresses = ["*@marketplace.example.com"]' in (shop / "regulars.toml").read_text()
    result = load_json(command, exports / "*.csv", "--shop", shop)
    assert {file["rejected"] for file in result["files"].values()} == {0}
    shown = command("metrics", "--shop", shop)
    assert shown.code == 0 and "2024-06" in shown.out and "2024-05" in shown.out
    proposed = json.loads(command("suggest-window", "--shop", shop, "--format", "json").out)
    assert proposed["active_window"] >= 30 and proposed["share"] >= 0.9


RESAVED = """Name;Email;Financial Status;Created at;Subtotal;Total;Currency;Lineitem quantity;Lineitem name;Lineitem price
#1;ann@example.com;paid;03/04/2024 10:15;20,00;20,00;GBP;1;Soap;20,00
#2;bob@example.com;paid;13/04/2024 10:15;1.005,50;1.005,50;GBP;1;Bath;1.005,50
"""


def test_a_known_export_that_a_spreadsheet_has_saved_again(command, shop: Path, tmp_path: Path):
    file = tmp_path / "resaved.csv"
    file.write_text(RESAVED)
    said = command("load", file, "--shop", shop)
    assert said.code == 1, said
    assert "--decimal ," in said.err, said
    said = command("load", file, "--decimal", ",", "--shop", shop)
    assert said.code == 1 and "--dates dmy" in said.err, said
    result = load_json(command, file, "--dates", "dmy", "--decimal", ",", "--shop", shop)
    assert result["files"] == {"resaved.csv": {"read": 2, "used": 2, "waiting": 0, "skipped": 0, "rejected": 0}}
    mapping = tmp_path / "resaved.toml"
    mapping.write_text('name = "shopify"\n[read]\ndecimal = ","\ndate_order = "dmy"\n')
    again = load_json(command, file, "--mapping", mapping, "--again", "--shop", shop)
    assert again["tables"]["orders"] == {"inserted": 0, "updated": 0, "unchanged": 2}


def test_a_load_of_which_every_row_waits_says_how_to_load_rates(command, shop: Path, tmp_path: Path):
    """And a file written as it says lets the rows count: 10.00 USD at 0.5 are 5.00 GBP more."""
    before = revenue(command, shop)
    orders, rates = tmp_path / "usd.csv", tmp_path / "RATES.csv"
    orders.write_text("order_id,ordered_at,currency,gross\n80,2024-03-01,USD,10.00\n")
    said = command("load", orders, "--shop", shop)
    assert said.code == 0 and "Next: regulars metrics" not in said.out, said
    *_, following, how = said.out.splitlines()
    assert following.startswith("No row was used. Next: regulars load RATES.csv")
    assert "day,currency,rate" in how
    rates.write_text("day,currency,rate\n2024-03-01,USD,0.5\n")
    said = command("load", rates, "--shop", shop)
    assert said.code == 0 and "Next: regulars metrics" in said.out
    assert revenue(command, shop) == before + 5


def revenue(command, shop: Path) -> float:
    said = command("metric", "net_revenue", "--grain", "all", "--format", "json", "--shop", shop)
    return json.loads(said.out)[0]["value"]
