"""What the pictures of a forecast need to know of its customers: a few rows, summed up where the predictions lie."""

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
"""So many customers with equally many purchases show how unlike their paces are."""


@dataclass(frozen=True)
class Part:
    """Some of the customers, and what is expected of them: value within the forecast's horizon, in the shop's currency."""

    number: int
    customers: int
    value: float


@dataclass(frozen=True)
class Paces:
    """Customers who came back `returns` times: one in four did so every `quick` days or faster, one in four every `slow`
    days or slower.
    """

    returns: int
    quick: float
    slow: float


@dataclass(frozen=True)
class Customers:
    """What is known of all customers of a forecast."""

    tenths: tuple[Part, ...]
    """Of equal size, from the most valuable, number 1, to the least."""
    chances: tuple[Part, ...]
    """By the chance to buy within 90 days: number 0 are those below 10 %, number 9 those of 90 % and more. Some may be missing."""
    paces: Paces | None
    """None where too few came back."""


def customers(engine: Engine, as_of: date) -> Customers:
    """Sum up the predictions made as of a day."""
    said = engine.fact("predictions")
    said = said.filter(said.as_of == ibis.literal(as_of.isoformat(), type="date"))
    said = said.mutate(value=value(said))
    ranked = said.mutate(number=ibis.ntile(PARTS).over(order_by=[said.value.desc(), said.person]) + 1)
    chances = said.mutate(number=(said.probability_purchase_90d.cast("float64") * PARTS).floor().cast("int64"))
    chances = chances.mutate(number=ibis.least(chances.number, PARTS - 1))
    return Customers(_parts(engine, ranked), _parts(engine, chances), _paces(engine, said))


def _parts(engine: Engine, rows: ir.Table) -> tuple[Part, ...]:
    found = rows.group_by("number").agg(customers=rows.count(), value=rows.value.sum().cast("float64"))
    return tuple(Part(**row) for row in engine.read(found.order_by("number")).to_pylist())


def _paces(engine: Engine, said: ir.Table) -> Paces | None:
    back = said.filter(said.frequency.isin(_RETURNS))
    back = back.mutate(gap=divided(back.recency, back.frequency))
    found = back.group_by("frequency").agg(n=back.count(), quick=back.gap.quantile(0.25), slow=back.gap.quantile(0.75))
    for row in engine.read(found.order_by(ibis.desc("frequency"))).to_pylist():
        if row["n"] >= _TYPICAL:
            return Paces(row["frequency"], row["quick"], row["slow"])
    return None
