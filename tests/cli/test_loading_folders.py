"""A folder is rarely clean: what is not data is passed over, what is not known is named all at once."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from pathlib import Path

import duckdb
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
    assert "Note: readme.txt was passed over: it has no delimiter: " in said.out


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
    assert said.code == 1 and said.err.startswith("magento.csv is not a known export.")
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
    assert said.code == 1 and said.err.startswith(
        "Nothing was loaded: of 9 files, 3 files are not known and 3 files cannot be read."
    ), said
    details = said.err.splitlines()[2:]
    for name in ("broken.zip", "cut.csv.gz", "nested.zip", "magento.csv", "olist.csv", "x.csv"):
        assert sum(f"{name}: " in line for line in details) == 1, name
    said = command("load", folder, "--skip-unknown", "--shop", shop, "--format", "json")
    assert said.code == 3 and list(json.loads(said.out)["files"]) == ["march.csv"]
    assert "is a broken archive" in command("load", folder / "broken.zip", "--shop", shop).err


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A file, an archive with a text beside its table, a gzip file cut beyond its first megabyte, and one of wrong rows."""
    made = tmp_path / "damaged"
    (made / "old").mkdir(parents=True)
    (made / "march.csv").write_text(GOOD)
    rows = "".join(
        f"c{n},2024-03-02,GBP,{n % 100}.00,{hashlib.sha256(bytes([n % 256])).hexdigest()}{n}\n" for n in range(40_000)
    )
    packed = gzip.compress(f"order_id,ordered_at,currency,gross,note\n{rows}".encode())
    (made / "cut.csv.gz").write_bytes(packed[:-1000])
    with zipfile.ZipFile(made / "april.zip", "w") as archive:
        archive.writestr("april.csv", GOOD.replace("91,", "92,"))
        archive.writestr("logo.png", b"\x89PNG")
        archive.writestr("__MACOSX/._april.csv", b"x")
    return made


def test_a_file_cut_off_late_stops_no_folder(command, shop: Path, damaged: Path):
    said = command("load", damaged, "--shop", shop)
    assert (said.code, said.out) == (1, "")
    message, hint = said.err.splitlines()
    assert message.startswith("1 file is refused and nothing was changed: cut.csv.gz is broken: Compressed file ended")
    assert "--skip-refused" in hint and "--accept-rejects" not in hint
    for option in ("--skip-unknown", "--skip-refused"):
        said = command("load", damaged, option, "--again", "--shop", shop)
        assert said.code == 3, said
        (line,) = [line for line in said.out.splitlines() if "cut.csv.gz" in line]
        assert line.startswith("Note: Refused and left out: cut.csv.gz is broken: Compressed file ended before")
    said = command("load", damaged, "--skip-refused", "--again", "--format", "json", "--shop", shop)
    told = json.loads(said.out)
    assert {name: file["used"] for name, file in told["files"].items()} == {"march.csv": 1, "april.zip/april.csv": 1}
    assert list(told["refused"]) == ["cut.csv.gz"] and told["unknown"] == {}
    assert len([line for line in said.err.splitlines() if "cut.csv.gz" in line]) == 1


def test_broken_files_and_wrong_rows_are_named_together(command, shop: Path, damaged: Path):
    (damaged / "wrong.csv").write_text("order_id,ordered_at,currency,gross\n93,2024-03-01,GBP,x\n")
    said = command("load", damaged, "--shop", shop)
    assert said.code == 1 and said.err.startswith("2 files are refused and nothing was changed: ")
    assert "cut.csv.gz is broken" in said.err and "wrong.csv: 1 of 1 rows would be rejected" in said.err
    assert "cut.csv.gz is broken" in command("load", damaged, "--accept-rejects", "--shop", shop).err
    assert "wrong.csv" in command("load", damaged, "--skip-unknown", "--shop", shop).err
    told = json.loads(command("load", damaged, "--skip-refused", "--format", "json", "--shop", shop).out)
    assert set(told["refused"]) == {"cut.csv.gz", "wrong.csv"} and set(told["files"]) == {
        "march.csv",
        "april.zip/april.csv",
    }


def test_where_all_others_were_loaded_before_a_broken_file_is_still_named(command, shop: Path, damaged: Path):
    assert command("load", damaged, "--skip-refused", "--shop", shop).code == 3
    said = command("load", damaged, "--shop", shop)
    assert said.code == 1 and "cut.csv.gz is broken" in said.err
    said = command("load", damaged, "--skip-refused", "--shop", shop)
    assert said.code == 3 and "Nothing changed." in said.out and "left out: cut.csv.gz is broken" in said.out


