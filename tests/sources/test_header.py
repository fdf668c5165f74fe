"""The header is found below lines that are no part of the table, and a file with its header on top is read as before."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from properties import few
from regulars.load.files import InputFile, expand
from regulars.load.inputs.header import with_header
from regulars.load.mapping import Source
from regulars.load.run import FileCount, Input, LoadOptions, LoadResult, load
from regulars.sources import catalogue, mapping_file
from regulars.vocabulary.errors import MappingError, UnknownFile
from regulars.vocabulary.shop import Settings
from warehouse.memory import warehouse_in_memory

TABLE = """order_id,email,ordered_at,gross,currency
A1,c1@example.com,2024-03-02 10:00,10.00,EUR
A2,c2@example.com,2024-03-03 10:00,x,EUR
A3,c3@example.com,2024-03-04 10:00,10.50,EUR
"""
TITLES = "Orders report,,,,\nFrom 2024-03-01 to 2024-03-31,,,,\n,,,,\n"
TILL = """
name = "till"
[read]
{read}
[orders.columns]
order_id = "number"
ordered_at = "placed"
gross = "total"
currency = "'EUR'"
"""


def found(path: Path, mapping: Source | None = None) -> tuple[InputFile, Source]:
    (file,) = expand([path])
    if mapping is None:
        return with_header(file, lambda tried: catalogue.recognise(tried.name, tried.header()))

    def require(tried: InputFile) -> Source:
        catalogue.require_columns(mapping, tried.name, tried.header())
        return mapping

    return with_header(file.with_layout(header_line=mapping.header_line, columns=mapping.header), require)


class Loaded:
    """The rows of one file, loaded into a warehouse of their own."""

    def __init__(self, path: Path, mapping: Source | None = None) -> None:
        self.con = warehouse_in_memory()
        self.result: LoadResult = load(
            self.con,
            [Input(*found(path, mapping))],
            settings=Settings(name="shop", currency="EUR", timezone="UTC"),
            command="load",
            options=LoadOptions(accept_rejects=True),
        )
        (self.count,) = self.result.files.values()
        self.notes = [note for note in self.result.warnings if "header" in note or "sheet" in note]
        self.amounts = dict(self.con.execute("SELECT order_id, gross FROM orders ORDER BY 1").fetchall())
        self.rejected = [line for (line,) in self.con.execute("SELECT line FROM rejects ORDER BY 1").fetchall()]


def file(folder: Path, text: str, name: str = "o.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def book(folder: Path, *sheets: tuple[str, str, list[list[object]]]) -> Path:
    """A workbook of sheets (title, state, rows)."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, state, rows in sheets:
        sheet = made.create_sheet(title)
        sheet.sheet_state = state  # type: ignore[assignment]
        for row in rows:
            sheet.append(row)
    made.save(folder / "o.xlsx")
    return folder / "o.xlsx"


def rows_of(text: str) -> list[list[object]]:
    return [list(row) for row in csv.reader(io.StringIO(text))]


@pytest.mark.parametrize(
    "titles",
    [
        TITLES,
        "Orders report\n\n",
        "# Orders\n# 2024-03-01 to 2024-03-31\n\n",
        ",,,,\n",
        '"Report, with a comma"\nShop;Anna\n',
        "sep=,\nOrders report\n",
        "\n\nOrders report\n",
    ],
)
def test_lines_above_the_header_are_left_out_and_named(tmp_path: Path, titles: str):
    loaded = Loaded(file(tmp_path, titles + TABLE))
    lines = titles.count("\n")
    assert loaded.count == FileCount(read=3, used=2, rejected=1)
    assert loaded.amounts == {"A1": Decimal(10), "A3": Decimal("10.5")}
    assert loaded.rejected == [lines + 3]
    above = "the line above it was" if lines == 1 else f"the {lines} lines above it were"
    assert loaded.notes == [f"o.csv: the header was taken from line {lines + 1}; {above} left out."]


