"""Who will come back, who is leaving, what they will be worth: models of purchases, of spend and of subscriptions.

>>> from regulars import forecast
>>> fitted = forecast.fit(summary, model="bg")  # a table with columns frequency, recency and T, in any unit of time
>>> fitted.estimate.parameters, fitted.estimate.status
>>> fitted.expected_purchases(summary, horizon=90)
"""

from regulars.forecast.estimate import Estimate
from regulars.forecast.models.purchase_fit import PurchaseForecast, fit
from regulars.forecast.models.renewal_fit import SubscriptionForecast, fit_subscriptions
from regulars.forecast.models.spend_fit import SpendForecast, fit_spend
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
