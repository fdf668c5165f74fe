"""An unknown file hears what its columns may be, by everyday words and by the shapes of its values."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.sources import mapping_file
from regulars.sources.catalogue import recognise, require_columns
from regulars.sources.suggest import suggest
from regulars.vocabulary.errors import MappingError, UnknownFile
from regulars.vocabulary.synonyms import COLUMNS
from regulars.warehouse.tables import TABLES


def suggested(header: str, **values: list[str]) -> tuple[str, dict[str, str]]:
    found = suggest(header.split(","), values)
    return ("", {}) if found is None else (found.table.name, dict(found.columns))


def refusal(file: str, header: list[str]) -> UnknownFile | None:
    try:
        recognise(file, header)
    except UnknownFile as error:
        return error
    return None


@pytest.mark.parametrize(
    ("header", "table", "columns"),
    [
        (
            "order_number,order_date,customer_email,total,currency",
            "orders",
            {
                "order_id": "order_number",
                "email": "customer_email",
                "ordered_at": "order_date",
                "currency": "currency",
                "gross": "total",
            },
        ),
        (
            "Order Nr,Date,Buyer E-mail,Amount",
            "orders",
            {"order_id": "Order Nr", "email": "Buyer E-mail", "ordered_at": "Date", "gross": "Amount"},
        ),
        (
            "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date",
            "orders",
            {"order_id": "order_id", "customer_id": "customer_id", "ordered_at": "order_purchase_timestamp"},
        ),
        (
            "Order ID,Line,SKU,Qty,Price",
            "order_lines",
            {"order_id": "Order ID", "line_id": "Line", "product_id": "SKU", "quantity": "Qty", "amount": "Price"},
        ),
        (
            "ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Grand Total (Purchased),Status",
            "orders",
            {
                "order_id": "ID",
                "ordered_at": "Purchase Date",
                "channel": "Purchase Point",
                "gross": "Grand Total (Base)",
            },
        ),
        ("calldate,clid,src,channel,voicemail,userfield,curated", "", {}),  # words alike by letters mean nothing
        ("order status,customer group,total count,time zone", "", {}),
    ],
)
def test_whole_words_are_known(header: str, table: str, columns: dict[str, str]):
    assert suggested(header) == (table, columns)


def test_values_of_another_shape_speak_against_a_name():
    header = "order no,date,total"
    good = {"date": ["2024-03-01", "2024-03-02"], "total": ["19,90", "5.00"], "order no": ["1", "2"]}
    assert suggested(header, **good)[1] == {"order_id": "order no", "ordered_at": "date", "gross": "total"}
    assert suggested(header, **(good | {"total": ["red", "blue"]}))[1] == {"order_id": "order no", "ordered_at": "date"}


def test_values_tell_what_a_name_does_not():
    values = {
        "nr": ["1", "2"],
        "who": ["a@x.com", "b@y.com"],
        "moment": ["2024-03-01 10:00", "2024-03-02 11:00"],
        "sum": ["1.00", "2.00"],
        "coin": ["EUR", "USD"],
        "order id": ["7", "8"],
        "total": ["1.00", "2.00"],
    }
    assert suggested(",".join(values), **values) == (
        "orders",
        {"order_id": "order id", "email": "who", "ordered_at": "moment", "currency": "coin", "gross": "total"},
    )


def test_the_lines_to_paste_are_a_mapping_that_reads_the_file():
    header = ["Order No", 'it\'s a "Date"', "total", "shipped"]
    values = {header[1]: ["2024-03-01"], "shipped": ["yes"]}
    with pytest.raises(UnknownFile) as error:
        recognise("My Till 2.csv", header, values, "SEK")
    mapping = error.value.details
    source = mapping_file.parse(mapping, "till.toml")
    require_columns(source, "My Till 2.csv", header)
    assert source.name == "my_till_2"
    assert source.mappings[0].columns["currency"] == "'SEK'"
    assert source.requires == {"Order No", 'it\'s a "Date"', "total"}


def test_what_is_missing_stands_there_to_be_filled_in():
    with pytest.raises(UnknownFile) as error:
        recognise("x.csv", ["customer_id", "date", "total", "product"])
    assert "# order_id = ?" in error.value.details
    assert tomllib.loads(error.value.details)["orders"]["columns"]["gross"] == '"total"'
    assert "Export" not in error.value.hint, "the owner of another system's file cannot export it in our columns"


def test_no_other_systems_file_is_told_to_have_our_columns(data: Callable[[str], Path]):
    for name in ("headers.json", "headers2.json"):
        for system, found in json.loads(data(f"exports/{name}").read_text()).items():
            header = found.get("header") if isinstance(found, dict) else None
            if "/" in system or system.startswith("shopify_") or not isinstance(header, str):
                continue
            error = refusal("export.csv", header.split(max(",;\t", key=header.count)))
            assert error is None or not ("lacks" in str(error) or "Export" in error.hint), system


ADDRESS = "anna.smith@example.org"


@pytest.mark.parametrize(
    "first",
    [
        [ADDRESS, "Anna Smith", "+44 1632 960961", "2024-01-02"],
        ["1001", "2024-03-01", "19.90", "Anna Smith"],
        ["1001", "19.90", "3", "Anna Smith"],
    ],
)
def test_a_first_line_of_values_is_described_and_not_shown(first: list[str]):
    mapping = '[orders.columns]\norder_id = "nr"\nordered_at = "day"\ngross = "amount"\ncurrency = "\'EUR\'"\n'
    source = mapping_file.parse('name = "till"\n' + mapping, "till.toml")
    for refuse in (lambda: recognise("customers.csv", first), lambda: require_columns(source, "customers.csv", first)):
        with pytest.raises((UnknownFile, MappingError), match="seems to have no header") as error:
            refuse()
        message = f"{error.value} {error.value.hint} {error.value.details}"
        assert [value for value in first if len(value) > 1 and value in message] == []
        assert "number" in message


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_any_header_is_recognised_or_refused_with_a_mapping_that_is_toml(header: list[str]):
    if error := refusal("x.csv", header):
        assert error.hint
        tomllib.loads(error.details)


def test_every_entry_is_a_column_of_some_table():
    known = {column.name for table in TABLES for column in table.columns}
    assert set(COLUMNS) <= known
    assert [phrase for phrases in COLUMNS.values() for phrase in phrases if phrase != phrase.lower().strip()] == []
