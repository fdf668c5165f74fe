"""Incremental derivation of any fact by key: rows whose own row, person or another row that they read has changed."""

from __future__ import annotations

import duckdb

from regulars.vocabulary.shop import Settings
from regulars.warehouse.changes import Changes
from regulars.warehouse.derive.full_refresh import compiled_statements, prepare_days, run
from regulars.warehouse.derive.statements import INCREMENTAL, OTHER_GROUP_PREFIX, PERSONS_SUFFIX
from regulars.warehouse.engine import Engine
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts import OF_TABLE
from regulars.warehouse.identity import with_person
from regulars.warehouse.schema import Kind
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions import groups

_IN_FACT, _IN_TABLE = "date_diff('day', DATE '1970-01-01', {})", "DATE '1970-01-01' + {}"


def update(
    con: duckdb.DuckDBPyConnection, settings: Settings, fact: FactTable, changes: Changes, changed_facts: frozenset[str]
) -> bool:
    """Derive the affected rows of a fact again.

    Args:
        con: a connection to the version being written.
        settings: the shop's settings.
        fact: the fact.
        changes: the changes of the write.
        changed_facts: the facts that the same derivation has changed before.

    Returns:
        True where any row changed: then the temporary tables removed_FACT and added_FACT hold the rows before and
        after.
    """
    keys = f"temp.touched_keys_of_{fact.name}"
    queries = _changed_key_queries(fact, changes, changed_facts)
    if not queries:
        return False
    con.execute(f"CREATE OR REPLACE TEMP TABLE touched_keys_of_{fact.name} AS {' UNION '.join(queries)}")
    if not changes.has_rows(keys):
        return False
    _prepare_rows(con, fact)
    if any(read.by_person and read.table == fact.table.name for read in fact.reads):
        _add_keys_of_persons(con, fact)
        _prepare_rows(con, fact)
    _prepare_facts_read(con, fact)
    prepare_days(con, settings, (fact,), "temp.touched_{}")
    run(Engine(con=con), compiled_statements(con, settings, fact.name, INCREMENTAL))
    key_columns = _column_list(_version_key(fact))
    fact_rows = f"{groups.schema_of(con, fact.group_name)}.{fact.name}"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE removed_{fact.name} AS"
        f" SELECT rowid AS row_, * FROM {fact_rows} SEMI JOIN (SELECT {_key_columns(fact, _IN_FACT)} FROM {keys})"
        f" USING ({key_columns})"
    )
    _remove_unchanged_rows(con, fact)
    if not changes.has_rows(f"temp.removed_{fact.name}") and not changes.has_rows(f"temp.added_{fact.name}"):
        return False
    fact_rows = f"{groups.writable(con, fact.group_name)}.{fact.name}"
    con.execute(f"DELETE FROM {fact_rows} WHERE rowid IN (SELECT row_ FROM temp.removed_{fact.name})")
    con.execute(f"INSERT INTO {fact_rows} BY NAME FROM temp.added_{fact.name}")
    return True


def _changed_key_queries(fact: FactTable, changes: Changes, changed_facts: frozenset[str]) -> list[str]:
    """SQL of the keys of rows that may change, one query per cause; none where nothing changed that the fact reads."""
    key_columns = _column_list(_version_key(fact))
    queries = []
    if fact.table.name in changes.tables:
        queries.append(f"SELECT {key_columns} FROM {changes.changed_keys(fact.table.name)}")
    for read in fact.reads:
        if read.by_person:
            if read.table != fact.table.name and (name := OF_TABLE[read.table].name) in changed_facts:
                persons = " UNION ".join(f"SELECT person FROM temp.{kind}_{name}" for kind in ("removed", "added"))
                queries.append(_keys_of_persons(fact, persons))
        elif read.by and read.table in changes.tables:
            by, version = _column_list(read.by), _column_list(("source", *BY_NAME[read.table].version_key))
            altered = changes.changed_keys(read.table)
            changed = " UNION ".join(
                f"SELECT {by} FROM temp.{kind}_{read.table} SEMI JOIN {altered} USING ({version})"
                for kind in ("previous", "current")
            )
            queries.append(f"SELECT {key_columns} FROM main.{fact.table.name} SEMI JOIN ({changed}) USING ({by})")
    if fact.table.has_identity_columns and changes.has_rows("temp.moved_persons"):
        queries.append(_keys_of_persons(fact, "SELECT person FROM temp.moved_persons"))
    return queries


