"""Amounts far above all others of their file, such as phone numbers in the column of the amount."""

from __future__ import annotations

from regulars.load.rows.validation import Validation
from regulars.vocabulary.shop import Settings

_LARGE = 100_000
"""Least amount that causes a warning."""
_TIMES = 1_000
"""Least ratio of an amount to the 99 % quantile of the compared amounts that causes a warning."""

# Table, column of the amount, and the column besides the file that compared amounts have in common.
_AMOUNTS = (("orders", "gross", "currency"), ("order_lines", "amount", "NULL"), ("returns", "amount", "NULL"))

_REMEDY = "If the column holds another number, undo this load (regulars undo), correct the file and load it again."


def large_amounts(validation: Validation, _settings: Settings) -> list[str]:
    """Return a warning for each file and table with amounts of at least _LARGE and more than _TIMES the 99 % quantile.

    The quantile is that of the file's positive amounts (of orders: in the same currency); of fewer than 100 amounts it is the
    second largest. The amounts themselves are not shown, as they may be phone numbers.
    """
    warnings = []
    for table, amount, common in _AMOUNTS:
        if table not in validation.rows or not validation.workspace.count(
            f"{validation.rows[table]} WHERE {amount} >= {_LARGE}"
        ):
            continue
        outliers = validation.workspace.con.execute(
            f"""
            WITH amounts AS (
                SELECT "@file" AS file, "@line" AS line, order_id, {amount}::DOUBLE AS amount, {common} AS common
                FROM {validation.rows[table]} WHERE {amount} > 0),
            usual AS (
                SELECT file, common, least(quantile_disc(amount, 0.99), max(amount, 2)[2]) AS amount
                FROM amounts GROUP BY ALL)
            SELECT file, count(*), arg_min(order_id, line), min(line)
            FROM amounts a JOIN usual u USING (file) WHERE a.common IS NOT DISTINCT FROM u.common
                AND a.amount >= {_LARGE} AND a.amount > {_TIMES} * u.amount
            GROUP BY file ORDER BY file"""
        ).fetchall()
        for number, count, order, line in outliers:
            what = f"1 amount of {table}.{amount} is" if count == 1 else f"{count:,} amounts of {table}.{amount} are"
            place = f"line {line}" if order is None else f"order {order}, line {line}"
            warnings.append(
                f"{validation.stages[number].file.name}: {what} {_LARGE:,} or more and over {_TIMES:,} times as large as 99 % of"
                f" the others ({'' if count == 1 else 'such as '}{place}). {_REMEDY}"
            )
    return warnings
