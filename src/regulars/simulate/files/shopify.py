"""Files of a simulated shop in the format of Shopify's exports.

The exports contain these parts of the canonical rows:

- orders: gross (lines before discounts), discount, shipping, tax, status, coupon, channel (as Source), email and phone.
  Orders have no customer id, so customers are identified by email and phone.
- refunds: one sum per order in "Refunded Amount", without dates, lines, quantities, reasons and restocking.
- lines: quantity, price, name, sku, discount; without category and costs.
- customers: id, name, email, phone, country, city, tags; without language and the time of the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regulars.simulate import contact_details
from regulars.simulate.baskets import PAYMENTS, STATUSES, Basket, has_happened
from regulars.simulate.clock import Clock, Integers
from regulars.simulate.contact_details import digits, joined, pick
from regulars.simulate.files import csv_text
from regulars.simulate.files.atomic_folder import TRUTH, atomic_folder
from regulars.simulate.names import NOTES, PLACES, STREETS
from regulars.simulate.population import Progress
from regulars.simulate.simulated_shop import SimulatedShop, money
from regulars.simulate.threads import in_order
from regulars.simulate.truth import Ledger, write_truth

ORDERS_HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,"
    "Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,"
    "Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,"
    "Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,"
    "Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,"
    "Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,"
    "Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,"
    "Payment Terms Name,Next Payment Due At,Payment References"
)
CUSTOMERS_HEADER = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,"
    "Tags"
)
CUSTOMERS_FILE = "customers_export.csv"
COSTS_FILE = "product_costs.csv"
"""File with Regulars' own column names: the unit cost of each product, by the sku of the orders export."""
BLOCKS_PER_FILE = 16
"""Half a million orders; larger shops have orders_export_1.csv, orders_export_2.csv …, with the newest orders first."""

_CUSTOMER_ROWS = 131_072
_BYTES = 700
"""Bytes on disk per order, including true values, slightly below the measured ones."""
_EVERY_LINE = ("Name", "Email", "Created at")


