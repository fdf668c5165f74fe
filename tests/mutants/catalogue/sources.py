"""Deliberate faults in sources/."""

from __future__ import annotations

from mutants.running import Mutant

_HEADLESS = "tests/cli/test_headless_files.py::test_a_file_without_header_shows_no_data"
_NAMES = "tests/sources/test_value_shapes.py::test_numbers_below_words_show_that_a_line_names_columns"
_FOLDERS = "tests/cli/test_loading_folders.py::test_archives_that_cannot_be_opened_are_named_with_the_unknown_files"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "one column is enough to take a file for a table",
        "sources/catalogue.py",
        "_DISTINCTIVE = 2",
        "_DISTINCTIVE = 1",
        ("tests/sources/test_catalogue.py",),
    ),
    Mutant(
        "content() without columns is no id",
        "sources/content_function.py",
        'rf"(?:{_NAME}(?:,{_NAME})*)?',
        'rf"(?:{_NAME}(?:,{_NAME})*)',
        ("tests/sources/test_content_function.py::test_without_columns_all_but_the_status_count",),
    ),
    Mutant(
        "the parameters of a lambda are columns",
        "sources/parse_expressions.py",
        "if name not in parameters and name",
        "if name",
        ("tests/sources/test_mapping_file.py",),
    ),
    Mutant(
        "a comment at the end of an expression is taken",
        "sources/parse_expressions.py",
        '    _tree(con, f"SELECT ({sql})")',
        "    #",
        ("tests/sources/test_mapping_file.py",),
    ),
    Mutant(
        "a mapping need not fill what a table needs",
        "sources/mapping_file.py",
        "        if missing:\n",
        "        if not missing:\n",
        ("tests/sources/test_mapping_file.py",),
    ),
    Mutant(
        "a column that would be two things at once is one of them",
        "sources/mapping_file.py",
        "if len(kinds) == 1}",
        "if kinds}",
        ("tests/sources/test_mapping_file.py",),
    ),
    Mutant(
        "a misspelt column of ours is passed over",
        "sources/canonical.py",
        "closed=True",
        "closed=False",
        ("tests/sources/test_canonical.py::test_a_column_that_nothing_uses_is_named",),
    ),
    Mutant(
        "four values of five do not show a shape",
        "sources/value_shapes.py",
        ">= _ENOUGH * len(shapes)",
        "> _ENOUGH * len(shapes)",
        ("tests/sources/test_value_shapes.py",),
    ),
    Mutant(
        "a line half of numbers is no header",
        "sources/value_shapes.py",
        "numbers * 2 > len(shapes)",
        "numbers * 2 >= len(shapes)",
        ("tests/sources/test_value_shapes.py",),
    ),
    Mutant(
        "a table is proposed by one column",
        "sources/suggest.py",
        "_FEWEST = 2",
        "_FEWEST = 1",
        ("tests/sources/test_suggest.py",),
    ),
    Mutant(
        "one word of a name is enough to know its column",
        "sources/suggest.py",
        "elif more == 1 and len(phrase) > 1 and",
        "elif more == 1 and",
        ("tests/sources/test_suggest.py",),
    ),
    # shops
    Mutant(
        "a phone number of one digit repeated is somebody's",
        "sources/shops/derived_ids.py",
        " AND ltrim({digits}, left({digits}, 1)) <> ''",
        "",
        ("tests/sources/test_shopify.py::test_words_for_nobody_make_no_customer_id",),
    ),
    Mutant(
        "an address is another's in capitals",
        "sources/shops/derived_ids.py",
        "'email:' || lower({column})",
        "'email:' || {column}",
        ("tests/sources/test_woocommerce.py", "tests/sources/test_shopify.py::test_a_customer_in_both_layouts_is_one"),
    ),
    Mutant(
        "a difference of a cent is a missing line",
        "sources/shops/shopify_amounts.py",
        '{MISSING} > 0.01"',
        '{MISSING} >= 0.01"',
        ("tests/sources/test_shopify_money.py::test_a_difference_of_a_cent_is_rounding",),
    ),
    Mutant(
        "a tip is a discount",
        "sources/shops/shopify_amounts.py",
        "CASE WHEN {_TIPS_IN_SUBTOTAL} THEN 0 ELSE {_TIPS} END",
        "0",
        ("tests/sources/test_shopify.py::test_a_tip_is_no_discount_and_no_tax",),
    ),
    Mutant(
        "a customer's missing orders are not missed where another has more",
        "sources/shops/shopify_check.py",
        "sum(least(known.orders, coalesce(loaded.orders, 0)))",
        "sum(coalesce(loaded.orders, 0))",
        ("tests/sources/test_shopify_check.py",),
    ),
    Mutant(
        "a name alone is a customer",
        "sources/shops/shopify_customers.py",
        'where=f"{_ID} IS NOT NULL"',
        'where="true"',
        ("tests/sources/test_shopify.py::test_customers_of_the_layout_without_numbers_are_known_by_address",),
    ),
    Mutant(
        "a customer takes the phone of a delivery address, another's perhaps",
        "sources/shops/shopify_customers.py",
        'CASE WHEN "Email" IS NULL THEN "Default Address Phone" END',
        '"Default Address Phone"',
        (
            "tests/sources/test_shopify.py::test_a_customer_with_an_address_does_not_take_the_phone_of_a_delivery_address",
        ),
    ),
    Mutant(
        "an order cancelled in American spelling counts",
        "sources/shops/shopify_orders.py",
        'WHEN coalesce({of("Cancelled at")}, {of("Canceled at")}) IS NOT NULL',
        'WHEN {of("Cancelled at")} IS NOT NULL',
        ("tests/sources/test_shopify.py::test_an_order_with_a_day_of_cancellation_is_cancelled_in_both_spellings",),
    ),
    Mutant(
        "a refund total is a further refund in each export",
        "sources/shops/shopify_orders.py",
        "            running_total=True,\n",
        "",
        ("tests/load/test_refund_totals.py::test_each_load_dates_what_is_new_by_its_latest_time",),
    ),
    Mutant(
        "customers of WooCommerce are not known by their username",
        "sources/shops/woocommerce_customers.py",
        """, {id_of_username('"Username"')})""",
        ", NULL)",
        ("tests/sources/test_woocommerce.py::test_words_for_nobody_make_no_customer_id",),
    ),
    Mutant(
        "a name that stands among its column's values is a name all the same",
        "sources/value_shapes.py",
        "if name in below or (own in _DISTINCTIVE and own in shapes):",
        "if own in _DISTINCTIVE and own in shapes:",
        (_NAMES,),
    ),
    Mutant(
        "a name with the shape of its column's values is a name all the same",
        "sources/value_shapes.py",
        "if name in below or (own in _DISTINCTIVE and own in shapes):",
        "if name in below:",
        (_NAMES,),
    ),
    Mutant(
        "a first line is a header without a column that shows it",
        "sources/value_shapes.py",
        "    shown = False\n",
        "    shown = True\n",
        (_NAMES,),
    ),
    Mutant(
        "one known word shows that a first line is a header",
        "sources/catalogue.py",
        "_KNOWN_NAMES = 2",
        "_KNOWN_NAMES = 1",
        (_HEADLESS,),
    ),
    Mutant(
        "files that cannot be read are left out without being asked",
        "services/app.py",
        "or (result.unreadable and not skip_unreadable)",
        "or (result.unreadable and skip_unreadable)",
        (_FOLDERS,),
    ),
    Mutant(
        "broken files are not named beside unknown ones",
        "services/app.py",
        "named_files = incoming_files.unknown | broken | wrong or incoming_files.passed_over",
        "named_files = incoming_files.unknown or broken | wrong or incoming_files.passed_over",
        (_FOLDERS,),
    ),
)
