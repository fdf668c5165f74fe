"""Models of purchases, spend and subscription renewals, and the forecasts of a shop that they give.

>>> from regulars import forecast
>>> fitted = forecast.fit(summary, model="bg")  # a table with columns frequency, recency and T, in any unit of time
>>> fitted.estimate.parameters, fitted.estimate.status
>>> fitted.expected_purchases(summary, horizon=90)
"""

from regulars.forecast.estimate import Estimate
from regulars.forecast.models.gamma_gamma import SpendForecast, fit_spend
from regulars.forecast.models.purchase_fit import PurchaseForecast, fit
from regulars.forecast.models.sbg import SubscriptionForecast, fit_subscriptions
from regulars.forecast.newton import Status
from regulars.forecast.rfm import RFMSummary

__all__ = [
    "Estimate",
    "PurchaseForecast",
    "RFMSummary",
    "SpendForecast",
    "Status",
    "SubscriptionForecast",
    "fit",
    "fit_spend",
    "fit_subscriptions",
]
