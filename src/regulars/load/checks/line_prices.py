"""Lines of several pieces whose amount was multiplied once too often, or not at all."""

from __future__ import annotations

from regulars.load.validate import Validation
from regulars.vocabulary.shop import Settings

_ENOUGH_LINES = 10
_ENOUGH_SHARE = 0.2
_SAMPLE = 500_000
"""So many lines are looked at, evenly over the files."""


def line_prices(found: Validation, _settings: Settings) -> list[str]:
    """A warning for each file where a product costs n times as much a piece in lines of n pieces, or an nth.

    The price of a piece is the median amount of the product's lines of one piece in this load. A file is named where a fifth of
    its comparable lines, and at least ten, are off by exactly their number of pieces.
    """
    if "order_lines" not in found.rows:
        return []
    rows = found.rows["order_lines"]
    step = 1 + found.workspace.count(rows) // _SAMPLE
    counts = found.workspace.con.execute(
        f"""
        WITH lines AS (
            SELECT "@file" AS file, source, coalesce(product_id, product_name) AS product, quantity, amount::DOUBLE AS amount
            FROM {rows}
            WHERE kind = 'product' AND quantity > 0 AND amount > 0 AND product IS NOT NULL AND "@line" % {step} = 0),
        pieces AS (SELECT source, product, median(amount) AS price FROM lines WHERE quantity = 1 GROUP BY ALL),
        ratios AS (SELECT file, quantity, amount / quantity / price AS ratio FROM lines JOIN pieces USING (source, product)
            WHERE quantity > 1)
        SELECT file, count(*), count(*) FILTER (abs(ratio / quantity - 1) < 0.01),
               count(*) FILTER (abs(ratio * quantity - 1) < 0.01)
        FROM ratios GROUP BY file ORDER BY file"""
    ).fetchall()
    warnings = []
    for number, compared, dear, cheap in counts:
        enough = max(_ENOUGH_LINES, _ENOUGH_SHARE * compared)
        file = found.stages[number].file.name
        if dear >= enough:
            warnings.append(
                f"{file}: in {dear:,} of {compared:,} lines of several pieces a product costs n times as much a piece as alone"
                " (n pieces). Is a line's total taken for the price of a piece? Then the amount is the total alone."
            )
        if cheap >= enough:
            warnings.append(
                f"{file}: in {cheap:,} of {compared:,} lines of several pieces (n) a product costs an nth of what it costs alone."
                " Is the price of a piece taken for the line's total? Then the amount is quantity times price."
            )
    return warnings
