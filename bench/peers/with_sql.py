"""Some of the peers' metrics by one query of plain DuckDB, as a good analyst writes it over the shop's orders."""

from __future__ import annotations

from bench.measuring import Place, Stopwatch
from bench.peers.answers import UNKNOWN, WINDOW, Answers
from regulars.services.app import App
from regulars.vocabulary.shop import Shop

_SQL = f"""
WITH placed AS (
    SELECT DATE '1970-01-01' + o.day AS day, date_trunc('month', DATE '1970-01-01' + o.day) AS month, person,
        coalesce(country, '{UNKNOWN}') AS country, net_revenue::DOUBLE AS net_revenue FROM facts.orders o
), histories AS (
    SELECT *, row_number() OVER history AS number, first_value(country) OVER history AS first_country,
        lead(day) OVER history AS next, day + {WINDOW} AS expires
    FROM placed WHERE person IS NOT NULL WINDOW history AS (PARTITION BY person ORDER BY day)
), months AS (
    SELECT DISTINCT month, country FROM (SELECT DISTINCT month FROM placed), (SELECT DISTINCT country FROM placed)
), orders AS (
    SELECT month, country, count(*) AS orders, sum(net_revenue) AS net_revenue FROM placed GROUP BY ALL
), buyers AS (
    SELECT month, first_country AS country, person, count(*) AS times FROM histories GROUP BY ALL
), bought AS (
    SELECT month, country, count(*) AS buyers, count(*) FILTER (times > 1) AS twice FROM buyers GROUP BY ALL
), came AS (
    SELECT month, first_country AS country, count(*) FILTER (number = 1) AS new, sum(net_revenue) AS revenue
    FROM histories GROUP BY ALL
), active AS (
    SELECT m.month, m.country, count(*) AS active FROM months m JOIN histories h
    ON h.first_country = m.country AND h.day < m.month AND least(coalesce(h.next, h.expires), h.expires) >= m.month GROUP BY ALL
), gone AS (
    SELECT date_trunc('month', expires) AS month, first_country AS country, count(*) AS lost FROM histories
    WHERE date_trunc('month', expires) > month AND (next IS NULL OR date_trunc('month', next) > date_trunc('month', expires))
    GROUP BY ALL
), laid_out AS (
    SELECT month, country, coalesce(orders, 0) AS orders, coalesce(net_revenue, 0) AS net_revenue, coalesce(buyers, 0) AS buyers,
        coalesce(twice, 0) AS twice, coalesce(new, 0) AS new, coalesce(active, 0) AS active, coalesce(lost, 0) AS lost,
        sum(revenue) OVER so_far AS revenue_so_far, sum(new) OVER so_far AS new_so_far
    FROM months LEFT JOIN orders USING (month, country) LEFT JOIN bought USING (month, country)
    LEFT JOIN came USING (month, country) LEFT JOIN active USING (month, country) LEFT JOIN gone USING (month, country)
    WINDOW so_far AS (PARTITION BY country ORDER BY month)
)
SELECT strftime(month, '%Y-%m') || '|' || country, orders, net_revenue, net_revenue / nullif(orders, 0), new, buyers,
    twice / nullif(buyers, 0), active, lost, lost / nullif(active, 0), revenue_so_far / nullif(new_so_far, 0)
FROM laid_out ORDER BY month, country"""
_METRICS = (
    "orders", "net_revenue", "average_order_value", "new_customers", "active_buyers", "repeat_purchase_rate",
    "customers_start", "lost_customers", "customer_churn_rate", "customer_lifetime_value",
)  # fmt: skip


def by_month(place: Place, watch: Stopwatch) -> None:
    """Ten metrics by month and country, in one query."""
    with App(Shop.open(place.shop)).warehouse.read() as con:
        for _ in watch.runs():
            with watch.timing():
                rows = con.execute(_SQL).fetchall()
    found: Answers = {
        metric: {row[0]: None if row[number] is None else float(row[number]) for row in rows}
        for number, metric in enumerate(_METRICS, start=1)
    }
    place.write_answers("analyst", found)
