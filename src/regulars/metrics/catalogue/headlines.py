"""The metrics that a shop reads first."""

from __future__ import annotations

HEADLINES: tuple[str, ...] = (
    "net_revenue",
    "orders",
    "new_customers",
    "customer_churn_rate",
    "returning_customer_rate",
    "average_order_value",
    "customer_acquisition_cost",
    "conversion_rate",
    "cart_abandonment_rate",
    "product_return_rate",
    "net_promoter_score",
    "customer_satisfaction_score",
    "customer_effort_score",
    "first_response_time",
    "first_contact_resolution_rate",
    "call_abandonment_rate",
)
"""Names, in the order in which a shop reads them. A name may precede its metric: it counts from when the catalogue has it."""
