"""Parse the SQL expressions of a mapping file with DuckDB's parser: validity, and the columns they use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from regulars.load.fields.allowed import nodes, require_allowed

LINE = "line"
"""The pseudo column of the line's number."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression. `bare` is the column's name if the expression is a column alone."""

    sql: str
    columns: tuple[str, ...]
    bare: str | None


def quoted(name: str) -> str:
    """Return the column name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def parse(con: duckdb.DuckDBPyConnection, sql: str) -> Expression:
    """Parse one expression.

    Raises:
        ValueError: It is not exactly one valid expression.
        NotAllowed: It uses SQL that mappings may not use.
    """
    tree = _tree(con, f"SELECT {sql}")
    query = tree["statements"][0]["node"]
    if query["type"] != "SELECT_NODE" or len(query["select_list"]) != 1 or query["from_table"]["type"] != "EMPTY":
        raise ValueError("it is not one expression")
    root = query["select_list"][0]
    if root["class"] == "STAR":
        raise ValueError("write one column instead of *")
    require_allowed(sql, root)
    if root["alias"]:
        raise ValueError("leave out AS: the mapping names the column")
    _tree(con, f"SELECT ({sql})")  # Fails if the expression ends with a comment, which would hide what follows.
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
