"""Every refusal is one or two plain lines on stderr, an exit code, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

REFUSED, WRONG = 1, 2


def refused(said, code: int, *words: str) -> None:
    assert (said.code, said.out) == (code, ""), said
    lines = said.err.splitlines()
    assert 1 <= len(lines) <= 2 and "Traceback" not in said.err, said.err
    for word in words:
        assert word in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["metric", "customer_churnrate"], "customer_churn_rate"),
        (["metric", "churn"], "Did you mean customer_churn_rate, "),
        (["explain", "churn"], "Did you mean customer_churn_rate, "),
        (["drill-down", "AOV", "--period", "2024"], "Did you mean average_order_value, "),
        (["metric", "NPS"], "Did you mean net_promoter_score?"),
        (["metric", "CTR"], "The open rate is not among"),
        (["metric", "orders", "--split", "colour"], "country"),
        (["metric", "orders", "--split", "country,country"], "twice"),
        (["metric", "orders", "--where", "colour=red"], "colour"),
        (["metric", "orders", "--where", "colour"], "column=value"),
        (["metric", "orders", "--where", "net_revenue>=ten"], "number"),
        (["metric", "orders", "--period", "2024-13"], "2024-13"),
        (["metric", "orders", "--period", "spring"], "2011-Q4"),
        (["metric", "orders", "--period", "2024", "--since", "2024"], "--since"),
        (["metric", "orders", "--since", "2024-03", "--until", "2024-01"], "before it starts"),
        (["metric", "orders", "--grain", "fortnight"], "quarter"),
        (["metric", "orders", "--active-window", "0"], "active_window"),
        (["metric", "orders", "--format", "xml"], "csv"),
        (["metric"], "NAME"),
        (["metrics", "--theme", "weather"], "Retention"),
        (["metrics", "--split", "colour"], "explain"),
        (["drill-down", "orders"], "--period"),
        (["undo", "99"], "no load 99"),
        (["undo", "two"], "integer"),
        (["tables", "ordrs"], "orders"),
        (["load"], "FILE"),
        (["load", "x.csv", "--covers-until", "tomorrow"], "no day such as 2011-10-31"),
        (["people", "join", "ana", "nobody"], "nobody"),
        (["rejects", "--export", "x.csv"], "Nothing was rejected"),
        (["dance"], "dance"),
        (["metrics", "--dance"], "--dance"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_question_ends_with_2(command, shop: Path, arguments: list[str], words: str):
    named = [] if arguments[0] in ("tables", "dance") else ["--shop", shop]
    refused(command(*arguments, *named), WRONG, words)


def test_what_cannot_be_loaded_ends_with_1(command, shop: Path, tmp_path: Path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "unknown.csv").write_text("a,b\n1,2\n")
    (tmp_path / "no.zip").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "no.csv.gz").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "broken.toml").write_text("name = [")
    (tmp_path / "folder").mkdir()
    for given, words in {
        "missing.csv": "missing.csv", "empty.csv": "empty", "binary.csv": "text", "folder": "folder",
        "no.zip": "no.zip is not a valid .zip archive", "no.csv.gz": "no.csv.gz is not a valid .gz archive",
        "unknown.csv": "--mapping"
    }.items():  # fmt: skip
        refused(command("load", tmp_path / given, "--shop", shop), REFUSED, words)
    mapped = ("load", tmp_path / "unknown.csv", "--shop", shop, "--mapping")
    refused(command(*mapped, tmp_path / "broken.toml"), REFUSED, "TOML")
    refused(command(*mapped, tmp_path / "none.toml"), REFUSED, "none.toml")


def test_no_shop_a_broken_one_and_an_empty_one(command, tmp_path: Path):
    refused(command("metrics", "--shop", tmp_path), REFUSED, "no shop", "regulars init")
    (tmp_path / "regulars.toml").write_text("currency = ")
    refused(command("metrics", "--shop", tmp_path), REFUSED, "TOML")
    (tmp_path / "regulars.toml").write_text('name = "x"\ncurrency = "XXQ"\ntimezone = "Mars"\n')
    refused(command("metrics", "--shop", tmp_path), REFUSED, "XXQ", "Mars")
    (tmp_path / "regulars.toml").write_text("")
    refused(command("metrics", "--shop", tmp_path), REFUSED, "name, currency, timezone", 'currency = "GBP"')
    new = tmp_path / "new"
    made = ("init", new, "--currency", "GBP", "--timezone", "Europe/London")
    assert command(*made).code == 0
    refused(command(*made), REFUSED, "already")
    for asking in (("metrics",), ("metric", "orders"), ("rejects",), ("loads",), ("undo", 1), ("people", "merges")):
        refused(command(*asking, "--shop", new), REFUSED, "Nothing has been loaded")
    assert "Nothing has been loaded" in command("versions", "--shop", new).out


@pytest.mark.parametrize("wrong", [{"--currency": "QQQ"}, {"--timezone": "Mars"}])
def test_a_shop_with_settings_that_make_no_sense_is_not_made(command, tmp_path: Path, wrong: dict[str, str]):
    given = {"--currency": "GBP", "--timezone": "Europe/London"} | wrong
    refused(
        command("init", tmp_path / "new", *(part for pair in given.items() for part in pair)), REFUSED, *wrong.values()
    )
    assert not (tmp_path / "new").exists()


def test_a_file_that_cannot_be_written_is_named(command, shop: Path, tmp_path: Path):
    (tmp_path / "bad.csv").write_text("order_id,ordered_at,currency,gross\n9,2024-03-01,GBP,ten\n")
    assert command("load", tmp_path / "bad.csv", "--accept-rejects", "--shop", shop).code == 0
    refused(command("rejects", "--export", tmp_path / "no" / "file.csv", "--shop", shop), REFUSED, "file.csv")


def test_a_version_that_is_not_there(command, shop: Path):
    refused(command("rollback", 77, "--shop", shop), REFUSED, "Choose one of: 1")
    refused(command("rollback", "--shop", shop), REFUSED, "before 1")


def test_an_unknown_setting_has_a_neighbour(command, shop: Path):
    settings = shop / "regulars.toml"
    whole = settings.read_text()
    for wrong, meant in {"curency": "Did you mean currency?", "colour": "There are: name, currency"}.items():
        settings.write_text(f"{wrong} = 1\n{whole}")
        refused(command("metrics", "--shop", shop), REFUSED, f"There is no setting '{wrong}'", meant)
    settings.write_text(whole.replace("currency =", "curency ="))
    refused(command("metrics", "--shop", shop), REFUSED, "There is no setting 'curency'", "Did you mean currency?")
    settings.write_bytes(b"\xff\xfe" + whole.encode())
    refused(command("metrics", "--shop", shop), REFUSED, "not text", "name, currency and timezone")


def test_the_current_folder_is_called_this_folder(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    refused(command("metrics"), REFUSED, "There is no shop in this folder.\n", "regulars init . --currency")
    made = ("init", ".", "--currency", "GBP", "--timezone", "Europe/London")
    assert command(*made).code == 0
    refused(command(*made), REFUSED, "There is a shop in this folder already.\n")


def test_lost_settings_are_written_again_and_the_data_stay(command, shop: Path):
    (shop / "regulars.toml").unlink()
    refused(command("metrics", "--shop", shop), REFUSED, "regulars.toml, are missing", "the data stay: regulars init")
    assert command("init", shop, "--currency", "GBP", "--timezone", "Europe/London").code == 0
    assert "net_revenue" in command("metrics", "--shop", shop).out


def test_a_missing_mapping_file_is_missing(command, shop: Path, tmp_path: Path):
    (tmp_path / "orders.csv").write_text("a,b\n1,2\n")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xff'")
    asked = ("load", tmp_path / "orders.csv", "--shop", shop, "--mapping")
    refused(command(*asked, tmp_path / "none.toml"), REFUSED, "There is no mapping file", "docs/mapping-files.md")
    assert "Errno" not in command(*asked, tmp_path / "none.toml").err
    refused(command(*asked, tmp_path / "latin.toml"), REFUSED, "UTF-8")


def test_a_changed_setting_in_a_folder_that_cannot_be_written(command, shop: Path, monkeypatch: pytest.MonkeyPatch):
    settings = shop / "regulars.toml"
    settings.write_text(settings.read_text().replace('"Europe/London"', '"Asia/Tokyo"'))

    def no_lock(*_: object) -> None:  # the tests' user may be root, whom no mode bits keep out
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("regulars.warehouse.versions.lock.os.open", no_lock)
    said = command("metric", "orders", "--shop", shop)
    monkeypatch.undo()
    assert said.code == REFUSED and "Permission denied" in said.err and "Traceback" not in said.err
    assert "take back what was changed in regulars.toml" in said.err.splitlines()[-1]


@pytest.mark.parametrize("wrong", ["nonsense", "12", "@", "", "*", "a b"])
def test_a_shared_address_that_is_none_is_refused_at_once(command, tmp_path: Path, wrong: str):
    made = ("init", tmp_path / "new", "--currency", "GBP", "--timezone", "Europe/London", "--shared-address")
    refused(command(*made, wrong), REFUSED, repr(wrong), "neither", "*@marketplace.example.com")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("right", ["orders@example.com", "*@m.example", "example.com", "+44 1632 960961", "+44163*"])
def test_a_shared_address_that_is_one_is_taken(command, tmp_path: Path, right: str):
    made = ("init", tmp_path / "new", "--currency", "GBP", "--timezone", "Europe/London", "--shared-address")
    assert command(*made, right).code == 0
