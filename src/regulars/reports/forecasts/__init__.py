"""Charts of a forecast: backtest, inactivity, and distribution of the expected value."""
