"""From canonical tables to persons and facts. Everything is derived anew; the result depends on the rows and settings alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

import duckdb
import ibis
import ibis.expr.types as ir

from regulars.vocabulary import money
from regulars.vocabulary.shop import Settings
from regulars.warehouse.edition import sign
from regulars.warehouse.facts import Sources
from regulars.warehouse.facts.gaps import gaps
from regulars.warehouse.facts.heads import counted_orders
from regulars.warehouse.facts.lines import lines
from regulars.warehouse.facts.orders import before_refunds, orders
from regulars.warehouse.facts.returns import returns
from regulars.warehouse.facts.spend import spend
from regulars.warehouse.people import derive_persons
from regulars.warehouse.portable import FUNCTIONS
from regulars.warehouse.rates import require_rates
from regulars.warehouse.schema import HOUSEKEEPING, Kind, Table
from regulars.warehouse.tables import BY_NAME, TABLES

STEPS = ("persons", "order heads", "lines", "order sums", "returns", "orders", "gaps", "spend", "coverage")
PERSON_TABLES = {
    "order_person": {"source": "string", "order_id": "string", "person": "int64"},
    "return_person": {"source": "string", "return_id": "string", "person": "int64"},
}
_STEPPING_STONES = ("heads", "priced")
_COVERED_WITH = (
    ("order_lines", "orders", "FROM facts.lines"),
    ("linked_returns", "returns", "FROM facts.returns WHERE linked"),
)
"""What covers the same days as a table, if there is any of it: without lines, units sold are unknown, not 0."""
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


def derive(con: duckdb.DuckDBPyConnection, settings: Settings, done: Callable[[str], None] = lambda step: None) -> None:
    """Write persons and all facts (schema `facts`). `done` is called with each name of STEPS as it is finished.

    Raises LoadRefused where an order's currency has no exchange rate: a silent gap would make every sum wrong.
    """
    require_rates(con, settings)
    derive_persons(con, settings)
    done("persons")
    for function in FUNCTIONS["duckdb"]:
        con.execute(function)
    digits = money.digits(settings.currency)
    for step, name, sql in statements(settings.timezone, settings.currency, digits, settings.default_margin):
        con.execute(f"CREATE OR REPLACE TABLE facts.{name} AS {sql}")
        done(step)
    for name in _STEPPING_STONES:
        con.execute(f"DROP TABLE facts.{name}")
    _write_coverage(con, settings)
    done("coverage")
    sign(con, settings)


@lru_cache(maxsize=8)
def statements(
    timezone: str, currency: str, digits: int, default_margin: Decimal | None, dialect: str = "duckdb"
) -> tuple[tuple[str, str, str], ...]:
    """The facts as (step, table, SQL), in order; each may read the tables before it. Compiled from the declarations alone,
    for any engine that knows portable.FUNCTIONS.
    """
    sources = Sources(_declared, timezone, currency, digits, default_margin)
    written: list[tuple[str, str, str]] = []

    def write(step: str, name: str, rows: ir.Table, order: str = "") -> ir.Table:
        written.append((step, name, f"{ibis.to_sql(rows, dialect=dialect)} {order}"))
        return ibis.table(rows.schema(), name=name, database="facts")

    heads = write("order heads", "heads", counted_orders(sources))
    line = write("lines", "lines", lines(heads, sources), "ORDER BY person, day")
    priced = write("order sums", "priced", before_refunds(heads, line, sources))
    back = write("returns", "returns", returns(priced, line, sources), "ORDER BY person, day")
    fact = write("orders", "orders", orders(priced, line, back, sources), 'ORDER BY person, "at", order_id')
    write("gaps", "gaps", gaps(fact), "ORDER BY histogram, day")
    write("spend", "spend", spend(sources))
    return tuple(written)


def _declared(name: str) -> ir.Table:
    """A canonical table, or one that persons were written to, from its declaration alone."""
    if name in PERSON_TABLES:
        return ibis.table(PERSON_TABLES[name], name=name, database="facts")
    declared = BY_NAME[name]
    columns = {column.name: _IBIS[column.kind] for column in (*HOUSEKEEPING, *declared.columns)}
    return ibis.table(columns, name=name, database="main")


def _write_coverage(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """facts.coverage(table_name, first_day, last_day): the local days of which each table has rows, or was said to."""
    con.execute("CREATE OR REPLACE TABLE facts.coverage (table_name TEXT, first_day INTEGER, last_day INTEGER)")
    for table in TABLES:
        if table.day is None:
            continue
        days = f"SELECT {_local_day(table)} AS day FROM main.{table.name}"
        if table.covered_with:
            # What came in one load tells of the same days: no refund since Tuesday is not a gap in the data.
            other = BY_NAME[table.covered_with]
            days += (
                f" UNION ALL SELECT {_local_day(other)} FROM main.{other.name}"
                f" WHERE load_id IN (SELECT DISTINCT load_id FROM main.{table.name})"
            )
        con.execute(
            f"INSERT INTO facts.coverage SELECT '{table.name}', min(day), max(day) FROM ({days}) HAVING count(day) > 0",
            {"zone": settings.timezone} if "$zone" in days else {},
        )
    for name, table_name, rows in _COVERED_WITH:
        con.execute(
            f"INSERT INTO facts.coverage SELECT '{name}', first_day, last_day FROM facts.coverage"
            f" WHERE table_name = '{table_name}' AND EXISTS ({rows})"
        )
    con.execute(
        "UPDATE facts.coverage SET last_day = greatest(last_day, told.day) FROM (SELECT date_diff('day',"
        " DATE '1970-01-01', max(covers_until)) AS day FROM main.loads WHERE undone_at IS NULL) told WHERE told.day IS NOT NULL"
    )


def _local_day(table: Table) -> str:
    """SQL of the epoch day of a table's row."""
    day = f'"{table.day}"'
    if table.column(str(table.day)).kind is Kind.INSTANT:
        day = f"timezone(coalesce(zone, $zone), timezone('UTC', {day}))::DATE"
    return f"date_diff('day', DATE '1970-01-01', {day})"
