"""Customers' pasts with known truth: drawn as each model says customers behave, purchase by purchase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.measuring import Place, Stopwatch

Array = npt.NDArray[np.float64]

TRUTH: dict[str, dict[str, float]] = {
    "bg": {"r": 0.25, "alpha": 31.0, "a": 0.8, "b": 2.4},
    "mbg": {"r": 0.5, "alpha": 43.0, "a": 0.9, "b": 1.6},
    "pareto": {"r": 0.55, "alpha": 74.0, "s": 0.6, "beta": 82.0},
    "gamma_gamma": {"p": 6.25, "q": 3.75, "v": 15.5},
}
"""Near what the CDNOW sample gives, times in days, so that the pasts are those of a real shop."""
LAWS = ("bg", "mbg", "pareto")
NAMES = {"bg": "BG/NBD", "mbg": "MBG/NBD", "pareto": "Pareto/NBD", "gamma_gamma": "Gamma-Gamma"}
LONGEST = 730
"""Days: the first purchases came evenly over the last two years."""
_MARGIN = 0.4
_SEED = 17
_BLOCK = 1_000_000


def name_of(law: str) -> str:
    """The file of the pasts that this model drew."""
    return f"pasts_{law}.parquet"


def make(place: Place, watch: Stopwatch, customers: int) -> None:
    """Write a file for each of LAWS, a row per customer with the columns of `regulars.forecast.purchases.histories`.

    Recency is rounded to whole days, and of who came back at
    least one; purchases of one day count each, so that the truth stays what it is.
    """
    place.data("").mkdir(parents=True, exist_ok=True)
    with watch.timing():
        for number, law in enumerate(LAWS):
            chance = np.random.default_rng((_SEED, number, customers))
            blocks = _blocks(chance, law, customers)
            first = next(blocks)
            with pq.ParquetWriter(place.data(name_of(law)), first.schema) as writer:
                writer.write_table(first)
                for block in blocks:
                    writer.write_table(block)


def _blocks(chance: np.random.Generator, law: str, customers: int) -> Iterator[pa.Table]:
    for start in range(0, customers, _BLOCK):
        size = min(_BLOCK, customers - start)
        x, t_x, age = draw(chance, TRUTH[law], size, first_too=law == "mbg")
        person = chance.integers(0, 2**60, size)
        paid = x + 1
        spent = _spent(chance, TRUTH["gamma_gamma"], paid)
        yield pa.table(
            {
                "person": person,
                "bucket": (person % 32).astype(np.int32),
                "frequency": x.astype(np.int32),
                "recency": t_x.astype(np.int32),
                "age": age.astype(np.int32),
                "paid": paid.astype(np.int32),
                "spent": _money(spent),
                "revenue_to_date": _money(spent),
                "profit_to_date": _money(np.rint(100 * _MARGIN * spent) / 100),
            }
        )


def draw(
    chance: np.random.Generator, truth: Mapping[str, float], number: int, *, first_too: bool
) -> tuple[Array, Array, Array]:
    """Frequency, recency and age in whole days. With a and b they may leave after purchases, the first too if so said."""
    age = chance.integers(1, LONGEST + 1, number).astype(float)
    rate = chance.gamma(truth["r"], 1 / truth["alpha"], number)
    leaving = chance.beta(truth["a"], truth["b"], number) if "a" in truth else None
    end = np.full(number, np.inf)
    if leaving is None:
        end = chance.exponential(1 / chance.gamma(truth["s"], 1 / truth["beta"], number))
    elif first_too:
        end[chance.random(number) < leaving] = 0.0
    x, t_x, now = np.zeros(number), np.zeros(number), np.zeros(number)
    active = np.arange(number)
    while len(active):
        now[active] += chance.exponential(1 / np.maximum(rate[active], 1e-300))
        active = active[now[active] <= np.minimum(end, age)[active]]
        x[active] += 1
        t_x[active] = now[active]
        if leaving is not None:
            active = active[chance.random(len(active)) >= leaving[active]]
    return x, np.where(x > 0, np.clip(np.rint(t_x), 1, age), 0.0), age


def _money(amounts: Array) -> pa.Array:
    return pc.cast(pa.array(amounts), pa.decimal128(18, 4))


def _spent(chance: np.random.Generator, truth: Mapping[str, float], paid: Array) -> Array:
    """What all their orders were worth, to the hundredth: the sum of gamma variables of one scale is one, too."""
    scale = 1 / chance.gamma(truth["q"], 1 / truth["v"], len(paid))
    found: Array = np.maximum(np.rint(100 * chance.gamma(truth["p"] * paid) * scale), 1) / 100
    return found
