"""What forecasting costs, by number of customers: cells, fits, scores, beside lifetimes and pymc-marketing."""
