"""Mapping files do what they say, and a mistake in one is named before a row is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regulars.sources import mapping_file
from regulars.sources.shops.shopify_orders import shopify_orders
from regulars.vocabulary.errors import MappingError
from regulars.warehouse.schema import Kind

TILL = """
name = "till"
{top}

[orders]
{orders}

[orders.columns]
order_id = "number"
ordered_at = "placed"
gross = "total"
currency = "'GBP'"
{columns}
"""


def till(*, top: str = "", orders: str = "", columns: str = "", more: str = "") -> str:
    return TILL.format(top=top, orders=orders, columns=columns) + more


def test_required_are_the_columns_that_expressions_use_but_the_optional_ones():
    text = till(
        top='optional = ["MAIL"]', columns='email = "lower(mail)"\nstatus = "CASE Number WHEN 1 THEN state END"'
    )
    source = mapping_file.parse(text, "till.toml")
    assert source.requires == {"number", "placed", "total", "state"}
    assert source.optional == {"mail"}


def test_a_column_that_goes_unchanged_into_ours_is_read_as_ours():
    source = mapping_file.parse(till(columns='coupon = "total"\nemail = "mail"'), "till.toml")
    assert source.types == {"number": Kind.ID, "placed": Kind.INSTANT, "total": Kind.MONEY}


def test_a_column_that_would_be_two_things_at_once_stays_text():
    source = mapping_file.parse(till(columns='test = "total"'), "till.toml")
    assert "total" not in source.types


def test_types_of_the_file_go_before_what_is_inferred():
    source = mapping_file.parse(till(top='[types]\nPLACED = "day"'), "till.toml")
    assert source.types["placed"] is Kind.DAY


def test_values_other_than_text_are_themselves():
    source = mapping_file.parse(till(columns="tax_included = true\nshipping = 4.90\ntax = 2"), "till.toml")
    columns = source.mappings[0].columns
    assert (columns["tax_included"], columns["shipping"], columns["tax"]) == ("true", "4.90", "2")


def test_the_file_says_how_it_writes_numbers_dates_and_times():
    text = till(top='[read]\ndecimal = ","\ndate_order = "mdy"\ntimezone = "Europe/Berlin"')
    source = mapping_file.parse(text, "till.toml")
    assert (source.decimal, source.date_order, source.timezone) == (",", "mdy", "Europe/Berlin")


def test_the_line_is_no_column_of_the_file():
    source = mapping_file.parse(till(columns='coupon = "line"\ncustomer_id = "number || line"'), "till.toml")
    assert source.requires == {"number", "placed", "total"}


def test_names_in_functions_are_no_columns_of_the_file():
    source = mapping_file.parse(
        till(columns='''coupon = "list_transform([mail], lambda x: x || 'y')[1]"'''), "till.toml"
    )
    assert source.requires == {"number", "placed", "total", "mail"}


def test_a_mapping_can_add_to_what_a_known_source_brought():
    text = """
        name = "shopify"
        [product_costs.columns]
        product_id = "SKU"
        valid_from = "DATE '2020-01-01'"
        unit_cost = "Cost"
        currency = "'EUR'"
        """
    assert mapping_file.parse(text, "costs.toml").name == shopify_orders.name


MISTAKES = {
    "syntax": (till(top="x = = 2"), r"till\.toml is not valid TOML: .*line 3"),
    "name": (till().replace('"till"', '"Till!"'), r"needs a name of small letters"),
    "no table": ('name = "till"', r"fills no table"),
    "table": (till(more="[order.columns]\nx = 'y'"), r"there is no table order\. Did you mean orders\?"),
    "reading alone": (
        'name = "laden"\n[read]\ndecimal = ","',
        r"it fills no table.*known source \(.*regulars, shopify.*\)",
    ),
    "nothing": ('name = "shopify"', r"it fills no table"),
    "type of no column": ('name = "shopify"\n[types]\nTotals = "money"', r"\[types\] names the column Totals.*Total\?"),
    "no columns": (till(more="[customers]\nwhere = 'x'"), r"\[customers\] has no columns"),
    "column": (till(columns='e_mail = "mail"'), r"orders has no column e_mail\. Did you mean email\?"),
    "missing": (till().replace("gross", "discount"), r"\[orders\.columns\] also needs gross"),
    "part": (till(orders='when = "x"'), r"\[orders\] has no option when\. Did you mean where\?"),
    "sql": (
        till(columns='coupon = "lower(code"'),
        r"orders\.coupon = lower\(code is not an SQL expression: syntax error",
    ),
    "two": (till(columns='coupon = "a, b"'), r"orders\.coupon .* it is not one expression"),
    "name with blanks": (till(columns='coupon = "Coupon code"'), r"""coupon = '"Coupon code"'"""),
    "comment": (till(columns='coupon = "code -- why"'), r"orders\.coupon .* is not an SQL expression"),
    "alias": (till(columns='coupon = "code AS c"'), r"orders\.coupon .* leave out AS"),
    "list": (till(columns="coupon = [1]"), r"orders\.coupon is not an SQL expression"),
    "function": (
        till(columns='coupon = "lowr(code)"'),
        r"orders\.coupon = lowr\(code\) is not allowed: it may not call lowr; did you mean lower",
    ),
    "text computed with": (till(columns='discount = "-rebate"'), r"orders\.discount: .*\[types\] declares"),
    "where": (till(orders="where = \"paid > DATE 'x'\""), r"orders\.where: "),
    "no aggregate": (
        till(orders='group_by = "number"', columns='email = "lower(mail)"'),
        r"orders\.email: .*GROUP BY.*an expression is an aggregate",
    ),
    "type": (till(top='[types]\ntotal = "currency"'), r"there is no type currency"),
    "typed": (till(top='[types]\ntotl = "money"'), r"\[types\] names the column totl.*Did you mean total\?"),
    "optional": (
        till(top='optional = ["mial"]', columns='email = "mail"'),
        r"names the column mial.*Did you mean mail\?",
    ),
    "read": (till(top='[read]\ndecimals = ","'), r"\[read\] has no option decimals\. Did you mean decimal\?"),
    "decimal": (till(top='[read]\ndecimal = ";"'), r'decimal is not one of ".", ","'),
    "date order": (till(top='[read]\ndate_order = "ydm"'), r'date_order is not one of "dmy", "mdy", "ymd"'),
    "timezone": (till(top='[read]\ntimezone = "Berlin"'), r"there is no timezone Berlin"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake: str):
    text, told = MISTAKES[mistake]
    with pytest.raises(MappingError) as error:
        mapping_file.parse(text, "till.toml")
    assert "till.toml" in str(error.value)
    said = " ".join((str(error.value), error.value.hint)).replace("\n", " ")
    assert re.search(told, said), said


def test_a_mapping_that_is_not_there(tmp_path: Path):
    with pytest.raises(MappingError, match="There is no mapping file"):
        mapping_file.read(tmp_path / "nowhere.toml")
    with pytest.raises(MappingError, match="cannot be read"):
        mapping_file.read(tmp_path)


def test_a_mapping_saved_by_windows_is_read(tmp_path: Path):
    path = tmp_path / "till.toml"
    path.write_bytes(b"\xef\xbb\xbf" + till().replace("\n", "\r\n").encode())
    assert mapping_file.read(path).name == "till"


def test_a_mapping_of_a_known_source_may_only_say_how_its_files_are_read():
    text = 'name = "shopify"\n[read]\ndecimal = ","\ndate_order = "dmy"'
    described = mapping_file.parse(text, "resaved.toml")
    assert isinstance(described, mapping_file.Extension)
    read = described.applied(shopify_orders, "orders_export.csv")
    assert (read.decimal, read.date_order, read.mappings) == (",", "dmy", shopify_orders.mappings)
    assert read.timezone == shopify_orders.timezone and read.types["Created at"] is Kind.INSTANT


def test_it_may_change_what_a_column_holds():
    described = mapping_file.parse('name = "shopify"\n[types]\n"created AT" = "text"', "resaved.toml")
    assert isinstance(described, mapping_file.Extension)
    assert described.applied(shopify_orders, "orders_export.csv").types == shopify_orders.types | {
        "Created at": Kind.TEXT
    }


def test_it_is_for_files_of_its_own_source_only():
    described = mapping_file.parse('name = "woocommerce"\n[read]\ndecimal = ","', "resaved.toml")
    assert isinstance(described, mapping_file.Extension)
    with pytest.raises(MappingError, match=r"orders_export\.csv is a file of .*Shopify"):
        described.applied(shopify_orders, "orders_export.csv")
