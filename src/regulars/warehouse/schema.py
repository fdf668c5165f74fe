"""How a canonical table is declared. Loading, rejecting, documenting and simulating all read the declaration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds. The value is the word used in the docs."""

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
        """DuckDB's type: instants in UTC without zone, money exact, ids as text."""
        return _SQL_TYPES[self]


EARLIEST = date(1995, 1, 1)
"""No online shop is older: nothing happened in it before."""
CLOCKS_DIFFER = timedelta(days=2)
"""So much later than the load may something have happened: clocks go wrong, and days differ over the world."""

LARGEST = {Kind.MONEY: 10**11, Kind.INTEGER: 10**9, Kind.NUMBER: 10**9}
"""Largest value of a column, with either sign. Larger ones are phone numbers and barcodes in the wrong column, and sums and
products of smaller ones stay within the decimals that facts hold."""

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
    """One column: its name, what it holds, and in `about` what that means, with its unit."""

    name: str
    kind: Kind
    about: str
    nullable: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    """Smallest value allowed, itself included."""
    past: bool = False
    """Whether it says when something happened: not after the load, and not before there were online shops."""
    default: str | None = None
    """SQL of the value taken where a source says nothing (the mapping leaves the column out or the field is empty)."""
    example: str = ""
    """A plausible value for the rows of examples, where the kind and the choices tell none."""


@dataclass(frozen=True)
class Rule:
    """A row breaks the rule where `broken` (SQL over the columns) is true; `reason` tells the shop why, in its words."""

    broken: str
    reason: str
    lifted_by_spread: bool = False
    """Whether rows may break it that the mapping spreads over their days."""


@dataclass(frozen=True)
class Table:
    """One canonical table. `replaced_by` names the columns whose rows are replaced as a set (default: the key)."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    replaced_by: tuple[str, ...] = ()
    day: str | None = None
    """The column that says when a row happened: it decides up to which day the table covers the shop."""
    covered_with: str = ""
    """Another table that covers the same days wherever one load brought both."""

    @property
    def version_key(self) -> tuple[str, ...]:
        """The columns that a later load replaces as one."""
        return self.replaced_by or self.key

    def column(self, name: str) -> Column:
        """The column of this name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def is_about_somebody(self) -> bool:
        """Whether the table has the columns of WHO."""
        return any(column.name == WHO[0].name for column in self.columns)

    def has(self, name: str) -> bool:
        """Whether the table has such a column."""
        return any(column.name == name for column in self.columns)


WHO = (
    Column("customer_id", Kind.ID, "the source's own number of the customer; empty for a guest", nullable=True),
    Column("email", Kind.TEXT, "address as it came; compared in lower case", nullable=True),
    Column("phone", Kind.TEXT, "number as it came; compared as digits", nullable=True),
    Column("person_id", Kind.ID, "a person's number that holds over sources", nullable=True),
)
"""Who a row is about: the columns of every table about somebody. Each may be empty, and one is enough."""

HOUSEKEEPING = (
    Column("source", Kind.ID, "which source and account the row came from"),
    Column("load_id", Kind.INTEGER, "the load that brought the row"),
    Column(
        "updated_at",
        Kind.INSTANT,
        "when the shop last changed the row, where the source says so",
        nullable=True,
        past=True,
    ),
    Column("zone", Kind.TEXT, "the timezone in which times without an offset were read", nullable=True),
)
"""Columns that every table carries besides its own."""
