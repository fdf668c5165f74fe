"""Any fact by difference: its rows whose own row changed, whose person did, or that read another row that changed."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes
from regulars.warehouse.derive.full import prepare_days, run, steps_of
from regulars.warehouse.derive.statements import OF_PERSONS, TOUCHED
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.identity import of_persons
from regulars.warehouse.schema import Kind
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions import groups

_IN_FACT, _IN_TABLE = "date_diff('day', DATE '1970-01-01', {})", "DATE '1970-01-01' + {}"


def correct(con: duckdb.DuckDBPyConnection, settings: Settings, fact: FactTable, changes: Changes) -> bool:
    """Derive the touched rows of a fact again. Returns whether there are any: then removed_FACT and added_FACT hold those that
    differ.
    """
    keys = f"temp.touched_keys_of_{fact.name}"
    parts = _touched(fact, changes)
    if not parts:
        return False
    con.execute(f"CREATE OR REPLACE TEMP TABLE touched_keys_of_{fact.name} AS {' UNION '.join(parts)}")
    if not changes.any(keys):
        return False
    unit = _listed(_unit(fact))
    table = fact.table.name
    con.execute(f"CREATE OR REPLACE TEMP TABLE touched_{table} AS FROM main.{table} SEMI JOIN {keys} USING ({unit})")
    _prepare_persons(con, fact)
    prepare_days(con, settings, (fact,), "temp.touched_{}")
    run(con, steps_of(con, settings, fact.name, TOUCHED))
    rows = f"{groups.schema_of(con, fact.group_name)}.{fact.name}"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE removed_{fact.name} AS"
        f" SELECT rowid AS row_, * FROM {rows} SEMI JOIN (SELECT {_days(fact, _IN_FACT)} FROM {keys}) USING ({unit})"
    )
    _leave_out_alike(con, fact)
    if not changes.any(f"temp.removed_{fact.name}") and not changes.any(f"temp.added_{fact.name}"):
        return False
    rows = f"{groups.writable(con, fact.group_name)}.{fact.name}"
    con.execute(f"DELETE FROM {rows} WHERE rowid IN (SELECT row_ FROM temp.removed_{fact.name})")
    con.execute(f"INSERT INTO {rows} BY NAME FROM temp.added_{fact.name}")
    return True


def _touched(fact: FactTable, changes: Changes) -> list[str]:
    """SQL of the keys of the rows that may differ, in parts; none where nothing changed that the fact reads."""
    unit = _listed(_unit(fact))
    parts = []
    if fact.table.name in changes.tables:
        parts.append(f"SELECT {unit} FROM {changes.altered(fact.table.name)}")
    for read in fact.reads:
        if read.by and read.table in changes.tables:
            by, version = _listed(read.by), _listed(("source", *BY_NAME[read.table].version_key))
            altered = changes.altered(read.table)
            changed = " UNION ".join(
                f"SELECT {by} FROM temp.{kind}_{read.table} SEMI JOIN {altered} USING ({version})"
                for kind in ("previous", "current")
            )
            parts.append(f"SELECT {unit} FROM main.{fact.table.name} SEMI JOIN ({changed}) USING ({by})")
    if fact.table.is_about_somebody and changes.any("temp.moved_persons"):
        parts.append(
            f"SELECT {_days(fact, _IN_TABLE)} FROM facts.{fact.name} SEMI JOIN temp.moved_persons USING (person)"
        )
    return parts


def _unit(fact: FactTable) -> tuple[str, ...]:
    """What names rows that change together."""
    return ("source", *fact.table.version_key)


def _days(fact: FactTable, converted: str) -> str:
    """SQL of the columns of `_unit`, of which days are dates in a canonical table and epoch days in a fact."""
    days = {column.name for column in fact.table.columns if column.kind is Kind.DAY}
    return ", ".join(f"{converted.format(name)} AS {name}" if name in days else f'"{name}"' for name in _unit(fact))


def _prepare_persons(con: duckdb.DuckDBPyConnection, fact: FactTable) -> None:
    """The touched rows, and those of the tables the fact reads, with their persons."""
    own = fact.table.name
    if fact.table.is_about_somebody:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE touched_{own}{OF_PERSONS} AS {of_persons(fact.table, f'temp.touched_{own}')}"
        )
    for name in {read.table for read in fact.reads} - {own}:
        if BY_NAME[name].is_about_somebody:
            con.execute(
                f"CREATE OR REPLACE TEMP VIEW {name}{OF_PERSONS} AS {of_persons(BY_NAME[name], f'main.{name}')}"
            )


def _leave_out_alike(con: duckdb.DuckDBPyConnection, fact: FactTable) -> None:
    """Take out of removed_FACT and added_FACT the rows that are as they were."""
    columns = con.table(f"temp.added_{fact.name}").columns
    same = " AND ".join(f'b."{name}" IS NOT DISTINCT FROM n."{name}"' for name in columns if name not in fact.key)
    key = _listed(fact.key)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE alike AS SELECT {key} FROM temp.removed_{fact.name} b"
        f" JOIN temp.added_{fact.name} n USING ({key}) WHERE {same or 'true'}"
    )
    for kind in ("removed", "added"):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {kind}_{fact.name} AS"
            f" FROM temp.{kind}_{fact.name} ANTI JOIN temp.alike USING ({key})"
        )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
