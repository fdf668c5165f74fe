"""Customer ids of exports that have no customer numbers, made from what tells the customers apart; SQL, null where nothing does."""

from __future__ import annotations

from regulars.vocabulary.nobody import NOBODY

_WORDS = ", ".join(f"'{word}'" for word in NOBODY)


def id_of_address(column: str) -> str:
    """email:ann@example.com; only of what can be an address."""
    return f"CASE WHEN {column} LIKE '%_@_%' THEN 'email:' || lower({column}) END"


def id_of_phone(column: str) -> str:
    """phone:441632960961; only of seven digits or more that are not all the same."""
    digits = f"regexp_replace({column}, '[^0-9]', '', 'g')"
    return f"CASE WHEN length({digits}) >= 7 AND ltrim({digits}, left({digits}, 1)) <> '' THEN 'phone:' || {digits} END"


def id_of_username(column: str) -> str:
    """user:ann; not of a word that means nobody."""
    return f"CASE WHEN lower(trim({column})) NOT IN ({_WORDS}) THEN 'user:' || lower({column}) END"
