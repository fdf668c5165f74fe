"""The field's everyday words for columns and metrics, by the name that Regulars gives them.

The likeliest phrase stands first. Every column and metric is also known by its own words.
"""

from __future__ import annotations

from regulars.vocabulary.spelling import words_of

COLUMNS: dict[str, tuple[str, ...]] = {
    "order_id": (
        "order", "order number", "order no", "order nr", "order name", "order reference", "sales record number", "invoice",
        "invoice no", "invoice number", "receipt id", "receipt number", "transaction id", "increment id", "purchase id",
    ),
    "customer_id": (
        "customer no", "customer number", "customer unique id", "client id", "client", "buyer id", "buyer user id",
        "user id", "uid", "shopper id", "member id", "account id", "contact id",
    ),
    "email": (
        "email", "e mail", "mail", "email address", "e mail address", "customer email", "buyer email", "buyer e mail",
        "billing email", "contact email", "email billing", "from email address",
    ),
    "phone": (
        "telephone", "mobile", "mobile number", "phone number", "phone no", "cell", "cell phone", "customer phone",
        "buyer phone", "billing phone", "phone billing", "contact phone",
    ),
    "name": ("full name", "customer name", "buyer name", "client name", "product name", "item name", "item title", "title"),
    "country": (
        "country code", "country region", "billing country", "shipping country", "ship country", "ship to country",
        "buyer country", "country code billing", "delivery country",
    ),
    "city": ("town", "town city", "billing city", "shipping city", "ship city", "buyer city"),
    "language": ("locale", "lang"),
    "joined_at": (
        "customer since", "sign up", "sign up date", "signup date", "registered", "registered at", "registration date",
        "member since", "account created", "created at", "first seen",
    ),
    "tags": ("labels", "tag"),
    "ordered_at": (
        "order date", "order time", "order date time", "order created", "order created at", "order timestamp", "date",
        "datetime", "date time", "purchase date", "purchased at", "purchase timestamp", "order purchase timestamp",
        "placed at", "placed on", "sale date", "sales date", "sold at", "transaction date", "invoice date", "buy ts",
        "bought at", "created", "created at", "creation date", "created date", "timestamp", "time", "day",
    ),
    "gross": (
        "total", "amount", "order total", "order amount", "order value", "amount total", "total amount", "total price",
        "total sales", "total paid", "total collected", "grand total", "grand total base", "grand total purchased",
        "gross sales", "gross amount", "net sales", "subtotal", "subtotal price", "revenue", "sales", "turnover", "price",
        "value", "paid", "sold for", "payment value",
    ),
    "currency": ("currency code", "order currency", "order currency code"),
    "discount": ("discounts", "discount amount", "total discount", "discount total", "rebate", "coupon amount"),
    "coupon": (
        "coupon code", "coupons", "discount code", "discount codes", "voucher", "voucher code", "promo code", "promotion code",
    ),
    "shipping": (
        "shipping amount", "shipping price", "shipping total", "shipping charge", "shipping and handling", "freight",
        "freight value", "postage", "delivery fee", "delivery price",
    ),
    "tax": ("taxes", "tax total", "tax amount", "total tax", "vat", "vat amount", "sales tax", "gst"),
    "shipping_cost": ("carrier cost", "shipping expense"),
    "payment_fee": ("card processing fees", "processing fee", "transaction fee", "fee", "fees"),
    "cancelled_at": ("canceled at", "cancellation date", "cancelled on"),
    "channel": ("sales channel", "order channel", "purchase point", "source", "marketing channel", "utm source", "platform"),
    "campaign": ("campaign name", "utm campaign"),
    "line_id": (
        "line", "line no", "line number", "line item id", "lineitem id", "order item id", "order line id", "item no",
        "item id", "position",
    ),
    "product_id": (
        "product", "sku", "lineitem sku", "item sku", "seller sku", "article", "article no", "article number", "asin", "ean",
        "gtin", "barcode", "stock code", "item", "item number", "product code", "product no", "product number", "variant id",
    ),
    "product_name": (
        "product title", "item name", "item title", "lineitem name", "line item name", "article name", "description", "item",
    ),
    "variant": ("variation", "product variation", "variant title", "option", "options", "size", "colour", "color"),
    "category": ("product category", "product type", "department", "collection"),
    "brand": ("vendor", "manufacturer"),
    "quantity": ("qty", "lineitem quantity", "lineitem qty", "pieces", "units", "count", "items sold", "number of items"),
    "amount": (
        "line total", "line amount", "row total", "item total", "item price", "lineitem price", "extended price",
        "refund", "refund amount", "refunded amount", "amount refunded", "total refunded", "cost", "spend", "ad spend",
        "amount spent", "price",
    ),
    "unit_cost": ("cost", "cost price", "purchase price", "item cost", "cogs", "cost of goods", "cost per item"),
    "valid_from": ("since", "from", "start date"),
    "rate": ("exchange rate", "fx rate"),
    "day": ("date", "reporting starts", "calendar day"),
    "last_day": ("reporting ends", "end date", "date to"),
    "visits": ("sessions",),
    "visitors": ("unique visitors", "users", "total users"),
    "payout_id": ("payout", "payout number", "transfer id"),
    "paid_at": ("payout date", "transfer date"),
    "return_id": ("return", "return number", "refund id", "credit note", "rma", "rma number"),
    "returned_at": ("return date", "refund date", "refunded at", "date returned"),
    "reason": ("return reason", "refund reason"),
    "shipped_at": ("ship date", "date shipped", "shipped date", "dispatch date", "sent at"),
    "delivered_at": ("delivery date", "delivered date", "date delivered", "order delivered customer date"),
    "promised_at": ("estimated delivery", "order estimated delivery date", "promised date"),
    "ticket_id": ("ticket", "ticket number", "case id", "case number", "conversation id"),
    "opened_at": ("created time", "created at", "opened", "opened on"),
    "topic": ("subject", "ticket type"),
    "score": ("rating", "nps score", "csat score"),
    "comment": ("feedback", "comments", "remarks"),
    "answered_at": ("submit date", "submitted at", "response date", "answer date"),
    "answer_id": ("respondent id", "response id"),
    "subscription_id": ("subscription", "contract id"),
    "plan": ("plan name", "subscription plan"),
}  # fmt: skip
"""By column of a canonical table: what shops and their systems call it."""

