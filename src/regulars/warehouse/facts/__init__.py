"""What metrics are computed on: one row per something, on a day of the shop's calendar, with money in its currency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import ibis.expr.types as ir


@dataclass(frozen=True)
class Sources:
    """What facts are derived from, by name, and the settings that matter.

    `table` gives the canonical tables (current rows only) and what was prepared from them: `orders_of_persons`,
    `returns_of_persons` and `subscriptions_of_persons` (the table with `person`, null where nobody is known),
    `product_names`, and `zone_days`.
    """

    table: Callable[[str], ir.Table]
    timezone: str
    currency: str
    digits: int
    """Decimal places of the shop's currency."""
    default_margin: Decimal | None = None
    gift_cards: tuple[str, ...] = ()
    """Products with one of these in their name are gift cards."""
