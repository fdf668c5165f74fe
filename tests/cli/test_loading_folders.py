"""A folder is rarely clean: what is not data is passed over, what is not known is named all at once."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

GOOD = "order_id,ordered_at,currency,gross\n91,2024-03-01,GBP,5.00\n"
MAGENTO = "ID,Purchase Date,Grand Total (Base),Status\n1,2024-03-01,5.00,complete\n"
OLIST = "customer_id,customer_unique_id,customer_state\n1,a,SP\n"
README = "Hello, these are our exports.\nAsk Ann about the rest; she knows.\n\nBest wishes\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Exports of several systems, a picture, texts and leftovers of a Mac; one file is ours."""
    made = tmp_path / "exports"
    (made / "more").mkdir(parents=True)
    (made / "march.csv").write_text(GOOD)
    (made / "magento.csv").write_text(MAGENTO)
    (made / "more" / "olist.csv").write_text(OLIST)
    (made / "x.csv").write_text("root:x:0:0:root:/root:/bin/sh\nbin:x:1:1::/bin:/bin/sh\n")
    (made / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))
    (made / "report.pdf").write_bytes(b"%PDF-1.7 ...")
    (made / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    (made / "readme.txt").write_text(README)
    (made / "empty.txt").write_text("hello.")
    (made / ".DS_Store").write_bytes(bytes(100))
    return made


def test_all_unknown_files_are_named_at_once_and_nothing_is_loaded(command, shop: Path, folder: Path):
    said = command("load", folder, "--shop", shop)
    assert (said.code, said.out) == (1, "")
    first, hint, *details = said.err.splitlines()
    assert first == "Nothing was loaded: of 6 files, 3 files are not known."
    assert "--skip-unknown" in hint
    assert [line.split(":")[0].strip() for line in details] == ["magento.csv", "olist.csv", "x.csv"]
    assert 'ordered_at = "Purchase Date"' in details[0] and 'gross = "Grand Total (Base)"' in details[0]
    assert "Export" not in said.err
    assert (
        json.loads(command("metric", "orders", "--grain", "all", "--format", "json", "--shop", shop).out)[0]["value"]
        == 5
    )


def test_skip_unknown_loads_the_rest_and_says_what_it_left_out(command, shop: Path, folder: Path):
    said = command("load", folder, "--skip-unknown", "--shop", shop, "--format", "json")
    told = json.loads(said.out)
    assert said.code == 3, "neither all nor nothing was loaded"
    assert told["files"] == {"march.csv": told["files"]["march.csv"]}
    assert told["files"]["march.csv"]["used"] == 1
    assert set(told["unknown"]) == {"magento.csv", "olist.csv", "x.csv"}
    assert set(told["passed_over"]) == {"photo.jpg", "report.pdf", "old.xls", "readme.txt", "empty.txt"}
    lines = said.err.splitlines()
    for name in (*told["unknown"], *told["passed_over"]):
        assert len([line for line in lines if line.startswith(f"{name} was ")]) == 1
    assert "save it as .xlsx or CSV" in told["passed_over"]["old.xls"]


def test_what_is_no_data_stops_no_load(command, shop: Path, folder: Path):
    for name in ("magento.csv", "more/olist.csv", "x.csv"):
        (folder / name).unlink()
    said = command("load", folder, "--shop", shop)
    assert said.code == 0, said
    for name in ("photo.jpg", "report.pdf", "old.xls", "readme.txt", "empty.txt"):
        assert f"Note: {name} was passed over: it " in said.out
    assert ".DS_Store" not in said.out


def test_a_text_without_columns_is_named_in_a_whole_sentence(command, shop: Path, folder: Path):
    (folder / "readme.txt").write_text("hello.\n")
    said = command("load", folder, "--skip-unknown", "--shop", shop)
    assert "Note: readme.txt was passed over: it cannot be read: No delimiter was found in readme.txt" in said.out


def test_files_that_a_shell_names_are_treated_alike(command, shop: Path, folder: Path):
    named = sorted(path for path in folder.iterdir() if path.name in ("march.csv", "photo.jpg", "readme.txt"))
    said = command("load", *named, "--shop", shop)
    assert said.code == 0 and "photo.jpg was passed over" in said.out and "readme.txt was passed over" in said.out


def test_nothing_left_is_nothing_loaded(command, shop: Path, folder: Path):
    (folder / "march.csv").unlink()
    said = command("load", folder, "--skip-unknown", "--shop", shop)
    assert (said.code, said.out) == (1, "") and "Nothing was loaded" in said.err and "--skip-unknown" not in said.err


def test_one_file_alone_is_refused_in_its_own_words(command, shop: Path, folder: Path):
    said = command("load", folder / "magento.csv", "--skip-unknown", "--shop", shop)
    assert said.code == 1 and said.err.startswith("magento.csv is no export that Regulars knows.")
    assert "currency = \"'GBP'\"" in said.err, "the shop's currency is proposed"
    assert "is not a text file" in command("load", folder / "photo.jpg", "--shop", shop).err


def test_the_lines_below_the_message_are_a_mapping_that_loads_the_file(
    command, shop: Path, folder: Path, tmp_path: Path
):
    lines = command("load", folder / "magento.csv", "--shop", shop).err.split("\n", 2)[2]
    (tmp_path / "magento.toml").write_text(lines)
    said = command("load", folder / "magento.csv", "--mapping", tmp_path / "magento.toml", "--shop", shop)
    assert said.code == 0, said
    assert (
        json.loads(command("metric", "orders", "--grain", "all", "--format", "json", "--shop", shop).out)[0]["value"]
        == 6
    )


def test_files_that_the_mapping_does_not_know_are_named_at_once(command, shop: Path, folder: Path, tmp_path: Path):
    (tmp_path / "till.toml").write_text(
        'name = "till"\n[orders.columns]\norder_id = "ID"\nordered_at = \'"Purchase Date"\'\ngross = \'"Grand Total (Base)"\'\n'
        "currency = \"'GBP'\"\n"
    )
    said = command("load", folder, "--mapping", tmp_path / "till.toml", "--shop", shop)
    assert said.code == 1 and "3 files are not known" in said.err and "march.csv: lacks columns" in said.err
    said = command("load", folder, "--mapping", tmp_path / "till.toml", "--skip-unknown", "--shop", shop)
    assert said.code == 3 and "march.csv was left out: it lacks columns" in said.out


def test_a_broken_table_is_no_text_to_pass_over(command, shop: Path, folder: Path):
    for name in ("magento.csv", "more/olist.csv", "x.csv"):
        (folder / name).unlink()
    (folder / "broken.csv").write_bytes(bytes(range(256)) * 20)
    (folder / "table.txt").write_text("a;b\n1;2\n3;4\n")
    said = command("load", folder, "--shop", shop)
    assert said.code == 1 and "broken.csv: is not a text file" in said.err and "table.txt: " in said.err


def test_archives_that_cannot_be_opened_are_named_with_the_unknown_files(command, shop: Path, folder: Path):
    (folder / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    (folder / "cut.csv.gz").write_bytes(gzip.compress(GOOD.encode() * 50)[:-20])
    with zipfile.ZipFile(folder / "nested.zip", "w") as archive:
        archive.writestr("inner.zip", b"PK\x05\x06" + bytes(18))
    said = command("load", folder, "--shop", shop)
    assert said.code == 1 and said.err.startswith("Nothing was loaded: of 9 files, 6 files are not known."), said
    details = said.err.splitlines()[2:]
    for name in ("broken.zip", "cut.csv.gz", "nested.zip", "magento.csv", "olist.csv", "x.csv"):
        assert sum(f"{name}: " in line for line in details) == 1, name
    said = command("load", folder, "--skip-unknown", "--shop", shop, "--format", "json")
    assert said.code == 3 and list(json.loads(said.out)["files"]) == ["march.csv"]
    assert "is a broken archive" in command("load", folder / "broken.zip", "--shop", shop).err
