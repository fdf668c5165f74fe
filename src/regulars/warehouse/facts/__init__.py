"""What metrics are computed on: one row per something, on a day of the shop's calendar, with money in its currency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import ibis.expr.types as ir


@dataclass(frozen=True)
class Sources:
    """What facts are derived from: the canonical tables and persons by name, and the settings that matter."""

    table: Callable[[str], ir.Table]
    """Canonical table by name (current rows only), or one that persons were written to: order_person, return_person, persons."""
    timezone: str
    currency: str
    digits: int
    """Decimal places of the shop's currency."""
    default_margin: Decimal | None = None
