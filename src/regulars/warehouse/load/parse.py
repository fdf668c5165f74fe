"""From text to values: SQL that reads a field as its kind, and says in words why it cannot.

Every function returns an SQL expression over another one (`text`, already stripped, never empty: NULL instead). A field
that cannot be read gives NULL; whoever calls compares with the text to find the failures. Each kind first tries DuckDB's own
cast, which is fast, and only where that gives nothing the slower readings.

Decisions:
- Amounts keep four decimals; more are rounded (half away from zero), since exports carry noise such as 19.990000001.
- A leading apostrophe, the mark against formulas in spreadsheets, is no part of any value; of text only before what would run
  as a formula, for 's-Hertogenbosch is a town. "(12.50)" and "12.50-" are negative.
- Times without an offset are local: the connection's TimeZone is set to the source's zone while this SQL runs. A time
  that the clocks jump over moves forward by the gap, one that happens twice is the later, as DuckDB's ICU reads it.
- 03/04/2024 is read only where the source says in which order; years lie between 1900 and 2199.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regulars.warehouse.schema import Kind

BLANKS = " \t\r\n\u00a0\u202f\ufeff"
"""What is stripped from both ends of a field: spaces of all sorts, and a stray byte order mark."""

_TRUE = ("true", "yes", "y", "t", "1", "on")
_FALSE = ("false", "no", "n", "f", "0", "off")
_MONEY_SIGNS = r"[\s\x{00a0}\x{202f}'’+]|[$€£¥₹₺₽₴₩₪₫฿₦]|\b[A-Z]{3}\b|\b(?:Ft|kr|zł|Kč|lei|лв)\.?"

_GUARDED = r"^'[=+\-@\t\r\x{ff0b}\x{ff0d}\x{ff1d}\x{ff20}]"
"""A field that was kept from running as a formula (vocabulary/safe_text.py)."""

_NAMED_DATES = ("%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y")
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", ", %I:%M %p", ", %H:%M")
_ISO_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d")
_COMMA_DECIMALS = r",\d{1,2}\D*$|,\d{4,}\D*$|\.\d{3},"
"""12,50 and 1.234,50; never 6,250, which may be thousands."""


@dataclass(frozen=True)
class Locale:
    """How a source writes numbers and dates."""

    decimal: Literal[".", ","] = "."
    date_order: Literal["dmy", "mdy"] | None = None


def quoted(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def stripped(raw: str) -> str:
    """The field without blanks around it; NULL where nothing remains."""
    # Trimming makes a new text of every field; looking at its ends first is ten times faster.
    ends = [f"{raw} < '!'", *(f"ends_with({raw}, {quoted(blank)})" for blank in BLANKS)]
    ends += [f"starts_with({raw}, {quoted(blank)})" for blank in BLANKS if blank > "~"]
    return f"CASE WHEN {' OR '.join(ends)} THEN nullif(trim({raw}, {quoted(BLANKS)}), '') ELSE {raw} END"


def parsed(kind: Kind, text: str, locale: Locale) -> str:
    """The field as its kind; NULL where it cannot be read. Instants come as TIMESTAMPTZ."""
    match kind:
        case Kind.TEXT:
            return _unguarded(text)
        case Kind.ID:
            return _identifier(text)
        case Kind.MONEY:
            return _number(text, "DECIMAL(18,4)", locale)
        case Kind.NUMBER:
            return _number(text, "DECIMAL(38,8)", locale)
        case Kind.INTEGER:
            return _integer(text, locale)
        case Kind.FLAG:
            return _flag(text)
        case Kind.DAY:
            return _day(text, locale)
        case Kind.INSTANT:
            return _instant(text, locale)
        case Kind.JSON:
            return f"CASE WHEN json_valid({text}) THEN {text} END"


def sql_type(kind: Kind) -> str:
    """The type that `parsed` gives: the column's own, but instants still carry their zone."""
    return "TIMESTAMPTZ" if kind is Kind.INSTANT else kind.sql


def without_offset(text: str) -> str:
    """Whether a time that could be read says nothing about its zone."""
    return f"NOT regexp_matches(substr({text}, 11), '[-+]\\d|Z$|[A-Za-z]{{3}}|z$')"


def complaint(kind: Kind, column: str, text: str, locale: Locale) -> str:
    """Words, as SQL, for a field that cannot be read: ordered_at: '31/02/2024' is not a date and time."""
    return f"{quoted(column + ': ')} || {shown(text)} || {_trouble(kind, text, locale)}"