def write_shopify(
    shop: SimulatedShop, folder: Path, progress: Progress | None = None, *, costs: bool = False
) -> list[Path]:
    """Write orders_export*.csv, customers_export.csv and true values.

    Rows are sorted by time, newest first, as in Shopify's exports; no order is split between two files.

    Args:
        shop: The shop; the same shop gives the same bytes.
        folder: Folder to write into.
        progress: Called with the number of written orders and the total.
        costs: Write product_costs.csv too: the cost of each product, which Shopify's orders export lacks.

    Returns:
        The paths of the files, orders first.

    Raises:
        UsageError: As for `atomic_folder`.
        NoRoom: As for `atomic_folder`.
    """
    ledger = Ledger.empty(shop)
    newest_first = shop.starts()[::-1]
    names = [*_order_files(len(newest_first)), CUSTOMERS_FILE, *((COSTS_FILE,) if costs else ())]
    with atomic_folder(folder, names, shop.bought.size * _BYTES) as inside:

        def write(start: int) -> tuple[Basket, memoryview]:
            basket = shop.basket(start)
            return basket, _order_lines(shop, basket)

        with ExitStack() as files:
            file = files.enter_context((inside / CUSTOMERS_FILE).open("wb"))
            for number, (basket, lines) in enumerate(in_order(write, newest_first)):
                ledger.enter(basket)
                if number % BLOCKS_PER_FILE == 0:
                    file.close()
                    file = files.enter_context((inside / names[number // BLOCKS_PER_FILE]).open("wb"))
                    file.write(f"{ORDERS_HEADER}\n".encode())
                file.write(lines)
                if progress:
                    progress(shop.bought.size - basket.start, shop.bought.size)
        with (inside / CUSTOMERS_FILE).open("wb") as file:
            file.write(f"{CUSTOMERS_HEADER}\n".encode())
            for lines in _customers(shop, ledger):
                file.write(lines)
        if costs:
            (inside / COSTS_FILE).write_text(_costs(shop), encoding="utf-8", newline="")
        write_truth(shop, ledger, inside / TRUTH, names)
    return [folder / name for name in names]


def _costs(shop: SimulatedShop) -> str:
    """The canonical table product_costs: each product has one cost, since ever."""
    unit_costs = _price(shop.goods.costs).to_pylist()
    rows = [
        f"{product},,{cost},{shop.shape.currency}"
        for product, cost in zip(shop.goods.product_ids, unit_costs, strict=True)
    ]
    return "\n".join(["product_id,valid_from,unit_cost,currency", *rows, ""])


def _order_files(blocks: int) -> list[str]:
    files = -(-blocks // BLOCKS_PER_FILE)
    return ["orders_export.csv"] if files == 1 else [f"orders_export_{number}.csv" for number in range(1, files + 1)]


def _price(hundredths: Integers) -> pa.Array:
    return money(hundredths, 2).cast(pa.string())


def _times(clock: Clock, instant: Integers) -> pa.Array:
    """Return local times with offsets, such as 2025-10-07 09:50:26 +0200; null if the event did not happen."""
    happened = has_happened(instant)
    seconds = np.where(happened, instant, clock.end - 1)
    offset = clock.offsets(seconds)
    local = pa.array(seconds + offset, pa.timestamp("s"), mask=~happened).cast(pa.string())
    different, which = np.unique(offset, return_inverse=True)
    signs = [f" {'-' if a < 0 else '+'}{abs(a) // 3600:02d}{abs(a) % 3600 // 60:02d}" for a in different.tolist()]
    return joined(local, pick(signs, which))


def _order_columns(shop: SimulatedShop, basket: Basket) -> dict[str, pa.Array]:
    """Return the fields of each order's first line."""
    people, person, clock, size = shop.people, basket.person, shop.clock, basket.size
    rows = shop.order_rows(basket)
    first, last = contact_details.names(people, person)
    place, house, phone = people.place[person], people.house[person], rows["phone"]
    cancelled, refunded, paid = basket.status == 1, basket.refunded, has_happened(basket.paid_at)
    state = np.select(
        [cancelled & ~paid, ~paid, refunded == basket.total, refunded > 0], [1, 2, 3, 4], default=0
    )  # in the order of _STATES
    address = {
        "Name": joined(first, " ", last),
        "Street": joined(digits(house), " ", pick(STREETS, house % len(STREETS))),
        "City": pick([p.city for p in PLACES], place),
        "Zip": joined("'", zips(shop, person)),
        "Country": pick([p.country for p in PLACES], place),
        "Phone": phone,
    }
    address["Address1"] = address["Street"]
    tax = _price(basket.tax)
    return {
        "Name": rows["order_id"],
        "Email": rows["email"],
        "Financial Status": pick(_STATES, state),
        "Paid at": _times(clock, basket.paid_at),
        "Fulfillment Status": pick(("unfulfilled", "fulfilled"), has_happened(basket.fulfilled_at).astype(np.int8)),
        "Fulfilled at": _times(clock, basket.fulfilled_at),
        "Accepts Marketing": pick(("no", "yes"), people.marketing[person].astype(np.int8)),
        "Currency": rows["currency"],
        "Subtotal": _price(basket.gross - basket.discount),
        "Shipping": _price(basket.shipping),
        "Taxes": tax,
        "Total": _price(basket.total),
        "Discount Code": rows["coupon"],
        "Discount Amount": _price(basket.discount),
        "Shipping Method": pick(("Standard", "Free shipping"), (basket.shipping == 0).astype(np.int8)),
        "Created at": _times(clock, basket.instant),
        **{f"{use} {field}": values for use in ("Billing", "Shipping") for field, values in address.items()},
        "Notes": pa.array((None, *NOTES)).take(pa.array(basket.note)),
        "Cancelled at": _times(clock, basket.cancelled_at),
        "Payment Method": pick(PAYMENTS, basket.payment),
        "Payment Reference": joined("c", digits(_ORDER_IDS + basket.start + np.arange(size)), ".1"),
        "Refunded Amount": _price(refunded),
        "Outstanding Balance": _price(np.where(basket.status == STATUSES.index("unpaid"), basket.total, 0)),
        "Id": digits(_ORDER_IDS + 3 * (basket.start + np.arange(size))),
        "Risk Level": pa.repeat("Low", size),
        "Source": rows["channel"],
        "Tax 1 Name": pa.repeat(f"VAT {shop.shape.tax_rate:g}%", size),
        "Tax 1 Value": tax,
        "Phone": phone,
    }


_STATES = ("paid", "voided", "pending", "refunded", "partially_refunded")
_ORDER_IDS = 5_200_000_000_000


def _line_columns(shop: SimulatedShop, basket: Basket, chosen: Integers) -> dict[str, pa.Array]:
    """Return the fields of these lines' own columns."""
    lines, goods = basket.lines, shop.goods
    product, amount, quantity = lines.product[chosen], lines.amount[chosen], lines.quantity[chosen]
    sent = has_happened(basket.fulfilled_at)[lines.order[chosen]]
    return {
        "Lineitem quantity": digits(quantity),
        "Lineitem name": pick(goods.names, product),
        "Lineitem price": _price(amount // quantity),
        "Lineitem sku": pick(goods.product_ids, product),
        "Lineitem requires shipping": pa.repeat("true", len(chosen)),
        "Lineitem taxable": pa.repeat("true", len(chosen)),
        "Lineitem fulfillment status": pick(("pending", "fulfilled"), sent.astype(np.int8)),
        "Vendor": pick(goods.brands, product),
        "Lineitem discount": _price(lines.discount[chosen]),
    }


def _order_lines(shop: SimulatedShop, basket: Basket) -> memoryview:
    """Return the block's rows: one per line, newest order first, with the order's fields in its first row only.

    Adjacent columns of an order are joined once per order, and then repeated for its lines.
    """
    newest_first = np.argsort(-basket.lines.order, kind="stable")
    order = basket.lines.order[newest_first]
    further = basket.lines.number[newest_first] > 1
    of_orders = _all_quoted(_order_columns(shop, basket))
    of_lines = _all_quoted(_line_columns(shop, basket, newest_first))
    every, first_only = pa.array(order), pa.array(np.where(further, basket.size, order))

    def where(name: str) -> str:
        return "line" if name in of_lines else "every" if name in _EVERY_LINE else "first"

    parts = []
    for place, group in groupby(ORDERS_HEADER.split(","), where):
        fields = list(group)
        blank, columns = "," * (len(fields) - 1), of_lines if place == "line" else of_orders
        if not columns.keys() & set(fields):
            parts.append(pa.scalar(blank))
            continue
        side_by_side = csv_text.beside([columns.get(field, csv_text.EMPTY) for field in fields])
        if place == "first":
            side_by_side = pa.concat_arrays([side_by_side, pa.array([blank])]).take(first_only)
        elif place == "every":
            side_by_side = side_by_side.take(every)
        parts.append(side_by_side)
    return csv_text.content(csv_text.ended(csv_text.beside(parts)))


def _all_quoted(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Quote the columns; an array that is the value of several columns is quoted once."""
    quoted_columns = {id(values): csv_text.quoted(values) for values in columns.values()}
    return {name: quoted_columns[id(values)] for name, values in columns.items()}


def zips(shop: SimulatedShop, person: NDArray[np.integer]) -> pa.Array:
    """Return the postcodes of these customers."""
    place, house = shop.people.place[person], shop.people.house[person].astype(np.int64)
    start = pick([p.zip_start for p in PLACES], place)
    return joined(start, digits(house % 89 + 10), pick([p.zip_end for p in PLACES], place))


def _customers(shop: SimulatedShop, ledger: Ledger) -> Iterator[memoryview]:
    """Yield the customers export in blocks of rows. Totals include counted orders only."""
    records, people = shop.records, shop.people
    record = records.orders(people, shop.bought, ledger.second_email)
    counts = ledger.counted & (record >= 0)
    number = np.bincount(record[counts], minlength=records.size)
    spent = np.bincount(record[counts], ledger.kept[counts], minlength=records.size).astype(np.int64)

    def block(start: int) -> memoryview:
        end = min(start + _CUSTOMER_ROWS, records.size)
        rows, person = shop.customer_rows(start, end), records.person[start:end]
        first, last = contact_details.names(people, person)
        house, named = people.house[person], pa.array(~records.marketplace[start:end])
        null = pa.scalar(None, pa.string())
        subscribed = pick(("no", "yes"), (people.marketing[person] & ~records.marketplace[start:end]).astype(np.int8))
        columns = {
            "Customer ID": joined("'", rows["customer_id"]),
            "First Name": pc.if_else(named, first, null),
            "Last Name": pc.if_else(named, last, null),
            "Email": rows["email"],
            "Accepts Email Marketing": subscribed,
            "Default Address Address1": pc.if_else(
                named, joined(digits(house), " ", pick(STREETS, house % len(STREETS))), null
            ),
            "Default Address City": rows["city"],
            "Default Address Country Code": rows["country"],
            "Default Address Zip": pc.if_else(named, joined("'", zips(shop, person)), null),
            "Default Address Phone": rows["phone"],
            "Phone": rows["phone"],
            "Accepts SMS Marketing": pa.repeat("no", end - start),
            "Total Spent": _price(spent[start:end]),
            "Total Orders": digits(number[start:end]),
            "Tax Exempt": pa.repeat("no", end - start),
            "Tags": rows["tags"],
        }
        fields = _all_quoted(columns)
        return csv_text.content(
            csv_text.ended(csv_text.beside([fields.get(f, csv_text.EMPTY) for f in CUSTOMERS_HEADER.split(",")]))
        )

    return in_order(block, range(0, records.size, _CUSTOMER_ROWS))
