"""Shops whose rows two engines must agree about: a simulated one, and by hand what no simulation thinks of."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from conformance.drawn_rows import drawn
from regulars.services.app import App
from regulars.simulate import ShopShape, simulate, write_canonical
from regulars.vocabulary.settings.business_hours import BusinessHours
from regulars.vocabulary.shop import Settings, Shop
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.tables import BY_NAME

UNTIL = date(2025, 12, 31)
MONTHS = 22
WORTH = {"GBP": "1.2698", "EUR": "1.08345678", "USD": "1", "JPY": "0.00666667", "KWD": "3.2573", "CHF": "1.1111"}
"""In US dollars, on the first day; it moves from there."""
HOURS = BusinessHours.read(
    {"monday": "09:00-17:00", "wednesday": ["08:00-12:00", "13:00-18:00"], "sunday": "00:00-24:00"}
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What a shop is like. Its simulated orders are in pounds, those by hand in every currency of WORTH."""

    name: str
    settings: Settings
    customers: int
    seed: int
    two_sources: bool = False
    """Whether another source uses the same numbers for orders, customers and products of its own."""


PLAIN = Kind(
    "pounds in London, costs sometimes unknown",
    Settings(name="plain", currency="GBP", timezone="Europe/London", active_window=90, business_hours=HOURS),
    customers=300,
    seed=7,
    two_sources=True,
)
ODD = Kind(
    "dinars in New York, default margin, weeks from Sunday, year from April",
    Settings(
        name="odd", currency="KWD", timezone="America/New_York", default_margin=Decimal("0.355"),
        week_start="sunday", fiscal_year_start=4, active_window=200, return_window=14, business_hours=HOURS,
    ),
    customers=120,
    seed=8,
)  # fmt: skip
WHOLE = Kind(
    "yen in Kolkata, a margin of nothing",
    Settings(name="whole", currency="JPY", timezone="Asia/Kolkata", default_margin=Decimal(0), business_hours=HOURS),
    customers=60,
    seed=9,
)


def loaded(kind: Kind, folder: Path) -> App:
    """The shop, its files loaded as a user would."""
    shape = ShopShape(customers=kind.customers, products=40, months=MONTHS, until=UNTIL)
    files = write_canonical(simulate(shape, seed=kind.seed), folder / "simulated")
    made = Shop.create(
        folder / "shop",
        currency=kind.settings.currency,
        timezone=kind.settings.timezone,
        shared_addresses=("orders@marketplace.example.com",),
    )
    app = App(Shop(made.folder, replace(kind.settings, shared_addresses=made.settings.shared_addresses)))
    by_hand = [_written(folder, name, rows) for name, rows in tables(kind.settings.currency).items()]
    app.load([*files, *by_hand])
    if kind.two_sources:
        app.load([file for file in by_hand if file.stem != "spend"], source="shopify")
    with app.warehouse.write("forecasts by hand") as con:
        for number, day in enumerate(FORECAST):
            con.execute(_FORECAST, {"day": day, "value_of": "profit" if number else "revenue"})
            con.execute(_PREDICTIONS, {"day": day, "number": number})
            con.execute(_OF_SUBSCRIPTIONS, {"day": day})
            con.execute(_RENEWALS, {"day": day, "number": number})
    return app


FORECAST = (UNTIL - timedelta(200), UNTIL - timedelta(190), UNTIL)
"""The days of forecasts written by hand, two of them in one month: the shops are too small for real ones."""
_FORECAST = """INSERT INTO facts.forecasts SELECT $day, TIMESTAMP '2026-01-01', 'nbd', '', 'converged', '', '{}', '{}', 0, 0, 365,
    0.1, '', $value_of, 0.5, '', '{}', 100, 0, 0, '{}', NULL, NULL, '{}'"""
_OF_SUBSCRIPTIONS = """INSERT INTO facts.subscription_forecasts SELECT $day, TIMESTAMP '2026-01-01', 365, 0.1, '', 'profit', 0.5,
    '', '[]', '[]', 0, '{}', '[]', NULL, '{}'"""
