"""Number formats of a spreadsheet that make identifiers of whole numbers: leading zeros, and text around the digits."""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|[^"\\\[]', re.DOTALL)
"""A text in quotes, an escaped character, something in brackets, or one character."""

_PLAIN = frozenset("-+/():{} ")
"""Characters that a format shows as they are, without quotes."""

_LEFT_OUT = re.compile(r"\[(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|\$-[0-9a-f]+)\]", re.IGNORECASE)
"""Colours and languages: they show nothing."""


def formatted(number: int, number_format: str) -> str | None:
    """The number as the format shows it; None where the format does more than pad it with zeros and put text around it.

    A format has up to three sections, for numbers above zero, below zero, and zero. Separators of thousands, decimals, conditions,
    currencies and dates belong to amounts and days, not to identifiers.
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
    """Whether the format shows some whole number otherwise than by its digits."""
    return any(formatted(number, number_format) not in (None, str(number)) for number in (-42, 0, 42))


@lru_cache(maxsize=1024)
def _sections(number_format: str) -> tuple[tuple[str, ...] | None, ...]:
    """The tokens of each section; None for one that shows more than digits and text."""
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
    """A digit for each 0 and # from the right, any more digits at the first of them; a # without a digit shows nothing."""
    places = [token for token in tokens if token in ("0", "#")]
    least = len(places) - places.index("0") if "0" in places else 0
    digits = f"{number:0{least}d}" if number or least else ""
    more = max(len(digits) - len(places), 0)
    slots = iter([""] * (len(places) - len(digits)) + [digits[: more + 1], *digits[more + 1 :]])
    return "".join(
        next(slots, "") if token in ("0", "#") else token.strip('"') if token[0] == '"' else token[-1]
        for token in tokens
    )
