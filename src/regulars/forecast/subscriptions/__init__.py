"""A shop's subscriptions, forecast: who will renew, how often, and what that brings. Only cells leave the engine.

renewal_days.py     when subscriptions renew, on the calendar
renewal_history.py  each subscription's past as of a day, and equal pasts counted once
fitting.py          the model of each plan, where it can carry one, and why it cannot
renewal_value.py    what a renewal brings, from the subscribers' orders
scoring.py          what the model says of each running subscription
backtest.py         how well forecasts made in the past would have done, cohort by cohort
totals.py           what that comes to
result.py           how a forecast is stored, and whether it is still up to date
actuals.py          forecasts that were kept, beside the actuals
pipeline.py         all steps, in order
"""
