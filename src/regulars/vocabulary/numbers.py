"""Numbers as people read them, and as programs do."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from regulars.vocabulary import money
from regulars.vocabulary.units import Unit

NOTHING = "–"


def count(number: int) -> str:
    """A whole number with separators of thousands, such as 12,425."""
    return f"{number:,}"


def counted(number: int, singular: str, plural: str) -> str:
    """A number with its noun, such as 1 row or 12 rows."""
    return f"{number:,} {singular if number == 1 else plural}"


def shown(value: float | None, unit: Unit, currency: str | None = None) -> str:
    """A value in its unit: 43.3 %, 1,234.50 GBP, 45.7 days, 5 h 20 min; – where there is nothing."""
    if value is None:
        return NOTHING
    number = _number(value, unit, currency)
    return f"{number} {_sign(unit, currency)}".rstrip()


def interval(low: float | None, high: float | None, unit: Unit, currency: str | None = None) -> str:
    """The ends of an interval, such as 41.0 – 45.6, in the value's unit, which is not repeated; empty where an end is None."""
    if low is None or high is None:
        return ""
    return f"{_number(low, unit, currency)} – {_number(high, unit, currency)}"


def difference(change: float | None, unit: Unit, currency: str | None = None) -> str:
    """A difference with its sign and unit, such as +1.2 points of a share or +3.40 GBP; empty where it is None."""
    if change is None:
        return ""
    number = _number(change, unit, currency)
    sign = "" if number.startswith("-") or not number.strip("0., s") else "+"
    return f"{sign}{number} {'points' if unit in (Unit.SHARE, Unit.RATE) else _sign(unit, currency)}".rstrip()


def change(
    difference_: float | None, low: float | None, high: float | None, unit: Unit, currency: str | None = None
) -> str:
    """A difference with its interval, such as +1.2 points (0.4 – 2.0)."""
    if unit is Unit.COUNT:
        low, high = _few_digits(low), _few_digits(high)
    value, within = difference(difference_, unit, currency), interval(low, high, unit, currency)
    return f"{value} ({within})" if within else value


def _few_digits(end: float | None) -> float | None:
    """An interval's end among whole numbers: without decimals from 100 on."""
    return end if end is None or abs(end) < 100 else round(end)


_STEPS = ((172_800, 86_400, "d", 3_600, "h"), (3_600, 3_600, "h", 60, "min"), (60, 60, "min", 1, "s"))
"""From how many seconds on a duration has these two units, with their seconds."""


def duration(seconds: float) -> str:
    """A duration in its two largest units: 45 s, 12 min 5 s, 5 h 20 min, 3 d 4 h; days from 48 hours on."""
    sign, rest = "-" if round(seconds) < 0 else "", abs(seconds)
    for least, size, unit, part_size, part_unit in _STEPS:
        parts = round(rest / part_size) * part_size
        if parts >= least:
            whole, part = divmod(parts, size)
            return f"{sign}{whole} {unit} {part // part_size} {part_unit}" if part else f"{sign}{whole} {unit}"
    return f"{sign}{round(rest)} s"


def _number(value: float, unit: Unit, currency: str | None) -> str:
    match unit:
        case Unit.SHARE | Unit.RATE:
            return _signless(value * 100, 1)
        case Unit.MONEY:
            return _signless(value, money.digits(currency) if currency else 2)
        case Unit.COUNT:
            return _signless(value, 0 if value == int(value) else 1)
        case Unit.DAYS | Unit.NPS:
            return _signless(value, 1)
        case Unit.SECONDS:
            return duration(value)
    return _signless(value, 2)


def _sign(unit: Unit, currency: str | None) -> str:
    match unit:
        case Unit.SHARE | Unit.RATE:
            return "%"
        case Unit.MONEY:
            return currency or ""
        case Unit.DAYS:
            return "days"
        case Unit.TIMES:
            return "times"
    return ""


def _signless(value: float, digits: int) -> str:
    """A number with separators of thousands and without the sign of -0.0."""
    text = f"{value:,.{digits}f}"
    return text if text.strip("-0.,") else text.lstrip("-")


def exact(value: float | None, places: int | None = None) -> float | int | None:
    """A number for programs: rounded to `places`, or to 15 significant digits; an int where it is whole."""
    if value is None:
        return None
    clean = float(f"{value:.15g}") if places is None else round(value, places)
    return int(clean) if clean == int(clean) else clean


def fixed(value: float | None, places: int) -> Decimal | None:
    """An amount of money with all its decimals, such as 120.00."""
    return None if value is None else Decimal(str(round(value, places))).quantize(Decimal(1).scaleb(-places))


def plain(value: float | None) -> str:
    """A sum without its unit: 1,234 or 1,234.50."""
    if value is None:
        return NOTHING
    return _signless(value, 0 if abs(value - round(value)) < 1e-9 else 2)


def day(value: date | None) -> str:
    """2011-10-31, or – where there is none."""
    return NOTHING if value is None else value.isoformat()
