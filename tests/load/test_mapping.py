"""Files in nobody's columns: expressions, group_by, where, and what a mapping cannot say."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from load.shop import Shop
from regulars.load.fields.expressions import parse_expression
from regulars.load.mapping import Mapping, Source
from regulars.load.run import FileCount
from regulars.vocabulary.errors import MappingError
from regulars.warehouse.schema import Kind

MULTI = Source(
    name="multi",
    title="Orders with a row for each line",
    requires=frozenset({"Name", "Created at"}),
    types={"Created at": Kind.INSTANT, "Total": Kind.MONEY, "Price": Kind.MONEY, "Pieces": Kind.INTEGER},
    optional=frozenset({"Phone"}),
    mappings=(
        Mapping(
            "orders",
            {
                "order_id": "Name",
                "email": "lower(any_value(Email))",
                "phone": "Phone",
                "ordered_at": '"Created at"',
                "currency": "'gbp'",
                "gross": "sum(Price * Pieces)",
            },
            group_by=("Name",),
        ),
        Mapping(
            "order_lines",
            {"order_id": "Name", "line_id": "line", "quantity": "Pieces", "amount": "Price * Pieces"},
            where="Pieces > 0",
        ),
        Mapping(
            "customers",
            {"customer_id": "lower(Email)", "email": "Email", "name": "max(Buyer)"},
            group_by=("lower(Email)",),
            where="Email IS NOT NULL",
        ),
    ),
)
HEADER = "Name,Email,Buyer,Created at,Price,Pieces\n"


def test_order_fields_stand_on_the_first_line_only(shop: Shop) -> None:
    result = shop.load(
        {
            "x.csv": (
                HEADER
                + "#1,A@x.com,Ann,2024-01-05 10:00:00 +0200,2.50,2\n#1,,,,1,1\n#2,a@X.com,Bob,2024-07-05 10:00,4,1\n",
                MULTI,
            )
        }
    )
    assert result.files["x.csv"] == FileCount(read=3, used=3)
    assert shop.rows("SELECT order_id, email, ordered_at, currency, gross, zone FROM orders ORDER BY 1") == [
        ("#1", "a@x.com", datetime(2024, 1, 5, 8), "GBP", Decimal(6), None),
        ("#2", "a@x.com", datetime(2024, 7, 5, 9), "GBP", Decimal(4), "Europe/London"),
    ]
    assert shop.rows("SELECT order_id, line_id, amount FROM order_lines ORDER BY 2") == [
        ("#1", "2", Decimal(5)),
        ("#1", "3", Decimal(1)),
        ("#2", "4", Decimal(4)),
    ]
    assert shop.rows("SELECT customer_id, email, name FROM customers") == [("a@x.com", "A@x.com", "Bob")]


def test_a_bad_line_takes_its_order_but_not_the_customer_who_has_others(shop: Shop) -> None:
    result = shop.load(
        {"x.csv": (HEADER + "#1,a@x,Ann,2024-01-05,x,2\n#1,,,,1,1\n#2,a@x,Bob,2024-07-05 10:00,4,1\n", MULTI)}
    )
    assert result.files["x.csv"] == FileCount(read=3, used=1, rejected=2)
    assert shop.rows("SELECT order_id FROM orders") == [("#2",)]
    assert shop.rows("SELECT order_id FROM order_lines") == [("#2",)]
    assert shop.rows("SELECT name FROM customers") == [("Bob",)]
    assert shop.reasons() == {
        2: ["Price: 'x' is not an amount (decimals after a point)"],
        3: ["order '#1' has a rejected line: 'x.csv line 2'"],
    }


def test_a_group_that_breaks_a_rule_is_rejected_with_all_its_lines(shop: Shop) -> None:
    shop.load({"x.csv": (HEADER + "#1,,,,1,1\n#1,,,,2,1\n#2,,,2024-01-05,-4,1\n", MULTI)})
    assert shop.reasons() == {
        2: ["ordered_at is missing"],
        3: ["ordered_at is missing"],
        4: ["gross is negative; money given back belongs in returns"],
    }


def test_lines_that_where_leaves_out_are_skipped_even_if_they_cannot_be_read(shop: Shop) -> None:
    source = Source(
        name="s",
        title="S",
        requires=frozenset({"id"}),
        types={"day": Kind.DAY, "amount": Kind.MONEY},
        mappings=(
            Mapping(
                "spend",
                {"day": "day", "channel": "id", "amount": "amount", "currency": "'GBP'"},
                where="id <> 'Total:'",
            ),
        ),
    )
    result = shop.load({"x.csv": ("id,day,amount\na,2024-01-05,1\nTotal:,--,1\nb,--,1\n", source)})
    assert result.files["x.csv"] == FileCount(read=3, used=1, skipped=1, rejected=1)
    assert shop.rows("SELECT day, campaign FROM spend") == [(date(2024, 1, 5), "")]


def simple(columns: dict[str, str], **changes: object) -> Source:
    given = {"order_id": "id", "ordered_at": "day", "currency": "'GBP'", "gross": "gross"} | columns
    settings: dict[str, object] = {"name": "s", "title": "My file", "requires": frozenset({"id"})}
    return Source(**(settings | {"mappings": (Mapping("orders", given),)} | changes))  # type: ignore[arg-type]


def test_text_is_read_as_the_column_wants_it_in_the_sources_way(shop: Shop) -> None:
    source = simple({}, decimal=",", date_order="dmy", timezone="America/New_York")
    shop.load({"x.csv": ("id;day;gross\n1;05.03.2024 10:00;1.234,50\n2;31.02.2024;1.5\n", source)})
    assert shop.rows("SELECT ordered_at, gross, zone FROM orders") == [
        (datetime(2024, 3, 5, 15), Decimal("1234.5"), "America/New_York")
    ]
    assert shop.reasons() == {
        3: [
            "gross: '1.5' is not an amount: decimals must follow a comma, or add --decimal .",
            "ordered_at: '31.02.2024' is not a date and time written as dmy, nor as 2024-12-31",
        ]
    }


def test_times_computed_by_an_expression_are_local(shop: Shop) -> None:
    source = simple({"ordered_at": "strptime(day, '%Y%m%d') + INTERVAL 10 HOUR", "gross": "gross::DOUBLE * 1.1"})
    shop.load({"x.csv": ("id,day,gross\n1,20240705,10\n", source)})
    assert shop.rows("SELECT ordered_at, gross, zone FROM orders") == [
        (datetime(2024, 7, 5, 9), Decimal(11), "Europe/London")
    ]


@pytest.mark.parametrize(
    ("columns", "message", "hint"),
    [
        ({"gross": "gros"}, "column gross: 'gros' names the column 'gros'", "Did you mean 'gross'?"),
        ({"gross": "sum(gross)"}, "column gross: 'sum.gross.' cannot be computed|column order_id", ""),
        ({"gross": "gross::DATE"}, "column gross: 'gross::DATE' cannot be computed", ""),
        ({"gross": "nonsense(gross)"}, "may not call nonsense", ""),
        ({"gross": "gross +"}, "is not an SQL expression", ""),
        ({"gross": "1) FROM orders --"}, "SQL expression", ""),
        ({"gross": "(SELECT 1)"}, "may use the file's columns only", ""),
        ({"grosss": "1"}, "there is no column 'grosss'", "Did you mean 'gross'?"),
    ],
)
def test_what_a_mapping_cannot_say(shop: Shop, columns: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(MappingError, match=message) as caught:
        shop.load({"x.csv": ("id,day,gross\n1,2024-01-05,10\n", simple(columns))})
    assert "My file, table orders" in str(caught.value)
    assert hint in caught.value.hint


def test_a_required_column_must_come_from_somewhere(shop: Shop) -> None:
    source = Source("s", "My file", frozenset(), (Mapping("orders", {"order_id": "id"}),))
    with pytest.raises(MappingError, match=r"column ordered_at [(].*[)] is required and not mapped"):
        shop.load({"x.csv": ("id\n1\n", source)})
    with pytest.raises(MappingError, match="no table 'order'") as caught:
        shop.load({"x.csv": ("id\n1\n", Source("s", "My file", frozenset(), (Mapping("order", {}),)))})
    assert caught.value.hint == "Did you mean 'orders'?"


def test_a_changed_mapping_loads_the_same_file_again(shop: Shop) -> None:
    content = "id,day,gross\n1,2024-01-05,10\n"
    shop.load({"x.csv": (content, simple({}))})
    assert shop.load({"x.csv": (content, simple({}))}).unchanged
    assert shop.load({"x.csv": (content, simple({"gross": "gross::INT * 2"}))}).tables["orders"].updated == 1


@pytest.mark.parametrize("change", [{"decimal": ","}, {"date_order": "dmy"}, {"timezone": "Asia/Tokyo"}])
def test_the_same_file_read_otherwise_is_loaded_again(shop: Shop, change: dict[str, str]) -> None:
    content = "id,day,gross\n1,2024-01-05,10\n"
    shop.load({"x.csv": (content, simple({}))})
    assert not shop.load({"x.csv": (content, simple({}, **change))}).unchanged


def test_the_parameter_of_a_lambda_is_no_column(shop: Shop) -> None:
    columns = {"coupon": "list_transform([id], lambda each: each || '!')[1]"}
    shop.load({"x.csv": ("id,day,gross\n1,2024-01-05,10\n", simple(columns))})
    assert shop.rows("SELECT coupon FROM orders") == [("1!",)]


def test_a_window_runs_over_the_lines_of_its_own_file(shop: Shop) -> None:
    source = simple({"coupon": "(count(*) OVER ())::VARCHAR"})
    shop.load({f"{n}.csv": (f"id,day,gross\n{n},2024-01-05,10\n", source) for n in (1, 2)})
    assert shop.rows("SELECT coupon FROM orders") == [("1",), ("1",)]


def test_a_source_may_warn_after_the_load(shop: Shop) -> None:
    def check(con: duckdb.DuckDBPyConnection, source: str) -> list[str]:
        return [f"{source} has {con.execute('SELECT count(*) FROM orders').fetchall()[0][0]} orders"]

    found = shop.load({"x.csv": ("id,day,gross\n1,2024-01-05,10\n", simple({}, check=check))})
    assert "s has 1 orders" in found.warnings


@pytest.mark.parametrize("name", ["order_id", "Order ID", "ÄRA", "a.b", "(1)", "x;y", "select"])
def test_a_quoted_column_is_taken_apart_as_duckdb_does(name: str):
    with duckdb.connect() as con:
        quoted = parse_expression(con, f'"{name}"', "place")
        asked = parse_expression(con, f' "{name}"', "place")
    assert (quoted.names, quoted.bare) == (asked.names, asked.bare) == (frozenset((name.lower(),)), name.lower())
    assert not quoted.over_rows
