"""The field's everyday words for columns, by the name that Regulars gives them.

Phrases are words in small letters, the likeliest first. Every column is also known by its own words.
"""

from __future__ import annotations

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
