"""Seasons: a clock of the shop's own, on which the models of purchases are the same.

A factor common to all customers is exactly a change of clock: in December, say, 1.8 days pass for each day of the calendar. So
time is measured as the sum of 12 factors, one for each month of the year, and horizons by the length they have on that clock.

seasonal_time.py    days of the calendar, and days of that clock
factors.py  the 12 factors, from the purchases that came and those the plain model expects
"""
