"""SQL shared by the parsers of all kinds, and the locale of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Decimal: TypeAlias = Literal[".", ","]
"""Decimal mark."""
DateOrder: TypeAlias = Literal["dmy", "mdy", "ymd"]
"""Order of day, month and year in numeric dates that do not begin with a year of four digits."""


@dataclass(frozen=True)
class Locale:
    """Number and date formats of a source."""

    decimal: Decimal = "."
    date_order: DateOrder | None = None


def quoted(text: str) -> str:
    """Return the text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def without_apostrophe(text: str) -> str:
    """Return SQL of the text without the leading apostrophe by which spreadsheets mark text."""
    return f"CASE WHEN starts_with({text}, '''') THEN substr({text}, 2) ELSE {text} END"


def let(name: str, value: str, body: str) -> str:
    """Return SQL of `body` in which `name` is bound to `value`, computed once and only if `body` is evaluated.

    A lambda, because DuckDB computes an expression that occurs twice for every row in advance, also for rows that an
    enclosing coalesce has resolved already.
    """
    return f"list_transform([{value}], lambda {name}: {body})[1]"
