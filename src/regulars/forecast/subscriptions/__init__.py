"""The forecast of subscriptions: renewals and what they bring. Only counts of equal histories leave the engine.

renewal_days.py     dates of renewals
renewal_history.py  each subscription's renewals so far, and counts of equal histories
fitting.py          the model of each plan, or why it has none
renewal_value.py    revenue of a renewal, from the subscribers' orders
scoring.py          predictions for each running subscription
backtest.py         forecasts of past periods by cohort, and their errors
totals.py           sums over all subscriptions, and by plan
result.py           the stored forecast
pipeline.py         all steps, in order
"""