def shown(text: str) -> str:
    """A field as reasons show it: in single quotes, shortened, and its own quotes rounded so that it ends where it ends."""
    plain = f"replace({text}, '''', '’')"
    return f"'''' || CASE WHEN length({text}) > 60 THEN left({plain}, 60) || '…' ELSE {plain} END || ''''"


def _trouble(kind: Kind, text: str, locale: Locale) -> str:
    match kind:
        case Kind.INSTANT | Kind.DAY:
            what = "a date and time" if kind is Kind.INSTANT else "a date"
            if locale.date_order is not None:
                return quoted(f" is not {what} written as {locale.date_order}, nor as 2024-12-31")
            dmy, mdy = (parsed(kind, text, Locale(date_order=order)) for order in ("dmy", "mdy"))
            way_out = 'say date_order = "dmy" or "mdy" in a mapping'
            ambiguous = quoted(f" can be read as two dates; {way_out}")
            clear = f"' is not written as ' || coalesce({dmy}, {mdy})::DATE || {quoted(f'; {way_out}')}"
            return (
                f"CASE WHEN {dmy} <> {mdy} THEN {ambiguous} WHEN coalesce({dmy}, {mdy}) IS NOT NULL THEN {clear}"
                f" ELSE {quoted(f' is not {what}')} END"
            )
        case Kind.MONEY | Kind.NUMBER | Kind.INTEGER:
            what = {Kind.MONEY: "an amount", Kind.NUMBER: "a number", Kind.INTEGER: "a whole number"}[kind]
            mark = "comma" if locale.decimal == "," else "point"
            plainly = quoted(f" is not {what} (decimals after a {mark})")
            if locale.decimal == ",":
                return plainly
            remedy = quoted(
                f' is not {what}: decimals stand after a point, unless a mapping says decimal = "," under [read]'
            )
            return f"CASE WHEN regexp_matches({text}, {quoted(_COMMA_DECIMALS)}) THEN {remedy} ELSE {plainly} END"
        case Kind.FLAG:
            return quoted(" is neither yes nor no")
        case Kind.JSON:
            return quoted(" is not valid JSON")
        case Kind.ID:
            return quoted(" is a number that a spreadsheet has shortened; export the file again without opening it")
        case Kind.TEXT:
            return quoted(" cannot be read")


def _bare(text: str) -> str:
    """Without the apostrophe that spreadsheets show as text."""
    return f"CASE WHEN starts_with({text}, '''') THEN substr({text}, 2) ELSE {text} END"


def _unguarded(text: str) -> str:
    """Without the apostrophe before what a spreadsheet would run; 's-Hertogenbosch keeps its own."""
    guarded = f"starts_with({text}, '''') AND regexp_matches({text}, {quoted(_GUARDED)})"
    return f"CASE WHEN {guarded} THEN trim(substr({text}, 2), {quoted(BLANKS)}) ELSE {text} END"


def _identifier(text: str) -> str:
    # 1.23E+15 stands for a thousand different numbers: loading it would make one order of many.
    shortened = f"contains({text}, 'E+') AND regexp_full_match({text}, '\\d([.,]\\d+)?E\\+\\d+')"
    return (
        f"CASE WHEN {shortened} THEN NULL ELSE coalesce(nullif(trim({_bare(text)}, {quoted(BLANKS)}), ''), {text}) END"
    )


def _let(name: str, value: str, body: str) -> str:
    """SQL: `body` with `name` standing for `value`, which is computed once, and only where the body is reached.

    An expression written twice is computed for every row beforehand, also those that a coalesce has answered already.
    """
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def _number(text: str, sql: str, locale: Locale) -> str:
    thousands, point = (r"\.", ",") if locale.decimal == "," else (",", r"\.")
    plain = text if locale.decimal == "." else f"CASE WHEN NOT contains({text}, '.') THEN replace({text}, ',', '.') END"
    # Without sign, currency and blanks, a number has its thousands in threes or not at all.
    shape = rf"(\d+|\d{{1,3}}({thousands}\d{{3}})+)?({point}\d*)?"
    digits = f"TRY_CAST(replace(regexp_replace(body, {quoted(thousands)}, '', 'g'), ',', '.') AS {sql})"
    signed = f"CASE WHEN bare LIKE '%-' OR bare LIKE '-%' OR bare LIKE '(%' THEN -{digits} ELSE {digits} END"
    value = f"CASE WHEN regexp_full_match(body, {quoted(shape)}) THEN {signed} END"
    body = _let("body", "regexp_extract(bare, '^(?:-|[(]|[(]-)?([^()-]*)[)]?-?$', 1)", value)
    careful = _let("bare", f"regexp_replace({text}, {quoted(_MONEY_SIGNS)}, '', 'g')", body)
    return f"coalesce(TRY_CAST({plain} AS {sql}), {careful})"


