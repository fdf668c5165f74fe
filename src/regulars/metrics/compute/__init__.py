"""How a question becomes numbers: relations, sums by bucket, sets, quantiles, grids, estimates."""
