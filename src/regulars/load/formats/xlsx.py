"""XLSX: the rows of one sheet, written as a CSV file."""

from __future__ import annotations

import csv
import datetime as dt
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from regulars.load.formats.delimited import HEADER_LINES, unique
from regulars.load.formats.number_formats import changes_numbers, formatted
from regulars.vocabulary.errors import UnreadableFile
from regulars.warehouse.lazy_imports import openpyxl

_MOST_ROWS = 1_048_576
"""Most rows of a sheet in XLSX; a higher row number is damage."""

_EXACT_DIGITS = 15
"""Significant digits that a spreadsheet stores of a number."""


@dataclass(frozen=True)
class SheetTop:
    """First rows of a sheet that are not empty: row number and the cells as unique column names."""

    title: str
    hidden: bool
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True)
class SheetLayout:
    """Layout of a workbook: the sheet with its rows, its column names, and the number of its first row."""

    title: str
    names: tuple[str, ...]
    first: int


def sheet_tops(stream: IO[bytes], name: str) -> tuple[SheetTop, ...]:
    """Return the first rows of all sheets, in the workbook's order. Raises UnreadableFile if the file is broken."""
    try:
        book = _opened(stream)
        return tuple(
            SheetTop(
                sheet.title,
                sheet.sheet_state != "visible",
                tuple((number, unique(_trimmed(row))) for number, row in islice(_rows(book, sheet), HEADER_LINES)),
            )
            for sheet in book.worksheets
        )
    except MemoryError:
        raise
    except Exception as error:
        raise _broken(name, error) from None


def sheet_to_csv(
    stream: IO[bytes], name: str, path: Path, decimal: str, layout: SheetLayout, plain: Collection[str]
) -> int:
    """Write the rows of a sheet as a CSV file with a header. Returns the number of rows.

    Args:
        stream: The workbook.
        name: Its name in messages.
        path: File to write.
        decimal: Decimal mark that the source's parser expects.
        layout: Sheet, columns and first row.
        plain: Columns, in lower case, whose whole numbers are written without their number format, such as amounts.

    Raises:
        UnreadableFile: The workbook is broken.
    """
    count, expected, width = 0, layout.first, len(layout.names)
    with path.open("w", encoding="utf-8", newline="") as out:
        # With every field quoted, an empty row is a record too, which keeps the row numbers.
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(layout.names)
        as_shown = [column.lower() not in plain for column in layout.names]
        for number, row in _sheet_rows(stream, name, layout.title, as_shown):
            if number < layout.first:
                continue
            for _ in range(expected, number):
                writer.writerow([""] * width)
                count += 1
            cells = [_text(cell, decimal) for cell in row[:width]]
            writer.writerow(cells + [""] * (width - len(cells)))
            count += 1
            expected = number + 1
    return count


def _sheet_rows(
    stream: IO[bytes], name: str, title: str, as_shown: Sequence[bool]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    try:
        book = _opened(stream)
        yield from _rows(book, book[title], as_shown)
    except MemoryError:
        raise
    except Exception as error:
        raise _broken(name, error) from None


def _opened(stream: IO[bytes]) -> openpyxl.Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(stream, read_only=True, data_only=True)


def _rows(book: Any, sheet: Any, as_shown: Sequence[bool] = ()) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield number and values of each row that is not empty; whole numbers of columns `as_shown` in their number format."""
    # The declared size of a sheet is often wrong.
    sheet.reset_dimensions()
    # Reading a cell's format takes as long as its value. openpyxl has no public list of a workbook's formats.
    in_format = any(as_shown) and any(changes_numbers(written) for written in book._number_formats)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, row in enumerate(sheet.iter_rows(values_only=not in_format), start=1):
            if number > _MOST_ROWS:
                raise ValueError(f"it has a row below {_MOST_ROWS:,}")
            values = row
            if in_format:
                values = tuple(
                    _shown(cell) if shown else cell.value for cell, shown in zip(row, as_shown, strict=False)
                )
            if any(value is not None and str(value).strip() for value in values):
                yield number, values


def _shown(cell: Any) -> Any:
    """Return the value of a cell; a whole number in its format, if that is a format of identifiers."""
    value = cell.value
    if not isinstance(value, int | float) or isinstance(value, bool) or not changes_numbers(cell.number_format):
        return value
    if not abs(value) < 10**_EXACT_DIGITS or value != int(value):
        return value
    written = formatted(int(value), cell.number_format)
    return value if written is None else written


def _trimmed(row: tuple[Any, ...]) -> list[Any]:
    """Return the row without trailing empty cells, of which sheets may have thousands."""
    cells = list(row)
    while cells and (cells[-1] is None or not str(cells[-1]).strip()):
        cells.pop()
    return cells


def _text(cell: Any, decimal: str) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int() | float() if _is_shortened(cell):
            # The format in which spreadsheets write it to CSV, which the parser of ids recognises.
            return format(cell, f".{_EXACT_DIGITS - 1}E").replace(".", decimal)
        case float():
            # The significant digits of a spreadsheet: 0.1 + 0.2 is stored as 0.30000000000000004.
            return format(cell, f".{_EXACT_DIGITS}g").replace(".", decimal)
        case dt.datetime():
            return cell.isoformat(sep=" ")
        case _:
            return str(cell).replace("\x00", "")


def _is_shortened(number: float) -> bool:
    """Whether a number has lost digits: it has more than _EXACT_DIGITS, and all beyond them are zero."""
    if not 10**_EXACT_DIGITS <= abs(number) < float("inf"):
        return False
    digits = str(abs(number))
    # openpyxl gives a number stored with an exponent as float, any other as int.
    return not digits.isdigit() or not digits[_EXACT_DIGITS:].strip("0")


def _broken(name: str, error: Exception) -> UnreadableFile:
    # Damaged files raise various errors in zlib, the XML parser and openpyxl.
    reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
    return UnreadableFile(f"{name} is a broken XLSX file: {reason}.", "Save or export it again.")
