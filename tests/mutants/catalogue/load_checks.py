"""Deliberate faults in the checks of a load's rows."""

from __future__ import annotations

from mutants.running import Mutant

_CHECKS = "tests/load/checks"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "equal rows are counted from one again in each part of an export",
        "load/checks/content_ids.py",
        " + coalesce(b.n, 0)) AS",
        ") AS",
        ("tests/sources/test_content_function.py",),
    ),
    Mutant(
        "equal ids of two files are the same row without a word",
        "load/checks/content_ids.py",
        "if shared and not overlap:",
        "if shared and overlap:",
        ("tests/sources/test_content_function.py",),
    ),
    Mutant(
        "a shop that names no gift cards hears of none",
        "load/checks/gift_cards.py",
        "if settings.gift_cards == ():",
        "if not settings.gift_cards:",
        (f"{_CHECKS}/test_gift_cards.py",),
    ),
    Mutant(
        "gift cards that the setting names are warned of",
        "load/checks/gift_cards.py",
        " AND NOT ({' OR '.join(known) or 'false'})",
        "",
        (f"{_CHECKS}/test_gift_cards.py::test_what_the_setting_names_is_known",),
    ),
    Mutant(
        "orders are all of guests though one has a buyer",
        "load/checks/guests.py",
        "orders = 0 if known else validation.workspace.count(rows)",
        "orders = validation.workspace.count(rows)",
        ("tests/sources/test_canonical.py", f"{_CHECKS}/test_unusable.py"),
    ),
    Mutant(
        "an identity of ten customers is not warned of",
        "load/checks/joining_many.py",
        "FROM joining WHERE joined >= {MANY}",
        "FROM joining WHERE joined > {MANY}",
        (f"{_CHECKS}/test_joining_many.py",),
    ),
    Mutant(
        "the customer ids of guests count as customers",
        "load/checks/joining_many.py",
        "FILTER (times > 2)",
        "FILTER (times > 0)",
        (f"{_CHECKS}/test_joining_many.py::test_a_guest_with_a_new_customer_id_for_every_order_is_one_customer",),
    ),
    Mutant(
        "an amount is compared with itself",
        "load/checks/large_amounts.py",
        "least(quantile_disc(amount, 0.99), max(amount, 2)[2])",
        "quantile_disc(amount, 0.99)",
        (f"{_CHECKS}/test_large_amounts.py",),
    ),
    Mutant(
        "a fifth of the lines is too few",
        "load/checks/line_prices.py",
        "if dear >= enough:",
        "if dear > enough:",
        (f"{_CHECKS}/test_line_prices.py",),
    ),
    Mutant(
        "a few lines are enough",
        "load/checks/line_prices.py",
        "_ENOUGH_LINES = 10",
        "_ENOUGH_LINES = 1",
        (f"{_CHECKS}/test_line_prices.py",),
    ),
    Mutant(
        "a difference of a cent is a lost line",
        "load/checks/order_totals.py",
        "least - lines > {_CENT}",
        "least - lines >= {_CENT}",
        (f"{_CHECKS}/test_order_totals.py::test_shopifys_discounts_explain_the_difference",),
    ),
    Mutant(
        "a tip among the lines is a difference from the gross",
        "load/checks/order_totals.py",
        " AND abs(gross - goods) > {_CENT}",
        "",
        (f"{_CHECKS}/test_order_totals.py",),
    ),
    Mutant(
        "an order of one customer by any of his identities replaces another's",
        "load/checks/overwritten_orders.py",
        " AND NOT ({_SAME})",
        "",
        (f"{_CHECKS}/test_overwritten_orders.py::test_one_identity_that_agrees_is_enough",),
    ),
    Mutant(
        "an order changed on its own day replaces another's",
        "load/checks/overwritten_orders.py",
        """ AND {day.format("o")} <> {day.format("b")}""",
        "",
        (f"{_CHECKS}/test_overwritten_orders.py",),
    ),
    Mutant(
        "twenty rejected rows refuse a file",
        "load/checks/refusals.py",
        "rejected > ALLOWED_ROWS and",
        "rejected >= ALLOWED_ROWS and",
        ("tests/load/test_refusals.py",),
    ),
    Mutant(
        "a twentieth of the rows refuses a file",
        "load/checks/refusals.py",
        "rejected > ALLOWED_SHARE * read",
        "rejected >= ALLOWED_SHARE * read",
        ("tests/load/test_refusals.py::test_more_than_20_rejected_rows_and_more_than_5_percent_refuse_a_file",),
    ),
    Mutant(
        "a shop with orders in its own currency hears that there are none",
        "load/checks/shop_currency.py",
        "WHERE currency = {quoted",
        "WHERE currency <> {quoted",
        (f"{_CHECKS}/test_shop_currency.py",),
    ),
    Mutant(
        "a masked value shows its letters",
        "load/checks/unusable.py",
        '    if character.isalpha():\n        return "x"\n',
        '    if character.isupper():\n        return "x"\n',
        (f"{_CHECKS}/test_unusable.py",),
    ),
    Mutant(
        "words for nobody are addresses that are none",
        "load/checks/unusable.py",
        "NOT means_nobody(trim({{0}})) AND spelt_",
        "spelt_",
        (f"{_CHECKS}/test_unusable.py",),
    ),
)
