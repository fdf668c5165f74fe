"""The simulated shop as Shopify's exports: the files a real shop would load.

What the files keep of the canonical rows, and what they cannot say:

- orders, gross (lines before discounts), discount, shipping, tax, status, coupon, channel (as Source), email and phone:
  everything. There is no customer id on an order, so that a customer is recognised by email and phone alone.
- refunds: one sum per order in "Refunded Amount". When it happened, which line it was and how many pieces came back is
  lost, and so are reason and restocking; a shop learns the days from its transactions export.
- lines: quantity, price, name, sku, discount. Category and costs are lost.
- customers: id, name, email, phone, country, city, tags. When the record was made and the language are lost.
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
from regulars.simulate.baskets import PAYMENTS, STATUSES, Basket, known
from regulars.simulate.clock import Clock, Integers
from regulars.simulate.contact_details import digits, joined, pick
from regulars.simulate.files import csv_text
from regulars.simulate.files.atomic_folder import TRUTH, whole
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
"""In our own column names: what one piece of each product costs, by the sku that the orders export names."""
BLOCKS_PER_FILE = 16
"""About half a million orders: larger shops get orders_export_1.csv, orders_export_2.csv …, the newest orders first."""

_CUSTOMER_ROWS = 131_072
_BYTES = 700
"""On disk, per order, truth included: a little less than measured."""
_EVERY_LINE = ("Name", "Email", "Created at")


def write_shopify(
    shop: SimulatedShop, folder: Path, progress: Progress | None = None, *, costs: bool = False
) -> list[Path]:
    """Write orders_export*.csv and customers_export.csv, and the truth.

    Rows stand newest first, as Shopify writes them; no order is split between two files. The same shop gives the same
    bytes. Raises what `whole` raises.

    Args:
        shop: the simulated shop.
        folder: where the files are written.
        progress: called with the orders written and all orders.
        costs: Whether product_costs.csv is written too: what each product costs, which Shopify's orders export lacks.

    Returns:
        The paths of the files, orders first.
    """
    ledger = Ledger.empty(shop)
    newest_first = shop.starts()[::-1]
    names = [*_order_files(len(newest_first)), CUSTOMERS_FILE, *((COSTS_FILE,) if costs else ())]
    with whole(folder, names, shop.bought.size * _BYTES) as inside:

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
            (inside / COSTS_FILE).write_text(_costs(shop), encoding="utf-8")
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
    """Local times with their offset, such as 2025-10-07 09:50:26 +0200; null where nothing happened."""
    happened = known(instant)
    seconds = np.where(happened, instant, clock.end - 1)
    ahead = clock.offsets(seconds)
    local = pa.array(seconds + ahead, pa.timestamp("s"), mask=~happened).cast(pa.string())
    different, which = np.unique(ahead, return_inverse=True)
    signs = [f" {'-' if a < 0 else '+'}{abs(a) // 3600:02d}{abs(a) % 3600 // 60:02d}" for a in different.tolist()]
    return joined(local, pick(signs, which))


def _order_columns(shop: SimulatedShop, basket: Basket) -> dict[str, pa.Array]:
    """What stands on the first line of each order."""
    people, person, clock, size = shop.people, basket.person, shop.clock, basket.size
    rows = shop.order_rows(basket)
    first, last = contact_details.names(people, person)
    place, house, phone = people.place[person], people.house[person], rows["phone"]
    cancelled, refunded, paid = basket.status == 1, basket.refunded, known(basket.paid_at)
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
        "Fulfillment Status": pick(("unfulfilled", "fulfilled"), known(basket.fulfilled_at).astype(np.int8)),
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
    """What stands on the row of each of these lines."""
    lines, goods = basket.lines, shop.goods
    product, amount, quantity = lines.product[chosen], lines.amount[chosen], lines.quantity[chosen]
    sent = known(basket.fulfilled_at)[lines.order[chosen]]
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
    """The block's rows: a row per line, newest order first, the order's own fields on its first row only.

    What stands on an order's row side by side is joined once per order, and then laid out on its lines.
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
    """Many fields are the same array under two names; each is looked at once."""
    found = {id(values): csv_text.quoted(values) for values in columns.values()}
    return {name: found[id(values)] for name, values in columns.items()}


def zips(shop: SimulatedShop, person: NDArray[np.integer]) -> pa.Array:
    """Postcodes of these customers."""
    place, house = shop.people.place[person], shop.people.house[person].astype(np.int64)
    start = pick([p.zip_start for p in PLACES], place)
    return joined(start, digits(house % 89 + 10), pick([p.zip_end for p in PLACES], place))


def _customers(shop: SimulatedShop, ledger: Ledger) -> Iterator[memoryview]:
    """The customers export in blocks of rows. Orders that do not count are not counted here either."""
    kept, people = shop.records, shop.people
    record = kept.orders(people, shop.bought, ledger.second_email)
    counts = ledger.counted & (record >= 0)
    number = np.bincount(record[counts], minlength=kept.size)
    spent = np.bincount(record[counts], ledger.kept[counts], minlength=kept.size).astype(np.int64)

    def block(start: int) -> memoryview:
        end = min(start + _CUSTOMER_ROWS, kept.size)
        rows, person = shop.customer_rows(start, end), kept.person[start:end]
        first, last = contact_details.names(people, person)
        house, named = people.house[person], pa.array(~kept.marketplace[start:end])
        nobody = pa.scalar(None, pa.string())
        subscribed = pick(("no", "yes"), (people.marketing[person] & ~kept.marketplace[start:end]).astype(np.int8))
        columns = {
            "Customer ID": joined("'", rows["customer_id"]),
            "First Name": pc.if_else(named, first, nobody),
            "Last Name": pc.if_else(named, last, nobody),
            "Email": rows["email"],
            "Accepts Email Marketing": subscribed,
            "Default Address Address1": pc.if_else(
                named, joined(digits(house), " ", pick(STREETS, house % len(STREETS))), nobody
            ),
            "Default Address City": rows["city"],
            "Default Address Country Code": rows["country"],
            "Default Address Zip": pc.if_else(named, joined("'", zips(shop, person)), nobody),
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

    return in_order(block, range(0, kept.size, _CUSTOMER_ROWS))
