"""Orders that name no customer at all."""

from __future__ import annotations

from regulars.vocabulary.shop import Settings
from regulars.warehouse.load.judge import Judgement


def only_guests(found: Judgement, _settings: Settings) -> list[str]:
    """A warning where no order of the load says who bought."""
    if "orders" not in found.rows:
        return []
    orders, known = found.room.con.execute(
        f"SELECT count(*), count(coalesce(customer_id, email, phone)) FROM {found.rows['orders']}"
    ).fetchall()[0]
    if known or not orders:
        return []
    return [
        f"None of the {orders:,} orders of this load has a customer_id, an email or a phone number, so all count as orders"
        " of guests and no customer is known. Load them with a column that says who bought."
    ]
