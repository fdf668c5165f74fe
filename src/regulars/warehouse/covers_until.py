"""The last day that a load's files cover, as the user declares it (`load --covers-until DAY`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import duckdb

from regulars.vocabulary.errors import UsageError
from regulars.warehouse.log import add_counts
from regulars.warehouse.schema import Kind
from regulars.warehouse.tables import BY_NAME

_AHEAD = timedelta(days=1)
"""The shop's date may be one day later than the date in UTC."""


def not_replaced(table: str) -> str:
    """SQL condition: the load of a row of main.load_tables, aliased `table`, was not replaced by a later `--replace`."""
    return f"""NOT EXISTS (FROM main.load_tables later JOIN main.loads r USING (load_id)
        WHERE later.source = {table}.source AND later."table" = {table}."table" AND later.load_id > {table}.load_id
            AND r.replaced AND r.undone_at IS NULL)"""


DECLARED_COVERAGE = f"""
    SELECT t."table" AS table_name, max(l.covers_until) AS day
    FROM main.load_tables t JOIN main.loads l USING (load_id)
    WHERE l.undone_at IS NULL AND l.covers_until IS NOT NULL AND {not_replaced("t")}
    GROUP BY ALL"""
"""SQL of the latest day declared by `--covers-until` for each table. A later `--replace` of the table ends earlier
declarations.
"""


def require_past(day: date, now: datetime | None = None) -> None:
    """Check that a day is not in the future.

    Args:
        day: the declared day.
        now: the current time in UTC (default: the machine's).

    Raises:
        UsageError: the day lies in the future, so that no file can cover it.
    """
    today = (now or datetime.now(UTC)).date()
    if day > today + _AHEAD:
        raise UsageError(
            f"--covers-until {day} lies in the future: today is {today}.",
            "Give the last day that the files cover, or omit --covers-until.",
        )


def cover(
    con: duckdb.DuckDBPyConnection, load_id: int, tables: dict[str, set[str]], day: date, timezone: str
) -> list[str]:
    """Declare that a load covers tables up to a day, also tables of which its files have no row.

    Args:
        con: a connection to the version being written.
        load_id: the load.
        tables: the tables, each with its sources.
        day: the last covered day.
        timezone: the shop's timezone.

    Returns:
        A warning where rows of the load are later than the day: these tables are covered up to their last row. Else
        nothing.
    """
    for name, sources in tables.items():
        for source in sources:
            add_counts(con, BY_NAME[name], load_id, source)
    last_days = {
        name: last_day for name in tables if (last_day := _last_day(con, load_id, name, timezone)) and last_day > day
    }
    if not last_days:
        return []
    rows = ", ".join(f"{name} {last_day}" for name, last_day in sorted(last_days.items()))
    return [f"--covers-until {day} is before the last rows of this load ({rows}); its tables are covered up to them."]


def covered_by(con: duckdb.DuckDBPyConnection, load_id: int) -> dict[str, date]:
    """Return the last day that each table of a load is covered up to, by any load."""
    rows = con.execute(
        "SELECT table_name, DATE '1970-01-01' + last_day FROM facts.coverage WHERE table_name IN"
        f' (SELECT "table" FROM main.load_tables WHERE load_id = {load_id}) ORDER BY table_name'
    ).fetchall()
    return dict(rows)


def _last_day(con: duckdb.DuckDBPyConnection, load_id: int, name: str, timezone: str) -> date | None:
    """Return the local day of the last row that a load has in a table; None where it has none, or the table has no days."""
    table = BY_NAME[name]
    if table.day is None:
        return None
    column = f'"{table.day}"'
    if table.column(table.day).kind is Kind.INSTANT:
        column = f"timezone(coalesce(zone, $zone), timezone('UTC', {column}))::DATE"
    sql = f"SELECT max({column}) FROM log.{name} WHERE load_id = $load"
    (last,) = con.execute(sql, {"load": load_id} | ({"zone": timezone} if "$zone" in sql else {})).fetchall()[0]
    return last if isinstance(last, date) else None
