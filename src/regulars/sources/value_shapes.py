"""Shapes of values: e-mail address, date, number. Messages show shapes and never values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from regulars.warehouse.schema import Column, Kind


class Shape(StrEnum):
    """Shape of a value, with its name in messages, in the singular."""

    EMAIL = "e-mail address"
    DATE = "date"
    CODE = "code of three letters"
    NUMBER = "number"
    PHONE = "phone number"
    TEXT = "text"


_DATE = r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[ -][A-Za-z]{3,9}[ -,]+\d{2,4})"
_PATTERNS = (
    (Shape.EMAIL, re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    (Shape.PHONE, re.compile(r"\+\d[\d\s().\-/]{6,}")),
    (Shape.DATE, re.compile(_DATE + r"([T ,].*)?")),
    (Shape.CODE, re.compile(r"[A-Z]{3}")),
    (Shape.NUMBER, re.compile(r"[^\w\s.,+-]?\s?[-+]?\d[\d.,' \u00a0]*\s?([^\w\s]|[A-Z]{3})?")),
    (Shape.PHONE, re.compile(r"(?=(\D*\d){7})[\d\s().\-/]+")),
)
_ENOUGH = 0.8
"""Least share of a column's values that must have a shape for the column to have it."""

_DISTINCTIVE = {Shape.EMAIL, Shape.DATE, Shape.NUMBER, Shape.PHONE}
"""Shapes that column names do not have."""
_WITHOUT_NAME = re.compile(r"column_\d+")
"""Pattern of names given to columns without a name."""

_OF_KIND = {
    Kind.INSTANT: {Shape.DATE, Shape.NUMBER},
    Kind.DAY: {Shape.DATE, Shape.NUMBER},
    Kind.MONEY: {Shape.NUMBER},
    Kind.INTEGER: {Shape.NUMBER},
    Kind.NUMBER: {Shape.NUMBER},
}
_OF_COLUMN = {
    "email": {Shape.EMAIL},
    "phone": {Shape.PHONE, Shape.NUMBER},
    "currency": {Shape.CODE},
}


def shape_of(value: str) -> Shape:
    """Return the shape of a value; TEXT if it has no other."""
    text = value.strip()
    return next((shape for shape, pattern in _PATTERNS if pattern.fullmatch(text)), Shape.TEXT)


def may_hold(column: Column, values: Iterable[str]) -> bool:
    """Whether a column with these values may map to the canonical column; true if there are no values."""
    allowed = _OF_COLUMN.get(column.name) or _OF_KIND.get(column.kind)
    shapes = [shape_of(value) for value in values if value.strip()]
    return not allowed or not shapes or sum(shape in allowed for shape in shapes) >= _ENOUGH * len(shapes)


def only_of(shape: Shape, values: Iterable[str]) -> bool:
    """Whether there are values, all of this shape."""
    shapes = {shape_of(value) for value in values if value.strip()}
    return shapes == {shape}


def looks_like_data(header: Iterable[str]) -> bool:
    """Whether a file's first line has values rather than column names: an address, a date, or mostly numbers."""
    shapes = [shape_of(name) for name in header]
    numbers = sum(shape in (Shape.NUMBER, Shape.PHONE) for shape in shapes)
    return Shape.EMAIL in shapes or Shape.DATE in shapes or numbers * 2 > len(shapes)


def names_columns(header: Iterable[str], values: Mapping[str, Sequence[str]]) -> bool:
    """Whether the values below a first line show that it is a header: a column has only numbers, dates or addresses.

    False if no column shows it, and if a name has the shape of its column's values or is one of them.
    """
    shown = False
    for name in header:
        below = [value.strip() for value in values.get(name, ()) if value.strip()]
        shapes, own = {shape_of(value) for value in below}, shape_of(name)
        if name in below or (own in _DISTINCTIVE and own in shapes):
            return False
        is_named = own is Shape.TEXT and not _WITHOUT_NAME.fullmatch(name) and any(map(str.isalpha, name))
        shown = shown or (is_named and len(shapes) == 1 and shapes <= _DISTINCTIVE)
    return shown


def described(values: Iterable[str]) -> str:
    """Return the shapes as text, such as "1 e-mail address, 2 numbers"."""
    counts = Counter(shape_of(value) for value in values)
    return ", ".join(f"{counts[shape]} {_plural(shape, counts[shape])}" for shape in Shape if counts[shape])


def _plural(shape: Shape, count: int) -> str:
    if count == 1:
        return shape.value
    return "codes of three letters" if shape is Shape.CODE else f"{shape.value}{'es' if shape is Shape.EMAIL else 's'}"
