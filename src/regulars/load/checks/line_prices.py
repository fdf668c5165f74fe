"""Order lines of several pieces whose amount looks like quantity squared times price, or like the price of one piece."""

from __future__ import annotations

from regulars.load.rows.validation import Validation
from regulars.vocabulary.shop import Settings

_ENOUGH_LINES = 10
_ENOUGH_SHARE = 0.2
_SAMPLE = 500_000
"""Lines compared at most, sampled evenly over the files."""


def line_prices(validation: Validation, _settings: Settings) -> list[str]:
    """Return a warning for each file with lines of n pieces whose price per piece is n times, or 1/n of, the product's price.

    A product's price is the median amount of its lines of one piece in this load. A file is reported if at least 20 % of
    its comparable lines, and at least 10, differ by exactly their number of pieces.
    """
    if "order_lines" not in validation.rows:
        return []
    rows = validation.rows["order_lines"]
    step = 1 + validation.workspace.count(rows) // _SAMPLE
    counts = validation.workspace.con.execute(
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
        file = validation.stages[number].file.name
        if dear >= enough:
            warnings.append(
                f"{file}: in {dear:,} of {compared:,} lines of several pieces a product costs n times as much a piece as alone"
                " (n pieces). If the file's column holds a line's total, map it as the amount without multiplying it."
            )
        if cheap >= enough:
            warnings.append(
                f"{file}: in {cheap:,} of {compared:,} lines of several pieces (n) a product costs an nth of what it costs alone."
                " If the file's column holds the price of a piece, map the amount as quantity times price."
            )
    return warnings
