"""Declaration of a fact, read by full and incremental derivation, rollups, engines, docs and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.vocabulary import money
from regulars.vocabulary.shop import Settings
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import scattered
from regulars.warehouse.schema import Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

BUCKETS = 32
"""Number of jackknife groups of persons (or of other entities of a fact) from which intervals are estimated."""
PERSON = "person"


@dataclass(frozen=True)
class FactSettings:
    """The settings of a shop that the statements of facts depend on. Most shops set only the first two."""

    timezone: str
    currency: str
    default_margin: Decimal | None = None
    gift_cards: tuple[str, ...] = ()
    """A product whose name contains one of these is a gift card."""
    call_threshold: int = Settings.call_threshold

    @classmethod
    def of(cls, settings: Settings) -> FactSettings:
        """Return those of a shop."""
        return cls(
            settings.timezone,
            settings.currency,
            settings.default_margin,
            settings.gift_card_spellings,
            settings.call_threshold,
        )

    @property
    def digits(self) -> int:
        """Decimal places of the currency."""
        return money.digits(self.currency)

    @property
    def are_usual(self) -> bool:
        """Whether only timezone and currency differ from those of a shop that sets nothing else."""
        return self == FactSettings(self.timezone, self.currency)


@dataclass(frozen=True)
class Sources:
    """The tables and settings that facts are built from. Subclasses compile or run what `materialize` and the others
    return.
    """

    table: Callable[[str], ir.Table]
    """Return the current rows of a canonical table, of `product_names`, `zone_days` or `business_days`; or, by a table's
    name with the suffix `_of_persons`, its rows with the column `person` (null where the person is not known).
    """
    settings: FactSettings

    def fact(self, name: str) -> ir.Table:
        """Return the rows of another fact of the same group.

        Raises:
            KeyError: the group has no such fact.
        """
        raise KeyError(name)

    def fact_of_other_group(self, name: str, columns: Mapping[str, str]) -> ir.Table:  # noqa: ARG002 - for subclasses
        """Return columns of a fact of another group, which FACT_TABLES lists before this one.

        Incrementally, these are the rows that touched rows refer to: of the same persons, where it is read by PERSON.

        Args:
            name: the fact.
            columns: its columns with their Ibis types.
        """
        raise KeyError(name)

    def materialize(self, step: str, name: str, make: Callable[[], ir.Table], made_of: str = "") -> ir.Table:  # noqa: ARG002 - for subclasses
        """Return the result of `make`, written once as an intermediate table that several facts read.

        Args:
            step: the name of the step in progress messages.
            name: the name of the table.
            make: builds the rows.
            made_of: the canonical table without whose rows the result is empty.
        """
        return make()

    def materialize_with_key(self, step: str, name: str, make: Callable[[], ir.Table]) -> ir.Table:  # noqa: ARG002
        """Return the result of `make` with the column `key`, a row number: joins by it are much faster than joins by
        text.
        """
        return make().mutate(key=ibis.row_number().over())


@dataclass(frozen=True)
class Read:
    """A table that a fact reads besides its own row: a row of the fact may change with the rows of the table that have the
    same `by`.

    Without `by`, any row of the fact may change. By PERSON, a fact reads the rows of another table about the same person
    as `fact_of_other_group`, from a fact of an earlier group; or those of its own table, of which it then needs all rows.
    """

    table: str
    by: tuple[str, ...] = ()

    @property
    def by_person(self) -> bool:
        """Whether rows about the same person are read."""
        return self.by == (PERSON,)


@dataclass(frozen=True, eq=False)
class FactTable:
    """A fact: one row per row of a canonical table that counts, on days of the shop's calendar."""

    name: str
    about: str
    """What one row is."""
    table: Table
    """The canonical table that the fact is built from; the fact has its key."""
    build: Callable[[Sources], ir.Table]
    """Builds the rows: at least the key, `day` and `bucket`, and `person` (null where it is not known) where the table
    has identity columns.
    """
    days: Mapping[str, str] = field(default_factory=dict)
    """Instants of the table, with the name of the column of the local day (epoch day) of each."""
    clocks: tuple[str, ...] = ()
    """Further instants of the table, for `with_business_time`."""
    entities: tuple[str, ...] = (PERSON,)
    """The columns whose distinct values may be counted. All rows of one value are in one bucket."""
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further entities shared by rows, with the columns that identify one; counted from rows, never from sums."""
    sequence: tuple[str, ...] = ()
    """The columns that order the rows of one day; ties are broken by the key."""
    splits: tuple[str, ...] = ()
    """The columns that values may be split and filtered by."""
    filters: tuple[str, ...] = ()
    """Further columns that values may be filtered by."""
    reads: tuple[Read, ...] = ()
    group: str = ""
    """The name of the group. Facts of one group read each other: they are derived together and stored in one file of a
    version.
    """
    history: Callable[[ir.Table], ir.Table] | None = None
    """Adds the columns that depend on the person's other rows."""
    order: str = ""
    """SQL of the stored order of rows."""

    @property
    def group_name(self) -> str:
        """The name of its group; its own name where it is a group by itself."""
        return self.group or self.name

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return ("source", *self.table.key)


def bucket_of(
    person: ir.IntegerValue, own_id: ir.StringValue, another: ir.IntegerValue | None = None
) -> ir.IntegerValue:
    """Return the bucket of a row, 0 to 31.

    Args:
        person: the person; its number decides where it is known.
        own_id: an id of the row; its MD5 decides where nothing else is known, equally on all engines.
        another: the bucket of a row that this one belongs to; decides where the person is not known.
    """
    own_bucket = scattered(own_id) % BUCKETS
    unknown_person_bucket = own_bucket if another is None else ibis.coalesce(another, own_bucket)
    return person.isnull().ifelse(unknown_person_bucket, person % BUCKETS).cast("int64")
