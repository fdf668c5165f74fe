"""Marked events: what may be marked, and a file that a person may edit as well."""

from __future__ import annotations

import csv
import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.vocabulary.errors import ShopError, UsageError
from regulars.vocabulary.events import (
    EVENTS_FILE,
    Event,
    add_event,
    read_events,
    remove_event,
    typed_day,
    typed_text,
)

TODAY = date(2026, 6, 1)
CHECKOUT = Event(date(2026, 5, 3), "new checkout")
SALE = Event(date(2026, 5, 3), "sale, 20 %")
EARLIER = Event(date(2025, 11, 28), '"Black Friday"')


def written(folder: Path, content: str | bytes) -> Path:
    (folder / EVENTS_FILE).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_a_shop_without_the_file_has_no_events(tmp_path: Path):
    assert read_events(tmp_path) == ()


def test_events_are_kept_sorted_and_several_a_day(tmp_path: Path):
    assert [add_event(tmp_path, one) for one in (SALE, CHECKOUT, EARLIER)] == [True] * 3
    assert read_events(tmp_path) == (EARLIER, CHECKOUT, SALE)
    assert (tmp_path / EVENTS_FILE).read_text() == (
        'date,event\n2025-11-28,"""Black Friday"""\n2026-05-03,new checkout\n2026-05-03,"sale, 20 %"\n'
    )


def test_the_same_event_twice_changes_nothing(tmp_path: Path):
    add_event(tmp_path, CHECKOUT)
    before = (tmp_path / EVENTS_FILE).stat()
    assert not add_event(tmp_path, CHECKOUT)
    assert (tmp_path / EVENTS_FILE).stat().st_ino == before.st_ino


def test_removing_undoes_adding(tmp_path: Path):
    add_event(tmp_path, EARLIER)
    add_event(tmp_path, CHECKOUT)
    add_event(tmp_path, SALE)
    assert remove_event(tmp_path, EARLIER.day) == EARLIER
    assert remove_event(tmp_path, SALE.day, " sale,  20 %") == SALE
    assert read_events(tmp_path) == (CHECKOUT,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "2 events are marked on 2026-05-03: new checkout; sale, 20 %."),
        ("sale", "'sale' is not marked on 2026-05-03. Marked on that day: new checkout; sale, 20 %."),
    ],
)
def test_which_event_is_meant_must_be_clear(tmp_path: Path, text: str, words: str):
    add_event(tmp_path, CHECKOUT)
    add_event(tmp_path, SALE)
    with pytest.raises(UsageError) as refused:
        remove_event(tmp_path, CHECKOUT.day, text)
    assert str(refused.value) == words
    assert refused.value.hint.endswith("regulars events remove 2026-05-03 'new checkout'")
    assert read_events(tmp_path) == (CHECKOUT, SALE)


def test_a_day_without_an_event_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match=r"No event is marked on 2026-05-04\."):
        remove_event(tmp_path, date(2026, 5, 4))


@pytest.mark.parametrize("text", ["2026-5-3", "03.05.2026", "20260503", "2026-W18-7", "2026-02-30", "", "٢٠٢٦-05-03"])
def test_a_day_in_another_form_is_refused(text: str):
    with pytest.raises(UsageError, match="is not a day") as refused:
        typed_day(text, TODAY)
    assert "2026-05-03" in refused.value.hint


def test_days_long_ago_or_far_ahead_are_refused():
    assert typed_day("1900-01-01", TODAY) == date(1900, 1, 1)
    assert typed_day(" 2031-12-31 ", TODAY) == date(2031, 12, 31)
    assert typed_day("2099-01-01") == date(2099, 1, 1)
    with pytest.raises(UsageError, match="1899-12-31 lies before 1900"):
        typed_day("1899-12-31", TODAY)
    with pytest.raises(UsageError, match="2032-01-01 is more than 5 years ahead"):
        typed_day("2032-01-01", TODAY)


@pytest.mark.parametrize("text", ["", " \t\n"])
def test_an_event_has_a_text(text: str):
    with pytest.raises(UsageError, match="no text"):
        typed_text(text)


@pytest.mark.parametrize("text", ["red \x1b[31m", "bell\x07", "\x9b31m", "turned \u202e", os.fsdecode(b"\xff")])
def test_control_characters_are_refused(text: str):
    with pytest.raises(UsageError, match="control characters") as refused:
        typed_text(text)
    assert str(refused.value).isprintable()


def test_a_text_has_200_characters_at_most():
    assert typed_text("x" * 200) == "x" * 200
    with pytest.raises(UsageError, match="201 characters"):
        typed_text("x" * 201)


