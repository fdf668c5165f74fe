"""Orders replaced by those of another customer: two shops that use the same order numbers."""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.rows.validation import Validation
from regulars.vocabulary.shop import Settings

_MOST_NAMED = 3

_IDENTITIES = (
    "{}.customer_id",
    "{}.person_id",
    "lower(trim({}.email))",
    "nullif(regexp_replace({}.phone, '[^0-9]', '', 'g'), '')",
)
_SAME = " OR ".join(f"coalesce({name.format('o')} = {name.format('b')}, false)" for name in _IDENTITIES)
_OTHER = " OR ".join(f"coalesce({name.format('o')} <> {name.format('b')}, false)" for name in _IDENTITIES)


def overwritten_orders(validation: Validation, settings: Settings) -> list[str]:
    """Return a warning if orders of the load have the id of an earlier order of another customer on another day.

    Two versions have the same customer if any of customer id, person id, email and phone is equal in both.
    """
    if "orders" not in validation.rows:
        return []
    con = validation.workspace.con
    day = f"timezone({quoted(settings.timezone)}, timezone('UTC', {{}}.ordered_at))::DATE"
    rows = con.execute(
        f"""
        WITH before AS (
            SELECT * FROM log.orders SEMI JOIN {validation.rows["orders"]} USING (source, order_id)
            WHERE load_id < (SELECT max(load_id) FROM main.loads)
            QUALIFY row_number() OVER (PARTITION BY source, order_id ORDER BY load_id DESC) = 1),
        overwritten AS (
            SELECT o.source, o.order_id FROM {validation.rows["orders"]} o JOIN before b USING (source, order_id)
            WHERE ({_OTHER}) AND NOT ({_SAME}) AND {day.format("o")} <> {day.format("b")})
        SELECT source, count(*), list(order_id ORDER BY order_id)[:{_MOST_NAMED}] FROM overwritten GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    return [_warning(source, count, examples) for source, count, examples in rows]


def _warning(source: str, count: int, examples: list[str]) -> str:
    named = ", ".join(examples) + (", …" if count > len(examples) else "")
    what = "1 order of this load replaced one" if count == 1 else f"{count:,} orders of this load replaced others"
    return (
        f"{what} of {source} with another customer and another day ({named}). If two shops use the same order numbers,"
        " undo this load (regulars undo) and load its files with --account NAME."
    )
