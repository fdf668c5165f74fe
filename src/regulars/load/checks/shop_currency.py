"""Loads of which every order is in another currency than the shop's."""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.validate import Validation
from regulars.vocabulary.shop import Settings


def only_foreign_orders(found: Validation, settings: Settings) -> list[str]:
    """A warning where orders wait for a rate and none of the load is in the shop's currency: the setting may be wrong."""
    if "orders" not in found.waiting_rows:
        return []
    if found.workspace.count(f"{found.rows['orders']} WHERE currency = {quoted(settings.currency)}"):
        return []
    return [
        f"This shop's currency is {settings.currency} (regulars.toml), and no order of this load is in it. Is it right?"
        " If not, correct regulars.toml; the orders that wait are used by the next load."
    ]