def _integer(text: str, locale: Locale) -> str:
    # A cast alone would round 3.7 to 4; a spreadsheet writes 3 as 3.0.
    fast = f"CASE WHEN length({text}) < 19 AND NOT regexp_matches({text}, '[^0-9]') THEN TRY_CAST({text} AS BIGINT) END"
    whole = "CASE WHEN number = trunc(number) THEN TRY_CAST(number AS BIGINT) END"
    return f"coalesce({fast}, {_let('number', _number(text, 'DECIMAL(38,8)', locale), whole)})"


def _flag(text: str) -> str:
    word = f"lower({_bare(text)})"
    yes = ", ".join(quoted(w) for w in _TRUE)
    no = ", ".join(quoted(w) for w in _FALSE)
    return f"CASE WHEN {word} IN ({yes}) THEN true WHEN {word} IN ({no}) THEN false END"


def _in_iso_order(text: str, locale: Locale) -> str:
    """03/04/2024 10:00 rewritten with the year first, where the source says in which order it stands."""
    if locale.date_order is None:
        return text
    rest = r"-\2-\1\4" if locale.date_order == "dmy" else r"-\1-\2\4"
    start = r"^(\d{1,2})[/.-](\d{1,2})[/.-]"
    long_year, short_year = quoted(start + r"(\d{4}),?(.*)$"), quoted(start + r"(\d{2}),?(\D.*)?$")
    long, short = quoted(r"\3" + rest), quoted(r"20\3" + rest)
    return f"regexp_replace(regexp_replace({text}, {long_year}, {long}), {short_year}, {short})"


def _plausible(value: str, sql: str) -> str:
    return f"CASE WHEN {value} BETWEEN {sql} '1900-01-01' AND {sql} '2199-12-31' THEN {value} END"


def _spelled(text: str) -> str:
    """Dates with the month's name, and clocks of twelve hours, as a local TIMESTAMP."""
    dates = _NAMED_DATES + _ISO_DATES
    formats = ", ".join(quoted(date + clock) for date in dates for clock in _CLOCKS)
    return f"CASE WHEN regexp_matches({text}, '\\d.*[A-Za-z]|[A-Za-z].*\\d') THEN try_strptime({text}, [{formats}]) END"


def _instant(text: str, locale: Locale) -> str:
    # "2025-10-07 09:50:26 +0200": DuckDB reads an offset only right after the seconds. What it takes for the name of a
    # zone it does not know (PM) costs a thousand times a good time, and words such as epoch and infinity are no times.
    joined = f"replace(replace({text}, ' +', '+'), ' -', '-')"
    ends_well = f"(right({text}, 1) BETWEEN '0' AND '9' OR right({text}, 1) = 'Z')"
    guarded = f"CASE WHEN {text} BETWEEN '0' AND ':' AND {ends_well} THEN TRY_CAST({joined} AS TIMESTAMPTZ) END"
    fast = _plausible(guarded, "TIMESTAMPTZ")
    tight = r"regexp_replace(replace(replace(iso, ' +', '+'), ' -', '-'), '(:\d\d),(\d)', '\1.\2')"
    zoned = r"iso BETWEEN '0' AND ':' AND NOT regexp_matches(iso, '(?i)[ap][.]?m[.]?$')"
    cast = f"CASE WHEN {zoned} THEN TRY_CAST({tight} AS TIMESTAMPTZ) END"
    read = f"coalesce({cast}, CAST({_spelled('iso')} AS TIMESTAMPTZ))"
    careful = _let("iso", _in_iso_order(_bare(text), locale), _let("found", read, _plausible("found", "TIMESTAMPTZ")))
    return f"coalesce({fast}, {careful})"


def _day(text: str, locale: Locale) -> str:
    # A cast to DATE ignores what follows the date, so that only a text as long as a date may take it.
    short = f"{text} BETWEEN '0' AND ':' AND length({text}) <= 10 AND NOT contains({text}, ' ')"
    fast = _plausible(f"CASE WHEN {short} THEN TRY_CAST({text} AS DATE) END", "DATE")
    date = r"regexp_extract(iso, '^(\d{4}[-/]\d{1,2}[-/]\d{1,2})([T ]\d{1,2}:\d\d.*)?$', 1)"
    read = f"coalesce(TRY_CAST(nullif({date}, '') AS DATE), CAST({_spelled('iso')} AS DATE))"
    careful = _let("iso", _in_iso_order(_bare(text), locale), _let("found", read, _plausible("found", "DATE")))
    return f"coalesce({fast}, {careful})"
