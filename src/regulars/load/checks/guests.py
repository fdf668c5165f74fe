"""Orders that name no customer at all."""

from __future__ import annotations

from regulars.load.validate import Validation
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.identities import primary_identity
from regulars.warehouse.tables import BY_NAME


def only_guests(found: Validation, _settings: Settings) -> list[str]:
    """A warning where no order of the load says who bought."""
    if "orders" not in found.rows:
        return []
    rows, con = found.rows["orders"], found.workspace.con
    known = con.execute(
        f"SELECT 1 FROM {rows} WHERE {primary_identity(BY_NAME['orders'])} IS NOT NULL LIMIT 1"
    ).fetchone()
    orders = 0 if known else found.workspace.count(rows)
    if not orders:
        return []
    return [
        f"None of the {orders:,} orders of this load has a usable customer_id, person_id, email or phone number, so all count as"
        " orders of guests and no customer is known. Load them with a column that says who bought."
    ]
