"""The facts as SQL statements, compiled from their declarations: for all rows, or for the rows that a write changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import HISTORIES_BEFORE, HISTORIES_NOW
from regulars.warehouse.fact_table import FactSettings, FactTable, Sources
from regulars.warehouse.facts import BY_NAME as BY_FACT
from regulars.warehouse.facts import FACT_TABLES, business_time
from regulars.warehouse.facts.orders.gaps import gaps
from regulars.warehouse.facts.orders.order_headers import GROUP as ORDERS
from regulars.warehouse.facts.orders.product_lines import product_name_counts, product_names
from regulars.warehouse.facts.orders.sequence import HISTORY_COLUMNS
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.schema import METADATA_COLUMNS, Kind
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

TEMPORARY = "temp"
"""DuckDB's schema of tables that live as long as the connection; they are uncompressed and fast to read."""
FACTS = "facts"
"""The schema in which statements read facts, whichever file their tables are in."""
PERSONS_SUFFIX = "_of_persons"
"""Suffix of the names of tables with the column `person`."""
OTHER_GROUP_PREFIX = "derived_"
"""Prefix of the names of temporary tables with rows of a fact of another group."""
_PREPARED_COLUMNS = {
    "product_names": {"source": "string", "product_id": "string", "name": "string", "listed_category": "string"},
    "zone_days": {"zone": "string", "utc_day": "int32", "switch": "int32", "before": "int32", "after": "int32"},
    "business_days": business_time.COLUMNS,
}
_IBIS_TYPES = {
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
    name: tuple(fact for fact in FACT_TABLES if fact.group_name == name)
    for name in dict.fromkeys(fact.group_name for fact in FACT_TABLES)
}
"""The facts that are derived together, by the name of their group; a fact without a group is one by itself."""
SOURCE_TABLES = {
    name: {*(fact.table.name for fact in facts), *(("products",) if name == ORDERS else ())}
    for name, facts in GROUPS.items()
}
"""The canonical tables that each group is built from: without rows in any, the group is empty."""
STEPS = {
    ORDERS: (
        "product names",
        "order headers",
        "product lines",
        "order totals",
        "refunds",
        "returns",
        "orders",
        "gaps",
        "lines",
    )
}
"""The steps of a group in progress messages; other groups have one step, by their name."""


@dataclass(frozen=True)
class Target:
    """Where statements read and write.

    With `incremental` they read the temporary tables touched_… and write added_…, and of a fact with histories
    HISTORIES_NOW.
    """

    incremental: bool = False
    scratch_schema: str = TEMPORARY
    """The schema of intermediate tables."""
    dialect: str = "duckdb"


FULL_REFRESH = Target()
INCREMENTAL = Target(incremental=True)


