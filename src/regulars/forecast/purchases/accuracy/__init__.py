"""How far totals may lie from what is expected of them: what their ranges are made of.

chance.py         standard deviations by the models: customers are independent
period_errors.py  how far off the same totals were in backtest periods
"""
