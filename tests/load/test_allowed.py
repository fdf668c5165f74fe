"""A mapping's expressions compute values from fields, and can do nothing else. The list is held against DuckDB's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from regulars.load.fields.allowed import FUNCTIONS, OPERATORS
from regulars.load.fields.expressions import parse_expression
from regulars.sources import mapping_file
from regulars.vocabulary.errors import MappingError

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "mapping-files.md").read_text(encoding="utf-8")
TILL = """name = "till"
[orders.columns]
order_id = "a"
ordered_at = "b"
gross = "c"
currency = "'GBP'"
country = '''{}'''
"""


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        yield con


HOSTILE = [
    "exists(select 1 from read_csv('http://127.0.0.1:9/x.csv'))",
    "exists(select 1 from read_csv('FIFO'))",
    "(select content from read_text('/etc/hostname'))",
    "(from read_blob('/etc/hostname'))",
    "a in (select filename from glob('/etc/*'))",
    "a = any(select filename from glob('/etc/*'))",
    "[x for x in (select list(filename) from glob('/*'))]",
    "array(select 1)",
    "(with t as (select 1) select * from t)",
    "getenv('HOME')",
    "current_setting('home_directory')",
    "system.main.current_setting('home_directory')",
    "getvariable('x')",
    "nextval('s')",
    "pg_sleep(10)",
    "sleep_ms(10000)",
    "write_log('x')",
    "version()",
    "current_database()",
    "now()",
    "random()",
    "uuid()",
    "json_serialize_plan('select 1')",
    "json_deserialize_sql('{}')",
    "unnest([1, 2])",
    "range(1000000000)",
    "generate_series(1, 1000000000)",
    "repeat('x', 500000000)",
    "repeat('x', c::integer)",
    "repeat(repeat(repeat('x', 1000), 1000), 1000)",
    "lpad('x', 500000000)",
    "list_resize([1], 1000000000)",
    "format('{:900000000}', 1)",
    "printf('%900000000d', 1)",
    "list_reduce(['x', 'x', 'x'], lambda x, y: x || x || y)",
    "list_transform(string_split(a, ''), lambda x: list_transform(string_split(a, ''), lambda y: x || y))",
    "columns(*)",
    "*",
    "?",
    "$1",
    "a || '" + "x" * 20_000 + "'",
    "ATTACH 'x.db' AS y",
    "1; ATTACH 'x.db'",
    "1; COPY orders TO '/tmp/x'",
    "1; PRAGMA database_list",
    "1; INSTALL httpfs",
    "1 from read_csv('x')",
    "1 where exists(select 1 from read_csv('x'))",
    "1) where (exists(select 1 from read_csv('x'))",
    "1 order by (select 1 from read_csv('x'))",
    "1 limit (select 1 from read_csv('x'))",
    "sum(c) filter (exists(select 1 from read_csv('x')))",
    "sum(c) over (order by (select 1 from read_csv('x')))",
    "list(c order by getenv('HOME'))",
    "case when getenv('HOME') = 'x' then 1 end",
    "a between getenv('HOME') and 'x'",
]


@pytest.mark.parametrize("sql", HOSTILE, ids=lambda sql: sql[:50])
def test_an_expression_reads_nothing_but_fields(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    for read in (lambda: mapping_file.parse(TILL.format(sql), "evil.toml"), lambda: parse_expression(con, sql, "evil")):
        with pytest.raises(MappingError) as error:
            read()
        assert "\n" not in f"{error.value}{error.value.hint}" and len(str(error.value)) < 300
        assert "country" in str(error.value) or "evil" in str(error.value)


def functions(con: duckdb.DuckDBPyConnection, condition: str) -> set[str]:
    return {
        name for (name,) in con.execute(f"SELECT function_name FROM duckdb_functions() WHERE {condition}").fetchall()
    }


def test_every_function_on_the_list_is_a_pure_one_of_duckdb(con: duckdb.DuckDBPyConnection) -> None:
    pure = functions(con, "function_type IN ('scalar', 'aggregate', 'macro')")
    assert (FUNCTIONS | OPERATORS) - pure == set()
    assert (FUNCTIONS | OPERATORS) & functions(con, "has_side_effects") == set()
    # One of this name is also a table function, which stands after FROM, where no expression reaches.
    assert FUNCTIONS & functions(con, "function_type IN ('table', 'table_macro', 'pragma')") == {"repeat"}


def test_no_other_function_passes(con: duckdb.DuckDBPyConnection) -> None:
    others = functions(con, "regexp_full_match(function_name, '[a-z_0-9]+')") - FUNCTIONS - {"nullif", "row", "if"}
    assert len(others) > 300
    passed = []
    for name in sorted(others):
        for arguments in ("", "a", "a, 1", "a, 'x', 1"):
            try:
                parse_expression(con, f'"{name}"({arguments})', "evil")
            except MappingError:
                continue
            passed.append(f"{name}({arguments})")
    assert passed == []


def test_every_function_on_the_list_may_be_called(con: duckdb.DuckDBPyConnection) -> None:
    for name in FUNCTIONS:
        assert parse_expression(con, f'"{name}"(a, 1)', "place").names == {"a"}


def test_the_docs_list_them_all() -> None:
    section = DOCS.partition("## What an expression may call")[2].partition("\n## ")[0]
    listed = {
        name for row in re.findall(r"^\| .*\|$", section, re.MULTILINE)[2:] for name in re.findall(r"`(\w+)`", row)
    }
    assert listed == FUNCTIONS


@pytest.mark.parametrize(
    "sql",
    [
        "lpad(a, 10, '0')",
        "coalesce(a, b, 'x')",
        "if(a = 'x', b, c)",
        "extract(year from a::date)",
        "a::date + interval 1 day",
        "a LIKE 'x%' AND b NOT ILIKE '%y' OR c SIMILAR TO 'z'",
        "CASE a WHEN 'x' THEN 1 ELSE try_cast(b AS DECIMAL(18, 4)) END",
        "row_number() OVER (PARTITION BY a ORDER BY b DESC)",
        "sum(c::decimal) FILTER (a IN ('x', 'y'))",
        "list_transform(string_split(a, '|'), lambda x: trim(x))",
        "a->>'$.email'",
        "a[1:3]",
        "count(*)",
        "count(DISTINCT a)",
        "trim(both 'x' from a)",
        "a BETWEEN 'b' AND 'c'",
        "timezone('UTC', a::timestamp)",
    ],
)
def test_what_mappings_say_is_taken(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert parse_expression(con, sql, "place").sql == sql