def _keys_of_persons(fact: FactTable, persons: str) -> str:
    """SQL of the keys of the fact's rows about these persons."""
    return f"SELECT {_key_columns(fact, _IN_TABLE)} FROM facts.{fact.name} SEMI JOIN ({persons}) USING (person)"


def _prepare_rows(con: duckdb.DuckDBPyConnection, fact: FactTable) -> None:
    """Create touched_TABLE with the rows of the touched keys, and the tables of persons that the fact reads."""
    table = fact.table.name
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE touched_{table} AS FROM main.{table}"
        f" SEMI JOIN temp.touched_keys_of_{fact.name} USING ({_column_list(_version_key(fact))})"
    )
    _prepare_persons(con, fact)


def _add_keys_of_persons(con: duckdb.DuckDBPyConnection, fact: FactTable) -> None:
    """Add the keys of all rows about the persons of touched rows, before or after the write."""
    keys = f"touched_keys_of_{fact.name}"
    persons = (
        f"SELECT person FROM temp.touched_{fact.table.name}{PERSONS_SUFFIX} UNION SELECT person FROM facts.{fact.name}"
        f" SEMI JOIN (SELECT {_key_columns(fact, _IN_FACT)} FROM temp.{keys}) USING ({_column_list(_version_key(fact))})"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {keys} AS FROM temp.{keys} UNION {_keys_of_persons(fact, persons)}")


def _prepare_facts_read(con: duckdb.DuckDBPyConnection, fact: FactTable) -> None:
    """Create views of the rows of other facts about the persons of touched rows."""
    persons = f"SELECT person FROM temp.touched_{fact.table.name}{PERSONS_SUFFIX}"
    for read in fact.reads:
        if read.by_person and read.table != fact.table.name:
            name = OF_TABLE[read.table].name
            con.execute(
                f"CREATE OR REPLACE TEMP VIEW {OTHER_GROUP_PREFIX}{name} AS FROM facts.{name} SEMI JOIN ({persons})"
                " USING (person)"
            )


def _version_key(fact: FactTable) -> tuple[str, ...]:
    """The columns whose rows change together."""
    return ("source", *fact.table.version_key)


def _key_columns(fact: FactTable, converted: str) -> str:
    """SQL of the columns of `_version_key`; days are dates in canonical tables and epoch days in facts."""
    day_columns = {column.name for column in fact.table.columns if column.kind is Kind.DAY}
    return ", ".join(
        f"{converted.format(name)} AS {name}" if name in day_columns else f'"{name}"' for name in _version_key(fact)
    )


def _prepare_persons(con: duckdb.DuckDBPyConnection, fact: FactTable) -> None:
    """Create tables with persons of the affected rows, and of the tables that the fact reads."""
    own_table = fact.table.name
    if fact.table.has_identity_columns:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE touched_{own_table}{PERSONS_SUFFIX} AS"
            f" {with_person(fact.table, f'temp.touched_{own_table}')}"
        )
    for name in {read.table for read in fact.reads if not read.by_person} - {own_table}:
        if BY_NAME[name].has_identity_columns:
            con.execute(
                f"CREATE OR REPLACE TEMP VIEW {name}{PERSONS_SUFFIX} AS {with_person(BY_NAME[name], f'main.{name}')}"
            )


def _remove_unchanged_rows(con: duckdb.DuckDBPyConnection, fact: FactTable) -> None:
    """Delete from removed_FACT and added_FACT the rows that are equal."""
    columns = con.table(f"temp.added_{fact.name}").columns
    unchanged = " AND ".join(f'b."{name}" IS NOT DISTINCT FROM n."{name}"' for name in columns if name not in fact.key)
    key = _column_list(fact.key)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE alike AS SELECT {key} FROM temp.removed_{fact.name} b"
        f" JOIN temp.added_{fact.name} n USING ({key}) WHERE {unchanged or 'true'}"
    )
    for kind in ("removed", "added"):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {kind}_{fact.name} AS"
            f" FROM temp.{kind}_{fact.name} ANTI JOIN temp.alike USING ({key})"
        )


def _column_list(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
