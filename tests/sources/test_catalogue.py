"""Files find their source by their header, and an unknown one hears what it lacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from regulars.load.mapping import Source
from regulars.sources import mapping_file
from regulars.sources.catalogue import SOURCES, recognise, require_columns
from regulars.sources.parse_expressions import parse
from regulars.vocabulary.errors import MappingError, UnknownFile
from regulars.warehouse.tables import BY_NAME, TABLES


def tables_of(source: Source) -> list[str]:
    return [mapping.table for mapping in source.mappings]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_file_with_a_tables_own_columns_is_that_table(table):
    everything = [column.name for column in table.columns]
    needed = [column.name for column in table.columns if not column.nullable and column.default is None]
    assert tables_of(recognise("export.csv", everything)) == [table.name]
    assert tables_of(recognise(f"{table.name}.csv.gz", needed)) == [table.name]


def test_headers_seen_in_the_wild_are_recognised(data: Callable[[str], Path]):
    headers = json.loads(data("exports/headers.json").read_text())
    found = {
        name: recognise("export.csv", headers[name]["header"].split(",")).title
        for name in headers
        if name.startswith("shopify_")
    }
    assert found == {
        "shopify_orders_export": "Shopify orders export",
        "shopify_customers_export_new": "Shopify customers export",
        "shopify_customers_export_older": "Shopify customers export",
    }


def test_the_case_of_column_names_does_not_matter():
    header = "name,financial status,created at,currency,lineitem quantity,LINEITEM NAME,Lineitem Price"
    assert recognise("export.csv", header.split(",")).title == "Shopify orders export"


def test_a_few_extra_columns_do_not_hide_a_file():
    assert tables_of(recognise("x.csv", ["customer_id", "country", "city", "shoe_size", "star_sign"])) == ["customers"]


@pytest.mark.parametrize(
    "header",
    [
        "customer_id,date,total,product",
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state",
        "customer_id,email,phone",  # columns that say who somebody is stand in every table about somebody
        "customer_id,country,shoe_size,star_sign",
        "customer_id,country,city,shoe_size,star_sign,height,weight",
        "order_id,ordered_at,currency,gross,a,b,c,d,e",
    ],
)
def test_a_file_is_not_taken_for_a_table_by_one_column_or_where_most_are_unknown(header: str):
    with pytest.raises(UnknownFile, match=r"x\.csv is not a known export"):
        recognise("x.csv", header.split(","))


def test_not_even_a_file_named_customers_is_one_where_it_knows_nothing_but_a_number():
    with pytest.raises(UnknownFile, match=r"customers\.csv is not a known export"):
        recognise("customers.csv", ["customer_id", "date", "total", "product"])


def test_columns_of_exported_rejects_are_not_unknown():
    assert tables_of(
        recognise("x.csv", ["product_id", "name", "rejected_file", "rejected_line", "rejected_because"])
    ) == ["products"]


def test_orders_without_an_amount_are_not_taken_for_customers():
    header = ["order_id", "customer_id", "email", "phone", "country", "channel", "ordered_at", "currency"]
    with pytest.raises(UnknownFile, match=r"x\.csv looks like “orders, in.*lacks: gross\.") as error:
        recognise("x.csv", header)
    assert "docs/mapping-files.md" in error.value.hint


def test_a_file_named_like_its_table_is_taken_at_its_word():
    header = ["customer_id", "email", "channel", "country", "currency", "coupon"]
    assert tables_of(recognise("exports/customers.csv", header)) == ["customers"]
    assert tables_of(recognise("exports.zip/Customers.csv", header)) == ["customers"]
    assert tables_of(recognise("customers.csv", ["customer_id", "email"])) == ["customers"]
    assert tables_of(
        recognise("orders.csv", ["order_id", "ordered_at", "currency", "gross", "a", "b", "c", "d", "e"])
    ) == ["orders"]


def test_a_known_export_that_lacks_columns_hears_which_and_what_may_be_them():
    header = "Name,Email,Financial Status,Creation date,Currency,Lineitem qty,Lineitem name,Lineitem price"
    with pytest.raises(UnknownFile) as error:
        recognise("orders_export.csv", header.split(","))
    assert str(error.value) == (
        "orders_export.csv looks like “Shopify orders export”, but lacks:"
        " Created at (is it “Creation date”?), Lineitem quantity (is it “Lineitem qty”?)."
    )


def test_a_file_that_nobody_knows_at_all():
    with pytest.raises(UnknownFile, match=r"photos\.csv is not a known export.*columns are: f_stop, iso\.") as error:
        recognise("photos.csv", ["f_stop", "iso"])
    assert "--mapping" in error.value.hint


def test_a_mapping_names_the_columns_that_the_file_lacks():
    source = mapping_file.parse(
        """
        name = "till"
        [orders.columns]
        order_id = "number"
        ordered_at = "placed_at"
        gross = "total"
        currency = "GBP"
        """,
        "till.toml",
    )
    require_columns(source, "till.csv", ["Number", "placed_at", "total", "gbp"])
    with pytest.raises(MappingError, match=r"sales\.csv lacks .* GBP, placed_at \(is it “placed”\?\)") as error:
        require_columns(source, "sales.csv", ["number", "placed", "total"])
    assert "currency = \"'GBP'\"" in error.value.hint


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.title)
def test_every_source_keeps_its_own_promises(source: Source):
    """It names each column its expressions use, fills each column its tables need, and no column that is not there."""
    con = duckdb.connect()
    used = set()
    for mapping in source.mappings:
        table = BY_NAME[mapping.table]
        assert {name for name in mapping.columns if not table.has(name)} <= {"updated_at"}
        needed = {column.name for column in table.columns if not column.nullable and column.default is None}
        assert needed <= set(mapping.columns)
        for sql in (*mapping.columns.values(), *mapping.group_by, mapping.where or "true"):
            used |= set(parse(con, sql).columns)
    assert used <= source.requires | source.optional
    assert source.optional <= used
    assert not source.requires & source.optional
    assert set(source.types) <= source.requires | source.optional


def test_sources_with_one_name_are_told_apart_by_their_titles():
    titles = [source.title for source in SOURCES]
    assert len(set(titles)) == len(titles)
