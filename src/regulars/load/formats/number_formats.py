"""Number formats of spreadsheets that show whole numbers as identifiers: leading zeros, and text around the digits."""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|[^"\\\[]', re.DOTALL)
"""A quoted text, an escaped character, a part in brackets, or one character."""

_PLAIN = frozenset("-+/():{} ")
"""Characters that a format shows without quotes."""

_LEFT_OUT = re.compile(r"\[(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|\$-[0-9a-f]+)\]", re.IGNORECASE)
"""Colours and languages, which are not shown."""


def formatted(number: int, number_format: str) -> str | None:
    """Format a number; returns None if the format does more than add leading zeros and text.

    A format has up to three sections: for positive and negative numbers and zero. Formats with thousands separators,
    decimals, conditions, currencies and dates are those of amounts and dates, not of identifiers.
    """
    sections = _sections(number_format)
    place = 1 if number < 0 else 2 if number == 0 else 0
    is_own = place < len(sections)
    tokens = sections[place if is_own else 0]
    if tokens is None or not any(token in ("0", "#") for token in tokens):
        return None
    return ("-" if number < 0 and not is_own else "") + _filled(abs(number), tokens)


@lru_cache(maxsize=1024)
def changes_numbers(number_format: str) -> bool:
    """Whether the format shows any whole number differently from its digits."""
    return any(formatted(number, number_format) not in (None, str(number)) for number in (-42, 0, 42))


@lru_cache(maxsize=1024)
def _sections(number_format: str) -> tuple[tuple[str, ...] | None, ...]:
    """Return the tokens of each section; None for a section that is not of an identifier."""
    sections: list[list[str]] = [[]]
    end = 0
    for match in _TOKEN.finditer(number_format):
        if match.start() != end:
            break
        end = match.end()
        if match[0] == ";":
            sections.append([])
        elif not _LEFT_OUT.fullmatch(match[0]):
            sections[-1].append(match[0])
    if end != len(number_format):
        return (None,)
    return tuple(tuple(section) if all(map(_is_shown, section)) else None for section in sections)


def _is_shown(token: str) -> bool:
    return token in ("0", "#") or token in _PLAIN or token.startswith("\\") or (len(token) > 1 and token[0] == '"')


def _filled(number: int, tokens: tuple[str, ...]) -> str:
    """Fill the places 0 and # with digits from the right; the first place takes further digits, a # may be empty."""
    places = [token for token in tokens if token in ("0", "#")]
    least = len(places) - places.index("0") if "0" in places else 0
    digits = f"{number:0{least}d}" if number or least else ""
    more = max(len(digits) - len(places), 0)
    slots = iter([""] * (len(places) - len(digits)) + [digits[: more + 1], *digits[more + 1 :]])
    return "".join(
        next(slots, "") if token in ("0", "#") else token.strip('"') if token[0] == '"' else token[-1]
        for token in tokens
    )
