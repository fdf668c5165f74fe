"""Simulated shops with known true values, drawn at random and written as the files that a real shop exports."""

from __future__ import annotations

from regulars.simulate.files.atomic_folder import holds_simulated_shop, simulated_files
from regulars.simulate.files.canonical_files import write_canonical
from regulars.simulate.files.shopify import write_shopify
from regulars.simulate.shape import CHANNELS, MARKETPLACE_EMAIL, Channel, ShopShape, small_shops
from regulars.simulate.simulated_shop import TABLES, SimulatedShop, simulate
from regulars.simulate.truth import expected_values, true_values

__all__ = [
    "CHANNELS",
    "MARKETPLACE_EMAIL",
    "TABLES",
    "Channel",
    "ShopShape",
    "SimulatedShop",
    "expected_values",
    "holds_simulated_shop",
    "simulate",
    "simulated_files",
    "small_shops",
    "true_values",
    "write_canonical",
    "write_shopify",
]