_RENEWALS = """INSERT INTO facts.subscription_predictions BY NAME
    SELECT $day AS as_of, source, subscription_id, person, bucket, coalesce(plan, '') AS plan, 1 AS renewed, 40 AS age, 9 AS due,
        1 AS probability_alive, 0.5 AS probability_purchase_30d, 0.5 AS probability_purchase_90d,
        0.5 AS probability_purchase_365d, 5 AS purchases, 1 AS purchases_low, 9 AS purchases_high,
        ((bucket + $number) * 1.2345)::DECIMAL(18,4) AS revenue,
        CASE WHEN $number > 0 THEN (bucket * 0.4321)::DECIMAL(18,4) END AS profit, 0.5 AS probability_purchase_90d_at_last
    FROM facts.subscriptions"""
_PREDICTIONS = """INSERT INTO facts.predictions BY NAME
    WITH past AS (
        SELECT person, any_value(bucket) AS bucket, any_value(first_country) AS first_country,
            any_value(first_channel) AS first_channel, any_value(first_coupon) AS first_coupon,
            any_value(first_product) AS first_product, count(DISTINCT day) - 1 AS frequency, max(day) - min(day) AS recency,
            ($day - DATE '1970-01-01') - min(day) AS age, sum(net_revenue) AS revenue_to_date,
            CASE WHEN count(*) = count(profit) THEN sum(profit) END AS profit_to_date, abs(person + $number) % 97 AS lot
        FROM facts.orders WHERE person IS NOT NULL AND day <= $day - DATE '1970-01-01' GROUP BY person)
    SELECT * EXCLUDE (lot), $day AS as_of, 0.5 AS probability_alive, lot / 200 AS probability_purchase_30d,
    lot / 150 AS probability_purchase_90d, lot / 100 AS probability_purchase_365d,
        lot / 10 AS purchases, 0 AS purchases_low, lot AS purchases_high, 10 AS spend, (lot * 1.2345)::DECIMAL(18,4) AS revenue,
        CASE WHEN $number + (lot % 2) > 1 THEN (lot * 0.4321)::DECIMAL(18,4) END AS profit, 0 AS value_low, lot AS value_high,
        (lot * 0.9999)::DECIMAL(18,4) AS revenue_at_risk,
        CASE WHEN $number + (lot % 2) > 1 THEN (lot * 0.3333)::DECIMAL(18,4) END AS profit_at_risk,
        lot AS value_year, lot AS median_days, 0.25 AS overdue,
        0.5 AS probability_purchase_90d_at_last
    FROM past"""


