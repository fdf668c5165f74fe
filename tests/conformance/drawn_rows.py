"""Rows drawn from the declaration of a table alone."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from regulars.warehouse.schema import Column, Kind, Table


def drawn(table: Table, until: date) -> list[dict[str, Any]]:
    """Rows that the table's declaration allows, drawn at random: no fact is declared without being compared."""
    chance = random.Random(table.name)
    values = {
        column.name: [_value(column, n, chance, column.name in table.key, until) for n in range(300)]
        for column in table.columns
    }
    types = ", ".join(f'"{column.name}"::{column.kind.sql} AS "{column.name}"' for column in table.columns)
    kept = " AND ".join(f"NOT coalesce({rule.broken}, false)" for rule in table.rules) or "true"
    with duckdb.connect() as con:
        con.register("drawn", pa.table(values))
        found = con.execute(f"FROM (SELECT {types} FROM drawn) WHERE {kept}").to_arrow_table().to_pylist()
    assert len(found) > 50, table.name
    return [
        {name: value if isinstance(value, int | None) else str(value) for name, value in row.items()} for row in found
    ]


def _value(column: Column, number: int, chance: random.Random, is_key: bool, until: date) -> str | None:
    """A value of the column, as text; of one that may be empty now and then none; of a key one of its own."""
    if column.nullable and chance.random() < 0.3:
        return None
    if column.choices or column.example:
        return chance.choice(column.choices or (column.example,))
    if column.name in ("email", "phone", "person_id"):
        return None
    day = until - timedelta(days=chance.randrange(500))
    texts = {
        Kind.INSTANT: f"{day}T{chance.randrange(24):02}:30:00", Kind.DAY: str(day), Kind.MONEY: f"{chance.randrange(9999)}.37",
        Kind.INTEGER: str(chance.randrange(11)), Kind.NUMBER: str(chance.randrange(1, 5)), Kind.FLAG: str(chance.random() < 0.5),
        Kind.JSON: "{}",
    }  # fmt: skip
    return texts.get(column.kind) or f"{column.name}{number if is_key else chance.randrange(40)}"
