"""What backtest periods tell of a forecast made now: the range of a total."""
