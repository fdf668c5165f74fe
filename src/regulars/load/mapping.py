"""What a source is: how the columns of its files become canonical columns. Nothing here reads a file."""

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
"""What follows it in a column of given choices is not a value but why there is none: the line is rejected with these words."""

REJECT_COLUMNS = ("rejected_file", "rejected_line", "rejected_because")
"""Columns that an export of rejected lines adds at the end; recognition and loading ignore them."""

NAME_OF_SOURCE = re.compile(r"[a-z][a-z0-9_]*")
"""What a source may be called. Its full name adds a colon and the account."""

_MOST_NAMED = 10
"""So many columns are named in one remark."""


@dataclass(frozen=True)
class Mapping:
    """How one canonical table is filled from a file's lines.

    `columns` gives each canonical column as an SQL expression over the file's columns (already parsed to the types that
    the source declares) and the pseudo column `line`. `where` chooses lines; the others are skipped by this mapping.
    With `group_by` (SQL expressions) one row comes from several lines: each expression is then an aggregate, or a bare
    column name, which stands for its first value that is not empty. `having` (an aggregate) chooses the rows that result.
    """

    table: str
    columns: dict[str, str]
    where: str = ""
    group_by: tuple[str, ...] = ()
    having: str = ""
    running_total: bool = False
    """For returns: each row gives what was given back of an order so far, in total."""
    spread: bool = False
    """For spend: a row from `day` to `last_day` is spread evenly over its days."""


@dataclass(frozen=True)
class Block:
    """How the lines of one order follow each other in a file, which shows where an order stands in it a second time.

    `of` is the order's number and `starts` tells the first line of a block, both as SQL over the file's columns. Equal blocks
    of an order are taken once; blocks that differ are rejected.
    """

    of: str
    starts: str


@dataclass(frozen=True)
class LineTotals:
    """What an order's lines must come to by its own fields: SQL aggregates over the order's lines in a file.

    `order` is the order's number, `lines` the sum of its lines, `least` and `most` what the sum may be, NULL where that is not
    known. Messages call `least` by its `name`.
    """

    order: str
    lines: str
    least: str
    most: str
    name: str


@dataclass(frozen=True)
class ContentId:
    """The columns whose values make a row's id; without `columns` all of the file but the `excluded` (in lower case)."""

    columns: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Source:
    """Where files come from. One source = one file in `sources/` and one entry in its table.

    A file belongs to the source when it has all `requires`. `types` says what the file's columns hold (text where not
    named): a field that cannot be read as its type rejects its line with the reason. `check` looks at the finished load and returns
    warnings for the shop.
    """

    name: str
    title: str
    requires: frozenset[str]
    mappings: tuple[Mapping, ...]
    types: dict[str, Kind] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    """Columns the mappings use that real files may lack; they are taken as empty."""
    decimal: Decimal = "."
    date_order: DateOrder | None = None
    """How 03/04/2024 is read; without it such dates are rejected as ambiguous."""
    timezone: str | None = None
    """Zone of times without an offset; the shop's where None."""
    header_line: int | None = None
    """Number of the line (of a sheet: the row) with the column names; looked for where None."""
    header: tuple[str, ...] = ()
    """Column names of files that have no header line; with `header_line`, instead of that line."""
    closed: bool = False
    """Whether the files' columns are ours alone, so that one which no mapping uses is named to the owner."""
    lacking: tuple[tuple[tuple[str, ...], str], ...] = ()
    """What a file without any of these optional columns means for the numbers: (columns, words)."""
    contents: dict[str, ContentId] = field(default_factory=dict)
    """Columns of ids that the load computes from a row's content, by name in lower case: mappings use them as the file's."""
    block: Block | None = None
    """For sources whose orders have several lines and their own fields on the first one only."""
    line_totals: LineTotals | None = None
    """How an order's own totals are held against its lines; where None, its gross is."""
    perhaps_gift_card: str = ""
    """SQL over a line: the name of a product that may be a gift card although its name does not tell, else NULL."""
    check: Callable[[duckdb.DuckDBPyConnection, str], list[str]] | None = None
    """Called with the connection and the source's full name (with its account) after the rows are merged."""

    def remarks(self, file: str, names: Sequence[str]) -> list[str]:
        """What the owner should hear about a file with these columns, although it loads."""
        present = {name.lower() for name in names}
        lacking = [
            f"{file} has no column {' and no column '.join(columns)}: {words}"
            for columns, words in self.lacking
            if not any(name.lower() in present for name in columns)
        ]
        return [*(self._unused(file, names) if self.closed else ()), *lacking]

    def _unused(self, file: str, names: Sequence[str]) -> list[str]:
        """A misspelt column is no different from one that is not there, unless someone says so."""
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
    """How one shop's files of a known source differ from what the source says: None and absent columns leave that as it is."""

    decimal: Decimal | None = None
    date_order: DateOrder | None = None
    timezone: str | None = None
    types: dict[str, Kind] = field(default_factory=dict)
    """By column in lower case."""
    header_line: int | None = None
    header: tuple[str, ...] = ()
    """Where the files have their column names, as in `Source`: this is for opening them, before their source is known."""

    def applied(self, source: Source) -> Source:
        """The source, read with these options."""
        given = {"decimal": self.decimal, "date_order": self.date_order, "timezone": self.timezone}
        columns = {name.lower(): name for name in source.requires | source.optional}
        types = {columns[name]: kind for name, kind in self.types.items() if name in columns}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return replace(source, types=source.types | types, **changes)


def _plain(name: str) -> str:
    """The name without what people write differently: case, blanks and marks."""
    return "".join(character for character in name.casefold() if character.isalnum())