METRICS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("customer_churn_rate", "net_churn_rate", "lost_customers"), ("churn", "churn rate", "attrition", "attrition rate")),
    (("net_churn_rate",), ("net churn",)),
    (("customer_retention_rate", "cohort_retention_rate"), ("retention", "retention rate", "CRR", "loyalty")),
    (("lost_customers", "customers_at_risk"), ("churned customers", "lapsed customers", "inactive customers")),
    (
        ("repeat_purchase_rate", "repeat_customer_rate", "returning_customer_rate"),
        ("repeat rate", "repurchase rate", "RPR", "repeat", "repeat purchases", "repurchase", "reorder rate"),
    ),
    (("repeat_customer_rate", "returning_customer_rate"), ("repeat customers", "repeat buyers")),
    (("returning_customer_rate", "repeat_customer_rate"), ("returning customers", "returning", "returning rate")),
    (("customer_lifetime_value", "predicted_lifetime_value"), ("LTV", "CLV", "CLTV", "lifetime value", "customer value")),
    (("predicted_lifetime_value", "customer_lifetime_value"), ("pLTV", "pCLV", "predicted LTV", "predicted CLV")),
    (
        ("lifetime_value_to_acquisition_cost",),
        ("LTV to CAC", "LTV:CAC", "CLV to CAC", "CAC", "customer acquisition cost", "acquisition cost", "CPA",
         "cost per acquisition"),
    ),
    (
        ("average_order_value", "average_order_profit"),
        ("AOV", "basket size", "basket value", "average basket", "average basket value", "basket", "order value"),
    ),
    (("orders_per_active_customer", "time_between_purchases"), ("purchase frequency", "order frequency", "orders per customer")),
    (
        ("time_between_purchases", "time_between_purchases_median"),
        ("purchase interval", "days between orders", "time between orders", "purchase latency", "recency"),
    ),
    (("average_revenue_per_customer", "average_profit_per_customer"), ("ARPU", "ARPC", "revenue per customer", "revenue per user")),
    (("average_profit_per_customer", "average_order_profit"), ("profit per customer", "profit", "margin", "contribution margin")),
    (("net_revenue", "gross_revenue"), ("revenue", "sales", "turnover", "net sales")),
    (("gross_revenue", "net_revenue"), ("GMV", "gross sales", "gross merchandise value")),
    (("product_return_rate", "refunds_by_return_day"), ("return rate", "returns", "return")),
    (("refunds_by_return_day", "refunds_by_order_day", "product_return_rate_value"), ("refunds", "refund", "refund rate")),
    (("cohort_retention_rate",), ("cohorts", "cohort", "cohort analysis", "retention curve")),
    (("new_customers", "joined_customers"), ("acquisition", "customer acquisition", "first-time buyers", "new buyers")),
    (("active_buyers", "customers_end"), ("buyers", "customers", "active customers", "number of customers")),
    (("won_back_customers",), ("win-back", "winback", "reactivation", "reactivated customers")),
    (("units",), ("items sold", "quantity", "pieces")),
    (("orders",), ("number of orders", "order count", "purchases", "transactions")),
    (("discounts",), ("discount", "coupons", "promotions")),
    (("guest_order_share",), ("guest checkout", "guests", "guest orders")),
    (("customers_at_risk", "value_at_risk"), ("at risk", "churn risk", "churn prediction")),
    (("net_promoter_score",), ("NPS", "net promoter score")),
    (("customer_satisfaction_score", "customer_satisfaction_rate"), ("CSAT", "customer satisfaction", "satisfaction")),
    (("customer_effort_score",), ("CES", "customer effort", "customer effort score")),
    (("conversion_rate", "visit_conversion_rate"), ("conversion", "conversion rate", "CVR", "CR")),
    (
        ("cart_abandonment_rate", "checkout_abandonment_rate"),
        ("cart abandonment", "cart abandonment rate", "abandoned carts", "checkout abandonment"),
    ),
)  # fmt: skip
"""Metrics, the one that is meant first, and what owners and their tools call it. A name may precede its metric."""

