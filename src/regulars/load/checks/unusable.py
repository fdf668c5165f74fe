"""Values in identity columns that identify nobody: words for "nobody", and addresses and numbers that are none."""

from __future__ import annotations

from regulars.load.validate import Validation
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.identities import IDENTIFYING, RECORDS

_INVALID = {
    column: f"NOT means_nobody(trim({column})) AND spelt_{column}(trim({column})) IS NULL"
    for column in ("email", "phone")
}
"""SQL of whether the value of a column is neither a word for nobody nor an address or a number. An id may be any text."""

_NAMES = {"email": "email address", "phone": "phone number"}

SAMPLE_LENGTH = 24
"""The longest sample shown, in characters."""


def unusable_identities(found: Validation, _settings: Settings) -> list[str]:
    """Warnings that count, per table and column, the values that identify nobody.

    Words for "nobody" are shown with their counts. Of other values one is shown, masked, as they may hold personal data.
    """
    warnings: list[str] = []
    for table in RECORDS:
        if table.name not in found.rows:
            continue
        rows = found.rows[table.name]
        columns = [column for column in IDENTIFYING if table.has(column)]
        # Mostly nothing is wrong: one pass counts, and only what is wrong is looked at again.
        counts = found.workspace.con.execute(
            f"SELECT {', '.join(f'count(*) FILTER ({condition})' for c in columns for condition in _conditions(c))} FROM {rows}"
        ).fetchall()[0]
        for column, filled, nobody, invalid in zip(columns, counts[::3], counts[1::3], counts[2::3], strict=True):
            if nobody:
                warnings.append(_nobody(found, table.name, column))
            if invalid:
                warnings.append(_invalid(found, table.name, column, filled))
    return warnings


def _conditions(column: str) -> tuple[str, str, str]:
    """SQL of whether a row has any value in the column, a word for nobody, or an invalid one."""
    filled = f"trim({column}) <> ''"
    return filled, f"{filled} AND means_nobody(trim({column}))", f"{filled} AND {_INVALID.get(column, 'false')}"


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


def _nobody(found: Validation, table: str, column: str) -> str:
    words = found.workspace.con.execute(
        f"SELECT trim({column}) AS value, count(*) AS times FROM {found.rows[table]} WHERE {_conditions(column)[1]}"
        " GROUP BY value ORDER BY times DESC, value"
    ).fetchall()
    total = sum(times for _, times in words)
    listed = ", ".join(f"'{word}' {times:,} ×" for word, times in words[:9])
    rows = "1 row has" if total == 1 else f"{total:,} rows have"
    return f"{table}.{column}: {rows} a word for nobody ({listed}); it joins nobody."


def _invalid(found: Validation, table: str, column: str, filled: int) -> str:
    wrong, sample = found.workspace.con.execute(
        "SELECT sum(times), arg_max(value, (times, value)) FROM ("
        f"SELECT trim({column}) AS value, count(*) AS times FROM {found.rows[table]} WHERE {_conditions(column)[2]}"
        " GROUP BY value)"
    ).fetchall()[0]
    return (
        f"{table}.{column}: {wrong:,} of {filled:,} values hold no {_NAMES[column]} and identify nobody, such as"
        f" {masked(sample)} (letters as x, digits as 9)."
    )
