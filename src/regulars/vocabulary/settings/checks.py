"""What settings must be: each check gives the value as it is kept, or raises ValueError, which says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[object], Any]
"""Takes what stands in the settings' file."""


def text(value: object) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text; write it in quotes")
    return value


def boolean(value: object) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def whole(least: int, most: int) -> Check:
    """A whole number from `least` to `most`."""

    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"{value!r} is no whole number from {least:,} to {most:,}")
        return value

    return check


def share(value: object) -> Decimal:
    """A number from 0 to 1, exactly as it is written."""
    try:
        number = Decimal(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or not 0 <= number <= 1:
        raise ValueError(f"{value!r} is no number from 0 to 1")
    return number


def of(words: Collection[str]) -> Check:
    """One of these words."""

    def check(value: object) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return str(value)

    return check


def matching(pattern: str, meant: str) -> Check:
    """Text that the pattern matches whole; meant: what that is, in words."""

    def check(value: object) -> str:
        if re.fullmatch(pattern, text(value)) is None:
            raise ValueError(f"{value!r} is no {meant}")
        return text(value)

    return check


def each(check: Check) -> Check:
    """A list of values that pass a check."""

    def checked(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{value!r} is no list; write it in square brackets")
        return tuple(map(check, value))

    return checked


def optional(check: Check) -> Check:
    """Nothing, or what passes the check."""
    return lambda value: None if value is None else check(value)