@settings(max_examples=few(5), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    titles=st.lists(st.text(alphabet="aäZ 0:;,\t|#", max_size=12), max_size=12),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_whatever_stands_above_the_header_changes_no_row(
    tmp_path: Path, titles: list[str], delimiter: str, newline: str
):
    lines = [*titles, *TABLE.replace(",", delimiter).splitlines()]
    loaded = Loaded(file(tmp_path, newline.join(lines) + newline))
    assert loaded.count == FileCount(read=3, used=2, rejected=1)
    assert loaded.amounts == {"A1": Decimal(10), "A3": Decimal("10.5")}
    assert loaded.rejected == [len(titles) + 3]


@pytest.mark.parametrize("top", ["", "\n\n", "sep=,\n"])
def test_a_header_on_top_is_taken_without_a_word(tmp_path: Path, top: str):
    # The second header below it is a line like any other.
    loaded = Loaded(file(tmp_path, top + TABLE + TABLE))
    assert (loaded.count.read, loaded.notes) == (7, [])
    assert loaded.rejected[0] == top.count("\n") + 3


def test_a_header_below_thirty_lines_is_not_looked_for(tmp_path: Path):
    assert Loaded(file(tmp_path, "x\n" * 29 + TABLE)).count.used == 2
    with pytest.raises(UnknownFile):
        found(file(tmp_path, "x\n" * 30 + TABLE))


def test_an_unknown_header_below_titles_is_the_one_that_is_named(tmp_path: Path):
    with pytest.raises(UnknownFile, match="f_stop, iso, lens"):
        found(file(tmp_path, "My photos\n\nf_stop,iso,lens\n" + "8,100,x\n" * 5))


def test_a_mapping_finds_its_columns_below_titles(tmp_path: Path):
    mapping = mapping_file.parse(TILL.format(read=""), "till.toml")
    loaded = Loaded(file(tmp_path, "Till\n\nnumber,placed,total\n1,2024-03-01,5\n"), mapping)
    assert (loaded.amounts, loaded.count.read) == ({"1": Decimal(5)}, 1)


def test_a_mapping_says_where_the_header_is(tmp_path: Path):
    # The first line would do as a header.
    text = "number,placed,total\nnumber,placed,total\n1,2024-03-01,5\n2,2024-03-01,x\n"
    loaded = Loaded(file(tmp_path, text), mapping_file.parse(TILL.format(read="header_line = 2"), "till.toml"))
    assert (loaded.amounts, loaded.count.read, loaded.rejected) == ({"1": Decimal(5)}, 2, [4])
    with pytest.raises(MappingError, match="seems to have no header"):
        found(file(tmp_path, text), mapping_file.parse(TILL.format(read="header_line = 3"), "till.toml"))


@pytest.mark.parametrize("name", ["o.csv", "o.xlsx"])
@pytest.mark.parametrize("line", [0, 1])
def test_a_mapping_names_the_columns_of_a_file_without_header(tmp_path: Path, name: str, line: int):
    text = "id,at,sum\n" * line + "1,2024-03-01,5\n2,2024-03-01,x\n3,2024-03-02,7\n"
    read = 'header = ["number", "placed", "total"]' + f"\nheader_line = {line}" * line
    path = file(tmp_path, text) if name == "o.csv" else book(tmp_path, ("A", "visible", rows_of(text)))
    loaded = Loaded(path, mapping_file.parse(TILL.format(read=read), "till.toml"))
    assert loaded.count == FileCount(read=3, used=2, rejected=1)
    assert loaded.amounts == {"1": Decimal(5), "3": Decimal(7)}
    assert loaded.rejected == [line + 2]


@pytest.mark.parametrize(
    ("read", "message"),
    [
        ("header_line = 0", "header_line is not the number of a line"),
        ("header_line = true", "header_line is not the number of a line"),
        ('header = "a,b"', "header is not a list of names"),
        ('header = ["a", ""]', "header is not a list of names"),
        ("header = []", "header names no column"),
        ('header = ["a", "A"]', "header names a column twice"),
    ],
)
def test_a_header_that_cannot_be_is_refused(read: str, message: str):
    with pytest.raises(MappingError, match=message):
        mapping_file.parse(TILL.format(read=read), "till.toml")


def test_columns_parted_by_blanks(tmp_path: Path):
    # Lines as CDNOW publishes them: customer, number in the sample, day, pieces, dollars.
    text = " 00004 0001 19970101  2   29.33\n 00004 0001 19970118  2   29.73\n 00021 0002 1997\n 00021 0002 19970112  2  x\n"
    read = 'header = ["customer", "nth", "day", "pieces", "total"]'
    mapping = mapping_file.parse(
        TILL.format(read=read)
        .replace('"number"', "\"customer || '/' || day\"")
        .replace('"placed"', "\"try_strptime(day, '%Y%m%d')\""),
        "cdnow.toml",
    )
    loaded = Loaded(file(tmp_path, text, "CDNOW.txt"), mapping)
    assert loaded.amounts == {"00004/19970101": Decimal("29.33"), "00004/19970118": Decimal("29.73")}
    assert (loaded.count.read, loaded.rejected) == (4, [3, 4])


def test_columns_parted_by_blanks_with_a_header_and_quotes(tmp_path: Path):
    text = 'order_id   ordered_at  gross currency email\n1  2024-03-01   5.00  EUR  "a b@example.com"\n'
    loaded = Loaded(file(tmp_path, text + text.splitlines()[1].replace("1 ", "2 ", 1)))
    assert loaded.amounts == {"1": Decimal(5), "2": Decimal(5)}
    assert loaded.con.execute("SELECT DISTINCT email FROM orders").fetchall() == [("a b@example.com",)]


def test_a_file_without_any_delimiter_is_refused_as_such(tmp_path: Path):
    with pytest.raises(UnknownFile, match=r"o\.csv has no delimiter") as caught:
        found(file(tmp_path, "order_id~gross\n1~2\n"))
    assert caught.value.hint


ORDERS = rows_of(TABLE)


def test_rows_above_the_header_of_a_sheet_are_left_out(tmp_path: Path):
    loaded = Loaded(book(tmp_path, ("Orders", "visible", [["Orders report"], [None], [], *ORDERS])))
    assert loaded.count == FileCount(read=3, used=2, rejected=1)
    assert loaded.rejected == [6]
    assert loaded.notes == ["o.xlsx: the header was taken from row 4; the 3 rows above it were left out."]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_not_read(tmp_path: Path, state: str):
    old = [["order_id", "ordered_at", "gross", "currency"], ["OLD1", "2024-01-01", 999, "EUR"]]
    path = book(
        tmp_path, ("Old", state, old), ("Cover", "visible", [["Orders of March"]]), ("Orders", "visible", ORDERS)
    )
    loaded = Loaded(path)
    assert loaded.amounts == {"A1": Decimal(10), "A3": Decimal("10.5")}
    assert loaded.notes == ["o.xlsx: only the sheet “Orders” was read, not “Old” (hidden), “Cover”."]


def test_of_two_sheets_that_could_be_read_the_first_is(tmp_path: Path):
    loaded = Loaded(
        book(tmp_path, ("May", "visible", ORDERS[:2]), ("June", "visible", ORDERS), ("Empty", "visible", []))
    )
    assert loaded.amounts == {"A1": Decimal(10)}
    assert loaded.notes == ["o.xlsx: only the sheet “May” was read, not “June”."]


def test_a_single_sheet_with_its_header_on_top_is_taken_without_a_word(tmp_path: Path):
    assert Loaded(book(tmp_path, ("Orders", "visible", [[], *ORDERS]), ("Empty", "hidden", []))).notes == []
