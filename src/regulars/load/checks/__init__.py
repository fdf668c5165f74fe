"""Checks of the rows of a load: one module per check, each of which returns warnings for the shop's owner.

A check takes the validated rows and the shop's settings. It runs after the rows are stored and before the commit.
accounts.py, content_ids.py and refusals.py are steps of the load itself.
"""

from __future__ import annotations

from collections.abc import Callable

from regulars.load.checks.gift_cards import possible_gift_cards
from regulars.load.checks.guests import only_guests
from regulars.load.checks.joining_many import identities_joining_many
from regulars.load.checks.large_amounts import large_amounts
from regulars.load.checks.line_prices import line_prices
from regulars.load.checks.order_totals import order_totals
from regulars.load.checks.overwritten_orders import overwritten_orders
from regulars.load.checks.shop_currency import only_foreign_orders
from regulars.load.checks.unusable import unusable_identities
from regulars.load.rows.validation import Validation
from regulars.vocabulary.shop import Settings

CHECKS: tuple[Callable[[Validation, Settings], list[str]], ...] = (
    unusable_identities,
    identities_joining_many,
    only_guests,
    only_foreign_orders,
    overwritten_orders,
    order_totals,
    line_prices,
    large_amounts,
    possible_gift_cards,
)
"""The checks, in the order of their warnings. They run after `define_identities`."""
