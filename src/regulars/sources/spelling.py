"""Which known name somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def plain(name: str) -> str:
    """The name as spelled by someone in a hurry: 'Order ID' and 'order_id' are both 'orderid'."""
    return "".join(character for character in name.casefold() if character.isalnum())


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like this one, or None where nothing does."""
    by_plain = {plain(candidate): candidate for candidate in known}
    found = difflib.get_close_matches(plain(name), by_plain, n=1, cutoff=0.6)
    return by_plain[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for an error: the closest known name, else all of them."""
    names = list(known)
    best = closest(name, names)
    return f"Did you mean {best}?" if best else f"There are: {', '.join(names)}."
