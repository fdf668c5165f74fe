"""The facts as SQL, compiled from the declarations alone: for all rows, or for those that a write touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import ibis
import ibis.expr.types as ir

from regulars.vocabulary import money
from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.facts import Sources
from regulars.warehouse.facts.gaps import gaps
from regulars.warehouse.facts.heads import counted_orders, lines_of_orders, with_amounts
from regulars.warehouse.facts.lines import lines
from regulars.warehouse.facts.orders import before_refunds, valued_orders
from regulars.warehouse.facts.products import calls, product_names
from regulars.warehouse.facts.returns import returns
from regulars.warehouse.facts.sequence import PLACES, sequenced
from regulars.warehouse.facts.spend import spend
from regulars.warehouse.facts.subscriptions import subscriptions
from regulars.warehouse.schema import HOUSEKEEPING, Kind
from regulars.warehouse.tables import BY_NAME

TEMPORARY = "temp"
"""Where DuckDB keeps what only lives as long as the connection, uncompressed and therefore quick to read again."""
_PREPARED = {
    "product_names": {"source": "string", "product_id": "string", "name": "string", "listed_category": "string"},
    "zone_days": {"zone": "string", "utc_day": "int32", "switch": "int32", "before": "int32", "after": "int32"},
}
_OF_PERSONS = {f"{name}_of_persons": name for name in ("orders", "returns", "subscriptions")}
_OF_TOUCHED = (*_OF_PERSONS, "orders", "order_lines")
"""What holds only the touched rows when facts are derived by difference: of subscriptions all, for they are few."""
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


@dataclass(frozen=True)
class Place:
    """Where statements read and write. `touched`: they read temporary tables touched_… and write temporary tables added_…
    and, for orders, HISTORIES_NOW.
    """

    touched: bool = False
    scratch: str = TEMPORARY
    """The schema of stepping stones."""
    dialect: str = "duckdb"


EVERYTHING = Place()


@dataclass(frozen=True)
class Statement:
    """One table to write: `step` is the word for the user, `sql` the query, `order` how its rows lie."""

    step: str
    schema: str
    name: str
    sql: str
    order: str = ""

    @property
    def stepping_stone(self) -> bool:
        """Whether nobody needs it once the facts are written."""
        return self.schema != "facts" and not self.name.startswith(("added_", "removed_", "histories_"))

    @property
    def full_name(self) -> str:
        """How other statements name the table."""
        return f'"{self.schema}"."{self.name}"'

    def __str__(self) -> str:
        return f"{self.sql} {self.order}".rstrip()


def statements(settings: Settings, place: Place = EVERYTHING) -> tuple[Statement, ...]:
    """The statements, in order; each may read the tables before it."""
    return _statements(
        settings.timezone,
        settings.currency,
        money.digits(settings.currency),
        settings.default_margin,
        settings.gift_card_spellings,
        place,
    )


@lru_cache(maxsize=8)
def _statements(
    timezone: str,
    currency: str,
    digits: int,
    default_margin: Decimal | None,
    gift_cards: tuple[str, ...],
    place: Place,
) -> tuple[Statement, ...]:
    sources = Sources(lambda name: prepared(name, place), timezone, currency, digits, default_margin, gift_cards)
    written: list[Statement] = []

    def write(step: str, name: str, rows: ir.Table, order: str = "", fact: bool = False) -> ir.Table:
        schema = "facts" if fact and not place.touched else place.scratch
        name = f"added_{name}" if fact and place.touched else name
        written.append(Statement(step, schema, name, ibis.to_sql(rows, dialect=place.dialect), order))
        return ibis.table(rows.schema(), name=name, database=schema)

    if not place.touched:
        called = write("product names", "product_calls", calls(sources.table("order_lines")), fact=True)
        write("product names", "product_names", product_names(called, sources.table("products")), fact=True)
    heads = _with_key(counted_orders(sources), lambda rows: write("order heads", "heads", rows), place.dialect)
    ordered = write("lines", "ordered", lines_of_orders(heads, sources))
    amounts = write("lines", "amounts", with_amounts(heads, ordered))
    line = write("lines", "lines", lines(amounts, ordered, sources), fact=True)
    priced = write("order sums", "priced", before_refunds(amounts, line, sources))
    back = returns(priced, ordered, line, sources)
    back = write("returns", "returns", back, fact=True)
    valued = write("orders", "valued", valued_orders(priced, line, back, sources))
    if place.touched:
        # The rest of the touched customers' orders, as they are: only their places in the history change.
        valued = valued.union(ibis.table(valued.schema(), name="kept_orders", database=place.scratch), distinct=False)
        fact = write("orders", HISTORIES_NOW, sequenced(valued))
        before = ibis.table(fact.schema(), name=HISTORIES_BEFORE, database=place.scratch)
        write("gaps", "removed_gaps", gaps(before))
    else:
        fact = write("orders", "orders", sequenced(valued), 'ORDER BY person, "at", order_id', fact=True)
    write("gaps", "gaps", gaps(fact), "ORDER BY histogram, day", fact=True)
    if not place.touched:
        write("spend", "spend", spend(sources), fact=True)
    write("subscriptions", "subscriptions", subscriptions(sources), "ORDER BY day, source, subscription_id", fact=True)
    return tuple(written)


def _with_key(rows: ir.Table, write: Callable[[ir.Table], ir.Table], dialect: str) -> ir.Table:
    """The rows, written, with `key`, a number of their own: joining by it is far cheaper than by text."""
    if dialect == "duckdb":
        # It numbers what it writes; to number the rows beforehand takes one thread longer than all the rest.
        written = write(rows)
        return written.mutate(key=written.rowid())
    return write(rows.mutate(key=ibis.row_number().over()))


def spend_statement(settings: Settings, place: Place) -> str:
    """The fact `spend` alone: it hangs on nobody's orders."""
    digits = money.digits(settings.currency)
    sources = Sources(lambda name: prepared(name, place), settings.timezone, settings.currency, digits)
    return str(ibis.to_sql(spend(sources), dialect=place.dialect))


def names_statement(place: Place) -> str:
    """The fact `product_names` from `product_calls`, which is kept up to date."""
    called = ibis.table(
        {"source": "string", "product_id": "string", "product_name": "string", "times": "int64"},
        name="product_calls",
        database="facts",
    )
    return str(ibis.to_sql(product_names(called, prepared("products", place)), dialect=place.dialect))


def unsequenced(columns: list[str]) -> list[str]:
    """Of the columns of the fact `orders`, those that are not its place in a history."""
    return [name for name in columns if name not in PLACES]


def prepared(name: str, place: Place) -> ir.Table:
    """A canonical table, or one prepared from it, from its declaration alone."""
    if name in _PREPARED:
        return ibis.table(_PREPARED[name], name=name, database="facts" if name == "product_names" else place.scratch)
    declared = BY_NAME[_OF_PERSONS.get(name, name)]
    columns = {column.name: _IBIS[column.kind] for column in (*HOUSEKEEPING, *declared.columns)}
    if name in _OF_PERSONS:
        columns["person"] = "int64"
    if place.touched and name in _OF_TOUCHED:
        return ibis.table(columns, name=f"touched_{name}", database=place.scratch)
    return ibis.table(columns, name=name, database=place.scratch if name in _OF_PERSONS else "main")
