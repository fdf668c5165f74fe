"""Who is about to be lost: python examples/who_is_leaving.py SHOP [FILE.csv].

Forecasts the shop, prints the totals with their ranges, and writes the customers worth keeping who are leaving to a CSV file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.csv

import regulars


def main(folder: str, file: str = "write_to_them.csv") -> None:
    """Forecast the shop in this folder and write its customers worth keeping who are leaving."""
    with regulars.open(folder) as shop:
        print(shop.forecast())
        print(shop.segments())
        leaving = shop.segments("worth-keeping-and-leaving")
        pyarrow.csv.write_csv(leaving.to_arrow(), Path(file))
        at_risk = sum(row["value_at_risk"] for row in leaving)
        print(f"{len(leaving):,} customers, {at_risk:,.2f} at risk within 12 months: {file}")


if __name__ == "__main__":
    main(*sys.argv[1:])
