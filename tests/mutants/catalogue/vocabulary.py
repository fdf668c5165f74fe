"""Deliberate faults in vocabulary/."""

from __future__ import annotations

from mutants.running import Mutant

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "the fiscal year starts a month late",
        "vocabulary/calendar.py",
        "if day.month >= self.fiscal_year_start else",
        "if day.month > self.fiscal_year_start else",
        ("tests/vocabulary/test_calendar.py",),
    ),
    Mutant(
        "a week is named by its first day's year",
        "vocabulary/calendar.py",
        "(start + timedelta(days=3)).isocalendar()",
        "start.isocalendar()",
        ("tests/vocabulary/test_calendar.py",),
    ),
    Mutant(
        "amounts are rounded half up",
        "vocabulary/money.py",
        "rounding=ROUND_HALF_EVEN",
        'rounding="ROUND_HALF_UP"',
        ("tests/vocabulary/test_money.py",),
    ),
    Mutant(
        "control characters of C1 steer a terminal",
        "vocabulary/safe_text.py",
        "\\x1f\\x7f-\\x9f",
        "\\x1f\\x7f",
        ("tests/vocabulary/test_safe_text.py",),
    ),
    Mutant(
        "a formula in full width is left",
        "vocabulary/safe_text.py",
        "\\uff0b\\uff0d\\uff1d\\uff20]",
        "]",
        ("tests/vocabulary/test_safe_text.py",),
    ),
    Mutant(
        "names that share a word are close",
        "vocabulary/spelling.py",
        "(wanted <= words or words <= wanted)",
        "(wanted & words)",
        ("tests/vocabulary/test_spelling.py",),
    ),
    Mutant(
        "a marked event replaces those of before",
        "vocabulary/events.py",
        "_write(folder, (*marked, new), shared)",
        "_write(folder, (new,), shared)",
        ("tests/vocabulary/test_events.py",),
    ),
    Mutant(
        "a formula in an event runs in a spreadsheet",
        "vocabulary/events.py",
        "without_formula(event.text)) for",
        "event.text) for",
        ("tests/vocabulary/test_events.py",),
    ),
)
