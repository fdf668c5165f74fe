"""How a fact is declared. Deriving, correcting by difference, rollups, other engines, docs and tests read the declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import scattered
from regulars.warehouse.schema import Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

BUCKETS = 32
"""Groups of persons (or of what a fact counts instead) that intervals are estimated from."""
PERSON = "person"


@dataclass(frozen=True)
class Sources:
    """What facts are derived from, by name, and the settings that matter."""

    table: Callable[[str], ir.Table]
    """The current rows of a canonical table, or of `product_names` or `zone_days`; of a table about somebody, by its name and
    `_of_persons`, with `person`, null where nobody is known.
    """
    timezone: str
    currency: str
    digits: int
    """Decimal places of the shop's currency."""
    default_margin: Decimal | None = None
    gift_cards: tuple[str, ...] = ()
    """Products with one of these in their name are gift cards."""

    def fact(self, name: str) -> ir.Table:
        """The rows of another fact of the same group. Raises KeyError where there is none."""
        raise KeyError(name)

    def derived(self, name: str, columns: Mapping[str, str]) -> ir.Table:  # noqa: ARG002 - for who writes them
        """These columns (with their types) of a fact of another group, which FACT_TABLES has before this one."""
        raise KeyError(name)

    def step(self, step: str, name: str, make: Callable[[], ir.Table], made_of: str = "") -> ir.Table:  # noqa: ARG002 - for who writes them
        """What `make` gives, written once as a table that several facts read; step: the word for the user.

        made_of: the canonical table without whose rows there are none.
        """
        return make()

    def numbered(self, step: str, name: str, make: Callable[[], ir.Table]) -> ir.Table:  # noqa: ARG002
        """The same with `key`, a number for each row: joining by it is far cheaper than by text."""
        return make().mutate(key=ibis.row_number().over())


@dataclass(frozen=True)
class Read:
    """A table that a fact reads beside its own: a row of the fact may change with the rows that have the same `by`.

    Without `by`, every row of the fact may.
    """

    table: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FactTable:
    """A fact: one row per row of a canonical table that counts, on days of the shop's calendar.

    From it follow the statements that derive the fact, in full and for changed rows only, its coverage, its rollups, the
    comparison of engines, the docs' table and the property tests.
    """

    name: str
    about: str
    """What one row is."""
    table: Table
    """The canonical table whose rows it is made of; the fact has its key."""
    build: Callable[[Sources], ir.Table]
    """The rows: at least its key, `day` and `bucket`; `person`, null where nobody is known, where its table is about somebody."""
    days: Mapping[str, str] = field(default_factory=dict)
    """Instants of the table and the columns of the local day (epoch day) each falls on."""
    entities: tuple[str, ...] = (PERSON,)
    """The columns whose distinct values may be counted. All rows of one value lie in one bucket."""
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further entities that rows share, with the columns that together name one; counted from rows, never from sums."""
    sequence: tuple[str, ...] = ()
    """The columns by which rows of one day follow each other; ties are broken by the key."""
    splits: tuple[str, ...] = ()
    """The columns that values may be split and filtered by."""
    filters: tuple[str, ...] = ()
    """Further columns that values may be filtered by."""
    reads: tuple[Read, ...] = ()
    group: str = ""
    """Facts of one group are derived together, since they read each other, and lie in one file of a version."""
    history: Callable[[ir.Table], ir.Table] | None = None
    """Adds what depends on the other rows of the same person."""
    order: str = ""
    """SQL of how its rows lie."""

    @property
    def group_name(self) -> str:
        """The name of its group: its own where it is a group by itself."""
        return self.group or self.name

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return ("source", *self.table.key)


def bucket_of(
    person: ir.IntegerValue, own_id: ir.StringValue, another: ir.IntegerValue | None = None
) -> ir.IntegerValue:
    """The bucket of a row, 0 to 31: its person's; where nobody is known, `another`: that of a row it belongs to; else that of
    an id's md5, which engines agree on.
    """
    own = scattered(own_id) % BUCKETS
    of_nobody = own if another is None else ibis.coalesce(another, own)
    return person.isnull().ifelse(of_nobody, person % BUCKETS).cast("int64")
