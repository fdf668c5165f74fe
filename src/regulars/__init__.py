"""Regulars tells an online shop how its customers are doing."""

__version__ = "0.1.0"
