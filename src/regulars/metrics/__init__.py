"""Metrics: their shapes, the catalogue by theme, and the computation of queries."""
