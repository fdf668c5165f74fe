from __future__ import annotations

import gzip
import io
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest

from load.shop import HEADER, ORDERS, Shop, own
from regulars.load.files import expand
from regulars.load.run import FileCount
from regulars.vocabulary.errors import UnreadableFile

ROW = "1,2024-01-05 10:00:00,GBP,10.50,a@example.com,\n"


def names(*paths: Path | str) -> list[str]:
    return [file.name for file in expand(list(paths))]


def test_a_directory_gives_its_files_with_folders_inside_but_no_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.csv", "a.tsv", ".hidden.csv", "deep/c.jsonl", "__MACOSX/d.csv", "notes.md", "~$open.xlsx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(tmp_path) == ["a.tsv", "b.csv", "c.jsonl"]
    assert names(str(tmp_path / "*.csv")) == ["b.csv"]
    assert names(tmp_path / "b.csv", tmp_path) == ["b.csv", "a.tsv", "c.jsonl"]


def test_files_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    for folder in ("may", "june"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "orders.csv").write_text("x")
    assert names(tmp_path) == [str(tmp_path / "june/orders.csv"), str(tmp_path / "may/orders.csv")]


def test_a_zip_gives_its_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("export/orders.csv", HEADER + ROW)
        archive.writestr("__MACOSX/export/._orders.csv", "junk")
        archive.writestr("export/readme.md", "hello")
    (file,) = expand([tmp_path / "all.zip"])
    assert file.name == "all.zip/export/orders.csv"
    assert file.header()[0] == "order_id"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n \n", "is empty"),
        (bytes(range(256)) * 40, "is not a text file"),
        (b"\x1f\x8b\x08broken", "is broken"),
        (gzip.compress(str(list(range(9_999))).encode())[:500], "is broken"),
        (b"PAR1 and no more", "broken Parquet"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old Excel file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=message):
        expand([path])[0].header()


def test_what_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "hollow.zip", "w") as archive:
        archive.writestr("readme.md", "x")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "hollow.zip").read_bytes()[:20])
    for path, message in {
        "no.csv": "There is no file",
        "*.csv": "Nothing matches",
        "empty": "holds no file",
        "hollow.zip": "holds no file",
        "cut.zip": "broken archive",
    }.items():
        with pytest.raises(UnreadableFile, match=message) as caught:
            expand([str(tmp_path / path)])
        assert caught.value.hint


def test_a_broken_spreadsheet_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "orders.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(UnreadableFile, match="broken XLSX"):
        expand([tmp_path / "orders.xlsx"])[0].header()


def test_header_cells_are_stripped_and_made_unique(shop: Shop) -> None:
    path = shop.file("x.csv", '\ufeff Name ,"E mail",name,,\n1,2,3,4,5\n')
    assert expand([path])[0].header() == ["Name", "E mail", "name_2", "column_4", "column_5"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_delimiter_encoding_and_line_end(shop: Shop, delimiter: str, encoding: str, newline: str) -> None:
    text = (HEADER + ROW.replace("a@", "ä@")).replace(",", delimiter).replace("\n", newline)
    result = shop.load({"orders.csv": (text.encode(encoding), ORDERS)})
    assert result.files == {"orders.csv": FileCount(read=1, used=1)}
    assert shop.rows("SELECT order_id, gross, email FROM orders") == [("1", Decimal("10.5"), "ä@example.com")]


def test_packed_files_are_the_same_file(shop: Shop) -> None:
    shop.orders(ROW)
    assert shop.load({"orders.csv.gz": (gzip.compress((HEADER + ROW).encode()), ORDERS)}).unchanged
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("orders.csv", HEADER + ROW)
    assert shop.load({"orders.zip": (packed.getvalue(), ORDERS)}).unchanged


def test_a_spreadsheet_keeps_its_row_numbers_dates_and_numbers(shop: Shop) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([])
    sheet.append(["order_id", "ordered_at", "currency", "gross", None])
    sheet.append([17, datetime(2024, 1, 5, 10, 30), "GBP", 0.1 + 0.2, None])
    sheet.append([])
    sheet.append(["18", "2024-01-06", "GBP", "x"])
    path = shop.folder / "orders.xlsx"
    book.save(path)
    result = shop.load({"orders.xlsx": (path.read_bytes(), ORDERS)})
    assert result.files["orders.xlsx"] == FileCount(read=3, used=1, skipped=1, rejected=1)
    assert shop.rows("SELECT order_id, ordered_at, gross FROM orders") == [
        ("17", datetime(2024, 1, 5, 10, 30), Decimal("0.3"))
    ]
    assert list(shop.reasons()) == [5]


def test_numbers_of_spreadsheets_and_parquet_do_not_depend_on_the_decimal_comma(shop: Shop) -> None:
    comma = own("orders", decimal=",")
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["order_id", "ordered_at", "currency", "gross"])
    book.active.append([1, "2024-01-05", "GBP", 1234.5])
    book.active.append([2, "2024-01-05", "GBP", "1.234,5"])
    book.save(shop.folder / "a.xlsx")
    parquet = shop.folder / "b.parquet"
    duckdb.sql(
        "SELECT 3 AS order_id, DATE '2024-01-05' AS ordered_at, 'GBP' AS currency, 1234.5::DOUBLE AS gross"
    ).write_parquet(str(parquet))
    shop.load({"a.xlsx": ((shop.folder / "a.xlsx").read_bytes(), comma), "b.parquet": (parquet.read_bytes(), comma)})
    assert shop.amounts() == dict.fromkeys("123", Decimal("1234.5"))


def test_json_lines_and_arrays(shop: Shop) -> None:
    good = '{"order_id": 1, "ordered_at": "2024-01-05T10:00:00Z", "currency": "GBP", "gross": 10.5}'
    other = '{"currency": "GBP", "gross": "7", "order_id": "2", "ordered_at": "2024-01-05", "email": null}'
    lines = shop.load({"orders.jsonl": (f"{good}\n\nnot json\n{other}\n[1]", ORDERS)})
    assert lines.files["orders.jsonl"] == FileCount(read=4, used=2, rejected=2)
    assert shop.amounts() == {"1": Decimal("10.5"), "2": Decimal(7)}
    assert list(shop.reasons()) == [3, 5]
    array = shop.load({"orders.json": (f"[{good.replace('10.5', '11')},\n {other}]", ORDERS)})
    assert array.files["orders.json"] == FileCount(read=2, used=2)
    assert shop.amounts() == {"1": Decimal(11), "2": Decimal(7)}


def test_a_header_alone_loads_nothing_and_says_so(shop: Shop) -> None:
    result = shop.orders("")
    assert result.files == {"orders.csv": FileCount()}
    assert result.warnings == ["orders.csv holds a header and no rows."]
