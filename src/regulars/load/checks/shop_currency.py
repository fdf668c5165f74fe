"""Loads without any order in the shop's currency."""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.rows.validation import Validation
from regulars.vocabulary.shop import Settings


def only_foreign_orders(validation: Validation, settings: Settings) -> list[str]:
    """Return a warning if orders wait for a rate and none is in the shop's currency: the setting may be wrong."""
    if "orders" not in validation.waiting_rows:
        return []
    if validation.workspace.count(f"{validation.rows['orders']} WHERE currency = {quoted(settings.currency)}"):
        return []
    return [
        f"This shop's currency is {settings.currency} (regulars.toml), and no order of this load is in it."
        " If the setting is wrong, correct regulars.toml; the orders that wait are used by the next load."
    ]
