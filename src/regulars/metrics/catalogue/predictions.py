"""Sums and rates of the stored forecasts: expected purchases, renewals and value."""

from __future__ import annotations

from dataclasses import replace

from regulars.metrics.deferred import _
from regulars.metrics.examples import Example, Order, Prediction, Renewals
from regulars.metrics.measures import PREDICTIONS, PREDICTIONS_BY_FIRST_ORDER, SPEND, SUBSCRIPTIONS, Sum, within
from regulars.metrics.shapes import Metric, Nature, Quotient, Ratio, Total
from regulars.vocabulary.units import Better, Unit

_LATEST = _.next_day.isnull() | (_.next_day >= _.period_end)
"""Selects the latest forecast of each period."""
_LEAVING = _LATEST & _.at_risk
_CUSTOMERS: Sum = within(PREDICTIONS, 1, _LATEST)
_RUNNING: Sum = within(SUBSCRIPTIONS, 1, _LATEST)
_ORDERS = (
    Order("ana", "2024-01-10", "60.00", unit_cost="30.00"),
    Order("ana", "2024-02-10", "40.00", unit_cost="20.00"),
    Order("ben", "2024-01-20", "50.00", unit_cost="25.00"),
    Order("cid", "2024-02-20", "30.00", unit_cost="15.00"),
)
# Of March the later forecast counts; ana is a third as likely to buy as she was, ben came once only.
_PREDICTIONS = (
    Prediction("ana", "2024-03-01", 1, 0.5, 0.6, "90.00", "45.00", "10.00", "4.00"),
    Prediction("ana", "2024-03-31", 1, 0.2, 0.6, "60.00", "30.00", "25.00", "10.00"),
    Prediction("ben", "2024-03-31", 0, 0.1, 0.3, "10.00", "5.00", "20.00", "8.00"),
    Prediction("cid", "2024-03-31", 1, 0.5, 0.6, "50.00", "25.00", "5.00", "2.00"),
)
_NO_ERROR = (
    "The interval says how much customers differ, not how far off the forecast may be: regulars forecast --report does."
)
_AHEAD = (
    "Over 12 months, later purchases discounted by 10 % a year, unless the forecast was made otherwise: regulars forecast"
    " --horizon --rate. "
)
_RENEWALS = (
    Renewals("box", "2024-03-10", "500.00", "200.00"),
    Renewals("box", "2024-03-31", "120.00", "48.00"),
    Renewals("club", "2024-03-31", "80.00", "32.00"),
)


def _example(value: float, period: str = "2024-03", spend: tuple[tuple[str, str], ...] = ()) -> Example:
    return Example(_ORDERS, period, value, predicted=_PREDICTIONS, spend=spend)


_VALUE = Ratio(
    name="predicted_lifetime_value",
    title="Predicted lifetime value",
    question="What will a customer bring from now on?",
    formula="discounted net revenue that the period's latest forecast expects / customers forecast",
    fact=PREDICTIONS,
    of=_.revenue,
    where=_LATEST,
    customers=_CUSTOMERS,
    group="predicted_lifetime_value",
    nature=Nature.MOVING,
    unit=Unit.MONEY,
    better=Better.HIGHER,
    caveat=_AHEAD + _NO_ERROR,
    variants=("predicted_lifetime_value_profit",),
    example=_example(40),
)
_AT_RISK = Total(
    name="value_at_risk",
    title="Value at risk",
    question="What would the customers about to be lost have brought within a year, had they stayed?",
    formula="of customers at risk, the net revenue expected of them within 12 months were it sure that they are customers"
    " still, less that forecast",
    fact=PREDICTIONS,
    of=_.revenue_at_risk,
    where=_LEAVING,
    customers=_CUSTOMERS,
    group="value_at_risk",
    nature=Nature.MOVING,
    unit=Unit.MONEY,
    better=Better.LOWER,
    caveat="0 where the model has nobody leave (nbd).",
    variants=("value_at_risk_profit", "customers_at_risk"),
    example=_example(25),
)
_TO_COST = Quotient(
    name="lifetime_value_to_acquisition_cost",
    title="Lifetime value to acquisition cost",
    question="How many times what it cost to win them do new customers bring, so far and from now on?",
    formula="(net revenue to date + expected by the latest forecast) of customers whose first order lies in the period"
    " / spend of the period",
    of=within(PREDICTIONS_BY_FIRST_ORDER, _.revenue_to_date + _.revenue),
    per=within(SPEND, _.amount, complete=True),
    customers=within(PREDICTIONS_BY_FIRST_ORDER),
    group="lifetime_value_to_acquisition_cost",
    nature=Nature.MOVING,
    unit=Unit.TIMES,
    better=Better.HIGHER,
    caveat="To date is up to the forecast's day; every new forecast moves past periods. Spend is taken as fixed. "
    + _AHEAD.strip(),
    variants=("lifetime_value_to_acquisition_cost_profit",),
    example=_example(11, "2024-01", (("2024-01-05", "20.00"),)),
)
_SUBSCRIPTION_VALUE = Ratio(
    name="subscription_predicted_lifetime_value",
    title="Predicted lifetime value of subscriptions",
    question="What will a running subscription bring from now on?",
    formula="discounted net revenue of renewals that the period's latest forecast expects / subscriptions forecast",
    fact=SUBSCRIPTIONS,
    of=_.revenue,
    where=_LATEST,
    complete=True,
    customers=_RUNNING,
    group="subscription_predicted_lifetime_value",
    nature=Nature.MOVING,
    unit=Unit.MONEY,
    better=Better.HIGHER,
    caveat=_AHEAD + "What is paid already is no part of it. Do not add it to predicted_lifetime_value, which knows"
    " subscribers as customers. " + _NO_ERROR,
    variants=("subscription_predicted_lifetime_value_profit",),
    example=Example(_ORDERS, "2024-03", 100, predicted=_RENEWALS),
)

