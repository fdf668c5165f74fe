"""What a source is: how the columns of its files become canonical columns. Nothing here reads a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from regulars.warehouse.schema import Kind


@dataclass(frozen=True)
class Mapping:
    """How one canonical table is filled from a file's lines.

    `columns` gives each canonical column as an SQL expression over the file's columns (already parsed to the types that
    the source declares) and the pseudo column `line`. `where` chooses lines; the others are skipped by this mapping.
    With `group_by` (SQL expressions) one row comes from several lines: each expression is then an aggregate, or a bare
    column name, which stands for its first value that is not empty.
    """

    table: str
    columns: dict[str, str]
    where: str = ""
    group_by: tuple[str, ...] = ()


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
    decimal: Literal[".", ","] = "."
    date_order: Literal["dmy", "mdy"] | None = None
    """How 03/04/2024 is read; without it such dates are rejected as ambiguous."""
    timezone: str | None = None
    """Zone of times without an offset; the shop's where None."""
    check: Callable[[duckdb.DuckDBPyConnection, str], list[str]] | None = None
    """Called with the connection and the source's full name (with its account) after the rows are merged."""
