"""The SQL expressions of a mapping, read by DuckDB's own parser: are they valid, and which columns do they use?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from regulars.load.fields.allowed import nodes, require_allowed

LINE = "line"
"""The pseudo column: the number of the line in the file."""


@dataclass(frozen=True)
class Expression:
    """One parsed expression. `bare` is the column's name where the expression is nothing but a column."""

    sql: str
    columns: tuple[str, ...]
    bare: str | None


def quoted(name: str) -> str:
    """The column name as SQL writes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def parse(con: duckdb.DuckDBPyConnection, sql: str) -> Expression:
    """Parse one expression. Raises ValueError with DuckDB's words where it is not exactly one, NotAllowed where it does more."""
    tree = _tree(con, f"SELECT {sql}")
    query = tree["statements"][0]["node"]
    if query["type"] != "SELECT_NODE" or len(query["select_list"]) != 1 or query["from_table"]["type"] != "EMPTY":
        raise ValueError("it is not one expression")
    root = query["select_list"][0]
    if root["class"] == "STAR":
        raise ValueError("it is all columns, not one")
    require_allowed(sql, root)
    if root["alias"]:
        raise ValueError("it gives a name with AS, which the mapping does already")
    _tree(con, f"SELECT ({sql})")  # A comment at its end would swallow what follows it.
    parameters = {name for node in nodes(root) if node["class"] == "LAMBDA" for name in _columns(node["lhs"])}
    columns = tuple(dict.fromkeys(name for name in _columns(root) if name not in parameters and name.lower() != LINE))
    return Expression(sql, columns, root["column_names"][-1] if root["class"] == "COLUMN_REF" else None)


def _tree(con: duckdb.DuckDBPyConnection, statement: str) -> Any:
    row = con.execute("SELECT json_serialize_sql(?)", [statement]).fetchone()
    assert row is not None
    tree = json.loads(row[0])
    if tree["error"] or len(tree["statements"]) != 1:
        raise ValueError(tree.get("error_message", "it is not one expression").removesuffix("!"))
    return tree


def _columns(tree: Any) -> Iterator[str]:
    return (node["column_names"][-1] for node in nodes(tree) if node["class"] == "COLUMN_REF")
