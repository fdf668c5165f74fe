"""A shop's own SQL in a mapping: which columns it names, whether it is a bare column, and what is wrong with it."""

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
"""A quoted column and nothing else, as most mappings have: DuckDB need not be asked what is in it."""


@dataclass(frozen=True)
class Expression:
    """One expression over a file's columns."""

    sql: str
    names: frozenset[str]
    """The columns it names, in lower case."""
    bare: str | None
    """The column's name, in lower case, where the expression is nothing else."""
    place: str
    """Where it stands, for messages."""
    over_rows: bool = False
    """Whether it computes over several lines (a window): it may not be evaluated over the lines of two files at once."""


def expression(con: duckdb.DuckDBPyConnection, sql: str, place: str) -> Expression:
    """Take an expression apart. `place` says where it stands, for the message. Raises MappingError."""
    if bare := _BARE.fullmatch(sql):
        name = bare[1].lower()
        return Expression(sql, frozenset((name,)), name, place)
    (answer,) = con.execute("SELECT json_serialize_sql('SELECT ' || ?)", [f"({sql})"]).fetchall()[0]
    return _taken_apart(sql, place, answer)


@lru_cache(maxsize=256)  # for the other files of the same mapping
def _taken_apart(sql: str, place: str, answer: str) -> Expression:
    tree = json.loads(answer)
    if tree["error"]:
        raise MappingError(f"{place}: {sql!r} is not an SQL expression ({tree.get('error_message')}).")
    selected = tree["statements"][0]["node"]["select_list"] if len(tree["statements"]) == 1 else []
    if len(selected) != 1 or tree["statements"][0]["node"]["from_table"]["type"] != "EMPTY":
        raise MappingError(f"{place}: {sql!r} must be one SQL expression.")
    try:
        require_allowed(sql, tree)
    except NotAllowed as error:
        raise MappingError(f"{place}: {sql[:80]!r} is not taken: {error}.", ALLOWED_HINT) from None
    own = {name for node in nodes(selected[0]) if node["class"] == "LAMBDA" for name in _column_names(node.get("lhs"))}
    names = frozenset(name for name in _column_names(selected[0]) if name not in own)
    root = selected[0]
    bare = root["column_names"][0].lower() if root["class"] == "COLUMN_REF" and len(root["column_names"]) == 1 else None
    return Expression(sql, names, bare, place, any(node["class"] == "WINDOW" for node in nodes(selected[0])))


def known(found: Expression, available: Collection[str], file: str) -> None:
    """Raises MappingError, with the closest names, where the expression names a column that the file lacks."""
    lower = {name.lower(): name for name in available}
    for name in sorted(found.names):
        if name in lower:
            continue
        close = difflib.get_close_matches(name, lower, n=3, cutoff=0.6)
        hint = "Did you mean " + " or ".join(repr(lower[match]) for match in close) + "?" if close else ""
        columns = ", ".join(sorted(available)[:30])
        raise MappingError(
            f"{found.place}: {found.sql!r} names the column {name!r}, which {file} does not have.",
            hint or f"It has: {columns}. Text stands in single quotes.",
        )


def refused(found: Expression, error: Exception) -> MappingError:
    """The refusal for an expression that DuckDB does not take."""
    reason = str(error).split("\n")[0]
    hint = ""
    if "must appear in the GROUP BY" in str(error) or "must be part of an aggregate" in str(error):
        hint = "With group_by, write a bare column, or an aggregate such as sum(…), max(…) or any_value(…)."
    return MappingError(f"{found.place}: {found.sql!r} cannot be computed. {reason}", hint)


def _column_names(tree: Any) -> Iterator[str]:
    for node in nodes(tree):
        if node["class"] == "COLUMN_REF":
            yield node["column_names"][0].lower()
