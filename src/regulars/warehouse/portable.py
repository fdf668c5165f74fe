"""Expressions on which engines disagree, defined once so that every engine returns the same result.

Metrics and facts never divide, truncate, multiply decimals or pick a first row themselves; they call these functions.
Text is compared by its bytes: always in DuckDB, and in PostgreSQL where the columns have the collation "C".
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from regulars.warehouse.lazy_imports import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir


MONEY = "decimal(18, 4)"
_PRODUCT = "decimal(38, 12)"


def _of_engine(
    name: str, arguments: tuple[str, ...], result: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function that engines have, or get from FUNCTIONS. It is registered with Ibis at its first call."""

    def declare(signature: Callable[..., Any]) -> Callable[..., Any]:
        @cache
        def registered() -> Callable[..., Any]:
            function: Callable[..., Any] = ibis.udf.scalar.builtin(signature, name=name, signature=(arguments, result))
            return function

        def call(*values: object) -> Any:
            return registered()(*values)

        return call

    return declare


@_of_engine("md5", ("string",), "string")
def _md5(text):  # type: ignore[no-untyped-def]
    """The digest as 32 hexadecimal digits (DuckDB, PostgreSQL; Ibis's own hexdigest does not support PostgreSQL)."""


def scattered(text: ir.StringValue) -> ir.IntegerValue:
    """Return the first byte of the MD5 of a text, 0–255: a pseudo-random number that is equal on all engines."""
    hexadecimal = ibis.literal("0123456789abcdef")
    high, low = (hexadecimal.find(_md5(text).substr(place, 1)) for place in (0, 1))
    byte: ir.IntegerValue = high * 16 + low
    return byte


def epoch_day(day: ir.DateValue) -> ir.IntegerValue:
    """Return a date as days since 1970-01-01."""
    return day.epoch_days().cast("int32")


def day_and_second(at: ir.TimestampValue) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """Return the epoch day of a UTC timestamp and the second of that day, 0–86,399."""
    return epoch_day(at.date()), at.hour() * 3600 + at.minute() * 60 + at.second()


