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
        (["metric", "orders", "--active-window", "0"], "active window"),
        (["metric", "orders", "--format", "xml"], "csv"),
        (["metric"], "NAME"),
        (["metrics", "--theme", "weather"], "Retention"),
        (["metrics", "--split", "colour"], "explain"),
        (["rows", "orders"], "--period"),
        (["undo", "99"], "no load 99"),
        (["undo", "two"], "integer"),
        (["tables", "ordrs"], "orders"),
        (["load"], "FILE"),
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
    (tmp_path / "broken.toml").write_text("name = [")
    (tmp_path / "folder").mkdir()
    for given, words in {
        "missing.csv": "missing.csv", "empty.csv": "empty", "binary.csv": "text", "folder": "folder", "unknown.csv": "--mapping"
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
    assert command("load", tmp_path / "bad.csv", "--shop", shop).code == 0
    refused(command("rejects", "--export", tmp_path / "no" / "file.csv", "--shop", shop), REFUSED, "file.csv")


def test_a_version_that_is_not_there(command, shop: Path):
    refused(command("rollback", 77, "--shop", shop), REFUSED, "Choose one of: 1")
    refused(command("rollback", "--shop", shop), REFUSED, "before 1")
