"""Amounts far above all others of their file: another number, such as a phone number, in the column of the amount."""

from __future__ import annotations

from regulars.load.validate import Validation
from regulars.vocabulary.shop import Settings

_LARGE = 100_000
"""Smaller amounts are never warned of."""
_TIMES = 1_000
"""How many times as large an amount must be as the 99 % quantile of the amounts it is compared with."""

# Each table with its amount, and what else than the file the compared amounts have in common.
_AMOUNTS = (("orders", "gross", "currency"), ("order_lines", "amount", "NULL"), ("returns", "amount", "NULL"))

_REMEDY = (
    "Does another number stand in the column of the amount? Then undo this load (regulars undo), correct the file"
    " and load it again."
)


def large_amounts(found: Validation, _settings: Settings) -> list[str]:
    """A warning for each file and table with amounts of at least _LARGE that are more than _TIMES the 99 % quantile.

    The quantile is that of the file's positive amounts, of orders in the same currency; of fewer than a hundred it is the second
    largest. The amounts themselves are not shown, as they may be phone numbers.
    """
    warnings = []
    for table, amount, common in _AMOUNTS:
        if table not in found.rows or not found.workspace.count(f"{found.rows[table]} WHERE {amount} >= {_LARGE}"):
            continue
        outliers = found.workspace.con.execute(
            f"""
            WITH amounts AS (
                SELECT "@file" AS file, "@line" AS line, order_id, {amount}::DOUBLE AS amount, {common} AS common
                FROM {found.rows[table]} WHERE {amount} > 0),
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
                f"{found.stages[number].file.name}: {what} {_LARGE:,} or more and over {_TIMES:,} times as large as 99 % of the"
                f" others ({'' if count == 1 else 'such as '}{place}). {_REMEDY}"
            )
    return warnings
