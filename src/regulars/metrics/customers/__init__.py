"""Customers behind a value, and segments of customers."""
