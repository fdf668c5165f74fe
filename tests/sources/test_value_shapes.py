"""Shapes of values: how many of a column must have one, and when a first line holds values."""

from __future__ import annotations

import pytest

from regulars.sources.value_shapes import looks_like_data, may_hold, names_columns
from regulars.warehouse.tables import BY_NAME

EMAIL = next(column for column in BY_NAME["orders"].columns if column.name == "email")


@pytest.mark.parametrize(("addresses", "others", "expected"), [(4, 1, True), (3, 1, False), (0, 0, True)])
def test_four_values_of_five_show_what_a_column_holds(addresses: int, others: int, expected: bool) -> None:
    assert may_hold(EMAIL, ["ann@example.com"] * addresses + ["none given"] * others) is expected


@pytest.mark.parametrize(("header", "expected"), [(["id", "2024"], False), (["id", "2024", "7"], True)])
def test_a_line_of_more_numbers_than_words_holds_values(header: list[str], expected: bool) -> None:
    assert looks_like_data(header) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"colour": ["red"], "pieces": ["1", "2"]}, True),
        ({"colour": ["red"], "size": ["large"]}, False),  # nothing shows it
        ({"colour": ["red", "colour"], "pieces": ["1", "2"]}, False),  # the name is a value too
        ({"12": ["13", "red"], "pieces": ["1", "2"]}, False),  # the name looks like the values
        ({"colour": ["red"], "column_2": ["1", "2"]}, False),  # the column has no name
    ],
)
def test_numbers_below_words_show_that_a_line_names_columns(values: dict[str, list[str]], expected: bool) -> None:
    assert names_columns(list(values), values) is expected
