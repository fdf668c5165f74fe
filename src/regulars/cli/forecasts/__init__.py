"""Forecasts for people and as records: what one comes to, how far to trust it, whom it says to write to."""
