"""The day up to which a load's files cover the shop, where the user says so (`load --covers-until DAY`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import duckdb

from regulars.vocabulary.errors import UsageError
from regulars.warehouse.log import book
from regulars.warehouse.schema import Kind
from regulars.warehouse.tables import BY_NAME

_AHEAD = timedelta(days=1)
"""The shop's day may be one later than that of UTC."""


def not_replaced(table: str) -> str:
    """SQL: whether no later `--replace` took the place of what a row of main.load_tables, called `table`, brought."""
    return f"""NOT EXISTS (FROM main.load_tables later JOIN main.loads r USING (load_id)
        WHERE later.source = {table}.source AND later."table" = {table}."table" AND later.load_id > {table}.load_id
            AND r.replaced AND r.undone_at IS NULL)"""


DECLARED_COVERAGE = f"""
    SELECT t."table" AS table_name, max(l.covers_until) AS day
    FROM main.load_tables t JOIN main.loads l USING (load_id)
    WHERE l.undone_at IS NULL AND l.covers_until IS NOT NULL AND {not_replaced("t")}
    GROUP BY ALL"""
"""SQL of the latest day that `--covers-until` gave for each table. A later `--replace` of the table ends what was given before."""


def require_past(day: date, now: datetime | None = None) -> None:
    """Raise UsageError for a day to come: no file covers it. `now` is in UTC (default: the machine's)."""
    today = (now or datetime.now(UTC)).date()
    if day > today + _AHEAD:
        raise UsageError(
            f"--covers-until {day} lies in the future: today is {today}.",
            "Give the last day that the files cover, or leave it out.",
        )


def cover(
    con: duckdb.DuckDBPyConnection, load_id: int, tables: dict[str, set[str]], day: date, timezone: str
) -> list[str]:
    """Let a load cover these tables (each with its sources) up to the day: also those of which its files have no row.

    Returns a warning where rows of the load are later than the day: the tables are covered up to those then.
    """
    for name, sources in tables.items():
        for source in sources:
            book(con, BY_NAME[name], load_id, source)
    later = {name: last for name in tables if (last := _last_day(con, load_id, name, timezone)) and last > day}
    if not later:
        return []
    rows = ", ".join(f"{name} {last}" for name, last in sorted(later.items()))
    return [f"--covers-until {day} is before the last rows of this load ({rows}); it is covered up to those."]


def covered_by(con: duckdb.DuckDBPyConnection, load_id: int) -> dict[str, date]:
    """The last day that each table of a load is covered up to, by any load."""
    found = con.execute(
        "SELECT table_name, DATE '1970-01-01' + last_day FROM facts.coverage WHERE table_name IN"
        f' (SELECT "table" FROM main.load_tables WHERE load_id = {load_id}) ORDER BY table_name'
    ).fetchall()
    return dict(found)


def _last_day(con: duckdb.DuckDBPyConnection, load_id: int, name: str, timezone: str) -> date | None:
    """The shop's day of a load's latest row in a table; None where there is none, or the table has no days."""
    table = BY_NAME[name]
    if table.day is None:
        return None
    column = f'"{table.day}"'
    if table.column(table.day).kind is Kind.INSTANT:
        column = f"timezone(coalesce(zone, $zone), timezone('UTC', {column}))::DATE"
    sql = f"SELECT max({column}) FROM log.{name} WHERE load_id = $load"
    (last,) = con.execute(sql, {"load": load_id} | ({"zone": timezone} if "$zone" in sql else {})).fetchall()[0]
    return last if isinstance(last, date) else None