def _written(folder: Path, name: str, rows: list[Row]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.jsonl"
    columns = dict.fromkeys(column for row in rows for column in row)
    file.write_text("".join(json.dumps({column: row.get(column) for column in columns}) + "\n" for row in rows))
    return file


def tables(currency: str) -> dict[str, list[Row]]:
    """The rows by hand, by table, for a shop of this currency."""
    subscriptions, returns = _subscriptions(), _returns()
    paid = _paid_by(subscriptions)
    orders, lines = [*_orders(), *paid], [*_lines(), *_lines_of_subscribers(paid)]
    by_hand = {
        "orders": orders,
        "order_lines": lines,
        "returns": returns,
        "products": [
            {"product_id": "mug", "name": "Mug, large", "category": "Kitchen", "brand": None},
            {"product_id": "tea", "name": "Tea", "category": None, "brand": "Ö"},
        ],
        "product_costs": [
            {"product_id": "mug", "valid_from": "2024-01-01", "unit_cost": "1.3333", "currency": "EUR"},
            {"product_id": "mug", "valid_from": "2025-03-30", "unit_cost": "2.00", "currency": "USD"},
            {"product_id": "mug", "valid_from": "2025-10-26", "unit_cost": "0", "currency": currency},
            {"product_id": "tea", "valid_from": "2025-06-01", "unit_cost": "0.005", "currency": "GBP"},
        ],
        "spend": [
            {"day": "2025-03-30", "channel": "ads", "campaign": "spring", "amount": "33.33", "currency": "EUR"},
            {"day": "2025-03-30", "channel": "ads", "campaign": "", "amount": "0", "currency": currency},
            {"day": "2025-05-05", "channel": "social", "campaign": "", "amount": "100.005", "currency": currency},
            {"day": "2025-06-06", "channel": "email", "campaign": "x", "amount": "0.0125", "currency": "CHF"},
            {"day": "2025-12-31", "channel": "ads", "campaign": "last", "amount": "7", "currency": "USD"},
        ],
        "exchange_rates": _rates(currency),
        "subscriptions": subscriptions,
    }
    asked = [name for fact in FACT_TABLES for name in (fact.table.name, *(read.table for read in fact.reads))]
    return by_hand | {name: drawn(BY_NAME[name], UNTIL) for name in dict.fromkeys(asked) if name not in by_hand}


def _rates(currency: str) -> list[Row]:
    """A rate every sixth day, so that most days take an earlier one."""
    rows: list[Row] = []
    for number, code in enumerate(WORTH):
        if code == currency:
            continue
        day, step = date(2024, 1, 1), number
        while day <= UNTIL:
            moved = 1 + Decimal((step * 7919) % 401 - 200) / 10_000
            rate = Decimal(WORTH[code]) / Decimal(WORTH[currency]) * moved
            rows.append({"day": str(day), "currency": code, "rate": str(round(rate, 8))})
            day, step = day + timedelta(days=6), step + 1
    return rows


def _subscriptions() -> list[Row]:
    """Of customers who were simulated, and of some who were not; ends before, on and after the days of renewals."""
    rows: list[Row] = []
    for number in range(400):
        mixed = (number * 7919) % 1009
        began = datetime(2024, 1, 1, mixed % 24, 30, tzinfo=UTC) + timedelta(days=mixed % 700)
        lasted = [None, 31, 59, 60, 90, 91, 28, 0, 200][mixed % 9]
        ended = None if lasted is None else str(began + timedelta(days=lasted))
        plan = ("box", "box", "veg", None, "club")[number % 5]
        rows.append(
            {"subscription_id": f"s{number}", "customer_id": str(6_100_000_000_000 + number * 3 // 2), "started_at": str(began),
             "ended_at": ended, "plan": plan}
        )  # fmt: skip
    return rows


def _paid_by(subscriptions: list[Row]) -> list[Row]:
    """Of three in four subscriptions an order as they begin."""
    currencies = ("GBP", "GBP", "EUR")
    return [
        _order(
            f"of {row['subscription_id']}",
            row["customer_id"],
            row["started_at"],
            f"{9 + number % 5}.99",
            currencies[number % 3],
        )
        for number, row in enumerate(subscriptions)
        if number % 4
    ]


def _lines_of_subscribers(orders: list[Row]) -> list[Row]:
    return [_line(one["order_id"], "1", "box", 1, one["gross"], unit_cost="1.25") for one in orders]


def _order(order_id: str, customer: str | None, at: str, gross: str, currency: str = "GBP", **more: Any) -> Row:
    return {
        "order_id": order_id,
        "customer_id": customer,
        "ordered_at": at,
        "gross": gross,
        "currency": currency,
        **more,
    }


def _orders() -> list[Row]:
    return [
        # Clocks change in London on 30 March and 26 October 2025, in New York on 9 March and 2 November.
        _order("dst-1", "ana", "2025-03-30T00:59:59Z", "10.00", "EUR", channel="ads", country="DE"),
        _order("dst-2", "ana", "2025-03-30T01:00:00Z", "20.00", "EUR"),
        _order("dst-3", "ana", "2025-10-25T23:30:00Z", "30.01", "USD", channel="email", country="AT", coupon="X"),
        _order("dst-4", "ben", "2025-10-26T00:30:00Z", "0.03", "CHF"),
        _order("dst-5", "ben", "2025-10-26T01:30:00Z", "0.05", "JPY"),
        _order("dst-6", "ben", "2025-03-09T06:59:59Z", "1.115", "KWD"),
        _order("dst-7", "ben", "2025-11-02T05:30:00Z", "9.995", "KWD", country="GB"),
        _order("night", "cem", "2025-06-30T23:30:00Z", "12.3456"),
        # Several orders at one instant: the id decides, by its bytes.
        _order("b10", "dua", "2025-05-05T10:00:00Z", "5", channel="web"),
        _order("b9", "dua", "2025-05-05T10:00:00Z", "6", channel="Web"),
        _order("B9", "dua", "2025-05-05T10:00:00Z", "7", channel="ads"),
        _order("_9", "dua", "2025-05-05T10:00:00Z", "8"),
        _order("ä9", "dua", "2025-05-05T10:00:00Z", "9", channel="Ärzte", country="ÖS"),
        _order("b1", "dua", "2025-05-05T18:00:00Z", "9"),
        # Guests, alone and many.
        _order("guest-1", None, "2025-05-06T10:00:00Z", "100.10", "EUR", tax="16.68", tax_included=True),
        _order("guest-2", None, "2025-05-06T10:00:00Z", "0.01"),
        _order("guest-3", None, "2024-12-31T23:59:59Z", "99.99", country="", channel=""),
        # Nothing paid, all discounted, only shipping.
        _order("free", "eva", "2025-02-28T12:00:00Z", "0"),
        _order("given", "eva", "2025-03-01T12:00:00Z", "50", discount="50", coupon="ALL"),
        _order("sent", "eva", "2025-03-02T12:00:00Z", "0", shipping="4.99", shipping_cost="6", payment_fee="0.305"),
        # Tax within and on top, halves of the smallest unit.
        _order("tax-1", "fay", "2025-07-01T12:00:00Z", "0.03", tax="0.015", tax_included=True),
        _order("tax-2", "fay", "2025-07-02T12:00:00Z", "0.05", tax="0.025", tax_included=True),
        _order("tax-3", "fay", "2025-07-03T12:00:00Z", "119", tax="19", shipping="5.95", tax_included=True, discount="3.33"),
        _order("tax-4", "fay", "2025-07-04T12:00:00Z", "100", "USD", tax="7.25", shipping="3", payment_fee="0.015"),
        _order("tax-5", "fay", "2025-07-04T12:00:00Z", "100.01", "JPY", tax="7.25", tax_included=True),
        # Gift cards, tips, duties, shipping as a line; large amounts; nothing known of the lines.
        _order("gift", "gus", "2025-08-01T12:00:00Z", "75", "EUR", discount="12.5", tax="4.17", tax_included=True),
        _order("tip", "gus", "2025-08-02T12:00:00Z", "25.5", "CHF", tax="1.333"),
        _order("only gift", "gus", "2025-08-03T12:00:00Z", "50"),
        _order("large", "hal", "2025-08-04T12:00:00Z", "99999999.9999", tax="13333333.3333", tax_included=True),
        _order("larger", "hal", "2025-08-05T12:00:00Z", "123456789.0125", "EUR"),
        _order("no lines", "hal", "2025-09-01T12:00:00Z", "60", "USD", discount="1.005", shipping="2.5", tax="3.3"),
        # More came back than was bought, less, all of it; a rebate.
        _order("exchange", "lea", "2025-11-14T12:00:00Z", "10", "EUR", tax="1.597", tax_included=True, shipping="2.5"),
        _order("even", "lea", "2025-11-15T12:00:00Z", "0"),
        _order("card for goods", "lea", "2025-11-16T12:00:00Z", "30", "USD", shipping="1"),
        _order("spread", "lea", "2025-11-18T12:00:00Z", "30.005", "EUR", tax="5.11", tax_included=True, discount="2.005",
               shipping="3.7"),
        _order("for nothing", "lea", "2025-11-18T13:00:00Z", "0", "CHF", shipping="5.55"),
        _order("rebate", "lea", "2025-11-17T12:00:00Z", "24.995", "CHF", tax="1.333", discount="3"),
        # These do not count.
        _order("draft", "ana", "2025-09-01T12:00:00Z", "60", status="draft"),
        _order("test", "ana", "2025-09-01T12:00:00Z", "60", test=True),
        _order("cancelled", "ivo", "2025-09-01T12:00:00Z", "60", "EUR", status="cancelled"),
        # Long silences, and an address instead of a number.
        _order("late-1", None, "2024-03-02T12:00:00Z", "11", email="Jo@example.com"),
        _order("late-2", None, "2025-12-31T23:30:00Z", "22", email="jo@example.com "),
        _order("back", "kim", "2025-11-11T12:00:00Z", "80", "EUR", shipping="5", tax="13.34", tax_included=True),
        _order("back-2", "kim", "2025-11-12T12:00:00Z", "80.01", tax="12.77", shipping="5"),
        _order("back-3", "kim", "2025-11-13T12:00:00Z", "10", tax="1"),
    ]  # fmt: skip


def _line(order_id: str, line_id: str, product: str | None, quantity: int, amount: str, **more: Any) -> Row:
    return {
        "order_id": order_id, "line_id": line_id, "product_id": product, "quantity": quantity, "amount": amount, **more,
    }  # fmt: skip


def _lines() -> list[Row]:
    without = {
        "no lines", "gift", "tip", "only gift", "guest-1", "tax-3", "back", "back-2",
        "exchange", "even", "card for goods", "rebate", "spread", "for nothing",
    }  # fmt: skip
    single = [
        _line(
            one["order_id"],
            "1",
            ("mug", "tea", None)[number % 3],
            1 + number % 4,
            one["gross"],
            # Until 2025 every cost is known.
            unit_cost="0.75" if one["ordered_at"] < "2025" else None,
        )
        for number, one in enumerate(_orders())
        if one["order_id"] not in without
    ]
    return [
        *single,
        # The dearest line gives its product to the order; of equals the one with the smaller id, by its bytes.
        _line("guest-1", "2", "mug", 3, "50.05", product_name="Mug"),
        _line("guest-1", "10", "tea", 1, "50.05", product_name="Tea"),
        _line("tax-3", "b", "hat", 1, "59.5", product_name="Hat", category="Clothes", unit_cost="11.115"),
        _line("tax-3", "B", "hat", 2, "59.5", product_name="hat", unit_cost="0"),
        _line("tax-3", "c", "hat", 0, "0", product_name="HAT"),
        _line("gift", "1", "card", 1, "50", kind="gift card", discount="10"),
        _line("gift", "2", "mug", 2, "25", unit_cost="3.3333"),
        _line("tip", "1", "tea", 5, "20", category="Drinks"),
        _line("tip", "2", None, 1, "3", kind="tip"),
        _line("tip", "3", None, 1, "2.5", kind="duty", discount="0.5"),
        _line("only gift", "1", "card", 1, "50", kind="gift card"),
        _line("back", "1", "mug", 3, "60"),
        _line("back", "2", "hat", 1, "20", unit_cost="6.666"),
        _line("back-2", "1", "mug", 7, "70.01", unit_cost="1.0001"),
        _line("back-2", "2", "card", 1, "10", kind="gift card"),
        _line("exchange", "1", "mug", 2, "30", unit_cost="3.333"),
        _line("exchange", "2", "hat", -1, "-20", unit_cost="6.666"),
        _line("even", "1", "mug", 1, "20"),
        _line("even", "2", "tea", -3, "-20"),
        _line("card for goods", "1", "card", 1, "50", kind="gift card"),
        _line("card for goods", "2", "hat", -1, "-20"),
        _line("rebate", "1", "mug", 1, "30", unit_cost="3.333"),
        _line("rebate", "2", "voucher", 1, "-5.005"),
        _line("spread", "b", "mug", 1, "10", discount="0.335"),
        _line("spread", "a", "mug", 1, "10"),
        _line("spread", "B", "tea", 3, "10"),
        _line("spread", "c", "hat", 1, "0.005"),
        _line("spread", "d", "hat", 5, "0"),
        _line("for nothing", "1", "mug", 1, "0"),
        _line("for nothing", "2", "tea", 2, "0"),
        _line("no such order", "1", "mug", 1, "5"),
    ]


def _back(return_id: str, order_id: str | None, at: str, amount: str, **more: Any) -> Row:
    return {"return_id": return_id, "order_id": order_id, "returned_at": at, "amount": amount, **more}


def _returns() -> list[Row]:
    return [
        _back("r1", "back", "2025-11-20T12:00:00Z", "28.33", line_id="1", product_id="mug", quantity=1, restocked=True),
        _back("r2", "back", "2025-11-20T12:00:00Z", "28.33", line_id="1", quantity=1, restocked=True, reason="late"),
        _back("R2", "back", "2025-11-20T12:00:00Z", "28.34", restocked=True, reason="Late"),
        _back("r10", "back", "2025-11-21T12:00:00Z", "5", tax="0.795", reason="Ärger"),
        _back("r3", "back-2", "2025-11-20T12:00:00Z", "10", line_id="2", quantity=1),
        _back("r4", "back-2", "2025-11-22T12:00:00Z", "33.335", line_id="1", quantity=2, restocked=True),
        _back("r5", "back-2", "2025-11-23T12:00:00Z", "64.445"),
        _back("r6", "back-3", "2025-11-14T12:00:00Z", "0", quantity=0, restocked=True),
        _back("r7", "back-3", "2025-12-31T12:00:00Z", "11", tax="1", quantity=1, restocked=False),
        _back("r8", "back-3", "2025-12-31T13:00:00Z", "3"),
        _back("r9", "free", "2025-03-01T12:00:00Z", "1"),
        _back("r11", "tax-1", "2025-07-03T12:00:00Z", "0.015"),
        _back("r12", "tax-2", "2025-07-03T12:00:00Z", "0.025", restocked=True),
        _back("r13", "dst-3", "2025-10-26T00:59:59Z", "15.005", restocked=True, reason="", quantity=1),
        _back("r14", "large", "2025-09-04T12:00:00Z", "33333333.3333", restocked=True),
        _back("r15", "larger", "2025-09-04T12:00:00Z", "123456789.0125", restocked=True, quantity=1, line_id="1"),
        _back("r16", "no lines", "2025-09-30T12:00:00Z", "12.345"),
        _back("r17", "guest-1", "2025-05-30T12:00:00Z", "33.33", line_id="2", quantity=3, restocked=True),
        _back("r18", "only gift", "2025-08-30T12:00:00Z", "50"),
        _back("r19", "exchange", "2025-11-20T12:00:00Z", "5", line_id="1", quantity=1, restocked=True),
        _back("r20", "exchange", "2025-11-21T12:00:00Z", "7.5", line_id="2", quantity=1, restocked=True),
        _back("r21", "even", "2025-11-21T12:00:00Z", "1", restocked=True),
        _back("r22", "card for goods", "2025-11-21T12:00:00Z", "31"),
        _back("r24", "spread", "2025-11-21T12:00:00Z", "3.335", product_id="mug", quantity=1),
        _back("r25", "spread", "2025-11-22T12:00:00Z", "0.11", product_id="scarf"),
        _back("r23", "rebate", "2025-11-21T12:00:00Z", "2.495", line_id="2", quantity=1, restocked=True),
        # Of no order, of one never loaded, of one that does not count.
        _back("u1", None, "2025-03-30T00:30:00Z", "7.775", customer_id="ana", product_id="mug", quantity=1, restocked=True),
        _back("u2", "never loaded", "2025-10-26T01:30:00Z", "9.995", tax="1.665", reason="late"),
        _back("u3", None, "2025-10-26T01:30:00Z", "0"),
        _back("n1", "cancelled", "2025-09-02T12:00:00Z", "60"),
    ]  # fmt: skip
