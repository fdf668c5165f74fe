"""Values in identity columns that identify nobody: words for "nobody", and addresses and numbers that are none."""

from __future__ import annotations

from regulars.vocabulary.shop import Settings
from regulars.warehouse.load.judge import Judgement
from regulars.warehouse.people.identities import IDENTIFYING, RECORDS, define_identities

_VALID = {"email": "spelt_email(value) IS NOT NULL", "phone": "spelt_phone(value) IS NOT NULL"}
"""SQL of whether a value of the column is an address or a number. An id may be any text."""

_NAMES = {"email": "email address", "phone": "phone number"}

SAMPLE_LENGTH = 24
"""The longest sample shown, in characters."""


def unusable_identities(found: Judgement, settings: Settings) -> list[str]:
    """Warnings that count, per table and column, the values that identify nobody.

    Words for "nobody" are shown with their counts. Of other values one is shown, masked, as they may hold personal data.
    """
    define_identities(found.room.con, settings)
    warnings: list[str] = []
    for table in RECORDS:
        if table.name not in found.rows:
            continue
        for column in IDENTIFYING:
            if table.has(column):
                warnings += _nobody(found, table.name, column)
                warnings += _invalid(found, table.name, column)
    return warnings


def masked(value: str) -> str:
    """The shape of a value: its first letter; x for other letters, 9 for digits, ? for characters that cannot be shown.

    Longer values are cut after SAMPLE_LENGTH characters.
    """
    first, rest = value[:1], value[1:] if value[:1].isalpha() else value
    shape = (first if first.isalpha() else "") + "".join(map(_shape, rest))
    return shape if len(shape) <= SAMPLE_LENGTH else shape[:SAMPLE_LENGTH] + "…"


def _shape(character: str) -> str:
    if character.isalpha():
        return "x"
    if character.isnumeric():
        return "9"
    return character if character.isprintable() else "?"


def _values(found: Judgement, table: str, column: str) -> str:
    """SQL of `value` and `times`: the values of a column of the load's rows, without blanks around them."""
    return (
        f"(SELECT trim({column}) AS value, count(*) AS times FROM {found.rows[table]}"
        f" WHERE trim({column}) <> '' GROUP BY value)"
    )


def _nobody(found: Judgement, table: str, column: str) -> list[str]:
    words = found.room.con.execute(
        f"SELECT value, times FROM {_values(found, table, column)} WHERE means_nobody(value) ORDER BY times DESC, value"
    ).fetchall()
    if not words:
        return []
    total = sum(times for _, times in words)
    listed = ", ".join(f"'{word}' {times:,} ×" for word, times in words[:9])
    rows = "1 row has" if total == 1 else f"{total:,} rows have"
    return [f"{table}.{column}: {rows} a word for nobody ({listed}); it joins nobody."]


def _invalid(found: Judgement, table: str, column: str) -> list[str]:
    if column not in _VALID:
        return []
    invalid = f"NOT means_nobody(value) AND NOT {_VALID[column]}"
    filled, wrong, sample = found.room.con.execute(
        f"SELECT sum(times), sum(times) FILTER ({invalid}), arg_max(value, (times, value)) FILTER ({invalid})"
        f" FROM {_values(found, table, column)}"
    ).fetchall()[0]
    if not wrong:
        return []
    return [
        f"{table}.{column}: {wrong:,} of {filled:,} values hold no {_NAMES[column]} and identify nobody, such as"
        f" {masked(sample)} (letters as x, digits as 9)."
    ]