NOT_COMPUTED: dict[str, tuple[str, ...]] = {
    "Return on advertising spend": ("ROAS", "return on ad spend"),
    "The open rate": ("open rate", "click rate", "CTR"),
}
"""What the field knows by these words and Regulars does not compute."""


def metrics_meant(name: str) -> tuple[str, ...]:
    """The metrics that these words may mean, the likeliest first; none where the words are not known.

    Words around a known phrase do not matter: "monthly churn" means what "churn" does. The longest phrase counts.
    """
    words = words_of(name)
    fits = [
        (len(phrase), metrics)
        for metrics, phrases in METRICS
        for phrase in map(words_of, phrases)
        if _holds(words, phrase)
    ]
    longest = max((length for length, _ in fits), default=0)
    return tuple(dict.fromkeys(metric for length, metrics in fits if length == longest for metric in metrics))


def also_called(metric: str, most: int = 3) -> tuple[str, ...]:
    """The usual words for a metric, for lists and explanations."""
    return next((phrases[:most] for metrics, phrases in METRICS if metrics[0] == metric), ())


def not_computed(name: str) -> str | None:
    """What these words mean, where it is something that Regulars does not compute."""
    words = words_of(name)
    return next((what for what, phrases in NOT_COMPUTED.items() if words in map(words_of, phrases)), None)


def _holds(words: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    return any(words[start : start + len(phrase)] == phrase for start in range(len(words) - len(phrase) + 1))
