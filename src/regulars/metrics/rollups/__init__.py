"""Rollups: stored aggregates of every measure of the catalogue by period, split and bucket."""