@pytest.mark.parametrize("option", [(), ("--skip-refused",), ("--skip-unknown",)], ids=str)
def test_broken_files_alone_load_nothing(command, shop: Path, damaged: Path, option: tuple[str, ...]):
    (damaged / "cut2.csv.gz").write_bytes((damaged / "cut.csv.gz").read_bytes()[:-1])
    said = command("load", damaged / "cut.csv.gz", *option, "--shop", shop)
    assert said.code == 1 and said.err.startswith("cut.csv.gz is broken: "), said
    said = command("load", damaged / "cut.csv.gz", damaged / "cut2.csv.gz", *option, "--shop", shop)
    assert said.code == 1 and said.err.startswith("2 files are refused and nothing was changed: cut.csv.gz is broken")
    assert "cut2.csv.gz is broken" in said.err


def test_a_parquet_file_whose_rows_are_damaged_is_left_out(command, shop: Path, damaged: Path):
    (damaged / "cut.csv.gz").unlink()
    file = damaged / "may.parquet"
    duckdb.sql(
        f"COPY (SELECT 'p' || range AS order_id, DATE '2024-03-01' AS ordered_at, 'GBP' AS currency, range % 90 AS gross"
        f" FROM range(5000)) TO '{file}' (FORMAT parquet, COMPRESSION gzip)"
    )
    content = bytearray(file.read_bytes())
    content[100:1000] = bytes(900)
    file.write_bytes(content)
    assert "may.parquet is " in command("load", damaged, "--shop", shop).err
    told = json.loads(command("load", damaged, "--skip-refused", "--format", "json", "--shop", shop).out)
    assert list(told["refused"]) == ["may.parquet"] and set(told["files"]) == {"march.csv", "april.zip/april.csv"}


def test_what_an_archive_holds_besides_is_passed_over_with_a_line(command, shop: Path, damaged: Path):
    (damaged / "cut.csv.gz").unlink()
    said = command("load", damaged, "--shop", shop)
    assert said.code == 0 and "april.zip/logo.png was passed over: it has the ending .png" in said.out
    assert "MACOSX" not in said.out


def test_files_of_one_name_in_several_folders_are_each_passed_over(command, shop: Path, damaged: Path):
    (damaged / "cut.csv.gz").unlink()
    (damaged / "photo.jpg").write_bytes(b"\xff\xd8")
    (damaged / "old" / "photo.jpg").write_bytes(b"\xff\xd8")
    said = command("load", damaged, "--shop", shop, "--format", "json")
    names = {str(damaged / "photo.jpg"), str(damaged / "old" / "photo.jpg"), "april.zip/logo.png"}
    assert set(json.loads(said.out)["passed_over"]) == names


