"""Who customers of kept forecasts are today: predictions stay as they were made, and customers may be joined since."""

from __future__ import annotations

import duckdb

from regulars.warehouse.people.persons import hashed


def follow_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Write facts.moved_persons(was, person): who customers of kept forecasts are today that have been joined to others since.

    A person's number comes from an identity, and identities know whose they are now.
    """
    gone = "SELECT DISTINCT person AS was FROM facts.predictions ANTI JOIN facts.persons USING (person)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE gone_persons AS {gone}")
    (number,) = con.execute("SELECT count(*) FROM temp.gone_persons").fetchall()[0]
    # Numbering all identities takes its time, and mostly nobody is gone.
    known = f"(SELECT {hashed('identity')} AS was, person FROM facts.identities)" if number else "temp.gone_nobody"
    con.execute("CREATE OR REPLACE TEMP TABLE gone_nobody (was BIGINT, person BIGINT)")
    con.execute(f"CREATE OR REPLACE TABLE facts.moved_persons AS FROM {known} SEMI JOIN temp.gone_persons USING (was)")
    con.execute("DROP TABLE temp.gone_persons")
    con.execute("DROP TABLE temp.gone_nobody")
