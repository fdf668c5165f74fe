"""Daily active customers as everyone writes it: a calendar, a join on a range, a count of distinct customers."""

from __future__ import annotations

from bench.measuring import Place, Stopwatch
from regulars.services.app import App
from regulars.vocabulary.shop import Shop


def daily_active(place: Place, watch: Stopwatch, window: int) -> None:
    """Customers with an order on the last `window` days, for each day, by plain SQL over the same orders."""
    sql = (
        "WITH spine AS (SELECT unnest(generate_series(min(day), max(day))) AS day FROM facts.orders)"
        " SELECT DATE '1970-01-01' + spine.day::INTEGER, count(DISTINCT person) FROM spine JOIN facts.orders o"
        f" ON o.day > spine.day - {window} AND o.day <= spine.day GROUP BY spine.day ORDER BY spine.day"
    )
    with App(Shop.open(place.shop)).warehouse.read() as con:
        for _ in watch.runs():
            with watch.timing():
                rows = con.execute(sql).fetchall()
    place.write_answers(f"spine_{window}", {"customers_end": {day.isoformat(): float(n) for day, n in rows}})
