"""XLSX: the first sheet that holds anything, written as a CSV file that the fast reader takes."""

from __future__ import annotations

import csv
import datetime as dt
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from regulars.vocabulary.errors import UnreadableFile
from regulars.warehouse.load.formats.delimited import unique

_BROKEN = (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile, InvalidFileException, EOFError, SyntaxError)


@dataclass(frozen=True)
class Sheet:
    """What was copied: column names, the number of the first row below the header, and how many rows."""

    names: tuple[str, ...]
    first: int
    rows: int


def sheet_header(stream: IO[bytes], name: str) -> tuple[str, ...]:
    """The column names: the first row that is not empty. Raises UnreadableFile."""
    for _, row in _rows(stream, name):
        return unique(_trimmed(row))
    raise UnreadableFile(f"{name} holds no rows.", "Export it again; a file needs at least its header line.")


def sheet_to_csv(stream: IO[bytes], name: str, path: Path, decimal: str) -> Sheet:
    """Write the sheet as CSV: times as ISO text, numbers with the decimal mark that the source's parser expects."""
    names: tuple[str, ...] = ()
    first = count = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        # Every field in quotes: an empty row is then a record like any other and keeps the row numbers.
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for number, row in _rows(stream, name):
            if not names:
                names, first = unique(_trimmed(row)), number + 1
                writer.writerow(names)
                expected = first
                continue
            for _ in range(expected, number):
                writer.writerow([""] * len(names))
                count += 1
            cells = [_text(cell, decimal) for cell in row[: len(names)]]
            writer.writerow(cells + [""] * (len(names) - len(cells)))
            count += 1
            expected = number + 1
    if not names:
        raise UnreadableFile(f"{name} holds no rows.", "Export it again; a file needs at least its header line.")
    return Sheet(names, first, count)


def _rows(stream: IO[bytes], name: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Row number and cells of each row that is not empty, of the first sheet that has one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(stream, read_only=True, data_only=True)
            for sheet in book.worksheets:
                # What a sheet says about its own size is often wrong.
                sheet.reset_dimensions()
                found = False
                for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                    if any(cell is not None and str(cell).strip() for cell in row):
                        found = True
                        yield number, row
                if found:
                    return
    except _BROKEN as error:
        raise UnreadableFile(f"{name} is a broken XLSX file: {error}.", "Save or export it again.") from None


def _trimmed(row: tuple[Any, ...]) -> list[Any]:
    """Without empty cells at the end, which sheets have by the thousand."""
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
        case float():
            # As many digits as a spreadsheet shows: 0.1 + 0.2 is stored as 0.30000000000000004.
            return format(cell, ".15g").replace(".", decimal)
        case dt.datetime():
            return cell.isoformat(sep=" ")
        case _:
            return str(cell).replace("\x00", "")
