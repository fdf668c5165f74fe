"""Orders whose amounts cannot be converted into the shop's currency for lack of an exchange rate."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.errors import LoadRefused
from regulars.vocabulary.shop import Settings

MOST_DAYS = 7
"""A missing day takes the latest earlier rate, at most this many days old."""


def local_day(settings: Settings, zone: str = "zone") -> str:
    """SQL of the local day of an order, the day of its exchange rate."""
    return f"timezone(coalesce({zone}, '{settings.timezone}'), timezone('UTC', ordered_at))::DATE"


def without_rate(orders: str, rates: str, settings: Settings, zone: str = "zone") -> str:
    """SQL of the counted rows of `orders` in a foreign currency that have no rate, with `rate_day`, their local day."""
    # An order that does not count is in no sum, and needs no rate.
    counted = f"currency <> '{settings.currency}' AND status = 'counted' AND NOT test"
    foreign = f"(SELECT *, {local_day(settings, zone)} AS rate_day FROM {orders} WHERE {counted})"
    return (
        f"(SELECT o.* FROM {foreign} o WHERE NOT EXISTS (FROM {rates} r WHERE r.currency = o.currency"
        f" AND r.day <= o.rate_day AND r.day >= o.rate_day - {MOST_DAYS}))"
    )


def require_rates(con: duckdb.DuckDBPyConnection, settings: Settings, orders: str = "main.orders") -> None:
    """Check that all orders have an exchange rate, after rates were replaced, undone or corrected.

    Raises:
        LoadRefused: some orders have none.
    """
    missing = con.execute(
        f"SELECT currency, count(*), min(rate_day), max(rate_day)"
        f" FROM {without_rate(orders, 'main.exchange_rates', settings)} GROUP BY currency ORDER BY currency"
    ).fetchall()
    if missing:
        orders_text = "; ".join(
            f"{count:,} orders in {code} from {first} to {last}" for code, count, first, last in missing
        )
        raise LoadRefused(
            f"There is no exchange rate for {orders_text}.",
            f"Load exchange_rates with a rate to {settings.currency} on each order's day or up to {MOST_DAYS} days before.",
        )
