"""Column names as SQL compares them."""

from __future__ import annotations

from regulars.load.formats.delimited import unique


def test_names_that_differ_in_case_alone_get_a_number() -> None:
    assert unique(["Email", "email", "", "EMAIL "]) == ("Email", "email_2", "column_3", "EMAIL_3")
