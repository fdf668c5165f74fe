"""What identifies a person: the source's own customer id, an email address, a phone number, each in one spelling.

An identity is a text: `id:<source>:<customer_id>`, `person:<person_id>`, `email:anna@example.com`, `phone:+441632960961`,
or `phone:01632960961` where the country is not known. A record's primary identity is the first it has of customer id,
person id, address, number; an address or number on the shop's list of shared ones identifies nobody, nor does one of the
words NOBODY.
"""

from __future__ import annotations

import re

import duckdb

from regulars.vocabulary.errors import ShopError
from regulars.vocabulary.nobody import NOBODY
from regulars.vocabulary.shop import Settings
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import TABLES

IDENTIFYING = {
    "customer_id": "id_identity(source, customer_id)",
    "person_id": "person_identity(person_id)",
    "email": "email_identity(email)",
    "phone": "phone_identity(phone)",
}
"""The columns that say who a record is about, strongest first, each with the SQL of its identity."""

RECORDS: tuple[Table, ...] = tuple(table for table in TABLES if table.is_about_somebody)
"""The tables whose rows are about somebody: they have all columns of IDENTIFYING."""

_BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
"""What is trimmed off. Slow, and nearly nothing has any: plain text is told by an expression first."""
_NOT_PLAIN = r"\x00-\x20\x27\x7f-\x{10FFFF}"

EXTENSIONS = ("extension", "extn", "ext", "durchwahl", "dw", "poste", "x", "#")
"""What stands before an extension, in lower case: the digits after it are none of the number."""

# Around an address: blanks of all kinds and quotes. Zero-width characters may stand anywhere in it.
_AROUND = r"\s\p{Z}\x27\x22`\x{2018}-\x{201F}\x{AB}\x{BB}"
_ZERO_WIDTH = r"\x{AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}"

# What people dial before a number inside their own country, where it is not 0: nothing in Italy, whose zeros belong to
# the number; and how long the number then is, where only that tells it from one without.
_TRUNKS: dict[str, tuple[str, int | None]] = {"36": ("06", None), "39": ("", None), "7": ("8", 11)}


def _address(not_in: str = "") -> str:
    """The expression of an email address, none of whose characters may be among these. No domain holds a question mark."""
    local, part, last = (rf"[^@\s,;:<>(){outside}{not_in}]" for outside in (r"\x22", rf"?{_AROUND}", rf".?{_AROUND}"))
    return rf"{local}+@{part}+\.{last}+"


# A link may carry more after a question mark: mailto:anna@example.com?subject=Hello.
_DRESSED_ADDRESS = rf"^[{_AROUND}]*(?:mailto:)?[{_AROUND}]*({_address()})[{_AROUND}.]*(?:\?.*)?$"


