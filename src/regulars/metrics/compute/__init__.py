"""Computation of queries: query plan, sums by bucket, quantiles, cohort grids, estimates."""
