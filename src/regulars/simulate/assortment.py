"""Products of the simulated shop: prices, costs, popularity and return rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.clock import Floats, Integers
from regulars.simulate.shape import ShopShape

_BAND = 20
_SEED = 20

# Name, category, factor of the return rate, cost as a share of the price without tax.
_THINGS = (
    ("mug", "Kitchen", 0.5, 0.34),
    ("teapot", "Kitchen", 0.7, 0.36),
    ("apron", "Kitchen", 0.9, 0.40),
    ("chopping board", "Kitchen", 0.4, 0.42),
    ("notebook", "Paper", 0.3, 0.28),
    ("calendar", "Paper", 0.3, 0.30),
    ("jumper", "Clothes", 2.6, 0.45),
    ("shirt", "Clothes", 2.8, 0.44),
    ("scarf", "Clothes", 1.4, 0.38),
    ("socks", "Clothes", 0.9, 0.35),
    ("blanket", "Home", 0.8, 0.46),
    ("candle", "Home", 0.3, 0.26),
    ("lamp", "Home", 1.2, 0.50),
    ("cushion", "Home", 0.9, 0.41),
    ("watering can", "Garden", 0.5, 0.47),
    ("seed box", "Garden", 0.2, 0.25),
)
_LOOKS = ("Linen", "Oak", "Classic", "Striped", "Little", "Hand-made", "Country", "Harbour", "Café", '12" round')
_COLOURS = ("", ", blue", ", red", ", moss green", ", natural")
_BRANDS = ("Hill & Daughters", "Northlight", "Field, Wood & Co", "Ørsted Studio")


@dataclass(frozen=True)
class Catalogue:
    """Products, sorted by price. Prices and costs are in hundredths of the currency."""

    product_ids: list[str]
    names: list[str]
    categories: list[str]
    brands: list[str]
    prices: Integers
    costs: Integers
    """Cost of one unit."""
    returned: Floats
    """Probability that a line of the product is returned."""
    _edges: Floats
    _popularity: list[Floats]
    _starts: Integers

    @property
    def size(self) -> int:
        """Number of products."""
        return len(self.product_ids)

    def choose(self, worth: Floats, uniform: Floats) -> NDArray[np.int64]:
        """Choose a product for each line.

        Args:
            worth: Target price of each line, in units of the currency.
            uniform: Random numbers in [0, 1), one per line.

        Returns:
            Index of the product: one of about that price, by popularity (Zipf).
        """
        band = np.searchsorted(self._edges, worth)
        chosen = np.empty(len(worth), np.int64)
        for number, popularity in enumerate(self._popularity):
            lines = np.flatnonzero(band == number)
            chosen[lines] = self._starts[number] + np.searchsorted(popularity, uniform[lines], side="right")
        return chosen


def make_catalogue(shape: ShopShape) -> Catalogue:
    """Return the products of a shop of this shape, with log-normal prices around the median value of a line.

    They depend on the shape and not on the seed: two shops of one shape have the same products.
    """
    generator = np.random.Generator(np.random.PCG64(_SEED))
    size = shape.products
    spread = float(np.hypot(shape.customer_spread, shape.line_spread))
    middles = (np.arange(size) + 0.5) / size
    # The logistic quantile, scaled by 1.702, approximates the normal one and needs no scipy.
    wanted = shape.line_value * np.exp(spread * np.log(middles / (1 - middles)) / 1.702)
    prices = np.maximum(np.round(wanted * 2) * 50 - generator.integers(0, 2, size), 150).astype(np.int64)
    prices.sort()
    things = generator.integers(0, len(_THINGS), size)
    looks = generator.integers(0, len(_LOOKS), size)
    colours = generator.integers(0, len(_COLOURS), size)
    before_tax = prices / (1 + shape.tax_rate / 100 if shape.tax_included else 1.0)
    starts = np.arange(0, size, _BAND)
    return Catalogue(
        product_ids=[f"{_THINGS[t][0][:3].upper()}-{number:04d}" for number, t in enumerate(things, 1)],
        names=[
            f"{_LOOKS[k]} {_THINGS[t][0]}{_COLOURS[c]} No. {number}"
            for number, (t, k, c) in enumerate(zip(things, looks, colours, strict=True), 1)
        ],
        categories=[_THINGS[t][1] for t in things],
        brands=[_BRANDS[k] for k in generator.integers(0, len(_BRANDS), size)],
        prices=prices,
        costs=np.round(before_tax * np.array([_THINGS[t][3] for t in things])).astype(np.int64),
        returned=np.clip(
            shape.returned * np.array([_THINGS[t][2] for t in things]) * generator.uniform(0.6, 1.4, size), 0.0, 0.9
        ),
        _edges=np.sqrt(prices[starts[1:] - 1] * prices[starts[1:]]) / 100,
        _popularity=[_zipf(len(prices[start : start + _BAND]), generator) for start in starts],
        _starts=starts,
    )


def _zipf(size: int, generator: np.random.Generator) -> Floats:
    """Return cumulative shares of `size` products in random order: the n-th most popular is sold 1/n as often as the first."""
    weights = 1 / generator.permutation(np.arange(1, size + 1))
    share = np.cumsum(weights) / weights.sum()
    share[-1] = 1.0
    return np.asarray(share)
