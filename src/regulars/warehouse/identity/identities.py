"""Identities in one normalized form: the source's customer id, a person id, an email address, a phone number.

An identity is a text: `id:<source>:<customer_id>`, `person:<person_id>`, `email:anna@example.com`,
`phone:+441632960961`, or `phone:01632960961` where the country is not known. The primary identity of a record is the
first that it has of customer id, person id, address and number. Addresses and numbers in the shop's setting
`shared_addresses`, and the words UNIDENTIFIED, are no identities.
"""

from __future__ import annotations

import re

import duckdb

from regulars.vocabulary.errors import ShopError
from regulars.vocabulary.shop import Settings
from regulars.vocabulary.unidentified import UNIDENTIFIED
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import TABLES

IDENTITY_SQL = {
    "customer_id": "id_identity(source, customer_id)",
    "person_id": "person_identity(person_id)",
    "email": "email_identity(email)",
    "phone": "phone_identity(phone)",
}
"""The columns that identify a person, strongest first, each with the SQL of its identity."""

IDENTITY_TABLES: tuple[Table, ...] = tuple(table for table in TABLES if table.has_identity_columns)
"""The tables whose rows belong to persons: they have all columns of IDENTITY_SQL."""

_WHITESPACE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
"""SQL of the characters that are trimmed. Trimming is slow and rarely needed: a regular expression finds plain text
first.
"""
_NOT_PLAIN_CHARACTERS = r"\x00-\x20\x27\x7f-\x{10FFFF}"

EXTENSIONS = ("extension", "extn", "ext", "durchwahl", "dw", "poste", "x", "#")
"""Words before the extension of a phone number, in lower case; the digits after them are not part of the number."""

# Characters around an address: whitespace and quotes. Zero-width characters may be anywhere in it.
_SURROUNDING = r"\s\p{Z}\x27\x22`\x{2018}-\x{201F}\x{AB}\x{BB}"
_ZERO_WIDTH = r"\x{AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}"

# Trunk prefixes other than 0, by country code, and the length of a number with one where only that identifies it. Italy has
# none: its leading zeros belong to the number.
_TRUNK_PREFIXES: dict[str, tuple[str, int | None]] = {"36": ("06", None), "39": ("", None), "7": ("8", 11)}


def _address_pattern(excluded: str = "") -> str:
    """Regular expression of an email address without the characters `excluded`. Domains have no question mark."""
    local, part, last = (
        rf"[^@\s,;:<>(){outside}{excluded}]" for outside in (r"\x22", rf"?{_SURROUNDING}", rf".?{_SURROUNDING}")
    )
    return rf"{local}+@{part}+\.{last}+"


# A link may have parameters after a question mark: mailto:anna@example.com?subject=Hello.
_DECORATED_ADDRESS = (
    rf"^[{_SURROUNDING}]*(?:mailto:)?[{_SURROUNDING}]*({_address_pattern()})[{_SURROUNDING}.]*(?:\?.*)?$"
)


