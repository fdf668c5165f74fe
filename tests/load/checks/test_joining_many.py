"""One identity that joins many different customers is warned of, masked and with the remedy; nine are no matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from load.shop import Shop, own
from regulars.services.app import App
from regulars.vocabulary.shop import Settings
from regulars.vocabulary.shop import Shop as ShopFolder

HEADER = "order_id,customer_id,person_id,email,phone,ordered_at,gross,currency\n"
SHARED = (
    ' If several people use it, add it to regulars.toml: shared_addresses = ["…"]; regulars people merges shows it.'
)
NO_CUSTOMER = (
    " If it belongs to no customer, leave it out by a mapping file, or type: regulars people split ID ADDRESS;"
    " regulars people merges shows both."
)


def orders(*who: str, first: int = 0, times: int = 1) -> str:
    """An orders file with so many orders per "customer_id,person_id,email,phone"."""
    return HEADER + "".join(f"A{first + n},{one},2024-03-01,10,GBP\n" for n, one in enumerate(who * times))


@pytest.mark.parametrize(
    ("pattern", "warning"),
    [
        (
            "c{},,desk@shop.example,",
            "The email address dxxx@xxxx.xxxxxxx joins 10 different customer ids or phone numbers into one customer."
            + SHARED,
        ),
        (
            "c{},,,020 7946 0000",
            "The phone number 99999999999 joins 10 different customer ids or email addresses into one customer."
            + SHARED,
        ),
        (
            ",,a{}@x.example,020 7946 0000",
            "The phone number 99999999999 joins 10 different customer ids or email addresses into one customer."
            + SHARED,
        ),
        (
            "walk-in,,a{}@x.example,",
            "The customer_id wxxx-xx joins 10 different email addresses into one customer." + NO_CUSTOMER,
        ),
        (
            ",77,a{}@x.example,",
            "The person_id 99 joins 10 different email addresses into one customer." + NO_CUSTOMER,
        ),
    ],
)
def test_ten_are_warned_of_and_nine_are_not(pattern: str, warning: str, shop: Shop):
    nine, ten = (orders(*(pattern.format(number) for number in range(1, many + 1)), times=3) for many in (9, 10))
    assert shop.load({"nine.csv": (nine, own("orders"))}).warnings == []
    assert shop.load({"ten.csv": (ten, own("orders"))}).warnings == [warning]


def test_spellings_of_one_address_and_repeats_are_one(shop: Shop):
    spelt = ("anna@x.example", "Anna@X.example", "<anna@x.example>")
    assert shop.load({"a.csv": (orders(*(f"c1,,{one}," for one in spelt * 5)), own("orders"))}).warnings == []


def test_a_guest_with_a_new_customer_id_for_every_order_is_one_customer(shop: Shop):
    who = [f"g{number},,anna@x.example,020 7946 0000" for number in range(60)]
    assert shop.load({"a.csv": (orders(*who), own("orders"))}).warnings == []


@pytest.mark.parametrize("shared", ["desk@shop.example,", ",020 7946 0000"])
@pytest.mark.parametrize("before", [False, True])
def test_customer_ids_of_the_customers_table_count_without_orders(shared: str, before: bool, shop: Shop):
    """Forty ids with one address or number, in one load or most of them known before; nine ids are no matter."""
    rows = [f"c{number},{shared}\n" for number in range(40)]
    first, last = (rows[:9], rows[9:]) if before else (rows[:9], [])
    header = "customer_id,email,phone\n"
    assert shop.load({"nine.csv": (header + "".join(first), own("customers"))}).warnings == []
    if before:
        (warning,) = shop.load({"rest.csv": (header + "".join(last), own("customers"))}).warnings
    else:
        (warning,) = shop.load({"all.csv": (header + "".join(rows), own("customers"))}, again=True).warnings[-1:]
    count = 31 if before else 40
    assert f" joins {count} different customer ids or " in warning and warning.endswith(SHARED)


@pytest.mark.parametrize(("name", "count"), [("Anna Ash,", 0), ("Anna {},", 40)])
@pytest.mark.parametrize("ids", [False, True])
def test_guests_listed_as_a_customer_for_every_order_are_one_by_their_name(
    name: str, count: int, ids: bool, shop: Shop
):
    """Whether or not the orders say the id: a shop's export of customers lists a guest of 40 orders 40 times."""
    ordered = orders(*(f"{f'g{number}' * ids},,anna@x.example," for number in range(40)))
    listed = "customer_id,name,email\n" + "".join(f"g{n},{name.format(n)}anna@x.example\n" for n in range(40))
    warnings = shop.load({"o.csv": (ordered, own("orders")), "c.csv": (listed, own("customers"))}).warnings
    assert [f" joins {count} different" in warning for warning in warnings] == [True] * bool(count)


def test_several_are_counted_and_the_largest_is_shown(shop: Shop):
    who = [f"c{number},,a@x.example," for number in range(1, 11)] + [
        f"d{number},,b@x.example," for number in range(1, 13)
    ]
    assert shop.load({"a.csv": (orders(*who, times=3), own("orders"))}).warnings == [
        "2 email address values each join up to 12 different customer ids or phone numbers into one customer (most: b@x.xxxxxxx)."
        + SHARED
    ]


def test_what_is_listed_as_shared_is_not_warned_of(shop: Shop):
    settings = Settings(name="t", currency="GBP", timezone="UTC", shared_addresses=("desk@shop.example",))
    who = [f"c{number},,desk@shop.example," for number in range(1, 20)]
    assert shop.load({"a.csv": (orders(*who, times=3), own("orders"))}, settings=settings).warnings == []


def test_loads_are_counted_together(tmp_path: Path):
    app = App(ShopFolder.create(tmp_path / "shop", currency="GBP", timezone="UTC"))
    warnings = []
    for load in range(3):
        file = tmp_path / f"{load}.csv"
        file.write_text(
            orders(*(f"c{load}{number},,desk@shop.example," for number in range(4)), first=12 * load, times=3)
        )
        warnings.append(app.load([file]).warnings)
    assert warnings[:2] == [[], []]
    assert [warning[:63] for warning in warnings[2]] == [
        "The email address dxxx@xxxx.xxxxxxx joins 12 different customer"
    ]
