"""SQL expressions of mappings: the columns they use, and errors in them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb

from regulars.load.fields.allowed import ALLOWED_HINT, NotAllowed, nodes, require_allowed
from regulars.vocabulary.errors import MappingError

_BARE = re.compile(r'"([^"\0]+)"')
"""A quoted column alone, the most frequent expression, which needs no parser."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression over a file's columns."""

    sql: str
    names: frozenset[str]
    """Columns that it uses, in lower case."""
    bare: str | None
    """Name of the column, in lower case, if the expression is a column alone."""
    place: str
    """Its place in the mapping, for messages."""
    over_rows: bool = False
    """Whether it depends on several lines (a window), so that files must be evaluated one by one."""


def parse_expression(con: duckdb.DuckDBPyConnection, sql: str, place: str) -> Expression:
    """Parse an expression.

    Args:
        con: Any DuckDB connection.
        sql: The expression.
        place: Its place in the mapping, for messages.

    Raises:
        MappingError: It is no expression, or uses SQL that mappings may not use (allowed.py).
    """
    if bare := _BARE.fullmatch(sql):
        name = bare[1].lower()
        return Expression(sql, frozenset((name,)), name, place)
    (tree_json,) = con.execute("SELECT json_serialize_sql('SELECT ' || ?)", [f"({sql})"]).fetchall()[0]
    return _parsed_tree(sql, place, tree_json)


@lru_cache(maxsize=256)  # files of one mapping share the result
def _parsed_tree(sql: str, place: str, tree_json: str) -> Expression:
    tree = json.loads(tree_json)
    if tree["error"]:
        raise MappingError(f"{place}: {sql!r} is not an SQL expression ({tree.get('error_message')}).")
    selected = tree["statements"][0]["node"]["select_list"] if len(tree["statements"]) == 1 else []
    if len(selected) != 1 or tree["statements"][0]["node"]["from_table"]["type"] != "EMPTY":
        raise MappingError(f"{place}: {sql!r} must be one SQL expression.")
    try:
        require_allowed(sql, tree)
    except NotAllowed as error:
        raise MappingError(f"{place}: {sql[:80]!r} is not allowed: {error}.", ALLOWED_HINT) from None
    lambda_parameters = {
        name for node in nodes(selected[0]) if node["class"] == "LAMBDA" for name in _column_names(node.get("lhs"))
    }
    names = frozenset(name for name in _column_names(selected[0]) if name not in lambda_parameters)
    root = selected[0]
    bare = root["column_names"][0].lower() if root["class"] == "COLUMN_REF" and len(root["column_names"]) == 1 else None
    return Expression(sql, names, bare, place, any(node["class"] == "WINDOW" for node in nodes(selected[0])))


def require_columns(expr: Expression, available: Collection[str], file: str) -> None:
    """Raise MappingError, with the closest names, if the expression uses a column that the file lacks."""
    lower = {name.lower(): name for name in available}
    for name in sorted(expr.names):
        if name in lower:
            continue
        close = difflib.get_close_matches(name, lower, n=3, cutoff=0.6)
        hint = "Did you mean " + " or ".join(repr(lower[match]) for match in close) + "?" if close else ""
        columns = ", ".join(sorted(available)[:30])
        raise MappingError(
            f"{expr.place}: {expr.sql!r} names the column {name!r}, which {file} does not have.",
            hint or f"It has: {columns}. Put text in single quotes.",
        )


def computation_error(expr: Expression, error: Exception) -> MappingError:
    """Return the MappingError for an expression that DuckDB cannot bind or compute."""
    reason = str(error).split("\n")[0]
    hint = ""
    if "must appear in the GROUP BY" in str(error) or "must be part of an aggregate" in str(error):
        hint = "With group_by, write a bare column, or an aggregate such as sum(…), max(…) or any_value(…)."
    return MappingError(f"{expr.place}: {expr.sql!r} cannot be computed. {reason}", hint)


def _column_names(tree: Any) -> Iterator[str]:
    for node in nodes(tree):
        if node["class"] == "COLUMN_REF":
            yield node["column_names"][0].lower()
