"""Declaration of a source: how the columns of its files map to canonical columns."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from regulars.load.fields.fragments import DateOrder, Decimal
from regulars.warehouse.schema import Kind

REASON = "!"
"""Prefix of a reject reason: in a column with choices, a value that begins with it rejects the line with the text after it."""

REJECT_COLUMNS = ("rejected_file", "rejected_line", "rejected_because")
"""Columns added by the export of rejected lines; recognition and loading ignore them."""

NAME_OF_SOURCE = re.compile(r"[a-z][a-z0-9_]*")
"""Pattern of source names. A full name adds a colon and the account."""

_MOST_NAMED = 10
"""Most columns listed in one remark."""


@dataclass(frozen=True)
class Mapping:
    """Mapping of a file's lines to rows of one canonical table.

    Attributes:
        table: Name of the canonical table.
        columns: For each canonical column an SQL expression over the file's columns (parsed to the types that the source
            declares) and the pseudo column `line`.
        where: SQL condition on lines; this mapping skips the others.
        group_by: SQL expressions; lines with equal values make one row. Each expression of `columns` is then an aggregate,
            or a bare column, which is its first value that is not NULL.
        having: SQL condition, with aggregates, on the resulting rows.
        running_total: For returns: each row is the total refunded of an order so far.
        spread: For spend: a row from `day` to `last_day` is distributed evenly over its days.
    """

    table: str
    columns: dict[str, str]
    where: str = ""
    group_by: tuple[str, ...] = ()
    having: str = ""
    running_total: bool = False
    spread: bool = False


@dataclass(frozen=True)
class Block:
    """Blocks of consecutive lines of an order, by which an order that a file has twice is detected.

    Equal blocks of an order are used once; different blocks are rejected.

    Attributes:
        of: SQL of the order's id.
        starts: SQL condition that is true for the first line of a block.
    """

    of: str
    starts: str


@dataclass(frozen=True)
class LineTotals:
    """Allowed sums of an order's lines by its own fields: SQL over the order's lines in a file.

    Attributes:
        order: SQL of the order's id.
        lines: SQL aggregate: the sum of its lines.
        least: SQL aggregate: the smallest allowed sum, NULL if unknown.
        most: SQL aggregate: the largest allowed sum, NULL if unknown.
        name: Name of `least` in messages.
    """

    order: str
    lines: str
    least: str
    most: str
    name: str


@dataclass(frozen=True)
class ContentId:
    """Columns whose values make a row's id; without `columns` all of the file except `excluded` (in lower case)."""

    columns: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Source:
    """A kind of file, such as Shopify's orders export. Each source is one module in `sources/` and one entry of its table.

    Attributes:
        name: Name of the source.
        title: Its name in messages.
        requires: Columns by which a file is recognised: it has all of them.
        mappings: The canonical tables that it fills.
        types: Kinds of the file's columns; text if missing. A field that cannot be parsed rejects its line.
    """

    name: str
    title: str
    requires: frozenset[str]
    mappings: tuple[Mapping, ...]
    types: dict[str, Kind] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    """Columns that the mappings use and files may lack; a missing one is NULL."""
    decimal: Decimal = "."
    date_order: DateOrder | None = None
    """Order of dates such as 03/04/2024; None to reject them as ambiguous."""
    timezone: str | None = None
    """Zone of times without an offset; None for the shop's zone."""
    header_line: int | None = None
    """Number of the line (of a sheet: the row) with the column names; None to search for it."""
    header: tuple[str, ...] = ()
    """Column names of files without a header; with `header_line`, instead of that line."""
    closed: bool = False
    """Whether to warn of columns that no mapping uses."""
    lacking: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Remarks about files that lack all of these optional columns: (columns, text)."""
    contents: dict[str, ContentId] = field(default_factory=dict)
    """Id columns computed from a row's content, by name in lower case; mappings use them like columns of the file."""
    block: Block | None = None
    """For sources whose orders have several lines, with the order's fields in the first line only."""
    line_totals: LineTotals | None = None
    """How an order's totals are compared with its lines; None to compare its gross."""
    possible_gift_card: str = ""
    """SQL over a line: the name of a product that may be a gift card, else NULL."""
    check: Callable[[duckdb.DuckDBPyConnection, str], list[str]] | None = None
    """Called with the connection and the source's full name after the rows are merged; returns warnings."""

    def remarks(self, file: str, names: Sequence[str]) -> list[str]:
        """Return remarks about a file with these columns: missing optional columns, and unused ones."""
        present = {name.lower() for name in names}
        lacking = [
            f"{file} has no column {' and no column '.join(columns)}: {words}"
            for columns, words in self.lacking
            if not any(name.lower() in present for name in columns)
        ]
        return [*(self._unused(file, names) if self.closed else ()), *lacking]

    def _unused(self, file: str, names: Sequence[str]) -> list[str]:
        """Return remarks about columns that no mapping uses, with a suggestion for likely misspellings."""
        present = {name.lower() for name in names}
        known = {name.lower() for name in self.requires | self.optional}
        free = {_plain(name): name for name in sorted(self.optional) if name.lower() not in present}
        remarks, others = [], []
        for name in names:
            if name.lower() in known:
                continue
            if meant := difflib.get_close_matches(_plain(name), free, n=1, cutoff=0.8):
                remarks.append(f"{file}: column {name} is not used; did you mean {free[meant[0]]}?")
            else:
                others.append(name)
        if others:
            more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
            what = "column" if len(others) == 1 else "columns"
            remarks.append(f"{file}: not used: {what} {', '.join(others[:_MOST_NAMED])}{more}.")
        return remarks


@dataclass(frozen=True)
class ReadOptions:
    """Settings of one shop's files that override those of the source; None and missing columns override nothing."""

    decimal: Decimal | None = None
    date_order: DateOrder | None = None
    timezone: str | None = None
    types: dict[str, Kind] = field(default_factory=dict)
    """Kinds by column, in lower case."""
    header_line: int | None = None
    header: tuple[str, ...] = ()
    """Column names, as in `Source`; used to open files before their source is known."""

    def applied(self, source: Source) -> Source:
        """Return the source with these settings."""
        overrides = {"decimal": self.decimal, "date_order": self.date_order, "timezone": self.timezone}
        columns = {name.lower(): name for name in source.requires | source.optional}
        types = {columns[name]: kind for name, kind in self.types.items() if name in columns}
        changes: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
        return replace(source, types=source.types | types, **changes)


def _plain(name: str) -> str:
    """Return the letters and digits of a name, without case."""
    return "".join(character for character in name.casefold() if character.isalnum())
