"""Which known name somebody may have meant: by its whole words first, then by a slip of a few letters."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

TYPO = 0.8
"""How alike two names must be (difflib's ratio of matching letters) for one to be a slip of the other."""

KEYWORD = 0.6
"""The same among names that can only come from one list, such as the keys of a mapping file."""

_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAPITAL_WITHIN = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")


def plain(name: str) -> str:
    """The name without case, blanks and marks: 'Order ID' and 'order_id' are both 'orderid'."""
    return "".join(character for character in name.casefold() if character.isalnum())


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in small letters: 'orderID', 'Order ID' and 'order-id' are all ('order', 'id')."""
    return tuple(word.casefold() for word in _WORD.findall(_CAPITAL_WITHIN.sub(" ", name)))


def closest(name: str, known: Iterable[str], alike: float = TYPO) -> str | None:
    """The known name that differs by case and marks only, by a slip of a few letters, or by words that one has more.

    None where nothing does: names that merely share letters, such as 'Email' and 'voicemail', are not close.
    """
    by_plain = {plain(candidate): candidate for candidate in known}
    if slips := difflib.get_close_matches(plain(name), by_plain, n=1, cutoff=alike):
        return by_plain[slips[0]]
    wanted = set(words_of(name))
    for candidate in by_plain.values():
        words = set(words_of(candidate))
        if wanted and words and (wanted <= words or words <= wanted):
            return candidate
    return None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for an error: the closest of these keywords, else all of them."""
    names = list(known)
    best = closest(name, names, KEYWORD)
    return f"Did you mean {best}?" if best else f"There are: {', '.join(names)}."
