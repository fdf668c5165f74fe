"""Each subscription's past: by hand at the edges, and against a loop over the calendar for any other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from forecast.subscriptions.engines import subscribed
from forecast.subscriptions.population import months_later
from regulars.forecast.subscriptions.renewal_history import (
    PERIOD_PARTS,
    ends_by_part,
    known_until,
    renewal_history,
    renewal_summary,
    subscription_data,
)
from regulars.vocabulary.calendar import epoch_day, from_epoch_day
from regulars.vocabulary.settings.term import Terms

TERMS = Terms.read({"club": "year", "veg": "4 weeks", "quarterly": "quarter"})
MONTHS = {"club": 12, "quarterly": 3}


def d(text: str) -> date:
    return date.fromisoformat(text)


def past_of(began: str, ended: str | None, as_of: str, plan: str | None = "box") -> tuple[Any, ...]:
    """over, asked, renewed, left of one subscription."""
    until = epoch_day(d(as_of)) + 1
    engine = subscribed([("ana", plan, d(began), ended and d(ended))])
    (row,) = engine.read(
        renewal_history(subscription_data(engine, engine.fact("subscriptions"), TERMS, until), until)
    ).to_pylist()
    return row["over"], row["asked"], row["renewed"], row["left"]


@pytest.mark.parametrize(
    ("began", "ended", "as_of", "found"),
    [
        ("2024-01-15", None, "2024-01-15", (False, 0, 0, False)),
        ("2024-01-15", None, "2024-02-14", (False, 0, 0, False)),
        ("2024-01-15", None, "2024-02-15", (False, 1, 1, False)),
        # An end that lies ahead is not known yet.
        ("2024-01-15", "2024-04-01", "2024-03-20", (False, 2, 2, False)),
        # It ended within its first period: until that is over, others were not asked either.
        ("2024-01-15", "2024-02-03", "2024-02-10", (True, 0, 0, False)),
        ("2024-01-15", "2024-02-03", "2024-02-15", (True, 1, 0, True)),
        # On the day of a renewal, or the day after.
        ("2024-01-15", "2024-02-15", "2024-02-15", (True, 1, 0, True)),
        ("2024-01-15", "2024-02-16", "2024-02-16", (True, 1, 1, False)),
        ("2024-01-15", "2024-02-16", "2024-03-15", (True, 2, 1, True)),
        # On the day it began.
        ("2024-01-15", "2024-01-15", "2024-05-05", (True, 3, 0, True)),
        # Months that have no such day.
        ("2024-01-31", "2024-02-29", "2024-03-01", (True, 1, 0, True)),
        ("2024-01-31", "2024-03-01", "2024-03-31", (True, 2, 1, True)),
        ("2024-01-31", None, "2024-02-28", (False, 0, 0, False)),
        ("2024-01-31", None, "2024-04-30", (False, 3, 3, False)),
    ],
)
def test_who_was_asked_and_who_stayed(began: str, ended: str | None, as_of: str, found: tuple[Any, ...]):
    assert past_of(began, ended, as_of) == found


def test_plans_renew_after_their_own_terms():
    assert past_of("2024-01-15", None, "2025-01-14", "club") == (False, 0, 0, False)
    assert past_of("2024-01-15", None, "2025-01-14", "veg") == (False, 13, 13, False)
    assert past_of("2024-01-15", None, "2025-01-14", None) == (False, 11, 11, False)


def population() -> list[tuple[str, str | None, date, date | None]]:
    chance = np.random.default_rng(5)
    rows: list[tuple[str, str | None, date, date | None]] = []
    for number in range(3000):
        began = d("2023-01-01") + timedelta(int(chance.integers(900)))
        ended = None if chance.random() < 0.3 else began + timedelta(int(chance.integers(0, 500)))
        rows.append((f"c{number}", [None, "club", "veg", "quarterly"][number % 4], began, ended))
    return rows


def renewal(plan: str, began: date, number: int) -> date:
    return began + timedelta(28 * number) if plan == "veg" else months_later(began, MONTHS.get(plan, 1) * number)


def test_any_past_is_as_a_loop_over_the_calendar_finds_it():
    engine = subscribed(population())
    seen = subscription_data(engine, engine.fact("subscriptions"), TERMS, epoch_day(d("2025-05-31")) + 1)
    for as_of in (d("2025-05-31"), d("2025-02-28"), d("2024-09-30")):
        rows = engine.read(renewal_history(seen, epoch_day(as_of) + 1)).to_pylist()
        assert len(rows) > 2000
        for row in rows:
            plan, began, asked, kept = row["plan"], from_epoch_day(row["day"]), 0, 0
            ended = None if row["ended_day"] is None else from_epoch_day(row["ended_day"])
            while renewal(plan, began, asked + 1) <= as_of:
                asked += 1
            over = ended is not None and ended <= as_of
            if over:
                while renewal(plan, began, kept + 1) < ended:
                    kept += 1
                since, due = renewal(plan, began, kept), renewal(plan, began, kept + 1)
                assert (row["part"] == PERIOD_PARTS) == (ended == due)
                assert row["part"] == pytest.approx(PERIOD_PARTS * (ended - since) / (due - since), abs=1.5)
            else:
                kept = asked
            assert (row["over"], row["asked"], row["renewed"], row["left"]) == (
                over,
                asked,
                kept,
                over and kept < asked,
            )


def test_cells_hold_everybody_once():
    engine = subscribed(population())
    until = epoch_day(d("2025-05-31")) + 1
    rows = renewal_history(subscription_data(engine, engine.fact("subscriptions"), TERMS, until), until)
    found = renewal_summary(engine, rows)
    listed = engine.read(rows).to_pylist()
    assert found.n.sum() == len(listed) and len(found.n) < len(listed)
    assert found.n @ found.left == sum(row["left"] for row in listed)
    assert found.n @ found.running == sum(not row["over"] for row in listed)
    club = found.of({"club"})
    assert club.n.sum() == sum(row["plan"] == "club" for row in listed)
    counted = ends_by_part(engine, rows)
    assert {plan: int(of.sum()) for plan, of in counted.items()} == {
        plan: sum(row["left"] for row in listed if row["plan"] == plan) for plan in ("", "club", "veg", "quarterly")
    }


def test_what_is_known_ends_with_the_last_that_began_or_ended():
    engine = subscribed([("a", None, d("2024-01-01"), d("2024-05-05")), ("b", None, d("2024-03-03"), d("2026-01-01"))])
    rows = engine.fact("subscriptions")
    for covered, told, known in (
        ("2024-12-31", "2024-03-03", "2024-05-05"),
        ("2024-12-31", "2024-08-08", "2024-08-08"),
        ("2024-04-04", "2024-03-03", "2024-03-03"),
        ("2024-04-04", "2024-08-08", "2024-04-04"),
    ):
        assert known_until(engine, rows, (epoch_day(d(covered)), epoch_day(d(told)))) == epoch_day(d(known))
