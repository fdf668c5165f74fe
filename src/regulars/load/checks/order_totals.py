"""Orders whose own totals differ from the sum of their lines by more than a cent: lines are lost, or a column means another thing.

Where a source says what its totals mean (`Source.line_totals`), these count. Otherwise the order's gross is held against its
lines, and the lines count.
"""

from __future__ import annotations

from decimal import Decimal

from regulars.load.mapping import LineTotals
from regulars.load.rows.validation import Validation
from regulars.load.stage import Stage
from regulars.vocabulary.shop import Settings

_MOST_NAMED = 3
_CENT = "0.01"
_Difference = tuple[str, Decimal, Decimal]
"""Order id, the order's own total, and the sum of its lines."""


def order_totals(validation: Validation, _settings: Settings) -> list[str]:
    """Return warnings with the number of orders whose total differs from their lines, and the first of them."""
    warnings = []
    for stage in validation.stages:
        if stage.source.line_totals is not None:
            warnings += _against_own_fields(validation, stage, stage.source.line_totals)
    return warnings + _against_gross(validation)


def _against_own_fields(validation: Validation, stage: Stage, totals: LineTotals) -> list[str]:
    sums = (
        f"SELECT {totals.order} AS unit, {totals.lines} AS lines, {totals.least} AS least, {totals.most} AS most"
        f" FROM {validation.lines(stage)} GROUP BY unit"
    )
    file, name = stage.file.name, totals.name
    lost, lost_first = _differences(
        validation, f"SELECT unit, least, lines FROM ({sums}) WHERE least - lines > {_CENT}"
    )
    more, more_first = _differences(validation, f"SELECT unit, most, lines FROM ({sums}) WHERE lines - most > {_CENT}")
    return [
        *(
            [
                f"{file}: {_have(lost, 'order')} a {name} above the sum of {_their(lost)} lines, so lines are missing:"
                f" {_named(lost, lost_first, name)}. The {name} counts; export the orders again."
            ]
            if lost
            else ()
        ),
        *(
            [
                f"{file}: {_have(more, 'order')} lines above {name} and discounts: {_named(more, more_first, 'total')}."
                f" The {name} counts, the rest is taken for a discount; edited orders look so."
            ]
            if more
            else ()
        ),
    ]


def _against_gross(validation: Validation) -> list[str]:
    """Compare the gross of every order with the sum of its lines, if this load contains the order or its lines."""
    own = {stage.full_name for stage in validation.stages if stage.source.line_totals is None}
    names = [validation.rows[name] for name in ("orders", "order_lines") if name in validation.rows]
    if not names or not own:
        return []
    keys = " UNION ".join(f"SELECT source, order_id FROM {rows}" for rows in names)
    # A shop may count tips, duties and shipping among its lines and not in its gross.
    sums = (
        "SELECT source, order_id, sum(amount) AS lines,"
        " coalesce(sum(amount) FILTER (kind IN ('product', 'gift card')), 0) AS goods"
        f" FROM main.order_lines SEMI JOIN ({keys}) USING (source, order_id) GROUP BY ALL"
    )
    warnings = []
    for source in sorted(own):
        pairs = (
            f"SELECT o.order_id, o.gross, s.lines, s.goods FROM main.orders o JOIN ({sums}) s USING (source, order_id)"
            f" WHERE o.source = {_text(source)}"
        )
        # A source whose gross is always 0 gives amounts in the lines only.
        differs = (
            f"abs(gross - lines) > {_CENT} AND abs(gross - goods) > {_CENT} AND (SELECT max(gross) FROM pairs) > 0"
        )
        count, first = _differences(
            validation, f"WITH pairs AS ({pairs}) SELECT order_id, gross, lines FROM pairs WHERE {differs}"
        )
        if count:
            warnings.append(
                f"{_have(count, f'order of {source}', f'orders of {source}')} a gross that differs from the sum of"
                f" {_their(count)} lines: {_named(count, first, 'gross')}. The lines count."
            )
    return warnings


def _differences(validation: Validation, sql: str) -> tuple[int, list[_Difference]]:
    """Return the number of rows, and the first of them."""
    rows = validation.workspace.con.execute(
        f"SELECT count(*) OVER (), * FROM ({sql}) AS d(unit, total, lines) ORDER BY unit LIMIT {_MOST_NAMED}"
    ).fetchall()
    return (rows[0][0] if rows else 0), [(unit, total, lines) for _, unit, total, lines in rows]


def _named(count: int, first: list[_Difference], total: str) -> str:
    named = [f"{unit} ({total} {amount:,.2f}, lines {lines:,.2f})" for unit, amount, lines in first]
    return ", ".join(named) + (", …" if count > len(named) else "")


def _have(count: int, singular: str, plural: str = "") -> str:
    return f"1 {singular} has" if count == 1 else f"{count:,} {plural or singular + 's'} have"


def _their(count: int) -> str:
    return "its" if count == 1 else "their"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
