"""The portable expressions give exact answers, whatever floats would say."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import duckdb
import ibis
import ibis.expr.types as ir
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regulars.warehouse import portable

CON = duckdb.connect()
for statement in portable.FUNCTIONS["duckdb"]:
    CON.execute(statement)
CON.execute("CREATE TABLE amounts (a DECIMAL(18,4), b DECIMAL(18,4), c DECIMAL(18,4), r DECIMAL(38,8))")
BACKEND = ibis.duckdb.from_connection(CON)

amounts = st.decimals(min_value=0, max_value=10**8, places=4)
cents = st.integers(0, 10**6).map(lambda n: Decimal(n) / 100)


def half_even(exact: Fraction, digits: int) -> Decimal:
    floor, rest = divmod(exact * 10**digits, 1)
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2):
        floor += 1
    return Decimal(int(floor)).scaleb(-digits)


def computed(row: tuple[Decimal, ...], expression: Callable[[ir.Table], ir.Value]) -> Decimal:
    CON.execute("DELETE FROM amounts")
    CON.execute("INSERT INTO amounts VALUES (?, ?, ?, ?)", list(row))
    table = BACKEND.table("amounts")
    found: Decimal = table.select(found=expression(table)).to_pyarrow()["found"][0].as_py()
    return found


@settings(max_examples=300)
@given(amounts | cents, amounts | cents, amounts.filter(bool), st.sampled_from([0, 2, 3, 4]))
@example(Decimal("0.01"), Decimal(1), Decimal(2), 2)
@example(Decimal("0.03"), Decimal(1), Decimal(2), 2)
@example(Decimal("10"), Decimal("20"), Decimal("120"), 2)
def test_a_share_is_rounded_half_even_exactly(amount: Decimal, part: Decimal, whole: Decimal, digits: int) -> None:
    part = min(part, whole)
    found = computed((amount, part, whole, Decimal(0)), lambda t: portable.share(t.a, t.b, t.c, digits))
    assert found == half_even(Fraction(amount) * Fraction(part) / Fraction(whole), digits)


@settings(max_examples=200)
@given(
    amounts | cents, st.decimals(min_value=Decimal("0.00000001"), max_value=1000, places=8), st.sampled_from([0, 2, 3])
)
def test_a_conversion_is_rounded_half_even_exactly(amount: Decimal, rate: Decimal, digits: int) -> None:
    found = computed((amount, Decimal(0), Decimal(1), rate), lambda t: portable.converted(t.a, t.r, digits))
    assert found == half_even(Fraction(amount) * Fraction(rate), digits)


@settings(max_examples=100)
@given(st.integers(-(10**9), 10**9).map(lambda n: Decimal(n) / 1000))
def test_rounding_is_half_even(amount: Decimal) -> None:
    found = computed((amount, Decimal(0), Decimal(1), Decimal(0)), lambda t: portable.rounded(t.a, 2))
    with localcontext() as context:
        context.prec = 40
        assert found == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def test_a_share_of_nothing_is_null() -> None:
    row = (Decimal(1), Decimal(1), Decimal(0), Decimal(0))
    assert computed(row, lambda t: portable.share(t.a, t.b, t.c, 2)) is None


def test_days_follow_the_clocks_of_the_zone() -> None:
    CON.execute(
        "CREATE OR REPLACE TABLE moments AS SELECT * FROM (VALUES"
        " (TIMESTAMP '2024-03-30 23:59:59', 'Europe/London'),"
        " (TIMESTAMP '2024-06-30 23:30:00', 'Europe/London'),"
        " (TIMESTAMP '2024-01-01 04:59:59', 'America/New_York')) v(moment, zone)"
    )
    table = BACKEND.table("moments")
    days = table.select(day=portable.local_day(table.moment, table.zone)).to_pyarrow()["day"].to_pylist()
    assert [str(duckdb.sql(f"SELECT DATE '1970-01-01' + {day}").fetchone()[0]) for day in sorted(days)] == [  # type: ignore[index]
        "2023-12-31", "2024-03-30", "2024-07-01",
    ]  # fmt: skip
