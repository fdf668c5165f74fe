"""How changes are shown: intervals, notes, events, a year earlier, and colour for real changes alone."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import pty
import re
import sys
from datetime import date
from typing import Any

import pytest

from regulars.cli.output import show, write_csv
from regulars.metrics.catalogue import named
from regulars.metrics.query_result import Change, Value, Verdict
from regulars.services.metric_tables import beside_before, by_period, marked, without_verdict
from regulars.services.serializer import columns, flat, record
from regulars.vocabulary.calendar import Calendar, Grain
from regulars.vocabulary.events import Event

MONTHS = {label: Calendar().parse(label) for label in ("2025-12", "2025-11", "2024-12")}
CHECKOUT = Event(date(2025, 12, 4), "new checkout")
RISE = Event(date(2025, 3, 1), "price rise")


def change(
    difference: float | None = 0.031,
    within: tuple[float | None, float | None] = (0.004, 0.058),
    verdict: Verdict | None = Verdict.REAL,
    note: str = "",
    events: tuple[Event, ...] = (),
    before: float | None = 0.05,
    period: str = "2025-11",
    direction: int | None = None,
) -> Change:
    if direction is None:
        direction = 0 if difference is None else 1 if difference > 0 else -1
    return Change(MONTHS[period], before, difference, *within, verdict, note, events, direction)


def value(name: str, of: float, changed: Change | None, a_year: Change | None = None) -> Value:
    currency = "GBP" if named(name).unit.value == "money" else None
    return Value(
        named(name), MONTHS["2025-12"], True, True, {}, of, None, None, 100, of, None, currency, "UTC",
        change=changed, year_earlier=a_year,
    )  # fmt: skip


CHURN = value(
    "customer_churn_rate",
    0.081,
    change(note="1 more day", events=(CHECKOUT,)),
    change(-0.01, (-0.02, 0.0), Verdict.NOISE, before=0.091, period="2024-12", events=(RISE, CHECKOUT)),
)
REVENUE = value(
    "net_revenue",
    1234.5,
    change(200.0, (50.126, 350.0), Verdict.NOISE, "1 more day; as usual for December", before=1034.5),
)


def cells(sheet: Any, row: int = 0) -> dict[str, str]:
    return dict(zip(sheet.columns, sheet.rows[row], strict=True))


def test_the_interval_of_the_difference_stands_behind_it():
    told = cells(by_period([CHURN], [], compared=True))
    assert told["before"] == "5.0 %"
    assert told["change"] == "+3.1 points (0.4 – 5.8)"
    assert told["from a year earlier"] == "-1.0 points (-2.0 – 0.0)"
    table = beside_before([CHURN, REVENUE], [], "2025-12", "2025-11", "")
    assert cells(table, 1)["change"] == "+200.00 GBP (50.13 – 350.00)"


def test_large_numbers_of_customers_have_intervals_without_decimals():
    few = value("lost_customers", 70, change(19, (-0.52, 38.5)))
    many = value("lost_customers", 793, change(209, (130.8, 287.2)))
    table = beside_before([few, many], [], "2025-12", "2025-11", "")
    assert [cells(table, row)["change"] for row in (0, 1)] == ["+19 (-0.5 – 38.5)", "+209 (131 – 287)"]


@pytest.mark.parametrize(
    ("verdict", "difference", "note", "words"),
    [
        (Verdict.REAL, 0.01, "3 more days", "↑ real; 3 more days"),
        (Verdict.REAL, -0.01, "", "↓ real"),
        (Verdict.NOISE, 0.01, "as usual for December", "within noise; as usual for December"),
        (Verdict.TOO_FEW, 0.01, "", "too few to tell"),
        (Verdict.MORE_THAN_CHANCE, 0.01, "", "more than chance; season not known"),
        (Verdict.MORE_THAN_CHANCE, 0.01, "season not known", "more than chance; season not known"),
        (None, 0.01, "3 more days", "3 more days"),
        (None, None, "", ""),
    ],
)
def test_a_note_stands_beside_the_verdict_and_an_arrow_at_real_ones(
    verdict: Verdict | None, difference: float | None, note: str, words: str
):
    shown = value("customer_churn_rate", 0.06, change(difference, (None, None), verdict, note))
    assert cells(by_period([shown], [], compared=True))["verdict"] == words
    assert cells(beside_before([shown], [], "2025-12", "2025-11", ""))["verdict"] == words


def test_the_arrow_goes_where_what_is_judged_went(monkeypatch: pytest.MonkeyPatch):
    """Orders that rise less than in other Decembers, or by less than the days of the month, fall."""
    shown = value("orders", 105, change(5, verdict=Verdict.REAL, note="lower than usual for December", direction=-1))
    for sheet in (by_period([shown], [], True), beside_before([shown], [], "2025-12", "2025-11", "")):
        assert cells(sheet)["verdict"] == "↓ real; lower than usual for December"
        sent = in_a_terminal(sheet, monkeypatch, 250)
        assert RED in sent and GREEN not in sent


def test_a_year_earlier_has_columns_where_it_is_covered_alone():
    assert "from a year earlier" not in by_period([REVENUE], [], compared=True).columns
    assert beside_before([REVENUE], [], "2025-12", "2025-11", "").wide is None
    both = beside_before([CHURN, REVENUE], [], "2025-12", "2025-11", "")
    assert "from a year earlier" not in both.columns and both.wide is not None
    assert cells(both.wide)["verdict on it"] == "within noise"
    assert cells(both.wide, 1)["from a year earlier"] == ""


def test_marked_events_are_lines_below():
    assert marked([CHURN, CHURN, REVENUE], year_earlier=False) == ["Marked: 2025-12-04 new checkout"]
    assert marked([CHURN], year_earlier=True) == ["Marked: 2025-03-01 price rise", "Marked: 2025-12-04 new checkout"]
    assert by_period([CHURN], [], compared=True).notes[-2:] == marked([CHURN], year_earlier=True)


def test_what_is_never_judged_is_named_below():
    lifetime = value("customer_lifetime_value", 140.0, change(3.0, verdict=None))
    line = "No verdict, as time alone changes them: customer_lifetime_value"
    assert without_verdict([CHURN, lifetime, lifetime]) == [line]
    assert line in by_period([lifetime], [], compared=True).notes
    assert without_verdict([CHURN, value("customer_lifetime_value", 140.0, None)]) == []


def test_days_are_compared_with_a_week_before():
    day, before = (Calendar().period_of(date(2025, 12, number), Grain.DAY) for number in (9, 2))
    shown = Value(
        named("orders"), day, True, True, {}, 5, None, None, 5, 5, None, None, "UTC",
        change=Change(before, 3, 2, None, None, Verdict.TOO_FEW),
    )  # fmt: skip
    assert cells(by_period([shown], [], compared=True))["a week before"] == "3"


def test_programs_get_all_of_both_comparisons():
    found = record(CHURN, compared=True)
    assert list(found)[-2:] == ["change", "year_earlier"]
    assert found["change"] == {
        "period": {"label": "2025-11", "start": "2025-11-01", "end": "2025-12-01"},
        "before": 0.05,
        "difference": 0.031,
        "low": 0.004,
        "high": 0.058,
        "verdict": "real",
        "note": "1 more day",
        "events": [{"date": "2025-12-04", "event": "new checkout"}],
    }
    assert found["year_earlier"]["period"]["label"] == "2024-12"
    assert record(REVENUE, compared=True)["year_earlier"] is None
    assert not {"change", "year_earlier"} & record(CHURN, compared=False).keys()


def test_csv_has_the_same_in_columns(capsys: pytest.CaptureFixture[str]):
    write_csv(columns([], True), (flat(one, [], True) for one in (CHURN, REVENUE)))
    churn, revenue = csv.DictReader(io.StringIO(capsys.readouterr().out))
    kept = ("before_period", "before", "difference_low", "verdict", "note", "events")
    assert [churn[name] for name in kept] == [
        "2025-11", "0.05", "0.004", "real", "1 more day", "2025-12-04 new checkout",
    ]  # fmt: skip
    of_year = ("period", "before", "difference", "difference_low", "difference_high", "verdict", "note", "events")
    assert [churn[f"year_earlier_{name}"] for name in of_year] == [
        "2024-12", "0.091", "-0.01", "-0.02", "0", "within noise", "",
        "2025-03-01 price rise; 2025-12-04 new checkout",
    ]  # fmt: skip
    assert {revenue[f"year_earlier_{name}"] for name in of_year} == {""}
    assert (revenue["before"], revenue["difference_low"]) == ("1034.50", "50.13")


def in_a_terminal(sheet: Any, monkeypatch: pytest.MonkeyPatch, width: int, **settings: str) -> str:
    """What a terminal of this width is sent."""
    ours, theirs = pty.openpty()
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, text in {"TERM": "xterm-256color", "COLUMNS": str(width), **settings}.items():
        monkeypatch.setenv(name, text)
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal, monkeypatch.context() as there:
        there.setattr(sys, "stdout", terminal)
        show(sheet)
    sent = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while more := os.read(ours, 4096):
            sent += more
    os.close(ours)
    return sent.decode()


GREEN, RED = "\x1b[32m", "\x1b[31m"


@pytest.mark.parametrize("width", [80, 250])
@pytest.mark.parametrize(
    ("name", "difference", "colour"),
    [
        ("customer_churn_rate", 0.03, RED),
        ("customer_churn_rate", -0.03, GREEN),
        ("customer_retention_rate", 0.03, GREEN),
        ("customer_retention_rate", -0.03, RED),
        ("discounts", 0.03, ""),
    ],
)
def test_colour_tells_what_is_better_and_not_the_sign(
    monkeypatch: pytest.MonkeyPatch, name: str, difference: float, colour: str, width: int
):
    shown = value(name, 0.5, change(difference), change(difference, period="2024-12"))
    for sheet in (by_period([shown], [], True), beside_before([shown], [], "2025-12", "2025-11", "")):
        sent = in_a_terminal(sheet, monkeypatch, width)
        assert {one for one in (GREEN, RED) if one in sent} == ({colour} if colour else set())
        assert ("↑ real" if difference > 0 else "↓ real") in sent


@pytest.mark.parametrize("verdict", [one for one in (*Verdict, None) if one is not Verdict.REAL])
def test_what_is_not_real_has_neither_colour_nor_arrow(monkeypatch: pytest.MonkeyPatch, verdict: Verdict | None):
    shown = value("customer_churn_rate", 0.5, change(verdict=verdict), change(verdict=verdict, period="2024-12"))
    for sheet in (by_period([shown], [], True), beside_before([shown], [], "2025-12", "2025-11", "")):
        sent = in_a_terminal(sheet, monkeypatch, 250)
        assert not [one for one in (GREEN, RED, "↑", "↓") if one in sent]


def test_no_colour_where_none_is_wanted_or_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    sheet = by_period([CHURN], [], True)
    sent = in_a_terminal(sheet, monkeypatch, 250, NO_COLOR="1")
    assert "↑ real" in sent and not {one for one in (GREEN, RED) if one in sent}
    show(sheet)
    piped = capsys.readouterr().out
    assert "↑ real" in piped and "\x1b" not in piped


def test_a_wide_terminal_shows_a_year_earlier_and_one_of_80_columns_is_filled_at_most(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    long = value("average_profit_per_customer_after_marketing", 63.88, REVENUE.change)
    sheet = beside_before([CHURN, REVENUE, long], [], "2025-12", "2025-11", "Value")
    assert "from a year earlier" in in_a_terminal(sheet, monkeypatch, 250)
    narrow = in_a_terminal(sheet, monkeypatch, 80, NO_COLOR="1", TERM="dumb").splitlines()
    assert max(map(len, narrow)) <= 80
    text = " ".join(" ".join(narrow).split())
    assert "from a year earlier" not in text
    assert "↑ real; 1 more day" in text and "(50.13 – 350.00)" in text and "average_profit_per" not in text
    show(sheet)
    assert "from a year earlier" not in capsys.readouterr().out, "too wide for most who read a pipe"


def test_a_long_note_is_folded_before_the_table_becomes_narrow(monkeypatch: pytest.MonkeyPatch):
    long = change(note="1 more day; among many changes one such is chance", verdict=Verdict.NOISE)
    sheet = beside_before([value("customer_churn_rate", 0.081, long)], [], "2025-12", "2025-11", "Retention")
    lines = in_a_terminal(sheet, monkeypatch, 120, NO_COLOR="1").splitlines()
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) <= 120
    assert any("customer_churn_rate" in line and "+3.1 points (0.4 – 5.8)" in line for line in lines)
    assert "within noise; 1 more day; among many changes one such is chance" in " ".join(" ".join(lines).split())
