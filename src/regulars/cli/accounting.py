"""What a load did, row by row, in words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import duckdb

from regulars.cli.output import say, show
from regulars.load import rejects
from regulars.load.load_options import LoadResult
from regulars.services.tables import Table
from regulars.vocabulary.numbers import count, counted

_REASONS = 5


def left_out(result: LoadResult) -> list[str]:
    """One line for each file that no source knows, or that holds no data."""
    unknown = [f"{name} was left out: it {reason}." for name, reason in result.unknown.items()]
    return unknown + [f"{name} was passed over: it {reason}." for name, reason in result.passed_over.items()]


def describe(
    read: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]],
    result: LoadResult,
    version: int | None,
    shop: str,
    is_end_given: bool,
) -> None:
    """Print the accounts, what was rejected and why, warnings, and what to do next. `read` opens the version, which takes a
    while; `is_end_given` is whether the user stated the last day that the files cover.
    """
    if not result.unchanged:
        files = Table(["file", "read", "used", "waiting", "rejected", "skipped"])
        for name, file in result.files.items():
            numbers = (file.read, file.used, file.waiting, file.rejected, file.skipped)
            files.rows.append([name, *(count(n) for n in numbers)])
        tables = Table(["table", "inserted", "updated", "unchanged"])
        for name, table in result.tables.items():
            tables.rows.append([name, *(count(n) for n in (table.inserted, table.updated, table.unchanged))])
        files.title = f"Load {result.load_id}, version {version}"
        files.notes = ["read = used + waiting + rejected + skipped"]
        for sheet in (files, tables):
            sheet.numbers = frozenset(sheet.columns[1:])
            show(sheet)
            say()
    rejected = sum(file.rejected for file in result.files.values())
    if rejected:
        say(f"{counted(rejected, 'row was', 'rows were')} rejected and kept whole:")
        with read() as con:
            reasons = rejects.summary(con, load_id=result.load_id)
        for reason, rows, example in reasons[:_REASONS]:
            say(f"  {count(rows)} × {reason} (such as {example})")
        if len(reasons) > _REASONS:
            say(f"  and for {counted(len(reasons) - _REASONS, 'more reason', 'more reasons')}")
        say(f"See them: regulars rejects{shop}; write them to a file: regulars rejects --export rejects.csv{shop}")
    if any(file.waiting for file in result.files.values()):
        say(f"See what waits: regulars rejects --waiting{shop}")
    for warning in (*left_out(result), *result.warnings):
        say(f"Note: {warning}")
    _say_coverage(result, is_end_given)
    if result.unchanged:
        say("Nothing changed.")
    elif any(file.used for file in result.files.values()):
        say(f"Next: regulars metrics{shop}")
    elif any(file.waiting for file in result.files.values()):
        say(f"No row was used. Next: regulars load RATES.csv{shop}")
        say(
            "RATES.csv: the columns day,currency,rate; rate: what one unit of currency is worth in the shop's currency."
        )
    elif rejected:
        say(f"No row was used. Next: regulars rejects{shop}")
    else:
        say(f"Next: regulars metrics{shop}")


def _say_coverage(result: LoadResult, is_end_given: bool) -> None:
    """Up to which day the tables of the load are covered."""
    if not result.covered:
        return
    is_alone = len(result.covered) == 1 and not is_end_given
    alone = " A file covers the days up to its last row; if it covers more, add --covers-until DAY." if is_alone else ""
    say(f"Covered up to: {', '.join(f'{name} {day}' for name, day in result.covered.items())}.{alone}")
