"""Marked events on the command line, and in the facts that metrics are computed from."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from regulars.services.reading import Reading
from regulars.vocabulary.errors import RegularsError
from regulars.vocabulary.events import Event
from regulars.vocabulary.shop import Shop


def add(command, shop: Path, day: str, text: str) -> Any:
    return command("events", "add", day, text, "--shop", shop)


def output(said: Any) -> str:
    assert (said.code, said.err) == (0, "")
    return said.out


def test_events_are_added_listed_and_removed(command, shop: Path):
    assert output(add(command, shop, "2024-03-03", "new checkout")) == "Marked: 2024-03-03 new checkout\n"
    assert add(command, shop, "2024-01-10", "=1+1").code == 0
    again = output(add(command, shop, "2024-03-03", " new  checkout "))
    assert again == "2024-03-03 new checkout is marked already. Nothing was changed.\n"
    listed = command("events", "list", "--shop", shop)
    assert listed.out.split("\n")[1:3] == ["2024-01-10  =1+1", "2024-03-03  new checkout"]
    found = json.loads(command("events", "list", "--format", "json", "--shop", shop).out)
    assert found == [
        {"date": "2024-01-10", "event": "=1+1"},
        {"date": "2024-03-03", "event": "new checkout"},
    ]
    as_csv = command("events", "list", "--format", "csv", "--shop", shop).out
    assert as_csv == "date,event\n2024-01-10,'=1+1\n2024-03-03,new checkout\n"
    removed = output(command("events", "remove", "2024-01-10", "--shop", shop))
    assert removed == "No longer marked: 2024-01-10 =1+1\n"
    assert command("events", "remove", "2024-01-10", "--shop", shop).code == 2
    assert (shop / "events.csv").read_text() == "date,event\n2024-03-03,new checkout\n"


def test_a_shop_without_events_says_so(command, shop: Path):
    assert "No event is marked." in command("events", "list", "--shop", shop).out
    assert command("events", "list", "--format", "csv", "--shop", shop).out == "date,event\n"
    assert command("events", "list", "--format", "json", "--shop", shop).out == "[]\n"


def test_what_makes_no_event_is_refused_in_two_lines(command, shop: Path):
    for day, text in (("3.5.2026", "x"), ("1026-05-03", "x"), ("9026-05-03", "x"), ("2026-05-03", " ")):
        refused = add(command, shop, day, text)
        assert (refused.code, refused.out, len(refused.err.splitlines())) == (2, "", 2), refused
    assert not (shop / "events.csv").exists()
    assert command("events", "add", "2026-05-03", "x", "--shop", shop.parent).code == 1


def test_a_broken_file_stops_questions_with_its_line_and_no_loads(command, shop: Path):
    (shop / "events.csv").write_text("date,event\n03.05.2026,x\n")
    for asked in (("events", "list"), ("metric", "orders")):
        said = command(*asked, "--shop", shop)
        assert said.code == 1 and "events.csv, line 2: '03.05.2026' is not a day." in said.err
        assert "2026-05-03,new checkout" in said.err
    assert command("loads", "--shop", shop).code == 0


def test_control_characters_of_an_edited_file_steer_no_terminal(command, shop: Path):
    (shop / "events.csv").write_text("date,event\n2026-05-03,\x1b[31mred\n")
    for how in ("table", "csv", "json"):
        said = command("events", "list", "--format", how, "--shop", shop)
        assert said.code == 0 and "\x1b" not in said.out and "[31mred" in said.out
    assert "\\x1b[31mred" in command("events", "remove", "2026-05-03", "--shop", shop).out


def test_the_facts_hold_the_events_and_have_another_version(command, shop: Path):
    def facts() -> tuple[tuple[Event, ...], str | None]:
        with Reading(Shop.open(shop), refuse).facts() as found:
            return found.events, found.version

    def refuse() -> None:
        raise RegularsError("nothing is to be derived again")

    none, before = facts()
    add(command, shop, "2024-03-03", "new checkout")
    one, after = facts()
    command("events", "remove", "2024-03-03", "--shop", shop)
    again, restored = facts()
    assert (none, one, again) == ((), (Event(date(2024, 3, 3), "new checkout"),), ())
    assert before == restored != after
