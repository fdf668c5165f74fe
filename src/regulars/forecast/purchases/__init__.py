"""A shop's forecast: from its orders to what to expect of each customer. Orders stay in the engine; only cells leave it.

gates.py      whether the data can carry a forecast at all
histories.py  each customer's past as of a day, and equal pasts counted once
spending.py   what a purchase day is worth: outliers capped, profit where it is known
backtest.py   how well forecasts made in the past would have done
choosing.py   which model
taking.py     whether on the clock of the shop's own seasons
learning/     what machine learning would have made of the same past
scoring.py    what the model says of each cell, joined to the customers
accuracy/     how far totals may lie from what is expected
totals.py     what that comes to
books.py      where forecasts are written down, and whether they are still up to date
hindsight.py  what came of those that were kept
making.py     all of it, in order
"""
