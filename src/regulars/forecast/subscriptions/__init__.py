"""A shop's subscriptions, forecast: who will renew, how often, and what that brings. Only cells leave the engine.

days.py        when subscriptions renew, on the calendar
lives.py       each subscription's past as of a day, and equal pasts counted once
fitting.py     the model of each plan, where it can carry one, and why it cannot
bringing.py    what a renewal brings, from the subscribers' orders
scoring.py     what the model says of each running subscription
backtest.py    how well forecasts made in the past would have done, cohort by cohort
totals.py      what that comes to
books.py       where forecasts are written down, and whether they are still up to date
hindsight.py   what came of those that were kept
making.py      all of it, in order
"""
