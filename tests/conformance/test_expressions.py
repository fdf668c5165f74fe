"""The expressions that engines disagree about, each asked for many rows at once on every engine there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance import clickhouse, postgres
from properties import few
from regulars.warehouse.portable import FUNCTIONS, converted, first_value, rounded, share

DIGITS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Engine:
    """An engine that is handed a table of DuckDB and a query."""

    name: str
    copy: Callable[[duckdb.DuckDBPyConnection, str, str], None]
    rows: Callable[[str], list[tuple[Any, ...]]]

    def asked(self, rows: pa.Table, query: Callable[[ir.Table], ir.Table]) -> list[tuple[Any, ...]]:
        """The result of a query about these rows, whose columns DuckDB can read, in the order of its first column."""
        with duckdb.connect() as con:
            con.register("given", rows)
            con.execute("CREATE TABLE handed_over AS FROM given")
            self.copy(con, "handed_over", "given")
        found = query(ibis.table(ibis.Schema.from_pyarrow(rows.schema), name="given"))
        return sorted(self.rows(str(ibis.to_sql(found, dialect=self.name))), key=lambda row: row[0])


@pytest.fixture(
    scope="module",
    params=["duckdb", "postgres", *(pytest.param(name, marks=pytest.mark.slow) for name in ("pyspark", "clickhouse"))],
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "duckdb":
        with duckdb.connect() as con:
            for function in FUNCTIONS["duckdb"]:
                con.execute(function)

            def copied(source: duckdb.DuckDBPyConnection, table: str, name: str) -> None:
                con.register("handed_over", source.execute(f"FROM {table}").to_arrow_table())
                con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM handed_over")

            yield Engine("duckdb", copied, lambda sql: con.execute(sql).fetchall())
    elif request.param == "postgres":
        with postgres.database(request.getfixturevalue("postgres"), "expressions") as server:

            def copied(source: duckdb.DuckDBPyConnection, table: str, name: str) -> None:
                server.execute(f"DROP TABLE IF EXISTS {name}")
                postgres.copy(source, server, table, name)

            yield Engine("postgres", copied, lambda sql: server.execute(sql).fetchall())
    elif request.param == "pyspark":
        session = request.getfixturevalue("spark")
        yield Engine("pyspark", session.copy, session.rows)
    else:
        with clickhouse.clickhouse() as other:
            yield Engine("clickhouse", other.copy, other.rows)


@pytest.fixture(scope="module")
def exact(engine: Engine) -> Engine:
    """An engine that is taught to round."""
    if engine.name not in FUNCTIONS:
        pytest.skip(f"{engine.name} is not taught to round: facts are not derived there")
    return engine


def test_the_first_row_of_a_window_may_hold_nothing(engine: Engine) -> None:
    chance = Random(13)
    people = [1, 1, 1, 2, 2, 3, *(chance.randrange(4, 40) for _ in range(200))]
    words = [None, "a", None, "b", None, None, *(chance.choice(["x", "y", None]) for _ in range(200))]
    days = [None, 1, 2, 3, None, None, *(chance.choice([20_000, None]) for _ in range(200))]
    sums = [
        None,
        Decimal("1.5000"),
        None,
        Decimal(0),
        None,
        None,
        *(chance.choice([Decimal(7), None]) for _ in range(200)),
    ]
    rows = pa.table(
        {
            "id": pa.array(range(206), pa.int64()),
            "person": pa.array(people, pa.int64()),
            "word": pa.array(words, pa.string()),
            "day": pa.array(days, pa.int32()),
            "total": pa.array(sums, pa.decimal128(18, 4)),
        }
    )

    def query(t: ir.Table) -> ir.Table:
        by_time = ibis.window(group_by=t.person, order_by=t.id)
        return t.select("id", **{f"first_{name}": first_value(t[name], by_time) for name in ("word", "day", "total")})

    first = [people.index(person) for person in people]
    expected = [(number, words[place], days[place], sums[place]) for number, place in enumerate(first)]
    assert engine.asked(rows, query) == expected


def half_even(amount: Fraction, digits: int) -> Decimal:
    """Python's round() of a fraction: half to even, exactly."""
    return Decimal(round(amount * 10**digits)).scaleb(-digits)