def define_identities(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Define the SQL functions of IDENTITY_SQL, and the functions they use, for the life of the connection.

    They return an identity, or null where the value is none. The others are `means_nobody(raw)`, `spelt_id(raw)`,
    `spelt_email(raw)` and `spelt_phone(raw)`.

    Raises:
        ShopError: an entry of `shared_addresses` is neither an address nor a number.
    """
    _define_normalization(con, settings.phone_country_code)
    emails, phones = _shared_patterns(con, settings.shared_addresses)
    functions = [
        "CREATE OR REPLACE TEMP MACRO spelt_id(raw) AS CASE WHEN means_nobody(raw) THEN NULL"
        f" WHEN regexp_full_match(raw, '[!-~]+') THEN raw ELSE nullif(trim(raw, {_WHITESPACE}), '') END",
        "CREATE OR REPLACE TEMP MACRO id_identity(source, customer_id) AS 'id:' || source || ':' || spelt_id(customer_id)",
        "CREATE OR REPLACE TEMP MACRO person_identity(person_id) AS 'person:' || spelt_id(person_id)",
    ]
    for kind, patterns in (("email", emails), ("phone", phones)):
        shared = " OR ".join(f"spelt_{kind}(raw) LIKE {_quoted(p)} ESCAPE '\\'" for p in patterns) or "false"
        functions.append(
            f"CREATE OR REPLACE TEMP MACRO {kind}_identity(raw) AS"
            f" CASE WHEN NOT ({shared}) THEN '{kind}:' || spelt_{kind}(raw) END"
        )
    con.execute(";".join(functions))


def primary_identity(table: Table) -> str:
    """SQL of a row's primary identity, null for a guest without any. Needs `define_identities`."""
    return f"coalesce({', '.join(sql for column, sql in IDENTITY_SQL.items() if table.has(column))})"


def customers_of(customers: str, identities: str) -> str:
    """SQL, in parentheses, of the rows of customers that may have these identities.

    The raw texts are compared, since normalizing every customer id takes most of the time. Loading leaves no
    whitespace after an id, and before it only where an apostrophe hid it. Source and id are separated by a colon and
    may both contain colons: every split is tried.

    Args:
        customers: a relation of customers.
        identities: a relation of `identity` and `source`.
    """
    parts = f"SELECT string_split(identity, ':') AS parts FROM {identities} WHERE source IS NOT NULL"
    id_candidates = "list_transform(range(3, len(parts) + 1), lambda place: array_to_string(parts[place:], ':'))"
    customer_ids = f"SELECT unnest({id_candidates}) FROM ({parts})"
    return f"(FROM {customers} WHERE customer_id IN ({customer_ids}) OR customer_id < '!' OR customer_id > '~')"


def display_identity(identity: str) -> str:
    """Return an identity as shown to users: shopify:12, person:77, anna@example.com, +441632960961."""
    kind, _, value = identity.partition(":")
    return identity if kind == "person" else value


def _define_normalization(con: duckdb.DuckDBPyConnection, country: str | None) -> None:
    """Define `spelt_email(raw)` and `spelt_phone(raw)`, which return the normalized text, or null where it is invalid."""
    macros = {
        "means_nobody": rf"regexp_full_match(raw, '(?i)[\s\xA0]*(?:{'|'.join(map(re.escape, UNIDENTIFIED))})[\s\xA0]*')",
        # The bracketed part of "Anna" <anna@example.com>, else the whole text, without zero-width characters.
        "bracketed_email": (
            f"regexp_replace(regexp_replace(raw, '[{_ZERO_WIDTH}]', '', 'g'), '^[^<>]*<([^<>]*)>[^<>@]*$', '\\1')"
        ),
        # DuckDB evaluates an expression that two branches share for every row: so the slow one is in one branch only.
        "spelt_email": (
            f"CASE WHEN regexp_full_match(lower(raw), '{_address_pattern(_NOT_PLAIN_CHARACTERS)}') THEN lower(raw)"
            f" ELSE nullif(regexp_extract(bracketed_email(lower(raw)), '{_DECORATED_ADDRESS}', 1), '') END"
        ),
        "without_extension": rf"regexp_replace(raw, '(?i)(?:{'|'.join(EXTENSIONS)})[\s.:=]*[0-9]{{1,6}}\W*$', '')",
        # A spreadsheet's 4.47911E+11 has lost digits; the (0) in +44 (0)20 is not part of the international number.
        "phone_text": (
            "CASE WHEN NOT regexp_matches(raw, '[0-9][eE][+]?[0-9]')"
            r" THEN regexp_replace(without_extension(raw), '^([^0-9+]*(?:\+|00)[^(]*)\(0\)', '\1') END"
        ),
        "phone_digits": "regexp_replace(phone_text(raw), '[^0-9]', '', 'g')",
        "phone_number": (
            r"CASE WHEN regexp_matches(raw, '^[^0-9+]*\+') THEN '+' || phone_digits(raw)"
            " WHEN starts_with(phone_digits(raw), '00') THEN '+' || substr(phone_digits(raw), 3)"
            f" {_national_number_cases(country)} END"
        ),
        # Placeholders that people type into a required field: 0000000, 07777777777, 1234567.
        "is_made_up": "length(rtrim(raw, right(raw, 1))) <= 3 OR contains('012345678901234', raw)",
        # Most numbers are plain digits, which one fast expression recognises.
        "spelt_phone": (
            r"CASE WHEN regexp_full_match(raw, '\+[0-9]{7,15}')"
            " THEN CASE WHEN NOT is_made_up(substr(raw, 2)) THEN raw END"
            " WHEN length(ltrim(phone_number(raw), '+')) BETWEEN 7 AND 15 AND NOT is_made_up(phone_digits(raw))"
            " THEN phone_number(raw) END"
        ),
    }
    con.execute(";".join(f"CREATE OR REPLACE TEMP MACRO {name}(raw) AS {body}" for name, body in macros.items()))


def _national_number_cases(country: str | None) -> str:
    """SQL cases of a phone number without a country code."""
    if country is None:
        return "ELSE phone_digits(raw)"
    trunk, length = _TRUNK_PREFIXES.get(country, ("0", None))
    cases = ""
    if trunk:
        length_condition = f" AND length(phone_digits(raw)) = {length}" if length else ""
        cases += (
            f" WHEN starts_with(phone_digits(raw), '{trunk}'){length_condition}"
            f" THEN '+{country}' || substr(phone_digits(raw), {len(trunk) + 1})"
        )
    # A spreadsheet drops plus signs and leading zeros: a leading country code with enough digits after it counts as one.
    length_test = "= 10" if len(country) == 1 else ">= 9"
    cases += (
        f" WHEN starts_with(phone_digits(raw), '{country}') AND length(phone_digits(raw)) - {len(country)} {length_test}"
        " THEN '+' || phone_digits(raw)"
    )
    return f"{cases} WHEN length(phone_digits(raw)) >= 7 THEN '+{country}' || phone_digits(raw)"


def _shared_patterns(con: duckdb.DuckDBPyConnection, entries: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return LIKE patterns of the shared addresses and of the shared numbers; * matches any text."""
    emails: list[str] = []
    phones: list[str] = []
    for entry in entries:
        text = entry.strip().lower()
        if "@" in text:
            emails.append(_like_pattern(text))
        elif re.search(r"[^\W\d_]", text):  # a bare domain
            emails.append(_like_pattern(f"*@{text}"))
        elif "*" in text:
            phones.append(_like_pattern(re.sub(r"^00", "+", re.sub(r"[^0-9+*]", "", text))))
        else:
            row = con.execute("SELECT spelt_phone(?)", [text]).fetchone()
            if row is None or row[0] is None:
                raise ShopError(
                    f"The entry {entry!r} of shared_addresses is neither an email address nor a phone number.",
                    'Write it like "orders@example.com", "*@marketplace.example.com" or "+441632960961".',
                )
            phones.append(_like_pattern(row[0]))
    return emails, phones


def _like_pattern(pattern: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