def test_a_formula_does_not_run_where_the_file_is_opened(tmp_path: Path):
    add_event(tmp_path, Event(TODAY, typed_text("=1+1")))
    assert "2026-06-01,'=1+1\n" in (tmp_path / EVENTS_FILE).read_text()
    assert read_events(tmp_path) == (Event(TODAY, "=1+1"),)


LETTERS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(texts=st.lists(LETTERS.filter(lambda text: text.strip()), min_size=1, max_size=5))
def test_what_is_marked_is_read_again(tmp_path: Path, texts: list[str]):
    (tmp_path / EVENTS_FILE).unlink(missing_ok=True)
    marked = [Event(TODAY, typed_text(text)) for text in texts]
    for one in marked:
        add_event(tmp_path, one)
    assert read_events(tmp_path) == tuple(sorted(set(marked)))
    rows = list(csv.DictReader(io.StringIO((tmp_path / EVENTS_FILE).read_text(encoding="utf-8"), newline="")))
    assert {row["date"] for row in rows} == {"2026-06-01"} and len(rows) == len(set(marked))


def test_a_file_that_a_person_or_a_spreadsheet_wrote_is_read(tmp_path: Path):
    content = '\ufeffDate, Event\r\n2026-05-03, new checkout\r\n\r\n2025-11-28,"Black\r\nFriday"\r\n,\r\n'
    written(tmp_path, content)
    assert read_events(tmp_path) == (Event(date(2025, 11, 28), "Black Friday"), CHECKOUT)


@pytest.mark.parametrize(
    ("content", "words", "hint"),
    [
        ("", "is empty", "date,event"),
        ("day,event\n2026-05-03,x\n", "line 1: the columns must be named date,event", "first line"),
        ("date;event\n2026-05-03;x\n", "line 1: the columns must be named date,event", "commas"),
        ("date,event\n2026-05-03,x\n3.5.2026,y\n", "line 3: '3.5.2026' is not a day", "2026-05-03,new checkout"),
        ("date,event\n\n1026-05-03,x\n", "line 3: 1026-05-03 lies before 1900", "remove the line"),
        ("date,event\n2026-05-03,sale, 20 %\n", "line 2: 3 columns instead of 2", "remove the line"),
        ("date,event\n2026-05-03\n", "line 2: 1 columns instead of 2", "remove the line"),
        ("date,event\n2026-05-03,\n", "line 2: the event has no text", "remove the line"),
        ('date,event\n2026-05-03,"x\n', "line 2: unexpected end of data", "remove the line"),
        (b"date,event\n2026-05-03,caf\xe9\n", "line 2: it is not text in UTF-8", "UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, content: str | bytes, words: str, hint: str):
    written(tmp_path, content)
    for act in (lambda: read_events(tmp_path), lambda: add_event(tmp_path, CHECKOUT)):
        with pytest.raises(ShopError) as refused:
            act()
        assert words in str(refused.value) and EVENTS_FILE in str(refused.value)
        assert hint in refused.value.hint
    unchanged = (tmp_path / EVENTS_FILE).read_bytes()
    assert unchanged == (content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(("shared", "mode"), [(False, 0o600), (True, 0o660)])
def test_the_file_is_for_the_owner_or_for_the_group_of_a_shared_shop(tmp_path: Path, shared: bool, mode: int):
    for umask in (0o000, 0o077):
        before = os.umask(umask)
        try:
            add_event(tmp_path, Event(TODAY, f"umask {umask}"), shared=shared)
        finally:
            os.umask(before)
        assert (tmp_path / EVENTS_FILE).stat().st_mode & 0o777 == mode


def test_events_marked_at_once_are_all_kept(tmp_path: Path):
    marked = [Event(TODAY, f"event {number}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda one: add_event(tmp_path, one), marked))
    assert read_events(tmp_path) == tuple(sorted(marked))


def test_what_cannot_be_written_stays_as_it_was(tmp_path: Path):
    (tmp_path / EVENTS_FILE).mkdir()
    with pytest.raises(ShopError, match=r"events\.csv cannot be read"):
        add_event(tmp_path, CHECKOUT)
    (tmp_path / EVENTS_FILE).rmdir()
    (tmp_path / f"{EVENTS_FILE}.new").mkdir()
    with pytest.raises(ShopError, match=r"events\.csv cannot be written"):
        add_event(tmp_path, CHECKOUT)
    assert not (tmp_path / EVENTS_FILE).exists()


def test_what_a_killed_process_left_is_no_hindrance(tmp_path: Path):
    (tmp_path / f"{EVENTS_FILE}.new").write_text("date,ev")
    add_event(tmp_path, CHECKOUT)
    assert [file.name for file in tmp_path.iterdir()] == [EVENTS_FILE]
