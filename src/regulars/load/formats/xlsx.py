"""XLSX: the rows of one sheet, written as a CSV file; identifiers keep what their number format shows."""

from __future__ import annotations

import csv
import datetime as dt
import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, Any

from regulars.load.formats.delimited import HEADER_LINES, unique
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


_TOKEN = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|[^"\\\[]', re.DOTALL)
"""A quoted text, an escaped character, a part in brackets, or one character."""

_PLAIN = frozenset("-+/():{} ")
"""Characters that a format shows without quotes."""

_LEFT_OUT = re.compile(r"\[(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|\$-[0-9a-f]+)\]", re.IGNORECASE)
"""Colours and languages, which are not shown."""


def formatted(number: int, number_format: str) -> str | None:
    """Format a number; returns None if the format does more than add leading zeros and text.

    A format has up to three sections: for positive and negative numbers and zero. Formats with thousands separators,
    decimals, conditions, currencies and dates are those of amounts and dates, not of identifiers.
    """
    sections = _sections(number_format)
    place = 1 if number < 0 else 2 if number == 0 else 0
    is_own = place < len(sections)
    tokens = sections[place if is_own else 0]
    if tokens is None or not any(token in ("0", "#") for token in tokens):
        return None
    return ("-" if number < 0 and not is_own else "") + _filled(abs(number), tokens)


@lru_cache(maxsize=1024)
def changes_numbers(number_format: str) -> bool:
    """Whether the format shows any whole number differently from its digits."""
    return any(formatted(number, number_format) not in (None, str(number)) for number in (-42, 0, 42))


@lru_cache(maxsize=1024)
def _sections(number_format: str) -> tuple[tuple[str, ...] | None, ...]:
    """Return the tokens of each section; None for a section that is not of an identifier."""
    sections: list[list[str]] = [[]]
    end = 0
    for match in _TOKEN.finditer(number_format):
        if match.start() != end:
            break
        end = match.end()
        if match[0] == ";":
            sections.append([])
        elif not _LEFT_OUT.fullmatch(match[0]):
            sections[-1].append(match[0])
    if end != len(number_format):
        return (None,)
    return tuple(tuple(section) if all(map(_is_shown, section)) else None for section in sections)


def _is_shown(token: str) -> bool:
    return token in ("0", "#") or token in _PLAIN or token.startswith("\\") or (len(token) > 1 and token[0] == '"')


def _filled(number: int, tokens: tuple[str, ...]) -> str:
    """Fill the places 0 and # with digits from the right; the first place takes further digits, a # may be empty."""
    places = [token for token in tokens if token in ("0", "#")]
    least = len(places) - places.index("0") if "0" in places else 0
    digits = f"{number:0{least}d}" if number or least else ""
    more = max(len(digits) - len(places), 0)
    slots = iter([""] * (len(places) - len(digits)) + [digits[: more + 1], *digits[more + 1 :]])
    return "".join(
        next(slots, "") if token in ("0", "#") else token.strip('"') if token[0] == '"' else token[-1]
        for token in tokens
    )
