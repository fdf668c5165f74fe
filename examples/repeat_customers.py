"""Who buys again: python examples/repeat_customers.py SHOP [METRIC].

Prints the metric by quarter with its interval and verdict, then the countries in which it is highest.
"""

from __future__ import annotations

import sys

import regulars


def main(folder: str, metric: str = "repeat_customer_rate") -> None:
    """Print the metric of the shop in this folder."""
    with regulars.open(folder) as shop:
        print(shop.metric(metric, grain="quarter", compare=True))

        by_country = shop.metric(metric, period="all", split="country")
        known = [row for row in by_country if row["value"] is not None and row["n"] >= 30]
        known.sort(key=lambda row: row["value"], reverse=True)
        print(f"\nHighest {metric} by first country, of countries with 30 customers or more:")
        for row in known[:5]:
            interval = "" if row["low"] is None else f" ({row['low']:.1%} to {row['high']:.1%})"
            print(f"{row['country']}: {row['value']:.1%}{interval}, {row['n']:,} customers")


if __name__ == "__main__":
    main(*sys.argv[1:])
