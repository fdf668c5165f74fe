"""SQL that parses a field as its kind, and SQL of the reason if it cannot be parsed.

Every function returns an SQL expression over another one (`text`: stripped, NULL if empty). A field that cannot be parsed
gives NULL; callers compare with the text to detect failures. Each kind first tries DuckDB's cast, which is fast, and slower
formats only if that gives NULL.

Decisions:
- Amounts keep four decimals; more are rounded (half away from zero), since exports have noise such as 19.990000001.
- A leading apostrophe, by which spreadsheets mark text, is removed; of text only before a formula, since
  's-Hertogenbosch is a town. "(12.50)" and "12.50-" are negative.
- `--` is an empty amount or number.
- An id written as a decimal is a whole number: 7.0 is 7. 007 and 7.50 are unchanged.
- Dates are parsed by fields/dates.py.
"""

from __future__ import annotations

from regulars.load.fields import dates
from regulars.load.fields.dates import without_offset
from regulars.load.fields.fragments import DateOrder, Locale, let, quoted, without_apostrophe
from regulars.warehouse.schema import Kind

__all__ = [
    "Locale",
    "field_text",
    "parsed",
    "quoted",
    "shown",
    "sql_type",
    "stripped",
    "unparsable_reason",
    "without_offset",
]

BLANKS = " \t\r\n\u00a0\u202f\ufeff"
"""Characters stripped from both ends of a field: white space and the byte order mark."""

_TRUE = ("true", "yes", "y", "t", "1", "on")
_FALSE = ("false", "no", "n", "f", "0", "off")
_MONEY_SIGNS = r"[\s\x{00a0}\x{202f}'’+]|[$€£¥₹₺₽₴₩₪₫฿₦]|\b[A-Z]{3}\b|\b(?:Ft|kr|zł|Kč|lei|лв)\.?"

_GUARDED = r"^'[=+\-@\t\r\x{ff0b}\x{ff0d}\x{ff1d}\x{ff20}]"
"""An apostrophe before a formula (vocabulary/safe_text.py)."""

_OTHER_DECIMALS = {
    ".": r",\d{1,2}\D*$|,\d{4,}\D*$|\.\d{3},",
    ",": r"\.\d{1,2}\D*$|\.\d{4,}\D*$|,\d{3}\.",
}
"""Numbers with the other decimal mark: 12,50 and 1.234,50, but not 6,250, which may have thousands."""


def stripped(raw: str, blanks: str = BLANKS) -> str:
    """Return SQL of the field without blanks around it; NULL if empty. `blanks`: those that the file's fields may have."""
    # trim() copies every text; testing the ends first is ten times faster.
    ends = [f"{raw} < '!'", *(f"ends_with({raw}, {quoted(blank)})" for blank in blanks)]
    ends += [f"starts_with({raw}, {quoted(blank)})" for blank in blanks if blank > "~"]
    return f"CASE WHEN {' OR '.join(ends)} THEN nullif(trim({raw}, {quoted(BLANKS)}), '') ELSE {raw} END"


def field_text(kind: Kind, raw: str, blanks: str = BLANKS) -> str:
    """Return SQL of the field as stripped text; NULL if empty, also for `--` in place of a number."""
    text = stripped(raw, blanks)
    return f"nullif({text}, '--')" if kind in (Kind.MONEY, Kind.NUMBER, Kind.INTEGER) else text


def parsed(kind: Kind, text: str, locale: Locale) -> str:
    """Return SQL of the field as its kind (instants as TIMESTAMPTZ); NULL if it cannot be parsed."""
    match kind:
        case Kind.TEXT:
            return _unguarded(text)
        case Kind.ID:
            return _identifier(text, locale)
        case Kind.MONEY:
            return _number(text, "DECIMAL(18,4)", locale)
        case Kind.NUMBER:
            return _number(text, "DECIMAL(38,8)", locale)
        case Kind.INTEGER:
            return _integer(text, locale)
        case Kind.FLAG:
            return _flag(text)
        case Kind.DAY:
            return dates.day(text, locale)
        case Kind.INSTANT:
            return dates.instant(text, locale)
        case Kind.JSON:
            return f"CASE WHEN json_valid({text}) THEN {text} END"


def sql_type(kind: Kind) -> str:
    """Return the SQL type of `parsed`: the column's type, but TIMESTAMPTZ for instants."""
    return "TIMESTAMPTZ" if kind is Kind.INSTANT else kind.sql


def unparsable_reason(kind: Kind, column: str, text: str, locale: Locale) -> str:
    """Return SQL of the reject reason, such as "ordered_at: '31/02/2024' is not a date and time"."""
    return f"{quoted(column + ': ')} || {shown(text)} || {_unparsable_reason(kind, text, locale)}"


def shown(text: str) -> str:
    """Return SQL of a field as shown in reasons: in single quotes, shortened, its own single quotes replaced."""
    plain = f"replace({text}, '''', '’')"
    return f"'''' || CASE WHEN length({text}) > 60 THEN left({plain}, 60) || '…' ELSE {plain} END || ''''"


