"""Fields are typed in the pass that reads them, and a line that is rejected later is kept as it stood in the file."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load.shop import HEADER, Shop
from properties import few
from regulars.load import parse, run
from regulars.load.run import FileCount
from regulars.vocabulary.errors import UnreadableFile

BLANKS = " \t\u00a0\u202f"
AMOUNTS: dict[str, str | None] = {
    "3.14159": "3.1416", "2.00005": "2.0001", "1e3": "1000", "1,234.5": "1234.5", "1,23,456": "123456", "12,50": None,
    "1,23": None, "007": "7", "+5": "5", "-0": "0", "'7.5": "7.5", "£1.50": "1.5", "1.2.3": None, "x": None, "NaN": None,
    "inf": None, ".5": "0.5", "5.": "5", "1 000": "1000", "1\u00a0000.25": "1000.25", "0x10": None, "٣": None,
}  # fmt: skip
"""Amounts as a file may write them, and their values; None where they cannot be read."""
UTC_TIMES: dict[str, str | None] = {
    "2024-01-05": "2024-01-05T00:00", "2024-02-30": None, "2023-02-29": None, "2024-07-05": "2024-07-04T23:00",
    "2024-07-05 10:00": "2024-07-05T09:00", "2024-07-05T10:00:00Z": "2024-07-05T10:00", "20240705": "2024-07-04T23:00",
    "2024-07-05 10:00:00+00": "2024-07-05T10:00", "2024-07-05 10:00:00 +0200": "2024-07-05T08:00",
    "2024-07-05 10:00:00 -05:30": "2024-07-05T15:30", "2024-07-05 10:00:00+02": "2024-07-05T08:00",
    "2024-01-05 10:00 Europe/Paris": "2024-01-05T09:00", "5 Jan 2024": "2024-01-05T00:00", "05/01/2024": None,
    "epoch": None, "infinity": None, "0001-01-01": None, "45000": None, "2024-01-05 25:00": None, "1704448800": None,
}  # fmt: skip
"""Times as a file in Europe/London may write them, and what they are in UTC."""
TEXTS = ("", "a@b.c", "'s", "'=1+1", 'say "so"', "a,b", "a\nb", "ß\u00a0ß", "--", "NULL", "0012", "1.0")


def around(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blanks = st.text(BLANKS, max_size=2)
    return st.builds(lambda before, value, after: before + value + after, blanks, values, blanks)


ROWS = st.lists(
    st.tuples(around(st.sampled_from(list(UTC_TIMES))), around(st.sampled_from(list(AMOUNTS))), around(st.sampled_from(TEXTS))),
    min_size=1, max_size=12,
)  # fmt: skip


def written(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue()


@settings(max_examples=few(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_every_value_is_what_its_text_says(shop: Shop, rows: list[tuple[str, str, str]]) -> None:
    fresh = Shop(shop.folder)
    fresh.orders(written([[f"o{n}", at, "GBP", gross, email, ""] for n, (at, gross, email) in enumerate(rows)]))
    expected = {}
    for n, (at, gross, email) in enumerate(rows):
        time, amount = UTC_TIMES[at.strip(BLANKS)], AMOUNTS[gross.strip(BLANKS)]
        if time is None or amount is None:
            continue
        text = email.strip(BLANKS + "\n")
        value = text[1:] if re.match(r"'[=+@-]", text) else text
        cents = Decimal(amount).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        zone = None if re.search(r"(:.*([+-]\d|Z$|Paris$))", at.strip(BLANKS)) else "Europe/London"
        expected[f"o{n}"] = (datetime.fromisoformat(time), cents, value or None, zone)
    found = fresh.rows("SELECT order_id, ordered_at, gross, email, zone FROM orders")
    assert {str(row[0]): row[1:] for row in found} == expected


@pytest.mark.parametrize("blank", parse.BLANKS, ids=ascii)
def test_each_blank_is_taken_away_where_it_is_the_only_one_of_its_file(shop: Shop, blank: str) -> None:
    plain = ["o1", "2024-07-05T10:00:00Z", "GBP", "7.50", "a@b.c", "2024-07-05"]
    for place in range(len(plain)):
        fresh = Shop(shop.folder)
        marked = [f"{blank}{value}{blank}" if at == place else value for at, value in enumerate(plain)]
        fresh.orders(written([marked, ["o2", "2024-07-05", "GBP", "1", "", blank * 2]]))
        found = fresh.rows(
            "SELECT order_id, ordered_at::VARCHAR, currency, gross, email, updated_at::VARCHAR FROM orders"
        )
        assert sorted(found, key=str) == [
            ("o1", "2024-07-05 10:00:00", "GBP", Decimal("7.5"), "a@b.c", "2024-07-04 23:00:00"),
            ("o2", "2024-07-04 23:00:00", "GBP", Decimal("1"), None, None),
        ]


@settings(max_examples=few(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.sampled_from(["", "x,1,2,3,4,5,6,7\n", '\n"open\n']))
def test_a_row_that_is_rejected_late_is_kept_as_it_stood(
    shop: Shop, rows: list[tuple[str, str, str]], broken: str
) -> None:
    """Every order stands twice and not alike; `broken` brings the rows by each way of reading a file."""
    fresh = Shop(shop.folder)
    twice = [[f"o{n // 2}", at, "GBP", gross, email, ""] for n, (at, gross, email) in enumerate(rows) for _ in (0, 1)]
    alike = [[f"o{n}", "2024-01-05", "GBP", f" {n}.{i} ", "é", ""] for n in range(100, 103) for i in (1, 2)]
    names = HEADER.strip().split(",")
    fresh.orders(broken + written([*twice, *alike]))
    kept = [json.loads(str(raw)) for (raw,) in fresh.rows("SELECT raw FROM rejects ORDER BY line")]
    parsed = [[raw[name] or "" for name in names] for raw in kept if "@text" not in raw]
    lines = {tuple(row) for row in [*twice, *alike]}
    assert {tuple(row) for row in parsed} <= lines
    assert [row for row in parsed if row[0] in ("o100", "o101", "o102")] == alike
    assert fresh.rows("SELECT rejected FROM load_files") == [(len(kept),)]


def test_late_rejects_of_a_large_file_are_found_by_several_threads(shop: Shop) -> None:
    shop.con.execute("SET threads = 4")
    twice = {7, 60_000, 120_001, 199_998}
    many = {50_000, 150_000}
    lines = "".join(
        f"{n - (n - 1 in twice)},2024-01-05,GBP,{n},{n}@x,{',z' * (n in many)}\n" for n in range(2, 200_001)
    )
    result = shop.orders(lines)
    assert result.files["orders.csv"] == FileCount(read=199_999, used=199_989, rejected=10)
    found = shop.rows(
        "SELECT line, raw->>'gross', raw->>'email' FROM rejects WHERE raw NOT LIKE '%@text%' ORDER BY line"
    )
    assert found == [(n, str(n), f"{n}@x") for n in sorted(twice | {n + 1 for n in twice})]


def test_a_file_that_changes_while_it_is_loaded_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(*arguments: object) -> object:
        path = Path(shop.folder / "orders.csv")
        content = path.read_text()
        path.write_text(content.replace("a@b", "z@b"))
        os.utime(path, ns=(1, 1))
        return validate(*arguments)  # type: ignore[arg-type]

    validate = run.validate
    monkeypatch.setattr(run, "validate", judged)
    with pytest.raises(UnreadableFile, match=r"orders\.csv was changed while it was loaded"):
        shop.orders("1,2024-01-05,GBP,1,a@b,\n1,2024-01-05,GBP,2,a@b,\n")
    assert shop.rows("SELECT count(*) FROM loads") == [(0,)]
