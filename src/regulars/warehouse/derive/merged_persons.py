"""Who customers of kept forecasts are today: predictions stay as they were made, and customers may be joined since."""

from __future__ import annotations

import duckdb

from regulars.warehouse.identity.persons import hashed


def follow_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Write facts.moved_persons(was, person): who customers of kept forecasts are today that have been joined to others since.

    A person's number comes from an identity, and identities know whose they are now.
    """
    # Where nobody is gone, as mostly, the engine numbers no identity.
    con.execute(
        f"""CREATE OR REPLACE TABLE facts.moved_persons AS
        SELECT was, person FROM (SELECT {hashed("identity")} AS was, person FROM facts.identities)
        SEMI JOIN (SELECT person AS was FROM facts.predictions ANTI JOIN facts.persons USING (person)) USING (was)"""
    )
