"""Small shops for tests: canonical rows written straight into a DuckDB, then persons and facts derived as in any load."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from regulars.metrics.examples import Example, Prediction, Renewals, filled
from regulars.metrics.query import Facts
from regulars.metrics.rollups.constant_columns import known
from regulars.metrics.rollups.level_cache import LevelCache
from regulars.metrics.rollups.registry import read_levels
from regulars.metrics.rollups.rollup import STORAGE_RULE, StorageRule
from regulars.vocabulary.calendar import from_epoch_day
from regulars.vocabulary.shop import Settings
from regulars.warehouse import forecasts, log
from regulars.warehouse.derive import derive
from regulars.warehouse.engine import Engine
from regulars.warehouse.log.data_files import create_views, write_file
from regulars.warehouse.tables import BY_NAME
from warehouse.memory import warehouse_in_memory

SETTINGS = Settings(name="test", currency="GBP", timezone="Europe/London")


@dataclass
class TestShop:
    """A connection to a derived warehouse and its settings."""

    __test__ = False

    con: duckdb.DuckDBPyConnection
    settings: Settings = SETTINGS
    rule: StorageRule = STORAGE_RULE

    @property
    def facts(self) -> Facts:
        """What metrics are asked of."""
        rows = self.con.execute("SELECT * FROM facts.coverage").fetchall()
        return Facts(
            Engine(con=self.con),
            self.settings.calendar,
            self.settings.currency,
            {name: (from_epoch_day(first), from_epoch_day(last)) for name, first, last in rows},
            self.settings,
            rollups=read_levels(self.con),
            built=LevelCache(self.con, self._empty_folder(), "test", self.settings, self.rule),
            constants=known(self.con),
            forecasts=forecasts.stored_forecasts(self.con),
        )

    def _empty_folder(self) -> Path:
        """For the facts may have changed; it goes with the connection."""
        ((folder,),) = self.con.execute("SELECT current_setting('file_search_path')").fetchall()
        return Path(folder) / "cache" / secrets.token_hex(8)


def shop(settings: Settings = SETTINGS, **tables: Sequence[dict[str, Any]] | pa.Table) -> TestShop:
    """A shop whose canonical tables hold these rows; columns not named take their default or nothing.

    Rows are dicts, or an Arrow table where there are many.
    """
    con = warehouse_in_memory()
    for name, rows in tables.items():
        store(con, name, rows)
    derive(con, settings)
    return TestShop(con, settings)


def store(
    con: duckdb.DuckDBPyConnection, name: str, rows: Sequence[dict[str, Any]] | pa.Table, load_id: int = 1
) -> None:
    """Append rows to the log of one table, all current."""
    columns = {column.name: column for column in log.stored_columns(BY_NAME[name])}
    if not isinstance(rows, pa.Table):
        named = {column for row in rows for column in row}
        assert named <= columns.keys(), f"{name} has no {sorted(named - columns.keys())}"
        rows = pa.table({column: [row.get(column) for row in rows] for column in columns if column in named})
    if not rows.num_rows:
        return
    housekeeping = {"source": "'test'", "load_id": str(load_id)}
    values = {}
    for column in columns.values():
        default = column.default or housekeeping.get(column.name, "NULL")
        given = f'"{column.name}"::{column.kind.sql}'
        value = f"coalesce({given}, {default})" if column.name in rows.column_names else default
        values[column.name] = f"({value})::{column.kind.sql}"
    listed = ", ".join(f'{value} AS "{column}"' for column, value in values.items())
    con.register("rows_to_store", rows)
    write_file(con, BY_NAME[name], f"(SELECT {listed} FROM rows_to_store)", [load_id])
    con.unregister("rows_to_store")
    create_views(con, BY_NAME[name])


def order(
    order_id: object, customer: str | None, day: str | date, amount: object = "10.00", **more: Any
) -> dict[str, Any]:
    """A counted order at noon UTC of the day, or at the given time."""
    at = datetime.fromisoformat(str(day) if "T" in str(day) else f"{day}T12:00:00")
    return {
        "order_id": str(order_id), "customer_id": customer, "ordered_at": at, "currency": "GBP",
        "gross": Decimal(str(amount)), **more,
    }  # fmt: skip


def shop_of_example(example: Example) -> TestShop:
    """The shop that an example describes."""
    made = shop(replace(SETTINGS, **example.settings), **filled(example, SETTINGS.calendar))
    predict(made.con, [one for one in example.predicted if isinstance(one, Prediction)])
    renew(made.con, [one for one in example.predicted if isinstance(one, Renewals)])
    return made


def renew(con: duckdb.DuckDBPyConnection, said: Sequence[Renewals]) -> None:
    """Write forecasts of subscriptions down that say this."""
    for day in sorted({one.as_of for one in said}):
        con.execute(
            "INSERT INTO facts.subscription_forecasts SELECT $day::DATE, TIMESTAMP '2024-01-01', 365, 0, 'GBP', 'profit', 0.4, '',"
            " '[]', '[]', 0, '{}', '[]', NULL, '{}'",
            {"day": day},
        )
    for number, one in enumerate(said):
        con.execute(
            """INSERT INTO facts.subscription_predictions BY NAME
            SELECT $as_of::DATE AS as_of, 'test' AS source, $subscription AS subscription_id, NULL AS person,
                $number::INTEGER AS bucket, $subscription AS plan, 1 AS renewed, 40 AS age, 20 AS due,
                1 AS probability_alive, 1 AS probability_purchase_30d,
                1 AS probability_purchase_90d, 1 AS probability_purchase_365d, 5 AS purchases, 1 AS purchases_low,
                9 AS purchases_high,
                $revenue::DECIMAL(18,4) AS revenue, $profit::DECIMAL(18,4) AS profit, 1 AS probability_purchase_90d_at_last""",
            {**vars(one), "number": number % 32},
        )


def predict(con: duckdb.DuckDBPyConnection, said: Sequence[Prediction]) -> None:
    """Write forecasts down that say this; what happened before comes from the customers' orders."""
    for day in sorted({one.as_of for one in said}):
        con.execute(
            "INSERT INTO facts.forecasts SELECT $day::DATE, TIMESTAMP '2024-01-01', 'pareto', '', 'converged', '', '{}', '{}',"
            " 0, 0, 365, 0, 'GBP', 'profit', 0.5, '', '{}', 100, 0, 0, '{}', NULL, NULL, '{}'",
            {"day": day},
        )
    for one in said:
        con.execute(
            """INSERT INTO facts.predictions BY NAME
            SELECT $as_of::DATE AS as_of, person, any_value(bucket) AS bucket, any_value(first_country) AS first_country,
                any_value(first_channel) AS first_channel, any_value(first_coupon) AS first_coupon,
                any_value(first_product) AS first_product, $frequency AS frequency,
                max(day) - min(day) AS recency, ($as_of::DATE - DATE '1970-01-01') - min(day) AS age,
                sum(net_revenue) AS revenue_to_date, sum(profit) AS profit_to_date, 1 AS probability_alive,
                $probability_purchase_90d AS probability_purchase_30d,
                $probability_purchase_90d AS probability_purchase_90d,
                $probability_purchase_90d AS probability_purchase_365d, $probability_purchase_90d AS purchases,
                0 AS purchases_low, 1 AS purchases_high, 1 AS spend, $revenue::DECIMAL(18,4) AS revenue,
                $profit::DECIMAL(18,4) AS profit, 0 AS value_low, 1 AS value_high,
                $revenue_at_risk::DECIMAL(18,4) AS revenue_at_risk,
                $profit_at_risk::DECIMAL(18,4) AS profit_at_risk, 0 AS value_year, NULL AS median_days, 0.5 AS overdue,
                $probability_purchase_90d_at_last AS probability_purchase_90d_at_last
            FROM facts.orders SEMI JOIN (FROM main.orders WHERE customer_id = $customer) USING (source, order_id)
            WHERE day <= ($as_of::DATE - DATE '1970-01-01') GROUP BY person""",
            vars(one),
        )
