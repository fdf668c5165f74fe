"""The few expressions that engines disagree about, written once so that every engine gives the same answer.

Metrics and facts never divide, truncate, multiply decimals or pick a first row by hand; they call these. Text is compared
by its bytes: DuckDB always does, PostgreSQL where the columns of the canonical tables have the collation "C".
"""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

MONEY = "decimal(18, 4)"
_MONEY_TYPE = dt.dtype(MONEY)
_NOTHING = ibis.literal(Decimal(0), type=MONEY)
_WIDE = "decimal(38, 4)"
_WIDEST = "decimal(38, 8)"
_ONE = ibis.literal(Decimal(1), type="decimal(38, 0)")


@ibis.udf.scalar.builtin(name="md5", signature=(("string",), "string"))
def _md5(text):  # type: ignore[no-untyped-def]
    """The digest as 32 hexadecimal digits (DuckDB, PostgreSQL; Ibis's own hexdigest is not for PostgreSQL)."""


def scattered(text: ir.StringValue) -> ir.IntegerValue:
    """A number 0–255 that looks random but belongs to the text: the first byte of its md5."""
    hexadecimal = ibis.literal("0123456789abcdef")
    high, low = (hexadecimal.find(_md5(text).substr(place, 1)) for place in (0, 1))
    found: ir.IntegerValue = high * 16 + low
    return found


def epoch_day(day: ir.DateValue) -> ir.IntegerValue:
    """A date as days since 1970-01-01."""
    return day.epoch_days().cast("int32")


def day_and_second(at: ir.TimestampValue) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """A UTC timestamp as its epoch day and the second of that day, 0–86,399."""
    return epoch_day(at.date()), at.hour() * 3600 + at.minute() * 60 + at.second()


def divided(numerator: ir.NumericValue, denominator: ir.NumericValue) -> ir.FloatingValue:
    """numerator / denominator as a float; null where the denominator is 0 or null. Integers never divide as integers."""
    return numerator.cast("float64") / denominator.cast("float64").nullif(0.0)


def floored(number: ir.IntegerValue, size: int) -> ir.IntegerValue:
    """How many whole times `size` goes into the number, towards minus infinity: −1 of 30 is −1."""
    return divided(number, ibis.literal(size)).floor().cast("int32")


def counted(total: ir.IntegerValue) -> ir.IntegerValue:
    """A sum of integers as a bigint; engines widen it, DuckDB to 128 bits and PostgreSQL to a decimal."""
    return total.cast("decimal(38, 0)").cast("int64")


def smaller(left: ir.NumericValue, right: ir.NumericValue) -> ir.NumericValue:
    """The smaller of two; null where one is null, whatever the engine's least() thinks of null."""
    return (left.isnull() | right.isnull()).ifelse(ibis.null(), ibis.least(left, right))


def larger(left: ir.NumericValue, right: ir.NumericValue) -> ir.NumericValue:
    """The larger of two; null where one is null, whatever the engine's greatest() thinks of null."""
    return (left.isnull() | right.isnull()).ifelse(ibis.null(), ibis.greatest(left, right))


@ibis.udf.scalar.builtin(name="half_even", signature=((_WIDEST, _WIDEST, "int8"), MONEY))
def _half_even(dividend, divisor, digits):  # type: ignore[no-untyped-def]
    """dividend / divisor (> 0, or null) rounded half-even to `digits` places, exactly. Engines divide decimals as floats,
    so each is taught this function (FUNCTIONS): a float guess in smallest units, off by one at most, which the exact
    remainder corrects.
    """


@ibis.udf.scalar.builtin(name="half_even_share", signature=((MONEY, MONEY, MONEY, "int8"), MONEY))
def _half_even_share(amount, part, whole, digits):  # type: ignore[no-untyped-def]
    """amount × part / whole (> 0, or null) rounded half-even to `digits` places, exactly."""