def test_files_found_broken_at_once_are_called_so_and_skip_refused_leaves_them_out(command, shop: Path, folder: Path):
    (folder / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    said = command("load", folder, "--skip-refused", "--shop", shop)
    assert said.code == 1 and said.err.startswith(
        "Nothing was loaded: of 7 files, 3 files are not known and 1 file cannot"
    )
    for name in ("magento.csv", "more/olist.csv", "x.csv"):
        (folder / name).unlink()
    said = command("load", folder, "--shop", shop)
    assert said.err.startswith("Nothing was loaded: of 4 files, 1 file cannot be read."), said.err
    assert "--skip-refused" in said.err
    for option in ("--skip-refused", "--skip-unknown"):
        said = command("load", folder, option, "--again", "--shop", shop)
        (line,) = [line for line in said.out.splitlines() if "broken.zip" in line]
        assert said.code == 3 and line.startswith("Note: Refused and left out: ") and "is a broken archive" in line


def test_a_text_without_columns_is_named_once(command, shop: Path, folder: Path):
    (folder / "p.csv").write_text("hello\n")
    (line,) = [line for line in command("load", folder, "--shop", shop).err.splitlines() if "p.csv" in line]
    assert line.startswith("  p.csv: ") and line.count("p.csv") == 1


def test_strict_names_broken_files_with_the_rows_it_would_not_take(command, shop: Path, damaged: Path):
    """One row of thirty is wrong, which only --strict refuses."""
    rows = "".join(f"s{n},2024-03-01,GBP,1\n" for n in range(29))
    (damaged / "wrong.csv").write_text(f"order_id,ordered_at,currency,gross\n{rows}s29,2024-03-01,GBP,x\n")
    for more in ((), ("--accept-rejects",)):
        said = command("load", damaged, "--strict", *more, "--shop", shop)
        assert said.code == 1 and said.err.startswith("2 files are refused and nothing was changed: "), said
        assert "cut.csv.gz is broken" in said.err and "wrong.csv: 1 of 30 rows would be rejected" in said.err
        assert len(said.err.splitlines()) == 2
    said = command("load", damaged, "--strict", "--skip-refused", "--shop", shop)
    assert said.code == 1 and said.err.startswith("1 row would be rejected, and --strict allows none.")
    assert command("load", damaged, "--skip-refused", "--shop", shop).code == 3


@pytest.fixture
def mixed(damaged: Path) -> Path:
    """One file of each kind: good, unknown, broken at its beginning, broken at its end, and of wrong rows."""
    (damaged / "april.zip").unlink()
    (damaged / "magento.csv").write_text(MAGENTO)
    (damaged / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    (damaged / "wrong.csv").write_text("order_id,ordered_at,currency,gross\n93,2024-03-01,GBP,x\n")
    return damaged


def _orders(command, shop: Path) -> float:
    said = command("metric", "orders", "--grain", "all", "--format", "json", "--shop", shop)
    return json.loads(said.out)[0]["value"]


@pytest.mark.parametrize("option", [(), ("--skip-refused",)], ids=str)
def test_unknown_broken_and_wrong_files_are_named_in_one_message(command, shop: Path, mixed: Path, option):
    said = command("load", mixed, *option, "--shop", shop)
    assert (said.code, said.out) == (1, "")
    message, hint, *details = said.err.splitlines()
    assert message == (
        "Nothing was loaded: of 5 files, 1 file is not known, 2 files cannot be read and 1 file is refused for its rows."
    )
    assert hint.startswith("Load the others with --skip-unknown --skip-refused. ")
    told = {Path(name.strip()).name: reason for name, reason in (line.split(": ", 1) for line in details)}
    assert list(told) == ["magento.csv", "broken.zip", "cut.csv.gz", "wrong.csv"]
    assert 'ordered_at = "Purchase Date"' in told["magento.csv"]
    assert told["broken.zip"].startswith("is a broken archive")
    assert told["cut.csv.gz"].startswith("is broken: Compressed file ended")
    assert told["wrong.csv"].startswith("1 of 1 rows would be rejected: ")
    assert _orders(command, shop) == 5 and command("rejects", "--shop", shop).out == "Nothing was rejected.\n"


def test_each_option_leaves_out_its_kind_of_file(command, shop: Path, mixed: Path):
    said = command("load", mixed, "--skip-unknown", "--shop", shop)
    assert said.code == 1 and said.err.startswith("2 files are refused and nothing was changed: cut.csv.gz is broken")
    assert "wrong.csv: 1 of 1 rows" in said.err and "--skip-refused" in said.err and len(said.err.splitlines()) == 2
    said = command("load", mixed, "--accept-rejects", "--shop", shop)
    assert said.code == 1 and said.err.startswith(
        "Nothing was loaded: of 5 files, 1 file is not known and 2 files cannot be read.\n"
        "Load the others with --skip-unknown. "
    )
    assert "wrong.csv" not in said.err and _orders(command, shop) == 5
    said = command("load", mixed, "--skip-unknown", "--skip-refused", "--format", "json", "--shop", shop)
    told = json.loads(said.out)
    assert said.code == 3 and list(told["files"]) == ["march.csv"] and list(told["unknown"]) == ["magento.csv"]
    assert {Path(name).name for name in told["refused"]} == {"broken.zip", "cut.csv.gz", "wrong.csv"}
    assert _orders(command, shop) == 6


def test_broken_archives_are_named_with_wrong_rows(command, shop: Path, mixed: Path):
    for name in ("magento.csv", "cut.csv.gz"):
        (mixed / name).unlink()
    said = command("load", mixed, "--shop", shop)
    assert said.code == 1 and said.err.startswith(
        "Nothing was loaded: of 3 files, 1 file cannot be read and 1 file is refused for its rows.\n"
        "Load the others with --skip-refused. "
    )
    assert command("load", mixed, "--skip-refused", "--shop", shop).code == 3


def test_no_option_is_offered_where_no_file_would_be_left(command, shop: Path, mixed: Path):
    (mixed / "march.csv").unlink()
    said = command("load", mixed, "--shop", shop)
    assert (
        said.code == 1 and "of 4 files, 1 file is not known, 2 files cannot be read and 1 file is refused" in said.err
    )
    assert "--skip" not in said.err
    (mixed / "wrong.csv").unlink()
    said = command("load", mixed, "--shop", shop)
    assert said.code == 1 and "of 3 files, 1 file is not known and 2 files cannot be read." in said.err
    assert "--skip" not in said.err and "cut.csv.gz: is broken: Compressed" in said.err


def test_strict_names_unknown_files_with_the_rows_it_would_not_take(command, shop: Path, mixed: Path):
    rows = "".join(f"s{n},2024-03-01,GBP,1\n" for n in range(29))
    (mixed / "wrong.csv").write_text(f"order_id,ordered_at,currency,gross\n{rows}s29,2024-03-01,GBP,x\n")
    said = command("load", mixed, "--strict", "--shop", shop)
    assert said.code == 1 and "2 files cannot be read and 1 file is refused for its rows" in said.err
    assert "wrong.csv: 1 of 30 rows would be rejected" in said.err


def test_unknown_files_are_named_where_all_others_were_loaded_before(command, shop: Path, mixed: Path):
    for name in ("wrong.csv", "cut.csv.gz", "broken.zip"):
        (mixed / name).unlink()
    assert command("load", mixed / "march.csv", "--shop", shop).code == 0
    said = command("load", mixed, "--shop", shop)
    assert said.code == 1 and said.err.startswith("Nothing was loaded: of 2 files, 1 file is not known.\n")
