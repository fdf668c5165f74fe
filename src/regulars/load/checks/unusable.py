"""Values in identity columns that identify no customer: placeholders such as "n/a", and invalid addresses and numbers."""

from __future__ import annotations

from regulars.load.rows.validation import Validation
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.identities import IDENTITY_SQL, IDENTITY_TABLES
from regulars.warehouse.identity.records import REFERENCES, distinct_rows, identifying_rows

_INVALID = {
    column: f"NOT means_nobody(trim({{0}})) AND spelt_{column}(trim({{0}})) IS NULL" for column in ("email", "phone")
}
"""SQL of whether a value, {0}, is invalid: no placeholder, and no address or number. An id may be any text."""

_NAMES = {"email": "email address", "phone": "phone number"}

SAMPLE_LENGTH = 24
"""The longest sample shown, in characters."""


UNUSED = {column: f"unused_{column}" for column in IDENTITY_SQL}
"""For each column of IDENTITY_SQL, the column of its raw value if that identifies no customer."""


_IDENTITIES = tuple(f"identity_of_{column}" for column in IDENTITY_SQL)


def identity_values(validation: Validation) -> str:
    """Return the name of a temporary table of the identifying values of the load's rows; empty if no table has any.

    It is created by the first call, after `define_identities`. Columns: `table`, those of RECORD_COLUMNS (identities as
    texts), those of UNUSED, and `times`, the number of rows with these values. Customers with equal values are separate rows.
    """
    parts = [
        _identity_rows(table.name, validation.rows[table.name])
        for table in IDENTITY_TABLES
        if table.name in validation.rows
    ]
    if parts and not validation.identity_values:
        validation.identity_values = validation.workspace.table("identity_values")
        validation.workspace.con.execute(
            f"CREATE TEMP TABLE {validation.identity_values} AS {' UNION ALL '.join(parts)}"
        )
    return validation.identity_values


def _identity_rows(table: str, rows: str) -> str:
    raw = identifying_rows(rows) if table == "customers" else distinct_rows(identifying_rows(rows))
    columns = tuple(zip(IDENTITY_SQL, _IDENTITIES, REFERENCES, strict=True))
    identities = ", ".join(f"{IDENTITY_SQL[column]} AS {identity}" for column, identity, _ in columns)
    texts = ", ".join(f"{identity} AS {name}" for _, identity, name in columns)
    source = f"CASE WHEN {_IDENTITIES[0]} IS NOT NULL THEN source END AS source"
    unused = ", ".join(
        f"CASE WHEN {identity} IS NULL THEN {column} END AS {UNUSED[column]}" for column, identity, _ in columns
    )
    # A subquery, since DuckDB computes an expression that a CASE repeats for every row.
    spelled = f"SELECT *, {identities} FROM ({raw})"
    return f"""SELECT '{table}' AS "table", {texts}, {source}, {unused}, times FROM ({spelled})"""


def unusable_identities(validation: Validation, _settings: Settings) -> list[str]:
    """Return warnings that count, per table and column, values that identify no customer.

    Placeholders are shown with their counts. Of invalid values one is shown, masked, as they may be personal data.
    """
    warnings: list[str] = []
    if not (values := identity_values(validation)):
        return []
    # One query counts all columns; the values are read only for columns with such values.
    counts = validation.workspace.con.execute(
        f'SELECT "table", {", ".join(_counts(column, name) for column, name in zip(IDENTITY_SQL, REFERENCES, strict=True))}'
        f' FROM {values} GROUP BY "table"'
    ).fetchall()
    of_tables = {table: iter(numbers) for table, *numbers in counts}
    for table in IDENTITY_TABLES:
        if (numbers := of_tables.get(table.name)) is None:
            continue
        for column in IDENTITY_SQL:
            filled, placeholders, invalid = next(numbers), next(numbers), next(numbers)
            if placeholders:
                warnings.append(_placeholders_warning(validation, table.name, column))
            if invalid:
                warnings.append(_invalid_warning(validation, table.name, column, filled))
    return warnings


def _counts(column: str, identity: str) -> str:
    """Return SQL of the number of rows with a value in the column, a placeholder, and an invalid value; NULL if none has."""
    filled, placeholders, invalid = _conditions(UNUSED[column], column)
    return ", ".join(
        f"sum(times) FILTER ({condition})"
        for condition in (f"{identity} IS NOT NULL OR {filled}", placeholders, invalid)
    )


def _conditions(value: str, column: str) -> tuple[str, str, str]:
    """Return SQL of whether a value is not empty, a placeholder, or invalid for the column."""
    filled = f"trim({value}) <> ''"
    return (
        filled,
        f"{filled} AND means_nobody(trim({value}))",
        f"{filled} AND {_INVALID[column].format(value) if column in _INVALID else 'false'}",
    )


def masked(value: str) -> str:
    """Mask a value: its first letter stays; other letters become x, digits 9, unprintable characters ?.

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


def _values(validation: Validation, table: str, column: str) -> str:
    """Return SQL of a column's stripped values that identify no customer, and their number of rows (`times`)."""
    return f"""(SELECT trim({UNUSED[column]}) AS value, times FROM {identity_values(validation)} WHERE "table" = '{table}')"""


def _placeholders_warning(validation: Validation, table: str, column: str) -> str:
    words = validation.workspace.con.execute(
        f"SELECT value, sum(times)::BIGINT AS n FROM {_values(validation, table, column)} WHERE {_conditions('value', column)[1]}"
        " GROUP BY value ORDER BY n DESC, value"
    ).fetchall()
    total = sum(times for _, times in words)
    listed = ", ".join(f"'{word}' {times:,} ×" for word, times in words[:9])
    rows = "1 row has" if total == 1 else f"{total:,} rows have"
    return f"{table}.{column}: {rows} a placeholder ({listed}); it identifies no customer."


def _invalid_warning(validation: Validation, table: str, column: str, filled: int) -> str:
    wrong, sample = validation.workspace.con.execute(
        "SELECT sum(n), arg_max(value, (n, value)) FROM ("
        f"SELECT value, sum(times)::BIGINT AS n FROM {_values(validation, table, column)}"
        f" WHERE {_conditions('value', column)[2]} GROUP BY value)"
    ).fetchall()[0]
    return (
        f"{table}.{column}: {wrong:,} of {filled:,} values are not a valid {_NAMES[column]} and identify no customer, such as"
        f" {masked(sample)} (letters as x, digits as 9)."
    )