def define_identities(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Define the SQL functions of IDENTIFYING and their parts.

    They live as long as the connection and give an identity, or null where the value identifies nobody. The parts are
    `means_nobody(raw)`, `spelt_id(raw)`, `spelt_email(raw)` and `spelt_phone(raw)`. Raises
    ShopError where an entry of the list of shared addresses is neither an address nor a number.
    """
    _define_spellings(con, settings.phone_country_code)
    emails, phones = _shared_patterns(con, settings.shared_addresses)
    functions = [
        "CREATE OR REPLACE TEMP MACRO spelt_id(raw) AS CASE WHEN means_nobody(raw) THEN NULL"
        f" WHEN regexp_full_match(raw, '[!-~]+') THEN raw ELSE nullif(trim(raw, {_BLANKS}), '') END",
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
    """The SQL of a row's primary identity, null for a guest without any; needs `define_identities` before it."""
    return f"coalesce({', '.join(sql for column, sql in IDENTIFYING.items() if table.has(column))})"


def rows_of(customers: str, identities: str) -> str:
    """SQL of the rows of customers that can have these identities (a relation of `identity` and `source`), in brackets.

    The texts are compared as they stand: spelling every customer's id would take most of the time. Loading leaves no blanks
    behind an id, and before it only where an apostrophe hid them. A colon may belong to the source or to the id: each is taken
    for the last one of the source.
    """
    parts = f"SELECT string_split(identity, ':') AS parts FROM {identities} WHERE source IS NOT NULL"
    rests = "list_transform(range(3, len(parts) + 1), lambda place: array_to_string(parts[place:], ':'))"
    told = f"SELECT unnest({rests}) FROM ({parts})"
    return f"(FROM {customers} WHERE customer_id IN ({told}) OR customer_id < '!' OR customer_id > '~')"


def shown(identity: str) -> str:
    """An identity as people write it: shopify:12, person:77, anna@example.com, +441632960961."""
    kind, _, value = identity.partition(":")
    return identity if kind == "person" else value


def _define_spellings(con: duckdb.DuckDBPyConnection, country: str | None) -> None:
    """The functions `spelt_email(raw)` and `spelt_phone(raw)`: one spelling, null where it is none."""
    macros = {
        "means_nobody": rf"regexp_full_match(raw, '(?i)[\s\xA0]*(?:{'|'.join(map(re.escape, NOBODY))})[\s\xA0]*')",
        # What stands in the brackets of "Anna" <anna@example.com>, else the whole; no zero-width characters.
        "bracketed_email": (
            f"regexp_replace(regexp_replace(raw, '[{_ZERO_WIDTH}]', '', 'g'), '^[^<>]*<([^<>]*)>[^<>@]*$', '\\1')"
        ),
        # What a case says twice DuckDB works out for every row: so the slow way stands here once.
        "spelt_email": (
            f"CASE WHEN regexp_full_match(lower(raw), '{_address(_NOT_PLAIN)}') THEN lower(raw)"
            f" ELSE nullif(regexp_extract(bracketed_email(lower(raw)), '{_DRESSED_ADDRESS}', 1), '') END"
        ),
        "without_extension": rf"regexp_replace(raw, '(?i)(?:{'|'.join(EXTENSIONS)})[\s.:=]*[0-9]{{1,6}}\W*$', '')",
        # A spreadsheet's 4.47911E+11 has lost the number; the zero in +44 (0)20 is not dialled from abroad.
        "phone_text": (
            "CASE WHEN NOT regexp_matches(raw, '[0-9][eE][+]?[0-9]')"
            r" THEN regexp_replace(without_extension(raw), '^([^0-9+]*(?:\+|00)[^(]*)\(0\)', '\1') END"
        ),
        "phone_digits": "regexp_replace(phone_text(raw), '[^0-9]', '', 'g')",
        "phone_number": (
            r"CASE WHEN regexp_matches(raw, '^[^0-9+]*\+') THEN '+' || phone_digits(raw)"
            " WHEN starts_with(phone_digits(raw), '00') THEN '+' || substr(phone_digits(raw), 3)"
            f" {_national(country)} END"
        ),
        # What people type to get past a form is nobody's number: 0000000, 07777777777, 1234567.
        "is_made_up": "length(rtrim(raw, right(raw, 1))) <= 3 OR contains('012345678901234', raw)",
        # Most numbers are written plainly, and those are quickly told.
        "spelt_phone": (
            r"CASE WHEN regexp_full_match(raw, '\+[0-9]{7,15}')"
            " THEN CASE WHEN NOT is_made_up(substr(raw, 2)) THEN raw END"
            " WHEN length(ltrim(phone_number(raw), '+')) BETWEEN 7 AND 15 AND NOT is_made_up(phone_digits(raw))"
            " THEN phone_number(raw) END"
        ),
    }
    con.execute(";".join(f"CREATE OR REPLACE TEMP MACRO {name}(raw) AS {body}" for name, body in macros.items()))


def _national(country: str | None) -> str:
    """The cases of a number that does not say its country."""
    if country is None:
        return "ELSE phone_digits(raw)"
    trunk, length = _TRUNKS.get(country, ("0", None))
    cases = ""
    if trunk:
        only = f" AND length(phone_digits(raw)) = {length}" if length else ""
        cases += (
            f" WHEN starts_with(phone_digits(raw), '{trunk}'){only}"
            f" THEN '+{country}' || substr(phone_digits(raw), {len(trunk) + 1})"
        )
    # A spreadsheet drops plus signs and leading zeros: with enough digits after it, what looks like the code is it.
    enough = "= 10" if len(country) == 1 else ">= 9"
    cases += (
        f" WHEN starts_with(phone_digits(raw), '{country}') AND length(phone_digits(raw)) - {len(country)} {enough}"
        " THEN '+' || phone_digits(raw)"
    )
    return f"{cases} WHEN length(phone_digits(raw)) >= 7 THEN '+{country}' || phone_digits(raw)"


def _shared_patterns(con: duckdb.DuckDBPyConnection, entries: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """LIKE patterns of the shared addresses and of the shared numbers; * stands for anything."""
    emails: list[str] = []
    phones: list[str] = []
    for entry in entries:
        text = entry.strip().lower()
        if "@" in text:
            emails.append(_like(text))
        elif re.search(r"[^\W\d_]", text):  # a bare domain
            emails.append(_like(f"*@{text}"))
        elif "*" in text:
            phones.append(_like(re.sub(r"^00", "+", re.sub(r"[^0-9+*]", "", text))))
        else:
            found = con.execute("SELECT spelt_phone(?)", [text]).fetchone()
            if found is None or found[0] is None:
                raise ShopError(
                    f"The entry {entry!r} of shared_addresses is neither an email address nor a phone number.",
                    'Write it like "orders@example.com", "*@marketplace.example.com" or "+441632960961".',
                )
            phones.append(_like(found[0]))
    return emails, phones


def _like(pattern: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
