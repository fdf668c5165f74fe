"""The forecast of purchases: from a shop's orders to predictions per customer. Orders stay in the engine; only counts
of equal histories leave it.

data_requirements.py  whether there are enough data
histories.py          each customer's frequency, recency and age, and counts of equal histories
monetary_value.py     expected value of a purchase, outliers capped, profit where it is known
backtest.py           forecasts of past periods, and their scores
model_selection.py    which model, and whether with seasons
baselines.py          logistic regression and gradient boosting on the same backtest periods
scoring.py            predictions for each history, joined to the customers
totals.py             sums over all customers
total_errors.py       standard deviations of totals, and their errors in backtest periods
result.py             the stored forecast
pipeline.py           all steps, in order
"""