def seconds_between(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.IntegerValue:
    """Return the whole seconds from one UTC timestamp to another; null where one is null."""
    (start_day, start_second), (end_day, end_second) = day_and_second(start), day_and_second(end)
    return counted((end_day.cast("int64") - start_day) * 86_400 + (end_second - start_second))


def divided(numerator: ir.NumericValue, denominator: ir.NumericValue) -> ir.FloatingValue:
    """Return numerator / denominator as a float; null where the denominator is 0 or null. Integers never divide as
    integers.
    """
    return numerator.cast("float64") / denominator.cast("float64").nullif(0.0)


def floored(number: ir.IntegerValue, size: int) -> ir.IntegerValue:
    """Return number / size rounded towards minus infinity: −1 / 30 is −1."""
    return divided(number, ibis.literal(size)).floor().cast("int32")


def counted(total: ir.IntegerValue) -> ir.IntegerValue:
    """Return a sum of integers as a bigint; engines widen it, DuckDB to 128 bits and PostgreSQL to a decimal, as it does the
    parts of an instant.
    """
    return total.cast("decimal(38, 0)").cast("int64")


def smaller(left: ir.NumericValue, right: ir.NumericValue) -> ir.NumericValue:
    """Return the smaller of two; null where one is null, although least() of some engines ignores nulls."""
    return (left.isnull() | right.isnull()).ifelse(ibis.null(), ibis.least(left, right))


def larger(left: ir.NumericValue, right: ir.NumericValue) -> ir.NumericValue:
    """Return the larger of two; null where one is null, although greatest() of some engines ignores nulls."""
    return (left.isnull() | right.isnull()).ifelse(ibis.null(), ibis.greatest(left, right))


@_of_engine("half_even_share", (MONEY, MONEY, MONEY, "int8"), MONEY)
def _half_even_share(amount, part, whole, digits):  # type: ignore[no-untyped-def]
    """amount × part / whole (> 0, or null), rounded half-even to `digits` places, exactly. Engines divide decimals as
    floats, so this function is defined for each (FUNCTIONS).
    """


@_of_engine("half_even_rounded", (_PRODUCT, "int8"), MONEY)
def _half_even_rounded(amount, digits):  # type: ignore[no-untyped-def]
    """amount rounded half-even to `digits` places, exactly."""


FUNCTIONS = {
    "duckdb": (
        # round() rounds a half away from zero; a half above an even number of units is cut off instead.
        """CREATE OR REPLACE MACRO half_even_rounded(amount, digits) AS
        CASE WHEN 2 * abs(amount % (2 * 10.0 ** -digits)::DECIMAL(5,4)) = (10.0 ** -digits)::DECIMAL(5,4)
             THEN amount - amount % (2 * 10.0 ** -digits)::DECIMAL(5,4) ELSE round(amount, digits) END::DECIMAL(18,4)""",
        """CREATE OR REPLACE MACRO half_even_whole(dividend, divisor) AS
        dividend // divisor + CASE WHEN 2 * abs(dividend % divisor) + abs((dividend // divisor) % 2) > divisor
                                   THEN sign(dividend) ELSE 0 END""",
        # `guess` comes from floats and is off by one at most; the exact remainder corrects it.
        """CREATE OR REPLACE MACRO half_even_guessed(dividend, divisor, guess) AS
        guess + CASE WHEN abs(4 * (dividend - guess::DECIMAL(38,0) * divisor)) + abs(guess % 2)::DECIMAL(38,0)
                          * 0.00000001::DECIMAL(38,8) > 2 * divisor
                     THEN sign(dividend - guess::DECIMAL(38,0) * divisor)::BIGINT ELSE 0 END""",
        # In ten-thousandths, by size: 64-bit integers for most orders (several times faster), a float quotient below 10¹⁵,
        # else 128 bits. Macros are expanded inline, so that each further branch slows every statement.
        """CREATE OR REPLACE MACRO half_even_share(amount, part, whole, digits) AS
        (CASE WHEN abs(amount) < 200000 AND abs(part) <= whole AND whole > 0 AND whole <= 200000
             THEN half_even_whole((amount * 10000)::BIGINT * (part * 10000)::BIGINT,
                                  (whole * 10000)::BIGINT * (10 ** (4 - digits))::BIGINT)::DECIMAL(38,0)
             WHEN abs(amount::DOUBLE * part::DOUBLE) < 100000000000 * whole::DOUBLE
             THEN half_even_guessed(amount::DECIMAL(38,4) * part::DECIMAL(38,4) * (10 ** digits)::DECIMAL(38,0),
                                    whole::DECIMAL(38,4),
                                    round(amount::DOUBLE * part::DOUBLE / whole::DOUBLE * 10 ** digits)::BIGINT)::DECIMAL(38,0)
             ELSE half_even_whole((amount::DECIMAL(38,4) * 10000)::HUGEINT * (part::DECIMAL(38,4) * 10000)::HUGEINT,
                                  (whole::DECIMAL(38,4) * 10000)::HUGEINT * (10 ** (4 - digits))::HUGEINT)::DECIMAL(38,0)
         END * (10.0 ** -digits)::DECIMAL(5,4))::DECIMAL(18,4)""",
    ),
    # NUMERIC divides exactly: div() truncates towards zero, and the remainder decides the rounding.
    "postgres": (
        """CREATE OR REPLACE FUNCTION half_even_of(dividend NUMERIC, divisor NUMERIC, whole NUMERIC) RETURNS NUMERIC AS $$
        SELECT whole + CASE WHEN 2 * abs(dividend - whole * divisor) + abs(whole % 2) * 0.000000000001 > divisor
                            THEN sign(dividend) ELSE 0 END
        $$ LANGUAGE sql IMMUTABLE PARALLEL SAFE""",
        """CREATE OR REPLACE FUNCTION half_even(dividend NUMERIC, divisor NUMERIC, digits INTEGER) RETURNS NUMERIC(18,4) AS $$
        SELECT (half_even_of(dividend * 10::NUMERIC ^ digits, divisor, div(dividend * 10::NUMERIC ^ digits, divisor))
                * 0.1 ^ digits)::NUMERIC(18,4)
        $$ LANGUAGE sql IMMUTABLE PARALLEL SAFE""",
        """CREATE OR REPLACE FUNCTION half_even_share(amount NUMERIC, part NUMERIC, whole NUMERIC, digits INTEGER)
        RETURNS NUMERIC(18,4) AS $$ SELECT half_even(amount * part, whole, digits) $$ LANGUAGE sql IMMUTABLE PARALLEL SAFE""",
        """CREATE OR REPLACE FUNCTION half_even_rounded(amount NUMERIC, digits INTEGER) RETURNS NUMERIC(18,4) AS $$
        SELECT half_even(amount, 1, digits) $$ LANGUAGE sql IMMUTABLE PARALLEL SAFE""",
    ),
    # Spark rounds results of more than 38 digits; with these narrow types DIV and % are exact. Needs Spark 4.0.
    "pyspark": (
        """CREATE OR REPLACE TEMPORARY FUNCTION half_even_unit(digits TINYINT) RETURNS DECIMAL(5,4) RETURN
        CASE digits WHEN 0 THEN 1 WHEN 1 THEN 0.1 WHEN 2 THEN 0.01 WHEN 3 THEN 0.001 ELSE 0.0001 END""",
        """CREATE OR REPLACE TEMPORARY FUNCTION half_even_whole(dividend DECIMAL(38,12), divisor DECIMAL(23,8))
        RETURNS DECIMAL(19,0) RETURN CAST(dividend DIV divisor + CASE
            WHEN 2 * abs(dividend % divisor) + abs(dividend DIV divisor % 2) * 0.000000000001 > divisor
            THEN CAST(sign(dividend) AS INT) ELSE 0 END AS DECIMAL(19,0))""",
        """CREATE OR REPLACE TEMPORARY FUNCTION half_even_rounded(amount DECIMAL(38,12), digits TINYINT)
        RETURNS DECIMAL(18,4) RETURN CAST(half_even_unit(digits) * half_even_whole(amount, half_even_unit(digits))
            AS DECIMAL(18,4))""",
        """CREATE OR REPLACE TEMPORARY FUNCTION half_even_share(
            amount DECIMAL(19,4), part DECIMAL(18,4), whole DECIMAL(18,4), digits TINYINT)
        RETURNS DECIMAL(18,4) RETURN CAST(half_even_unit(digits)
            * half_even_whole(amount * part, whole * half_even_unit(digits)) AS DECIMAL(18,4))""",
    ),
}
"""SQL of the functions that engines lack, by Ibis backend; a full refresh runs DuckDB's."""


def converted(amount: ir.DecimalValue, rate: ir.DecimalValue, digits: int) -> ir.DecimalValue:
    """Return amount × rate, rounded half-even to `digits` decimal places, exactly."""
    # The product has 38 digits, the most that Spark does not round; rates are below 10¹¹.
    return rounded(amount.cast(MONEY) * rate.cast("decimal(19, 8)"), digits)


def rounded(amount: ir.DecimalValue, digits: int) -> ir.DecimalValue:
    """Return amount rounded half-even to `digits` decimal places, exactly."""
    result: ir.DecimalValue = _half_even_rounded(amount.cast(_PRODUCT), ibis.literal(digits, "int8"))
    return result


def share(
    amount: ir.DecimalValue, part: ir.NumericValue, whole: ir.NumericValue, digits: int | ir.IntegerValue
) -> ir.DecimalValue:
    """Return amount × part / whole, rounded half-even to `digits` decimal places, exactly; null where whole is 0."""
    places = ibis.literal(digits, "int8") if isinstance(digits, int) else digits
    amount, part, whole = (value.cast(MONEY) for value in (amount, part, whole))
    result: ir.DecimalValue = _half_even_share(amount, part, whole.nullif(0), places)
    return result


def zero(kind: str = MONEY) -> ir.DecimalScalar:
    """Return 0 as a decimal of this type."""
    return ibis.literal(Decimal(0), type=kind)


def smallest_unit(digits: int) -> ir.DecimalScalar:
    """Return the smallest amount of a currency with this number of decimal places: 0.01 for 2."""
    return ibis.literal(Decimal(1).scaleb(-digits), type=MONEY)


def number(text: str) -> ir.DecimalScalar:
    """Return the number in a text as a decimal literal: at most 20 digits before the point and 18 after it.

    Ibis leaves the type of a Decimal to the engine, and DuckDB then keeps three decimal places.

    Raises:
        ValueError: the text is not such a number.
    """
    try:
        return ibis.literal(Decimal(text), type="decimal(38, 18)")
    except (ArithmeticError, TypeError):
        raise ValueError(f"{text!r} is not a number of at most 20 digits before the point and 18 after it") from None


def first_value(column: ir.Value, window: object) -> ir.Value:
    """Return the column's value, null included, in the first row of an ordered window, whose order must have no ties."""
    # Not first(): it skips nulls on Spark and ClickHouse, whatever its options.
    return column.nth(0).over(window)


def first_rows(table: ir.Table, by: tuple[str, ...], order: list[ir.Value]) -> ir.Table:
    """Return one row for each combination of `by`: the first in `order`, which must have no ties."""
    numbered = table.mutate(place_=ibis.row_number().over(group_by=list(by), order_by=order))
    return numbered.filter(numbered.place_ == 0).drop("place_")
