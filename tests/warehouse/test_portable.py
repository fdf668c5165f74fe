"""The portable expressions give the same exact answers on every engine, whatever floats would say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from hashlib import md5
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.postgres import TYPES, database
from properties import few
from regulars.warehouse import portable

COLUMNS = {
    "a": "DECIMAL(18,4)", "b": "DECIMAL(18,4)", "c": "DECIMAL(18,4)", "r": "DECIMAL(38,8)",
    "i": "BIGINT", "j": "INTEGER", "at": "TIMESTAMP", "text": "VARCHAR",
}  # fmt: skip
amounts = st.decimals(min_value=0, max_value=10**8, places=4)
large = st.decimals(min_value=0, max_value=9 * 10**12, places=4)
cents = st.integers(0, 10**6).map(lambda n: Decimal(n) / 100)


@dataclass(frozen=True)
class Engine:
    """An engine with a table `given` of COLUMNS."""

    run: Callable[..., Any]
    backend: ibis.BaseBackend
    mark: str

    def all(self, rows: Sequence[dict[str, Any]], expression: Callable[[ir.Table], ir.Value]) -> list[Any]:
        """What the expression gives for each row, in no order."""
        self.run("DELETE FROM given")
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            self.run(f"INSERT INTO given ({names}) VALUES ({', '.join([self.mark] * len(row))})", list(row.values()))
        table = self.backend.table("given")
        found: list[Any] = table.select(found=expression(table)).to_pyarrow()["found"].to_pylist()
        return found

    def row(self, expression: Callable[[ir.Table], ir.Value], **row: Any) -> Any:
        """What the expression gives for this row; columns not named are null."""
        (found,) = self.all([row], expression)
        return found


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    if request.param == "duckdb":
        with duckdb.connect() as con:
            for statement in portable.FUNCTIONS["duckdb"]:
                con.execute(statement)
            con.execute(f"CREATE TABLE given ({columns})")
            yield Engine(con.execute, ibis.duckdb.from_connection(con), "?")
        return
    with database(request.getfixturevalue("postgres"), "portable") as con:
        con.execute(f"CREATE TABLE given ({columns.replace('VARCHAR', TYPES['VARCHAR'])})")
        yield Engine(con.execute, ibis.postgres.from_connection(con), "%s")


def half_even(exact: Fraction, digits: int) -> Decimal:
    floor, rest = divmod(exact * 10**digits, 1)
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2):
        floor += 1
    return Decimal(int(floor)).scaleb(-digits)


@settings(max_examples=few(40))
@given(amounts | cents, amounts | cents, amounts.filter(bool), st.sampled_from([0, 2, 3, 4]))
@example(Decimal("0.01"), Decimal(1), Decimal(2), 2)
@example(Decimal("0.03"), Decimal(1), Decimal(2), 2)
@example(Decimal("10"), Decimal("20"), Decimal("120"), 2)
def test_a_share_is_rounded_half_even_exactly(
    engine: Engine, amount: Decimal, part: Decimal, whole: Decimal, digits: int
) -> None:
    part = min(part, whole)
    found = engine.row(lambda t: portable.share(t.a, t.b, t.c, digits), a=amount, b=part, c=whole)
    assert found == half_even(Fraction(amount) * Fraction(part) / Fraction(whole), digits)


@settings(max_examples=few(25))
@given(large, large, large.filter(bool), st.sampled_from([0, 2, 3, 4]))
@example(Decimal("8999999999999.9999"), Decimal(1), Decimal(1), 4)
@example(Decimal("8999999999999.9999"), Decimal(1), Decimal(2), 4)
@example(Decimal("7777777777777.7777"), Decimal(3), Decimal(7), 4)
def test_a_share_of_a_large_amount_is_exact(
    engine: Engine, amount: Decimal, part: Decimal, whole: Decimal, digits: int
) -> None:
    part = min(part, whole)
    found = engine.row(lambda t: portable.share(t.a, t.b, t.c, digits), a=amount, b=part, c=whole)
    assert found == half_even(Fraction(amount) * Fraction(part) / Fraction(whole), digits)


@settings(max_examples=few(25))
@given(
    amounts | cents, st.decimals(min_value=Decimal("0.00000001"), max_value=1000, places=8), st.sampled_from([0, 2, 3])
)
@example(Decimal("0.01"), Decimal("0.5"), 2)
@example(Decimal("0.03"), Decimal("0.5"), 2)
@example(Decimal("100000000"), Decimal("1000"), 3)
def test_a_conversion_is_rounded_half_even_exactly(engine: Engine, amount: Decimal, rate: Decimal, digits: int) -> None:
    found = engine.row(lambda t: portable.converted(t.a, t.r, digits), a=amount, r=rate)
    assert found == half_even(Fraction(amount) * Fraction(rate), digits)


@settings(max_examples=few(25))
@given(st.integers(-(10**9), 10**9).map(lambda n: Decimal(n) / 1000))
@example(Decimal("-0.005"))
@example(Decimal("-0.015"))
@example(Decimal("0.025"))
@example(Decimal("-99999999999999.99"))
def test_rounding_is_half_even(engine: Engine, amount: Decimal) -> None:
    found = engine.row(lambda t: portable.rounded(t.a, 2), a=amount)
    with localcontext() as context:
        context.prec = 40
        assert found == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def test_a_share_of_nothing_is_null(engine: Engine) -> None:
    share = engine.row(lambda t: portable.share(t.a, t.b, t.c, 2), a=Decimal(1), b=Decimal(1), c=Decimal(0))
    assert share is None
    assert engine.row(lambda t: portable.share(t.a, t.b, t.c, 2), a=Decimal(1), b=Decimal(1)) is None
    assert engine.row(lambda t: portable.converted(t.a, t.r, 2), a=Decimal(1)) is None


def test_whole_numbers_are_divided_as_fractions_and_by_nothing_is_null(engine: Engine) -> None:
    def quotient(i: int | None, j: int | None) -> float | None:
        found: float | None = engine.row(lambda t: portable.divided(t.i, t.j), i=i, j=j)
        return found

    assert (quotient(7, 2), quotient(-7, 2), quotient(1, 3)) == (3.5, -3.5, 1 / 3)
    assert (quotient(7, 0), quotient(0, 0), quotient(None, 2), quotient(7, None)) == (None, None, None, None)


@pytest.mark.parametrize("number", [-61, -60, -31, -30, -29, -1, 0, 1, 29, 30, 31, 59, 60, 20_453, None])
def test_a_whole_number_of_times_is_counted_downwards(engine: Engine, number: int | None) -> None:
    found = engine.row(lambda t: portable.floored(t.j, 30), j=number)
    assert found == (None if number is None else number // 30)


def test_a_sum_of_pieces_stays_a_whole_number(engine: Engine) -> None:
    engine.all([{"i": 2**40}, {"i": 2**41}, {"i": None}], lambda t: t.i)
    table = engine.backend.table("given")
    engine.run("DROP TABLE IF EXISTS summed")
    total = table.agg(total=portable.counted(table.i.sum()))
    engine.run(f"CREATE TABLE summed AS {ibis.to_sql(total, dialect=engine.backend.name)}")
    stored = engine.backend.table("summed")
    assert str(stored.schema()["total"]) == "int64"
    assert stored.to_pyarrow()["total"].to_pylist() == [2**40 + 2**41]


@pytest.mark.parametrize(("i", "j"), [(1, 2), (2, 1), (-3, 3), (5, 5), (None, 1), (1, None), (None, None)])
def test_the_smaller_and_larger_of_two_are_null_where_one_is(engine: Engine, i: int | None, j: int | None) -> None:
    known = None not in (i, j)
    assert engine.row(lambda t: portable.smaller(t.i, t.j), i=i, j=j) == (min(i, j) if known else None)  # type: ignore[type-var]
    assert engine.row(lambda t: portable.larger(t.i, t.j), i=i, j=j) == (max(i, j) if known else None)  # type: ignore[type-var]


@pytest.mark.parametrize("text", ["", "1001", "#1001", "guest-1", "Zoë", "日本", "a" * 5_000])
def test_a_text_is_scattered_by_its_md5(engine: Engine, text: str) -> None:
    assert engine.row(lambda t: portable.scattered(t.text), text=text) == md5(text.encode()).digest()[0]


@pytest.mark.parametrize("descending", [False, True])
def test_the_first_row_is_by_bytes_and_nothing_comes_last(engine: Engine, descending: bool) -> None:
    rows = [
        {"text": text, "i": i}
        for i, texts in enumerate((["b", "B", "_", "ä", None], [None, "10", "9"]))
        for text in texts
    ]
    engine.all(rows, lambda t: t.i)
    table = engine.backend.table("given")
    order = table.text.desc() if descending else table.text.asc()
    first = portable.first_rows(table, ("i",), [order]).select("i", "text").order_by("i").to_pyarrow()
    assert first["text"].to_pylist() == (["ä", "9"] if descending else ["B", "10"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_instant_is_a_day_and_a_second(engine: Engine) -> None:
    for text, day, second in (("2024-03-30T23:59:59.999999", 19812, 86_399), ("1969-12-31T00:00:01", -1, 1)):
        assert engine.row(lambda t: portable.day_and_second(t["at"])[0], at=moment(text)) == day
        assert engine.row(lambda t: portable.day_and_second(t["at"])[1], at=moment(text)) == second
