"""Values in identity columns that identify nobody: words for "nobody", and addresses and numbers that are none."""

from __future__ import annotations

from regulars.load.validate import Validation
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.identities import IDENTITY_SQL, IDENTITY_TABLES
from regulars.warehouse.identity.records import REFERENCES, distinct_rows, identifying_rows

_INVALID = {
    column: f"NOT means_nobody(trim({{0}})) AND spelt_{column}(trim({{0}})) IS NULL" for column in ("email", "phone")
}
"""SQL of whether a value, {0}, is neither a word for nobody nor an address or a number. An id may be any text."""

_NAMES = {"email": "email address", "phone": "phone number"}

SAMPLE_LENGTH = 24
"""The longest sample shown, in characters."""


UNUSED = {column: f"unused_{column}" for column in IDENTITY_SQL}
"""The column that holds the raw value of each column of IDENTITY_SQL where it identifies nobody."""


_IDENTITIES = tuple(f"identity_of_{column}" for column in IDENTITY_SQL)


def identity_values(validation: Validation) -> str:
    """The temporary table of the identifying values of the load's rows; empty text where no row is about anybody.

    It is made when it is first asked for, after `define_identities`. Its columns: `table`, those of SAID (identities as texts),
    those of UNUSED, and `times`, the number of rows with these values. Only customers with the same values stay rows of their own.
    """
    parts = [
        _of_table(table.name, validation.rows[table.name]) for table in IDENTITY_TABLES if table.name in validation.rows
    ]
    if parts and not validation.identity_values:
        validation.identity_values = validation.workspace.table("identity_values")
        validation.workspace.con.execute(
            f"CREATE TEMP TABLE {validation.identity_values} AS {' UNION ALL '.join(parts)}"
        )
    return validation.identity_values


def _of_table(table: str, rows: str) -> str:
    raw = identifying_rows(rows) if table == "customers" else distinct_rows(identifying_rows(rows))
    columns = tuple(zip(IDENTITY_SQL, _IDENTITIES, REFERENCES, strict=True))
    identities = ", ".join(f"{IDENTITY_SQL[column]} AS {identity}" for column, identity, _ in columns)
    texts = ", ".join(f"{identity} AS {name}" for _, identity, name in columns)
    source = f"CASE WHEN {_IDENTITIES[0]} IS NOT NULL THEN source END AS source"
    unused = ", ".join(
        f"CASE WHEN {identity} IS NULL THEN {column} END AS {UNUSED[column]}" for column, identity, _ in columns
    )
    # In two steps: what a case says twice DuckDB works out for every row.
    spelled = f"SELECT *, {identities} FROM ({raw})"
    return f"""SELECT '{table}' AS "table", {texts}, {source}, {unused}, times FROM ({spelled})"""


def unusable_identities(found: Validation, _settings: Settings) -> list[str]:
    """Warnings that count, per table and column, the values that identify nobody.

    Words for "nobody" are shown with their counts. Of other values one is shown, masked, as they may hold personal data.
    """
    warnings: list[str] = []
    if not (values := identity_values(found)):
        return []
    # Mostly nothing is wrong: only values that identify nobody are looked at again, for what they are.
    counts = found.workspace.con.execute(
        f'SELECT "table", {", ".join(_counts(column, name) for column, name in zip(IDENTITY_SQL, REFERENCES, strict=True))}'
        f' FROM {values} GROUP BY "table"'
    ).fetchall()
    of_tables = {table: iter(numbers) for table, *numbers in counts}
    for table in IDENTITY_TABLES:
        if (numbers := of_tables.get(table.name)) is None:
            continue
        for column in IDENTITY_SQL:
            filled, nobody, invalid = next(numbers), next(numbers), next(numbers)
            if nobody:
                warnings.append(_nobody(found, table.name, column))
            if invalid:
                warnings.append(_invalid(found, table.name, column, filled))
    return warnings


def _counts(column: str, identity: str) -> str:
    """SQL of how many rows have any value in the column, a word for nobody, or an invalid one; null where none has."""
    filled, nobody, invalid = _conditions(UNUSED[column], column)
    return ", ".join(
        f"sum(times) FILTER ({condition})" for condition in (f"{identity} IS NOT NULL OR {filled}", nobody, invalid)
    )


def _conditions(value: str, column: str) -> tuple[str, str, str]:
    """SQL of whether the value of a column is any at all, a word for nobody, or an invalid one."""
    filled = f"trim({value}) <> ''"
    return (
        filled,
        f"{filled} AND means_nobody(trim({value}))",
        f"{filled} AND {_INVALID[column].format(value) if column in _INVALID else 'false'}",
    )


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


def _values(found: Validation, table: str, column: str) -> str:
    """SQL of a table's values of a column that identify nobody, trimmed, and in how many rows (`times`) they stand."""
    return (
        f"""(SELECT trim({UNUSED[column]}) AS value, times FROM {identity_values(found)} WHERE "table" = '{table}')"""
    )


def _nobody(found: Validation, table: str, column: str) -> str:
    words = found.workspace.con.execute(
        f"SELECT value, sum(times)::BIGINT AS n FROM {_values(found, table, column)} WHERE {_conditions('value', column)[1]}"
        " GROUP BY value ORDER BY n DESC, value"
    ).fetchall()
    total = sum(times for _, times in words)
    listed = ", ".join(f"'{word}' {times:,} ×" for word, times in words[:9])
    rows = "1 row has" if total == 1 else f"{total:,} rows have"
    return f"{table}.{column}: {rows} a word for nobody ({listed}); it joins nobody."


def _invalid(found: Validation, table: str, column: str, filled: int) -> str:
    wrong, sample = found.workspace.con.execute(
        "SELECT sum(n), arg_max(value, (n, value)) FROM ("
        f"SELECT value, sum(times)::BIGINT AS n FROM {_values(found, table, column)}"
        f" WHERE {_conditions('value', column)[2]} GROUP BY value)"
    ).fetchall()[0]
    return (
        f"{table}.{column}: {wrong:,} of {filled:,} values hold no {_NAMES[column]} and identify nobody, such as"
        f" {masked(sample)} (letters as x, digits as 9)."
    )
