"""SQL of customer ids derived from addresses, phone numbers and usernames, for exports without ids; NULL if invalid."""

from __future__ import annotations

from regulars.vocabulary.unidentified import UNIDENTIFIED

_WORDS = ", ".join(f"'{word}'" for word in UNIDENTIFIED)


def id_of_address(column: str) -> str:
    """Return SQL of an id such as email:ann@example.com, for values with @."""
    return f"CASE WHEN {column} LIKE '%_@_%' THEN 'email:' || lower({column}) END"


def id_of_phone(column: str) -> str:
    """Return SQL of an id such as phone:441632960961, for 7 or more digits that are not all equal."""
    digits = f"regexp_replace({column}, '[^0-9]', '', 'g')"
    return f"CASE WHEN length({digits}) >= 7 AND ltrim({digits}, left({digits}, 1)) <> '' THEN 'phone:' || {digits} END"


def id_of_username(column: str) -> str:
    """Return SQL of an id such as user:ann, except for placeholders."""
    return f"CASE WHEN lower(trim({column})) NOT IN ({_WORDS}) THEN 'user:' || lower({column}) END"
