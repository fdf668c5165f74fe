"""Numbers of a workbook arrive as its owner sees them, or are rejected where the workbook has lost them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from load.shop import ORDERS, Shop

HEADER = ["order_id", "ordered_at", "currency", "gross", "customer_id"]


def workbook(*cells: tuple[object, str]) -> bytes:
    """Orders 1, 2, … with these customers, each a value and its number format."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for number, (value, written) in enumerate(cells, start=1):
        sheet.append([str(number), "2024-01-05", "GBP", 1, value])
        sheet.cell(number + 1, 5).number_format = written
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def with_stored(content: bytes, marker: str, stored: str) -> bytes:
    """The workbook with another text in a cell, as programs other than openpyxl write it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(f"<v>{marker}</v>".encode(), f"<v>{stored}</v>".encode()))
    return packed.getvalue()


def customers(shop: Shop) -> list[object]:
    return [customer for (customer,) in shop.rows("SELECT customer_id FROM orders ORDER BY order_id")]


@pytest.mark.parametrize("stored", ["4.11111111111111E+15", "4111111111111110", "4.111111111111111e+16"])
def test_a_number_that_has_lost_digits_is_rejected(tmp_path: Path, stored: str) -> None:
    shop = Shop(tmp_path)
    shop.load({"o.xlsx": (with_stored(workbook((77, "General"), (5, "0")), "77", stored), ORDERS)})
    assert customers(shop) == ["5"]
    ((line, (reason,)),) = shop.reasons().items()
    assert (line, "is a number that a spreadsheet has shortened" in reason) == (2, True)


@pytest.mark.parametrize("stored", ["411111111111111", "4111111111111113", "999999999999999"])
def test_a_number_with_all_its_digits_is_taken(tmp_path: Path, stored: str) -> None:
    shop = Shop(tmp_path)
    shop.load({"o.xlsx": (with_stored(workbook((77, "0")), "77", stored), ORDERS)})
    assert customers(shop) == [stored]


def test_number_formats_give_leading_zeros_back(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    content = workbook(
        (42, "00000"),
        (42.0, "000"),
        (123456, "00000"),
        (0, "00"),
        (42, "0"),
        (42, "#,##0"),
        (1.5, "000"),
        ("7", "00000"),
    )
    shop.load({"o.xlsx": (content, ORDERS)})
    assert customers(shop) == ["00042", "042", "123456", "00", "42", "42", "1.5", "7"]


@pytest.mark.parametrize(
    ("value", "written", "shown"),
    [
        (42, '"C-"0000', "C-0042"),
        (42, r"\C0000", "C0042"),
        (42, '0000"x"', "0042x"),
        (42, "000-000", "000-042"),
        (1234567, "000-000", "1234-567"),
        (-42, '"C-"0000', "-C-0042"),
        (42.0, '"a ""b0"000', "a b0042"),
        (42, "(000) 000", "(000) 042"),
        (1.5, '"C-"0000', "1.5"),
        (42, '"C-"0', "C-42"),
        (42, '"C-"#', "C-42"),
        (42, '"C;"0', "C;42"),
        (42, "+0", "+42"),
        (7, "#00", "07"),
        (1234, "#00", "1234"),
        (42, "##-##", "-42"),
        (1234, "#-##-#", "1-23-4"),
        # Sections for numbers above zero, below zero, and zero.
        (42, "0000;-0000", "0042"),
        (-42, "0000;-0000", "-0042"),
        (-42, '0000;"minus "0', "minus 42"),
        (0, '0000;-0000;"C-"0', "C-0"),
        (0, "0000;-0000", "0000"),
        (42, "[Red]0000", "0042"),
        (42, "0000;[Color 3]-0000", "0042"),
        (42, "[$-409]0000", "0042"),
        # What says nothing of an id is left out: separators, decimals, conditions, currencies, texts.
        (42, '"C-"#,##0.00', "42"),
        (42, "[>9]0000;0", "42"),
        (42, "[$€-407]0000", "42"),
        (42, "@", "42"),
        (42, '"hidden"', "42"),
        (42, ";;;", "42"),
        (42, '"open', "42"),
    ],
)
def test_what_a_format_puts_around_the_digits_of_an_id_is_loaded(
    tmp_path: Path, value: float, written: str, shown: str
) -> None:
    shop = Shop(tmp_path)
    shop.load({"o.xlsx": (workbook((value, written), (7, "General")), ORDERS)})
    assert customers(shop) == [shown, "7"]


@pytest.mark.parametrize("written", ['0" pieces"', "0000", '"EUR "0;"EUR "-0', "0.00"])
def test_a_number_is_taken_without_what_its_format_puts_around_it(tmp_path: Path, written: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    sheet.append(["1", "2024-01-05", "GBP", 42, "c"])
    sheet.cell(2, 4).number_format = written
    packed = io.BytesIO()
    book.save(packed)
    shop = Shop(tmp_path)
    shop.load({"o.xlsx": (packed.getvalue(), ORDERS)})
    assert shop.rows("SELECT gross, customer_id FROM orders") == [(42, "c")]
