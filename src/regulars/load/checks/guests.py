"""Loads whose orders identify no customer."""

from __future__ import annotations

from regulars.load.rows.validation import Validation
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.identities import primary_identity
from regulars.warehouse.tables import BY_NAME


def only_guests(validation: Validation, _settings: Settings) -> list[str]:
    """Return a warning if no order of the load identifies its customer."""
    if "orders" not in validation.rows:
        return []
    rows, con = validation.rows["orders"], validation.workspace.con
    known = con.execute(
        f"SELECT 1 FROM {rows} WHERE {primary_identity(BY_NAME['orders'])} IS NOT NULL LIMIT 1"
    ).fetchone()
    orders = 0 if known else validation.workspace.count(rows)
    if not orders:
        return []
    return [
        f"None of the {orders:,} orders of this load has a usable customer_id, person_id, email or phone number, so all count as"
        " guest orders and no customer is known. Load them with one of these columns."
    ]
