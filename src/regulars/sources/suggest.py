"""Suggest the canonical table and columns of an unknown file, and a mapping file for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from regulars.sources.parse_expressions import quoted
from regulars.sources.value_shapes import Shape, may_hold, only_of
from regulars.vocabulary.spelling import words_of
from regulars.vocabulary.synonyms import COLUMNS
from regulars.warehouse.schema import IDENTITY_COLUMNS, Column, Kind, Table
from regulars.warehouse.tables import TABLES

IDENTITY = frozenset(column.name for column in IDENTITY_COLUMNS)
"""Columns that identify a customer. Many tables have them, so they are not distinctive."""

_PROPOSED = frozenset({"currency"})
"""Columns with a proposed constant if the file lacks them: the shop's currency."""

_OF_SHAPE = {"email": Shape.EMAIL, "currency": Shape.CODE, "ordered_at": Shape.DATE}
"""Canonical columns that are recognised by the shape of their values under any name."""

_PARENTHESES = re.compile(r"\([^)]*\)")
_FEWEST = 2
"""Distinctive columns that a suggestion needs."""

_LEAST_SHARE, _ENOUGH = 0.1, 5
"""A suggestion must map this share of the file's columns, or this many."""


@dataclass(frozen=True)
class TableSuggestion:
    """A canonical table, the file's column for each canonical column, and the required columns without one (`missing`)."""

    table: Table
    columns: Mapping[str, str]
    missing: tuple[Column, ...]

    @property
    def words(self) -> str:
        """Text of the columns, such as 'order_id = "Order Number"'."""
        return ", ".join(f'{canonical} = "{name}"' for canonical, name in self.columns.items())

    def mapping(self, file: str, currency: str) -> str:
        """Return the draft of a mapping file, to be completed by the owner."""
        lines = [f'name = "{_source_name(file)}"', "", f"[{self.table.name}.columns]"]
        for column in self.table.columns:
            if column.name in self.columns:
                lines.append(f"{column.name} = {_toml(quoted(self.columns[column.name]))}")
            elif column.name == "currency":
                lines.append(f"currency = \"'{currency}'\"")
            elif column in self.missing:
                lines.append(f"# {column.name} = ?  # required: {column.about}")
        return "\n".join(lines)


def suggest(header: Sequence[str], values: Mapping[str, Sequence[str]] | None = None) -> TableSuggestion | None:
    """Suggest a table for a file; None if too few of its columns are recognised by name or values.

    Args:
        header: The file's column names.
        values: Some values of each column; a column whose values do not have the shape of the canonical column is not mapped.
    """
    values = values or {}
    suggestions = [suggestion for table in TABLES if (suggestion := _of_table(table, header, values))]
    return max(suggestions, key=_quality, default=None)


def means(name: str, table: Table) -> set[str]:
    """Return the table's columns that a column of this name may map to."""
    return {column.name for column in table.columns if _fit(name, column, table) is not None}


def _of_table(table: Table, header: Sequence[str], values: Mapping[str, Sequence[str]]) -> TableSuggestion | None:
    fits = [
        (fit, column.name, name)
        for column in table.columns
        if not column.choices and column.kind not in (Kind.FLAG, Kind.JSON)
        for name in header
        if (fit := _fit(name, column, table)) is not None and may_hold(column, values.get(name, ()))
    ]
    chosen: dict[str, str] = {}
    for _, canonical, name in sorted(fits, key=lambda fit: fit[0], reverse=True):
        if canonical not in chosen and name not in chosen.values():
            chosen[canonical] = name
    for canonical, shape in _OF_SHAPE.items():
        if table.has(canonical) and canonical not in chosen:
            alike = [name for name in header if name not in chosen.values() and only_of(shape, values.get(name, ()))]
            if len(alike) == 1:
                chosen[canonical] = alike[0]
    required = [column for column in table.columns if _required(column)]
    missing = tuple(column for column in required if column.name not in chosen and column.name not in _PROPOSED)
    distinctive = chosen.keys() - IDENTITY
    too_few = len(distinctive) < _FEWEST or len(chosen) < min(_LEAST_SHARE * len(header), _ENOUGH)
    if too_few or len(missing) * 2 > len(required):
        return None
    return TableSuggestion(table, {c.name: chosen[c.name] for c in table.columns if c.name in chosen}, missing)


def _quality(suggestion: TableSuggestion) -> int:
    """Score a suggestion: mapped columns, with required ones twice, minus missing ones."""
    required = sum(column.name in suggestion.columns for column in suggestion.table.columns if _required(column))
    return len(suggestion.columns.keys() - IDENTITY) + required - len(suggestion.missing)


def _required(column: Column) -> bool:
    return not column.nullable and column.default is None


def _fit(name: str, column: Column, table: Table) -> tuple[int, int, int] | None:
    """Score how well a column's name fits a canonical column; larger is better, None if it does not fit.

    A phrase of one word must be the whole name, since "Order status" is not an "order"; a longer phrase may have one word
    before or after it, as "order date" in "Shop order date". "ID" alone is the table's key. Parentheses are ignored.
    """
    words = words_of(_PARENTHESES.sub(" ", name)) or words_of(name)
    phrases = (words_of(column.name), *(tuple(phrase.split()) for phrase in COLUMNS.get(column.name, ())))
    best = (0, 1, 0) if words == ("id",) and table.key == (column.name,) else None
    for place, phrase in enumerate(phrases):
        more = len(words) - len(phrase)
        if more == 0 and words == phrase:
            fit = (2 if place == 0 else 1, len(phrase), -place)
        elif more == 1 and len(phrase) > 1 and phrase in (words[1:], words[:-1]):
            fit = (0, len(phrase), -place)
        else:
            continue
        best = max(best, fit) if best else fit
    return best


def _source_name(file: str) -> str:
    """Return a source name made from the file's name: lower case letters, digits and _."""
    name = re.sub(r"[^a-z0-9]+", "_", PurePath(file).name.split(".")[0].lower()).strip("_")
    return name if re.match("[a-z]", name) else "my_shop"


def _toml(text: str) -> str:
    """Return the text as a TOML string, literal if possible."""
    return f"'{text}'" if "'" not in text and text.isprintable() else json.dumps(text, ensure_ascii=False)