AHEAD: tuple[Metric, ...] = (
    _VALUE,
    replace(
        _VALUE,
        name="predicted_lifetime_value_profit",
        title="Predicted lifetime profit",
        question="What will a customer leave after costs from now on?",
        formula="discounted profit that the period's latest forecast expects / customers forecast",
        of=_.profit,
        complete=True,
        caveat=_AHEAD + "Unknown (null) where the profit of an order was when the forecast was made. " + _NO_ERROR,
        variants=("predicted_lifetime_value",),
        example=_example(20),
    ),
    Total(
        name="customers_at_risk",
        title="Customers at risk",
        question="How many customers are about to be lost?",
        formula="customers who bought on two days or more and whose chance to buy within 90 days is less than half of what"
        " it was at their last purchase, by the period's latest forecast",
        fact=PREDICTIONS,
        where=_LEAVING,
        customers=_CUSTOMERS,
        group="customers_at_risk",
        nature=Nature.MOVING,
        unit=Unit.COUNT,
        better=Better.LOWER,
        caveat="Several orders of one day are one purchase. Who they are: regulars drill-down customers_at_risk --period PERIOD.",
        variants=("value_at_risk",),
        example=_example(1),
    ),
    _AT_RISK,
    replace(
        _AT_RISK,
        name="value_at_risk_profit",
        title="Profit at risk",
        question="What would the customers about to be lost have left after costs within a year, had they stayed?",
        formula="of customers at risk, the profit expected of them within 12 months were it sure that they are customers still,"
        " less that forecast",
        of=_.profit_at_risk,
        complete=True,
        caveat="Unknown (null) where the profit of an order was when the forecast was made.",
        variants=("value_at_risk",),
        example=_example(10),
    ),
    _TO_COST,
    replace(
        _TO_COST,
        name="lifetime_value_to_acquisition_cost_profit",
        title="Lifetime profit to acquisition cost",
        question="How many times what it cost to win them do new customers leave after costs, so far and from now on?",
        formula="(profit to date + expected by the latest forecast) of customers whose first order lies in the period"
        " / spend of the period",
        of=within(PREDICTIONS_BY_FIRST_ORDER, _.profit_to_date + _.profit, complete=True),
        caveat="Unknown (null) where the profit of an order was when the forecast was made; else as"
        " lifetime_value_to_acquisition_cost.",
        variants=("lifetime_value_to_acquisition_cost",),
        example=_example(5.5, "2024-01", (("2024-01-05", "20.00"),)),
    ),
    _SUBSCRIPTION_VALUE,
    replace(
        _SUBSCRIPTION_VALUE,
        name="subscription_predicted_lifetime_value_profit",
        title="Predicted lifetime profit of subscriptions",
        question="What will a running subscription leave after costs from now on?",
        formula="discounted profit of renewals that the period's latest forecast expects / subscriptions forecast",
        of=_.profit,
        caveat="Unknown (null) where the profit of an order was when the forecast was made; else as"
        " subscription_predicted_lifetime_value.",
        variants=("subscription_predicted_lifetime_value",),
        example=Example(_ORDERS, "2024-03", 40, predicted=_RENEWALS),
    ),
)  # fmt: skip
