"""Declarations of canonical tables: columns, keys and rules, read by loading, the docs and the simulation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """The type of a column. The value is the name shown in the docs."""

    ID = "id"
    TEXT = "text"
    INSTANT = "instant"
    DAY = "day"
    MONEY = "money"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    JSON = "json"

    @property
    def sql(self) -> str:
        """The DuckDB type: instants are UTC without a zone, money is exact, ids are text."""
        return _SQL_TYPES[self]


EARLIEST = date(1995, 1, 1)
"""Earliest valid date of an event: no online shop is older."""
CLOCK_TOLERANCE = timedelta(days=2)
"""How far after the load an event may lie: clocks are wrong, and dates differ between time zones."""

MAX_VALUES = {Kind.MONEY: 10**11, Kind.INTEGER: 10**9, Kind.NUMBER: 10**9}
"""Largest absolute value of a column, by kind. Larger values are usually phone numbers or barcodes in the wrong column,
and sums and products of smaller ones fit the decimals of the facts.
"""

_SQL_TYPES = {
    Kind.ID: "VARCHAR",
    Kind.TEXT: "VARCHAR",
    Kind.INSTANT: "TIMESTAMP",
    Kind.DAY: "DATE",
    Kind.MONEY: "DECIMAL(18,4)",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DECIMAL(38,8)",
    Kind.FLAG: "BOOLEAN",
    Kind.JSON: "VARCHAR",
}


@dataclass(frozen=True)
class Column:
    """A column: its name, its kind, and in `about` its meaning with its unit."""

    name: str
    kind: Kind
    about: str
    nullable: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    """Smallest allowed value, inclusive."""
    past: bool = False
    """True for the time of an event: not after the load and not before EARLIEST."""
    default: str | None = None
    """SQL of the value where the source has none: the mapping omits the column, or the field is empty."""
    example: str = ""
    """A plausible value for example rows, where it does not follow from kind and choices."""


@dataclass(frozen=True)
class Rule:
    """A rule of a table: rows for which `broken` (SQL over the columns) is true are rejected with `reason`, a text for
    the shop.
    """

    broken: str
    reason: str
    waived_by_spread: bool = False
    """True where rows that the mapping spreads over their days may break the rule."""


@dataclass(frozen=True)
class Table:
    """A canonical table.

    `replaced_by` names the columns whose rows a later load replaces as a set (default: the key).
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    replaced_by: tuple[str, ...] = ()
    day: str | None = None
    """The column with the time of the event, from which the table's coverage (its last day) follows."""
    covered_with: str = ""
    """Another table that covers the same days wherever one load has both."""

    @property
    def version_key(self) -> tuple[str, ...]:
        """The columns whose rows a later load replaces together."""
        return self.replaced_by or self.key

    def column(self, name: str) -> Column:
        """Return the column of this name.

        Raises:
            KeyError: the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def has_identity_columns(self) -> bool:
        """True where the table has IDENTITY_COLUMNS, so that its rows belong to persons."""
        return any(column.name == IDENTITY_COLUMNS[0].name for column in self.columns)

    def has(self, name: str) -> bool:
        """Return True where the table has a column of this name."""
        return any(column.name == name for column in self.columns)


IDENTITY_COLUMNS = (
    Column("customer_id", Kind.ID, "the source's own number of the customer; empty for a guest", nullable=True),
    Column("email", Kind.TEXT, "email address as loaded; compared in lower case", nullable=True),
    Column("phone", Kind.TEXT, "phone number as loaded; compared by its digits", nullable=True),
    Column("person_id", Kind.ID, "number of the person, shared by all sources", nullable=True),
)
"""The columns that identify a person, in every table whose rows belong to persons. Each may be empty; one is enough."""

METADATA_COLUMNS = (
    Column("source", Kind.ID, "source and account of the row"),
    Column("load_id", Kind.INTEGER, "the load that added the row"),
    Column(
        "updated_at",
        Kind.INSTANT,
        "when the row last changed in the source, where known",
        nullable=True,
        past=True,
    ),
    Column("zone", Kind.TEXT, "the timezone in which times without an offset were read", nullable=True),
)
"""Columns that every table has besides its own."""
