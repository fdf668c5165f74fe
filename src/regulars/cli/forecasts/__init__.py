"""Forecasts for people and as records: what one comes to, and how far to trust it."""
