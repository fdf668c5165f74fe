"""`content("date", "buyer", "amount")` in a mapping: an id made of the values of these columns.

Only a whole expression may be content(…). It becomes a column of its own (`Source.contents`), which the load computes.
"""

from __future__ import annotations

import re

from regulars.sources.parse_expressions import Expression, quoted

_CALL = re.compile(r"\s*content\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_NAME = r'\s*(?:"((?:[^"]|"")+)"|(\w+))\s*'
_NAMES = re.compile(rf"(?:{_NAME}(?:,{_NAME})*)?\s*", re.DOTALL)


def content_columns(sql: str) -> tuple[str, ...] | None:
    """The columns that content(…) names; none means all columns. None where `sql` is no content(…).

    Raises ValueError where something else than columns stands in it.
    """
    call = _CALL.fullmatch(sql)
    if call is None:
        return None
    if not _NAMES.fullmatch(call[1]):
        raise ValueError('content() takes names of columns, such as content("date", "buyer", "amount")')
    return tuple(quotes.replace('""', '"') or plain for quotes, plain in re.findall(_NAME, call[1]))


def content_expression(columns: tuple[str, ...]) -> Expression:
    """The expression that reads the id's column."""
    return Expression(quoted(f"@content({', '.join(columns)})"), columns, None)


def content_name(expression: Expression) -> str | None:
    """The name of the id's column, in small letters, where the expression is one."""
    sql = expression.sql
    return sql[1:-1].replace('""', '"').lower() if sql.startswith('"@content(') else None
