"""Pieces of SQL that every kind of field is read with, and how a file writes its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Decimal: TypeAlias = Literal[".", ","]
"""What stands before the decimals of a number."""
DateOrder: TypeAlias = Literal["dmy", "mdy", "ymd"]
"""In which order a date of numbers alone is written, where its year does not come first with four digits."""


@dataclass(frozen=True)
class Locale:
    """How a source writes numbers and dates."""

    decimal: Decimal = "."
    date_order: DateOrder | None = None


def quoted(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def without_apostrophe(text: str) -> str:
    """SQL: without the apostrophe that marks a field as text in spreadsheets."""
    return f"CASE WHEN starts_with({text}, '''') THEN substr({text}, 2) ELSE {text} END"


def let(name: str, value: str, body: str) -> str:
    """SQL: `body` with `name` standing for `value`, which is computed once, and only where the body is reached.

    An expression written twice is computed for every row beforehand, also those that a coalesce has answered already.
    """
    return f"list_transform([{value}], lambda {name}: {body})[1]"
