"""Fields of one record of delimited text.

A valid field is either quoted (quotes inside it doubled, blanks around it allowed), or does not begin with a quote; a quote
inside such a field is text, as in 5" pipe. Any other record is broken: lenient readers would append the following lines to it.
"""

from __future__ import annotations

import csv
import re
from functools import cache

_LONGEST_FOR_CSV = 100_000
"""Python's csv module refuses fields above 131,072 characters."""


def fields_of(record: str, delimiter: str) -> list[str] | None:
    """Return the fields of a record with quotes, or None if a quote is broken."""
    if len(record) < _LONGEST_FOR_CSV and ' "' not in record and '" ' not in record:
        try:
            rows = list(csv.reader((record,), delimiter=delimiter, strict=True))
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 else None
    field = _field(delimiter)
    fields, position = [], 0
    while match := field.match(record, position):
        quoted, plain = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        position = match.end() + 1
        if match.end() == len(record):
            return fields
        if record[match.end()] != delimiter:
            return None
    return None


def guessed_fields(record: str, delimiter: str) -> list[str]:
    """Return the likely fields of a broken record: a quoted field ends at a quote before a delimiter or the end."""
    field = _guessed_field(delimiter)
    fields, position = [], 0
    while position <= len(record) and (match := field.match(record, position)):
        quoted, plain = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        position = match.end() + 1
    return fields


@cache
def _guessed_field(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    return re.compile(rf'"(.*?)"(?={mark}|\Z)|([^{mark}]*)', re.DOTALL)


@cache
def _field(delimiter: str) -> re.Pattern[str]:
    blanks = "" if delimiter == " " else " *"
    mark = re.escape(delimiter)
    return re.compile(rf'{blanks}"([^"]*(?:""[^"]*)*)"{blanks}(?={mark}|\Z)|((?!{blanks}")[^{mark}\n]*)')


def record_of(fields: list[str], delimiter: str) -> str:
    """Return the record of these fields, quoted where necessary, without a line end."""
    if fields == [""]:
        return '""'
    return delimiter.join(
        '"' + field.replace('"', '""') + '"' if '"' in field or delimiter in field or "\n" in field else field
        for field in fields
    )
