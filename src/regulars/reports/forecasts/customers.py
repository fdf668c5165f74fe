"""Aggregates of a forecast's predictions per customer, for its charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from regulars.warehouse.engine import Engine
from regulars.warehouse.forecasts import value
from regulars.warehouse.portable import divided

PARTS = 10
_RETURNS = (4, 3, 2, 1)
_TYPICAL = 20
"""Least number of customers with equally many purchases for quartiles of their paces."""


@dataclass(frozen=True)
class Part:
    """A group of customers and their expected value within the forecast's horizon, in the shop's currency."""

    number: int
    customers: int
    value: float


@dataclass(frozen=True)
class Paces:
    """Quartiles of days between purchases of customers with `returns` repeat purchases.

    Attributes:
        returns: Number of repeat purchases.
        quick: First quartile, in days.
        slow: Third quartile, in days.
    """

    returns: int
    quick: float
    slow: float


@dataclass(frozen=True)
class Customers:
    """Aggregates of all customers of a forecast."""

    tenths: tuple[Part, ...]
    """Groups of equal size, from the most valuable, number 1, to the least valuable."""
    chances: tuple[Part, ...]
    """Groups by purchase probability within 90 days: 0 is below 10 %, 9 from 90 %. Empty groups are missing."""
    paces: Paces | None
    """None if too few customers bought again."""


def customers(engine: Engine, as_of: date) -> Customers:
    """Return the aggregates of the predictions as of a day."""
    predictions = engine.fact("predictions")
    predictions = predictions.filter(predictions.as_of == ibis.literal(as_of.isoformat(), type="date"))
    predictions = predictions.mutate(value=value(predictions))
    ranked = predictions.mutate(
        number=ibis.ntile(PARTS).over(order_by=[predictions.value.desc(), predictions.person]) + 1
    )
    chances = predictions.mutate(
        number=(predictions.probability_purchase_90d.cast("float64") * PARTS).floor().cast("int64")
    )
    chances = chances.mutate(number=ibis.least(chances.number, PARTS - 1))
    return Customers(_parts(engine, ranked), _parts(engine, chances), _paces(engine, predictions))


def _parts(engine: Engine, rows: ir.Table) -> tuple[Part, ...]:
    totals = rows.group_by("number").agg(customers=rows.count(), value=rows.value.sum().cast("float64"))
    return tuple(Part(**row) for row in engine.read(totals.order_by("number")).to_pylist())


def _paces(engine: Engine, predictions: ir.Table) -> Paces | None:
    back = predictions.filter(predictions.frequency.isin(_RETURNS))
    back = back.mutate(gap=divided(back.recency, back.frequency))
    quartiles = back.group_by("frequency").agg(
        n=back.count(), quick=back.gap.quantile(0.25), slow=back.gap.quantile(0.75)
    )
    for row in engine.read(quartiles.order_by(ibis.desc("frequency"))).to_pylist():
        if row["n"] >= _TYPICAL:
            return Paces(row["frequency"], row["quick"], row["slow"])
    return None