def places(number: int, least: int, most: int) -> st.SearchStrategy[Decimal]:
    """Decimals of so many places from `least` to `most` smallest units, those near zero and round ones often."""
    units = (
        st.integers(least, most)
        | st.integers(max(least, -200), 200)
        | st.integers(least // 10**4, most // 10**4).map(lambda n: n * 10**4)
    )
    return units.map(lambda n: Decimal(n).scaleb(-number))


amounts = places(4, -9 * 10**16, 9 * 10**16)
everyday = places(4, -2 * 10**9, 2 * 10**9)
rates = places(8, 1, 10**11) | st.sampled_from(
    [Decimal(1), Decimal("0.5"), Decimal("0.00000001"), Decimal("1000.00000001")]
)


def table(**columns: Sequence[Decimal | None]) -> pa.Table:
    kinds = {"rate": pa.decimal128(38, 8)}
    number = len(next(iter(columns.values())))
    return pa.table(
        {
            "id": pa.array(range(number), pa.int64()),
            **{name: pa.array(values, kinds.get(name, pa.decimal128(18, 4))) for name, values in columns.items()},
        }
    )


def agree(
    engine: Engine, rows: pa.Table, query: Callable[[ir.Table, int], ir.Value], expected: Callable[..., Fraction]
) -> None:
    """Fails where the engine's result for a row, rounded to any DIGITS, is not what Python computes from its values."""
    found = engine.asked(rows, lambda t: t.select("id", **{f"to_{digits}": query(t, digits) for digits in DIGITS}))
    for row, (_, *results) in zip(rows.to_pylist(), found, strict=True):
        values = [row[name] for name in rows.column_names[1:]]
        known = None not in values and (len(values) < 3 or values[2])
        for digits, result in zip(DIGITS, results, strict=True):
            assert result == (half_even(expected(*map(Fraction, values)), digits) if known else None), (values, digits)


@settings(max_examples=few(2))
@given(st.lists(st.tuples(everyday | places(4, -(10**17), 10**17), rates), min_size=50, max_size=300))
@example(
    [
        (Decimal(amount), Decimal(rate))
        for amount, rate in (
            ("0.01", "0.5"), ("0.03", "0.5"), ("-0.01", "0.5"), ("-0.03", "0.5"), ("0", "1"), ("100000000", "1000"),
            # Just beside a half, further behind the point than eight places, or six.
            ("0.01", "0.50000001"), ("0.03", "0.16666667"), ("0.0149", "1.0067114"), ("1.4999", "1.00006667"),
            ("-0.03", "0.16666667"), ("-0.0149", "1.0067114"),
        )
    ]
)  # fmt: skip
def test_a_conversion_is_rounded_half_even_exactly(exact: Engine, pairs: list[tuple[Decimal, Decimal]]) -> None:
    pairs = [(amount, rate) for amount, rate in pairs if abs(amount * rate) < 9 * 10**13]
    rows = table(amount=[None, Decimal(1), *(a for a, _ in pairs)], rate=[Decimal(1), None, *(r for _, r in pairs)])
    agree(exact, rows, lambda t, digits: converted(t.amount, t.rate, digits), lambda amount, rate: amount * rate)


@settings(max_examples=few(2))
@given(st.lists(places(4, -9 * 10**17, 9 * 10**17) | everyday, min_size=50, max_size=300))
@example([Decimal(n) for n in ("0.005", "0.015", "0.025", "-0.005", "-0.015", "-0.025", "0.5", "1.5", "-2.5")])
def test_an_amount_is_rounded_half_even_exactly(exact: Engine, numbers: list[Decimal]) -> None:
    rows = table(amount=[None, *numbers])
    agree(exact, rows, lambda t, digits: rounded(t.amount, digits), lambda amount: amount)


@settings(max_examples=few(2))
@given(
    st.lists(
        st.tuples(everyday, places(4, 0, 2 * 10**9), places(4, 1, 2 * 10**9)) | st.tuples(amounts, amounts, amounts),
        min_size=50,
        max_size=300,
    )
)
@example(
    [
        (Decimal(amount), Decimal(part), Decimal(whole))
        for amount, part, whole in (
            ("0.01", "1", "2"), ("0.03", "1", "2"), ("-0.01", "1", "2"), ("10", "20", "120"), ("5", "0", "1"),
            ("8999999999999.9999", "1", "1"), ("8999999999999.9999", "1", "2"), ("7777777777777.7777", "3", "7"),
            ("-8999999999999.9999", "8999999999999.9998", "8999999999999.9999"),
        )
    ]
)  # fmt: skip
def test_a_share_is_rounded_half_even_exactly(exact: Engine, triples: list[tuple[Decimal, Decimal, Decimal]]) -> None:
    chosen = [(a, min(abs(p), abs(w)), abs(w)) for a, p, w in triples if w]
    unknown = [(None, Decimal(1), Decimal(1)), (Decimal(1), None, Decimal(1)), (Decimal(1), Decimal(1), None)]
    nothing = [(Decimal(1), Decimal(1), Decimal(0)), (Decimal(0), Decimal(0), Decimal(0))]
    columns = zip(*unknown, *nothing, *chosen, strict=True)
    agree(
        exact,
        table(**dict(zip(("amount", "part", "whole"), columns, strict=True))),
        lambda t, digits: share(t.amount, t.part, t.whole, digits),
        lambda amount, part, whole: amount * part / whole,
    )