def _unparsable_reason(kind: Kind, text: str, locale: Locale) -> str:
    match kind:
        case Kind.INSTANT | Kind.DAY:
            what = "a date and time" if kind is Kind.INSTANT else "a date"
            orders: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")
            return dates.unparsable_reason(
                what, text, locale, {o: parsed(kind, text, Locale(date_order=o)) for o in orders}
            )
        case Kind.MONEY | Kind.NUMBER | Kind.INTEGER:
            what = {Kind.MONEY: "an amount", Kind.NUMBER: "a number", Kind.INTEGER: "a whole number"}[kind]
            mark, other = ("comma", ".") if locale.decimal == "," else ("point", ",")
            plainly = quoted(f" is not {what} (decimals after a {mark})")
            remedy = quoted(f" is not {what}: decimals must follow a {mark}, or add --decimal {other}")
            return f"CASE WHEN regexp_matches({text}, {quoted(_OTHER_DECIMALS[locale.decimal])}) THEN {remedy} ELSE {plainly} END"
        case Kind.FLAG:
            return quoted(" is neither yes nor no")
        case Kind.JSON:
            return quoted(" is not valid JSON")
        case Kind.ID:
            return quoted(
                " is a number that a spreadsheet has shortened; export the file again and load it without opening it"
            )
        case Kind.TEXT:
            return quoted(" cannot be read")


def _unguarded(text: str) -> str:
    """Return SQL of the text without an apostrophe before a formula; that of 's-Hertogenbosch is kept."""
    guarded = f"starts_with({text}, '''') AND regexp_matches({text}, {quoted(_GUARDED)})"
    return f"CASE WHEN {guarded} THEN trim(substr({text}, 2), {quoted(BLANKS)}) ELSE {text} END"


def _identifier(text: str, locale: Locale) -> str:
    # 1.23E+15 is ambiguous: as an id it would join many orders.
    shortened = f"contains({text}, 'E+') AND regexp_full_match({text}, '\\d([.,]\\d+)?E\\+\\d+')"
    # With a decimal comma, 7.000 may be seven thousand.
    decimal = r"\d+(\.0+|,0)" if locale.decimal == "." else r"\d+(,0+|\.0)"
    whole = f"regexp_full_match(id, {quoted(decimal)})"
    bare = let(
        "id",
        f"coalesce(nullif(trim({without_apostrophe(text)}, {quoted(BLANKS)}), ''), {text})",
        f"CASE WHEN {whole} THEN regexp_extract(id, '^\\d+') ELSE id END",
    )
    marked = f"starts_with({text}, '''') OR ends_with({text}, '0') AND regexp_matches({text}, '[.,]0+$')"
    return f"CASE WHEN {shortened} THEN NULL WHEN {marked} THEN {bare} ELSE {text} END"


def _number(text: str, sql: str, locale: Locale) -> str:
    thousands, point = (r"\.", ",") if locale.decimal == "," else (",", r"\.")
    plain = text if locale.decimal == "." else f"CASE WHEN NOT contains({text}, '.') THEN replace({text}, ',', '.') END"
    # Thousands are grouped by three, or as in India (1,23,456), or not at all.
    indian = "" if locale.decimal == "," else r"|\d{1,2}(,\d\d)+,\d{3}"
    shape = rf"(\d+|\d{{1,3}}({thousands}\d{{3}})+{indian})?({point}\d*)?"
    digits = f"TRY_CAST(replace(regexp_replace(body, {quoted(thousands)}, '', 'g'), ',', '.') AS {sql})"
    signed = f"CASE WHEN bare LIKE '%-' OR bare LIKE '-%' OR bare LIKE '(%' THEN -{digits} ELSE {digits} END"
    value = f"CASE WHEN regexp_full_match(body, {quoted(shape)}) THEN {signed} END"
    body = let("body", "regexp_extract(bare, '^(?:-|[(]|[(]-)?([^()-]*)[)]?-?$', 1)", value)
    careful = let("bare", f"regexp_replace({text}, {quoted(_MONEY_SIGNS)}, '', 'g')", body)
    return f"coalesce(TRY_CAST({plain} AS {sql}), {careful})"


def _integer(text: str, locale: Locale) -> str:
    # A cast would round 3.7 to 4; spreadsheets write 3 as 3.0.
    fast = f"CASE WHEN length({text}) < 19 AND NOT regexp_matches({text}, '[^0-9]') THEN TRY_CAST({text} AS BIGINT) END"
    whole = "CASE WHEN number = trunc(number) THEN TRY_CAST(number AS BIGINT) END"
    return f"coalesce({fast}, {let('number', _number(text, 'DECIMAL(38,8)', locale), whole)})"


def _flag(text: str) -> str:
    word = f"lower({without_apostrophe(text)})"
    yes = ", ".join(quoted(w) for w in _TRUE)
    no = ", ".join(quoted(w) for w in _FALSE)
    return f"CASE WHEN {word} IN ({yes}) THEN true WHEN {word} IN ({no}) THEN false END"