@dataclass(frozen=True)
class Statement:
    """A statement that writes one table.

    Attributes:
        step: name of its step in progress messages.
        schema: schema of the table.
        name: name of the table.
        sql: the query; empty where the table has no rows.
        order: SQL of the stored order of rows.
        columns: column definitions for DuckDB, of facts and of tables with `made_of`.
        made_of: the canonical table without whose rows the result is empty.
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

    def reads(self, other: Statement) -> bool:
        """Return whether the statement reads the table that another one writes."""
        return any(f"{quote}{other.schema}{quote}.{quote}{other.name}{quote}" in self.sql for quote in '"`')

    def __str__(self) -> str:
        """The query with its order; empty where the table has no rows."""
        return f"{self.sql} {self.order}".rstrip() if self.sql else ""


def statements(settings: Settings, group: str, target: Target = FULL_REFRESH) -> tuple[Statement, ...]:
    """Return the statements of a group of facts in order; each may read the tables before it."""
    return _statements(FactSettings.of(settings), group, target)


@lru_cache(maxsize=64)
def _statements(settings: FactSettings, group: str, target: Target) -> tuple[Statement, ...]:
    own_tables = tuple(fact.table.name for fact in GROUPS[group])

    def table(name: str) -> ir.Table:
        if name not in _PREPARED_COLUMNS:
            _require_declared(group, name.removesuffix(PERSONS_SUFFIX))
        return source_table(name, target, own_tables)

    compiler = _Compiler(table, settings, target, GROUPS[group])
    if group == ORDERS and not target.incremental:
        name_counts = compiler.write(
            "product names", "product_calls", product_name_counts(compiler.table("order_lines")), fact=True
        )
        compiler.write(
            "product names", "product_names", product_names(name_counts, compiler.table("products")), fact=True
        )
    for fact in GROUPS[group]:
        rows = compiler.fact(fact.name)
        if fact.history is not None:
            compiler.write_gap_histograms(rows)
    return tuple(compiler.statements)


def _require_declared(group: str, table: str) -> None:
    """Check that a fact of the group declares that it reads the table, so that loads of the table update the fact.

    Raises:
        KeyError: none declares it.
    """
    if table not in SOURCE_TABLES[group] | {read.table for fact in GROUPS[group] for read in fact.reads}:
        raise KeyError(f"A fact of the group {group} reads {table}. Declare it: Read({table!r}, …) in its reads.")


@dataclass(frozen=True)
class _Compiler(Sources):
    """Compiles the tables that the facts of a group are built from, each once, on first use."""

    target: Target = FULL_REFRESH
    group: tuple[FactTable, ...] = ()
    statements: list[Statement] = field(default_factory=list)
    compiled: dict[str, ir.Table] = field(default_factory=dict)

    def fact(self, name: str) -> ir.Table:
        if name not in self.compiled:
            fact = {fact.name: fact for fact in self.group}[name]
            rows = fact.build(self)
            if fact.history is None:
                self.compiled[name] = self.write(name, name, rows, fact.order, fact=True)
            else:
                self.compiled[name] = self._with_history(fact, fact.history, self.write(name, "valued", rows))
        return self.compiled[name]

    def fact_of_other_group(self, name: str, columns: Mapping[str, str]) -> ir.Table:
        if name in (fact.name for fact in self.group):
            raise KeyError(name)
        _require_declared(self.group[0].group_name, BY_FACT[name].table.name)
        # Incrementally, the caller has prepared a temporary table of the rows that touched rows refer to.
        incremental = self.target.incremental
        return ibis.table(
            dict(columns),
            name=f"{OTHER_GROUP_PREFIX}{name}" if incremental else name,
            database=self.target.scratch_schema if incremental else "facts",
        )

    def materialize(self, step: str, name: str, make: Callable[[], ir.Table], made_of: str = "") -> ir.Table:
        if name not in self.compiled:
            rows = make()
            self.compiled[name] = self.write(step, name, rows, made_of=made_of)
        return self.compiled[name]

    def materialize_with_key(self, step: str, name: str, make: Callable[[], ir.Table]) -> ir.Table:
        if self.target.dialect != "duckdb":
            return self.materialize(step, name, lambda: make().mutate(key=ibis.row_number().over()))
        # DuckDB numbers stored rows; a window function for it runs on one thread, longer than all other steps.
        rows = self.materialize(step, name, make)
        return rows.mutate(key=rows.rowid())

    def _with_history(self, fact: FactTable, history: Callable[[ir.Table], ir.Table], valued: ir.Table) -> ir.Table:
        if not self.target.incremental:
            return self.write(fact.name, fact.name, history(valued), fact.order, fact=True)
        # The other orders of affected persons: their amounts stay, and only HISTORY_COLUMNS change.
        other_orders = ibis.table(valued.schema(), name=f"kept_{fact.name}", database=self.target.scratch_schema)
        return self.write(fact.name, HISTORIES_NOW, history(valued.union(other_orders, distinct=False)))

    def write_gap_histograms(self, rows: ir.Table) -> None:
        """Add the statements of the histograms of days between a person's orders."""
        if self.target.incremental:
            before = ibis.table(rows.schema(), name=HISTORIES_BEFORE, database=self.target.scratch_schema)
            self.write("gaps", "removed_gaps", gaps(before))
        self.write("gaps", "gaps", gaps(rows), "ORDER BY histogram, day", fact=True)

    def write(
        self, step: str, name: str, rows: ir.Table, order: str = "", *, fact: bool = False, made_of: str = ""
    ) -> ir.Table:
        """Add the statement that writes the rows. Returns the table it writes."""
        target = self.target
        schema = FACTS if fact and not target.incremental else target.scratch_schema
        name = f"added_{name}" if fact and target.incremental else name
        declared = rows.schema().to_sqlglot_column_defs("duckdb") if fact or made_of else ()
        columns = ", ".join(column.sql("duckdb") for column in declared)
        # Other engines store rows in an order of their own.
        order = order if target.dialect == "duckdb" else ""
        self.statements.append(Statement(step, schema, name, _sql(rows, target), order, columns, made_of))
        return ibis.table(rows.schema(), name=name, database=schema)


def product_names_statement(target: Target) -> str:
    """Return the SQL of the fact `product_names` from `product_calls`, which is updated incrementally."""
    name_counts = ibis.table(
        {"source": "string", "product_id": "string", "product_name": "string", "times": "int64"},
        name="product_calls",
        database="facts",
    )
    return _sql(product_names(name_counts, source_table("products", target)), target)


def _sql(rows: ir.Table, target: Target) -> str:
    sql = str(ibis.to_sql(rows, dialect=target.dialect, pretty=False))
    # Ibis lists the excluded columns in the order of a set, which differs from process to process.
    return re.sub(r"EXCLUDE \((.*?)\)", lambda match: f"EXCLUDE ({', '.join(sorted(match[1].split(', ')))})", sql)


def without_history_columns(columns: list[str]) -> list[str]:
    """Return the columns of the fact `orders` without HISTORY_COLUMNS."""
    return [name for name in columns if name not in HISTORY_COLUMNS]


def source_table(name: str, target: Target, own_tables: tuple[str, ...] = ()) -> ir.Table:
    """Return a canonical table, or one prepared from it, with the columns of its declaration.

    Args:
        name: the table, with or without PERSONS_SUFFIX, or one of _PREPARED_COLUMNS.
        target: where statements read.
        own_tables: the tables of which an incremental derivation reads the touched rows only.
    """
    if name in _PREPARED_COLUMNS:
        return ibis.table(
            _PREPARED_COLUMNS[name], name=name, database="facts" if name == "product_names" else target.scratch_schema
        )
    table = name.removesuffix(PERSONS_SUFFIX)
    columns = {column.name: _IBIS_TYPES[column.kind] for column in (*METADATA_COLUMNS, *BY_NAME[table].columns)}
    if table != name:
        columns["person"] = "int64"
    if target.incremental and table in own_tables:
        return ibis.table(columns, name=f"touched_{name}", database=target.scratch_schema)
    return ibis.table(columns, name=name, database="main" if table == name else target.scratch_schema)
