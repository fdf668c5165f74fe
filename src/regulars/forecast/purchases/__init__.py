"""A shop's forecast: from its orders to what to expect of each customer. Orders stay in the engine; only cells leave it.

data_requirements.py  whether the data can carry a forecast at all
histories.py          each customer's past as of a day, and equal pasts counted once
monetary_value.py     what a purchase day is worth: outliers capped, profit where it is known
backtest.py           how well forecasts made in the past would have done
model_selection.py    which model
season_selection.py   whether with the shop's own seasons
learning/             what machine learning would have made of the same past
scoring.py            what the model says of each cell, joined to the customers
accuracy/             how far totals may lie from what is expected
totals.py             what that comes to
result.py             how a forecast is stored, and whether it is still up to date
actuals.py            forecasts that were kept, beside the actuals
pipeline.py           all steps, in order
"""
