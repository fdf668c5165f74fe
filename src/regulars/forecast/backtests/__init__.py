"""What backtest periods tell of a forecast made now: the range of a total, and what machine learning makes of the same days."""
