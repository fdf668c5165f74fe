"""`content("date", "buyer", "amount")` in a mapping file: an id computed from the values of these columns.

content(…) must be the whole expression. It becomes a column of `Source.contents`, which the load computes.
"""

from __future__ import annotations

import re

from regulars.sources.parse_expressions import Expression, quoted

_CALL = re.compile(r"\s*content\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_NAME = r'\s*(?:"((?:[^"]|"")+)"|(\w+))\s*'
_NAMES = re.compile(rf"(?:{_NAME}(?:,{_NAME})*)?\s*", re.DOTALL)


def content_columns(sql: str) -> tuple[str, ...] | None:
    """Return the columns of content(…), empty for all columns; None if `sql` is another expression.

    Raises ValueError if an argument is not a column.
    """
    call = _CALL.fullmatch(sql)
    if call is None:
        return None
    if not _NAMES.fullmatch(call[1]):
        raise ValueError('content() takes names of columns, such as content("date", "buyer", "amount")')
    return tuple(quotes.replace('""', '"') or plain for quotes, plain in re.findall(_NAME, call[1]))


def content_expression(columns: tuple[str, ...]) -> Expression:
    """Return the expression of the id's column."""
    return Expression(quoted(f"@content({', '.join(columns)})"), columns, None)


def content_name(expression: Expression) -> str | None:
    """Return the name of the id's column in lower case; None for any other expression."""
    sql = expression.sql
    return sql[1:-1].replace('""', '"').lower() if sql.startswith('"@content(') else None