FUNCTIONS = {
    "duckdb": (
        """CREATE OR REPLACE MACRO half_even_of(dividend, divisor, guess) AS
        guess + CASE WHEN abs(4 * (dividend - guess::DECIMAL(38,0) * divisor)) + abs(guess % 2)::DECIMAL(38,0)
                          * 0.00000001::DECIMAL(38,8) > 2 * divisor
                     THEN sign(dividend - guess::DECIMAL(38,0) * divisor)::BIGINT ELSE 0 END""",
        # Beyond 10¹⁵ a float may be off by more than one: what is left is guessed once more.
        """CREATE OR REPLACE MACRO half_even_near(dividend, divisor, guess) AS
        CASE WHEN abs(guess) < 1000000000000000 THEN half_even_of(dividend, divisor, guess)
             ELSE half_even_of(dividend, divisor, guess
                 + round((dividend - guess::DECIMAL(38,0) * divisor)::DOUBLE / divisor::DOUBLE)::BIGINT) END""",
        """CREATE OR REPLACE MACRO half_even(dividend, divisor, digits) AS
        (half_even_near(dividend * (10 ** digits)::DECIMAL(38,0), divisor,
            round((dividend * (10 ** digits)::DECIMAL(38,0))::DOUBLE / divisor::DOUBLE)::BIGINT)::DECIMAL(38,0)
         * (CASE digits WHEN 0 THEN 1 WHEN 1 THEN 0.1 WHEN 2 THEN 0.01 WHEN 3 THEN 0.001 ELSE 0.0001 END)::DECIMAL(38,4)
        )::DECIMAL(18,4)""",
        # What most orders are made of fits in 64 bits, as ten-thousandths: several times faster.
        """CREATE OR REPLACE MACRO half_even_small(dividend, divisor) AS
        dividend // divisor + CASE WHEN 2 * abs(dividend % divisor) + abs((dividend // divisor) % 2) > divisor
                                   THEN sign(dividend) ELSE 0 END""",
        """CREATE OR REPLACE MACRO half_even_share(amount, part, whole, digits) AS
        CASE WHEN abs(amount) < 200000 AND abs(part) <= whole AND whole BETWEEN 0.0001 AND 200000 THEN
            (half_even_small((amount * 10000)::BIGINT * (part * 10000)::BIGINT,
                             (whole * 10000)::BIGINT * (10 ** (4 - digits))::BIGINT) * (10 ** (4 - digits))::BIGINT
            )::DECIMAL(14,0) * 0.0001::DECIMAL(4,4)
        ELSE half_even((amount::DECIMAL(38,4) * part::DECIMAL(38,4))::DECIMAL(38,8), whole::DECIMAL(38,8), digits) END""",
    ),
    # NUMERIC divides exactly: div() is the whole quotient towards zero, and what is left decides.
    "postgres": (
        """CREATE OR REPLACE FUNCTION half_even_of(dividend NUMERIC, divisor NUMERIC, whole NUMERIC) RETURNS NUMERIC AS $$
        SELECT whole + CASE WHEN 2 * abs(dividend - whole * divisor) + abs(whole % 2) * 0.00000001 > divisor
                            THEN sign(dividend) ELSE 0 END
        $$ LANGUAGE sql IMMUTABLE PARALLEL SAFE""",
        """CREATE OR REPLACE FUNCTION half_even(dividend NUMERIC, divisor NUMERIC, digits INTEGER) RETURNS NUMERIC(18,4) AS $$
        SELECT (half_even_of(dividend * 10::NUMERIC ^ digits, divisor, div(dividend * 10::NUMERIC ^ digits, divisor))
                * 0.1 ^ digits)::NUMERIC(18,4)
        $$ LANGUAGE sql IMMUTABLE PARALLEL SAFE""",
        """CREATE OR REPLACE FUNCTION half_even_share(amount NUMERIC, part NUMERIC, whole NUMERIC, digits INTEGER)
        RETURNS NUMERIC(18,4) AS $$ SELECT half_even(amount * part, whole, digits) $$ LANGUAGE sql IMMUTABLE PARALLEL SAFE""",
    ),
}
"""SQL that teaches an engine what it lacks, by Ibis backend; `derive` runs DuckDB's."""


def converted(amount: ir.DecimalValue, rate: ir.DecimalValue, digits: int) -> ir.DecimalValue:
    """amount × rate, rounded half-even to `digits` decimal places, exactly."""
    # 18,4 × 38,8 overflows beyond 10⁶ where the product keeps the left type: widen first.
    return _rounded_half_even(amount.cast(_WIDE) * rate.cast("decimal(38, 8)"), _ONE, digits)


def rounded(amount: ir.DecimalValue, digits: int) -> ir.DecimalValue:
    """amount rounded half-even to `digits` decimal places, exactly."""
    return _rounded_half_even(amount, _ONE, digits)


def share(amount: ir.DecimalValue, part: ir.DecimalValue, whole: ir.DecimalValue, digits: int) -> ir.DecimalValue:
    """amount × part / whole, rounded half-even to `digits` decimal places, exactly; null where whole is 0."""
    if all(value.type() == _MONEY_TYPE for value in (amount, part, whole)):
        found: ir.DecimalValue = _half_even_share(amount, part, whole.nullif(_NOTHING), ibis.literal(digits, "int8"))
        return found
    return _rounded_half_even(amount.cast(_WIDE) * part.cast(_WIDE), whole.nullif(Decimal(0)), digits)


def _rounded_half_even(dividend: ir.DecimalValue, divisor: ir.DecimalValue, digits: int) -> ir.DecimalValue:
    found: ir.DecimalValue = _half_even(dividend.cast(_WIDEST), divisor.cast(_WIDEST), ibis.literal(digits, "int8"))
    return found


def first_value(column: ir.Value, window: object) -> ir.Value:
    """The column's value, null included, in the first row of an ordered window that leaves no ties."""
    return column.first(include_null=True).over(window)


def first_rows(table: ir.Table, by: tuple[str, ...], order: list[ir.Value]) -> ir.Table:
    """One row for each combination of `by`: the first in `order`, which must leave no ties."""
    numbered = table.mutate(place_=ibis.row_number().over(group_by=list(by), order_by=order))
    return numbered.filter(numbered.place_ == 0).drop("place_")
