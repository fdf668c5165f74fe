"""What machine learning makes of the same customers and backtest periods: what models of purchases are measured against."""
