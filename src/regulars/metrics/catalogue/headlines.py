"""The metrics shown first."""

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
"""Names in display order. A name that is not in the catalogue yet is ignored."""
