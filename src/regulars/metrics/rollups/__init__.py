"""Rollups: stored aggregates of every measure of the catalogue by period, split and bucket, so that a question reads no order."""
