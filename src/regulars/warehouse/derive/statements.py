"""The facts as SQL, compiled from their declarations alone: for all rows, or for those that a write touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from regulars.vocabulary import money
from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.fact_table import FactTable, Sources
from regulars.warehouse.facts import BY_NAME as BY_FACT
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.facts.orders.gaps import gaps
from regulars.warehouse.facts.orders.order_headers import GROUP as ORDERS
from regulars.warehouse.facts.orders.products import calls, product_names
from regulars.warehouse.facts.orders.sequence import PLACES
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.schema import HOUSEKEEPING, Kind
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

TEMPORARY = "temp"
"""Where DuckDB keeps what only lives as long as the connection, uncompressed and therefore quick to read again."""
FACTS = "facts"
"""The schema that statements read facts from, wherever their tables lie."""
OF_PERSONS = "_of_persons"
"""What the name of a table with `person` ends in."""
DERIVED = "derived_"
"""What the name of a temporary table with rows of another fact begins with."""
_PREPARED = {
    "product_names": {"source": "string", "product_id": "string", "name": "string", "listed_category": "string"},
    "zone_days": {"zone": "string", "utc_day": "int32", "switch": "int32", "before": "int32", "after": "int32"},
}
_IBIS = {
    Kind.ID: "string",
    Kind.TEXT: "string",
    Kind.INSTANT: "timestamp",
    Kind.DAY: "date",
    Kind.MONEY: "decimal(18, 4)",
    Kind.INTEGER: "int64",
    Kind.NUMBER: "decimal(38, 8)",
    Kind.FLAG: "boolean",
    Kind.JSON: "string",
}
GROUPS: dict[str, tuple[FactTable, ...]] = {
    name: tuple(one for one in FACT_TABLES if one.group_name == name)
    for name in dict.fromkeys(fact.group_name for fact in FACT_TABLES)
}
"""The facts that are derived together, by the name of their group; a fact without one is a group of its own name."""
MADE_OF = {
    name: {*(fact.table.name for fact in facts), *(("products",) if name == ORDERS else ())}
    for name, facts in GROUPS.items()
}
"""The tables whose rows become rows of each group: without any, there is nothing to derive."""
STEPS = {
    ORDERS: ("product names", "order heads", "goods", "order sums", "refunds", "returns", "orders", "gaps", "lines")
}
"""The steps of a group, as progress shows them; of another group its name."""


@dataclass(frozen=True)
class Place:
    """Where statements read and write. `touched`: they read temporary tables touched_… and write temporary tables added_…
    and, of a fact with histories, HISTORIES_NOW.
    """

    touched: bool = False
    scratch: str = TEMPORARY
    """The schema of stepping stones."""
    dialect: str = "duckdb"


EVERYTHING = Place()
TOUCHED = Place(touched=True)


@dataclass(frozen=True)
class Statement:
    """One table to write: `step` is the word for the user, `sql` the query (empty: the table has no row), `order` how its rows lie.

    columns: its columns with their types, as DuckDB declares them, of a table of the facts and of one with `made_of`.
    made_of: the canonical table without whose rows it has none either.
    """

    step: str
    schema: str
    name: str
    sql: str
    order: str = ""
    columns: str = ""
    made_of: str = ""

    @property
    def is_intermediate(self) -> bool:
        """True for intermediate tables, dropped after derivation."""
        return self.schema != FACTS and not self.name.startswith(("added_", "removed_", "histories_"))

    @property
    def full_name(self) -> str:
        """How other statements name the table."""
        return f'"{self.schema}"."{self.name}"'

    def __str__(self) -> str:
        return f"{self.sql} {self.order}".rstrip()


def statements(settings: Settings, group: str, place: Place = EVERYTHING) -> tuple[Statement, ...]:
    """The statements of a group of facts, in order; each may read the tables before it."""
    return _statements(
        settings.timezone,
        settings.currency,
        settings.default_margin,
        settings.gift_card_spellings,
        group,
        place,
    )


@lru_cache(maxsize=64)
def _statements(
    timezone: str,
    currency: str,
    default_margin: Decimal | None,
    gift_cards: tuple[str, ...],
    group: str,
    place: Place,
) -> tuple[Statement, ...]:
    own = tuple(fact.table.name for fact in GROUPS[group])

    def table(name: str) -> ir.Table:
        if name not in _PREPARED:
            _require_declared(group, name.removesuffix(OF_PERSONS))
        return prepared(name, place, own)

    writer = _Writer(
        table, timezone, currency, money.digits(currency), default_margin, gift_cards,
        place, GROUPS[group],
    )  # fmt: skip
    if group == ORDERS and not place.touched:
        called = writer.write("product names", "product_calls", calls(writer.table("order_lines")), fact=True)
        writer.write("product names", "product_names", product_names(called, writer.table("products")), fact=True)
    for fact in GROUPS[group]:
        rows = writer.fact(fact.name)
        if fact.history is not None:
            writer.write_gaps(rows)
    return tuple(writer.written)


def _require_declared(group: str, table: str) -> None:
    """Raise KeyError where no fact of the group declares that it reads the table: a load of it would leave them as they are."""
    if table not in MADE_OF[group] | {read.table for fact in GROUPS[group] for read in fact.reads}:
        raise KeyError(f"a fact of the group {group} reads {table} and declares no Read of it")


@dataclass(frozen=True)
class _Writer(Sources):
    """Compiles what the facts of a group are built from as they ask for it, each table once."""

    place: Place = EVERYTHING
    group: tuple[FactTable, ...] = ()
    written: list[Statement] = field(default_factory=list)
    known: dict[str, ir.Table] = field(default_factory=dict)

    def fact(self, name: str) -> ir.Table:
        if name not in self.known:
            fact = {one.name: one for one in self.group}[name]
            rows = fact.build(self)
            if fact.history is None:
                self.known[name] = self.write(name, name, rows, fact.order, fact=True)
            else:
                self.known[name] = self._with_history(fact, fact.history, self.write(name, "valued", rows))
        return self.known[name]

    def derived(self, name: str, columns: Mapping[str, str]) -> ir.Table:
        if name in (fact.name for fact in self.group):
            raise KeyError(name)
        _require_declared(self.group[0].group_name, BY_FACT[name].table.name)
        touched = (
            self.place.touched
        )  # then only the rows that touched ones name, as who derives these has prepared them
        return ibis.table(
            dict(columns),
            name=f"{DERIVED}{name}" if touched else name,
            database=self.place.scratch if touched else "facts",
        )

    def step(self, step: str, name: str, make: Callable[[], ir.Table], made_of: str = "") -> ir.Table:
        if name not in self.known:
            rows = make()
            self.known[name] = self.write(step, name, rows, made_of=made_of)
        return self.known[name]

    def numbered(self, step: str, name: str, make: Callable[[], ir.Table]) -> ir.Table:
        if self.place.dialect != "duckdb":
            return self.step(step, name, lambda: make().mutate(key=ibis.row_number().over()))
        # DuckDB numbers what it writes; to number the rows beforehand takes one thread longer than all the rest.
        written = self.step(step, name, make)
        return written.mutate(key=written.rowid())

    def _with_history(self, fact: FactTable, history: Callable[[ir.Table], ir.Table], valued: ir.Table) -> ir.Table:
        if not self.place.touched:
            return self.write(fact.name, fact.name, history(valued), fact.order, fact=True)
        # The rest of the touched persons' rows, as they are: only their places in the history change.
        kept = ibis.table(valued.schema(), name=f"kept_{fact.name}", database=self.place.scratch)
        return self.write(fact.name, HISTORIES_NOW, history(valued.union(kept, distinct=False)))

    def write_gaps(self, rows: ir.Table) -> None:
        """The histograms of the days between the rows of a person."""
        if self.place.touched:
            before = ibis.table(rows.schema(), name=HISTORIES_BEFORE, database=self.place.scratch)
            self.write("gaps", "removed_gaps", gaps(before))
        self.write("gaps", "gaps", gaps(rows), "ORDER BY histogram, day", fact=True)

    def write(
        self, step: str, name: str, rows: ir.Table, order: str = "", *, fact: bool = False, made_of: str = ""
    ) -> ir.Table:
        """Add the statement that writes the rows, and return the table it makes."""
        place = self.place
        schema = FACTS if fact and not place.touched else place.scratch
        name = f"added_{name}" if fact and place.touched else name
        declared = rows.schema().to_sqlglot_column_defs("duckdb") if fact or made_of else ()
        columns = ", ".join(column.sql("duckdb") for column in declared)
        self.written.append(Statement(step, schema, name, _sql(rows, place), order, columns, made_of))
        return ibis.table(rows.schema(), name=name, database=schema)


def names_statement(place: Place) -> str:
    """The fact `product_names` from `product_calls`, which is kept up to date."""
    called = ibis.table(
        {"source": "string", "product_id": "string", "product_name": "string", "times": "int64"},
        name="product_calls",
        database="facts",
    )
    return _sql(product_names(called, prepared("products", place)), place)


def _sql(rows: ir.Table, place: Place) -> str:
    sql = str(ibis.to_sql(rows, dialect=place.dialect, pretty=False))
    # Ibis lists the columns to leave out in another order each time it is imported.
    return re.sub(r"EXCLUDE \((.*?)\)", lambda found: f"EXCLUDE ({', '.join(sorted(found[1].split(', ')))})", sql)


def unsequenced(columns: list[str]) -> list[str]:
    """Of the columns of the fact `orders`, those that are not its place in a history."""
    return [name for name in columns if name not in PLACES]


def prepared(name: str, place: Place, own: tuple[str, ...] = ()) -> ir.Table:
    """A canonical table, or one prepared from it, from its declaration alone.

    own: the tables of which only the touched rows are read, where only these are derived.
    """
    if name in _PREPARED:
        return ibis.table(_PREPARED[name], name=name, database="facts" if name == "product_names" else place.scratch)
    table = name.removesuffix(OF_PERSONS)
    columns = {column.name: _IBIS[column.kind] for column in (*HOUSEKEEPING, *BY_NAME[table].columns)}
    if table != name:
        columns["person"] = "int64"
    if place.touched and table in own:
        return ibis.table(columns, name=f"touched_{name}", database=place.scratch)
    return ibis.table(columns, name=name, database="main" if table == name else place.scratch)
