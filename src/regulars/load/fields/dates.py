"""SQL that parses dates and times. docs/dates-and-numbers.md lists every accepted format.

ISO formats (2024-12-31 10:15:00 +0100) use DuckDB's cast. Any other text is split by one regular expression, chosen by its
first characters, into day, month, year and time, which are joined again to a text that DuckDB casts.

- A year of two digits from 70 on is 1970 to 1999, else 2000 to 2069. Years lie between 1900 and 2199.
- 03/04/2024 is parsed only if the source declares the order of its dates.
- Times without an offset are local: the connection's TimeZone must be the source's zone while this SQL runs. A time skipped
  by daylight saving moves forward by the gap; of one that occurs twice the later is taken, as DuckDB's ICU does.
"""

from __future__ import annotations

from regulars.load.fields.fragments import Locale, let, quoted, without_apostrophe

MONTHS: tuple[str, ...] = (
    "january januar jänner janvier gennaio enero január januari janeiro jan jän janv gen ene",
    "february februar feber février febbraio febrero február februari fevereiro feb febr fév févr fev",
    "march märz maerz mars marzo március maart março mar mär mrz márc mrt",
    "april avril aprile abril április apr avr abr ápr",
    "may mai maggio mayo május mei maio mag máj",
    "june juni juin giugno junio június junho jun giu jún",
    "july juli juillet luglio julio július julho jul juil lug júl",
    "august août aout agosto augusztus augustus aug aoû ago",
    "september septembre settembre septiembre szeptember setembro sep sept set sett szept",
    "october oktober octobre ottobre octubre október outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "december dezember décembre dicembre diciembre dezembro dec dez déc dic",
)
"""Names of the months in lower case: English, German, French, Italian, Spanish, Hungarian, Dutch, Portuguese."""

_LETTER = r"[a-z\x{df}-\x{24f}]"  # with all letters of Unicode, RE2 needs milliseconds to compile
_WEEKDAY = rf"(?:{_LETTER}+[.,]* +)?"
_MONTH = rf"({_LETTER}{{3,}})[.]?"
_REST = r"((?:[t, ].*)?)"
_CLOCK = (
    r"^[t, ]*(?:(?:at|um|à) +)?([01]?\d|2[0-4]):?([0-5]\d)(?::?([0-5]\d(?:[.,]\d{1,9})?))?"
    r" *(?:([ap])[.]?m[.]?)? *(?:(?:utc|gmt)?([-+])(\d{1,2})(?::?(\d\d))?|(z|[a-z]{3,}(?:/[a-z_]+)*))?(?: +[(].*[)])?$"
)
_CLOCK_PARTS = ("hour", "minute", "second", "half", "sign", "hours", "minutes", "zone")

_YEAR_FIRST = rf"^(\d{{4}})[-/. ] *(\d{{1,2}}|{_LETTER}{{3,}})[.]?[-/. ] *(\d{{1,2}})[.]?{_REST}$"
_COMPACT = r"^(\d{4})(\d\d)(\d\d)((?:[t, ].*|\d{4}(?:\d\d)?.*)?)$"
_NUMBERS = r"^(\d{1,2})[-/.] *(\d{1,2})[-/.] *(\d{4}|\d\d),?" + _REST + "$"
_SHORT_YEAR_FIRST = r"^(\d\d)[-/.] *(\d{1,2})[-/.] *(\d{1,2}),?" + _REST + "$"

_FIRST_DAY_NUMBER, _LAST_DAY_NUMBER = 25_569, 73_050
"""1970-01-01 and 2099-12-31 as day numbers of spreadsheets, which count from 1900."""


def instant(text: str, locale: Locale) -> str:
    """Return SQL of the field as TIMESTAMPTZ; NULL if it cannot be parsed."""
    # "2025-10-07 09:50:26 +0200": DuckDB reads an offset only right after the seconds. What it takes for the name of a
    # zone it does not know (PM) costs a thousand times a good time, and words such as epoch and infinity are no times.
    iso = _in_iso_order(text, locale)
    apart = f"contains({iso}, ' +') OR contains({iso}, ' -')"  # to look costs a tenth of a replacement
    joined = f"CASE WHEN {apart} THEN replace(replace({iso}, ' +', '+'), ' -', '-') ELSE {iso} END"
    # Asked for one by one, as to cut off the last character costs more than all of these.
    ends_well = "(" + " OR ".join(f"ends_with({text}, '{last}')" for last in "0Z123456789") + ")"
    guarded = f"CASE WHEN {text} BETWEEN '0' AND ':' AND {ends_well} THEN TRY_CAST({joined} AS TIMESTAMPTZ) END"
    # A cast of its own: within one, DuckDB reads the local times that follow a named zone in that zone.
    named = "clock.zone NOT IN ('', 'z', 'utc', 'gmt')"
    moment = f"{_date('taken')} || ' ' || {_time('clock')}"
    clock = let(
        "clock",
        f"regexp_extract(taken.rest, {quoted(_CLOCK)}, [{', '.join(map(quoted, _CLOCK_PARTS))}])",
        f"CASE WHEN clock.hour = '' THEN NULL WHEN {named} THEN TRY_CAST({moment} || ' ' || clock.zone AS TIMESTAMPTZ)"
        f" ELSE TRY_CAST({moment} || {_offset('clock')} AS TIMESTAMPTZ) END",
    )
    read = f"CASE WHEN taken.rest = '' THEN TRY_CAST({_date('taken')} AS TIMESTAMPTZ) ELSE {clock} END"
    careful = let("taken", _split_date(text, locale), let("moment", read, _plausible("moment", "TIMESTAMPTZ")))
    return f"coalesce({_plausible(guarded, 'TIMESTAMPTZ')}, {careful})"


def day(text: str, locale: Locale) -> str:
    """SQL: the field as DATE, the day that is written there; NULL where it cannot be read."""
    # A cast to DATE ignores what follows the date, so that only a text as long as a date may take it.
    short = f"{text} BETWEEN '0' AND ':' AND length({text}) <= 10 AND NOT contains({text}, ' ')"
    fast = _plausible(f"CASE WHEN {short} THEN TRY_CAST({_in_iso_order(text, locale)} AS DATE) END", "DATE")
    clear = f"taken.rest = '' OR regexp_matches(taken.rest, {quoted(_CLOCK)})"
    read = f"CASE WHEN {clear} THEN TRY_CAST({_date('taken')} AS DATE) END"
    careful = let("taken", _split_date(text, locale), let("moment", read, _plausible("moment", "DATE")))
    return f"coalesce({fast}, {careful})"


def without_offset(text: str) -> str:
    """Return SQL of whether a parsed time has neither an offset nor a zone."""
    clock = r"(:.*|^'?\d{4}-\d\d-\d\d[^:]*|^'?\d{8}[Tt ]?\d{4,6})([-+]\d|[Zz]$|[A-Za-z]{3})"
    # The most frequent offsets are tested without a regular expression.
    offset = f"contains({text}, ':') AND (ends_with({text}, 'Z') OR ends_with({text}, '+00'))"
    return f"CASE WHEN {offset} THEN false ELSE NOT regexp_matches({text}, {quoted(clock)}) END"


def unparsable_reason(what: str, text: str, locale: Locale, read: dict[str, str]) -> str:
    """Return SQL of the reject reason for a text that is not a date.

    Args:
        what: Name of the kind, such as "a date".
        text: SQL of the text.
        locale: Formats of the source.
        read: For each order of dates, SQL that parses the text in that order.
    """
    number = f"TRY_CAST(replace({text}, ',', '.') AS DECIMAL(18,6)) BETWEEN {_FIRST_DAY_NUMBER} AND {_LAST_DAY_NUMBER}"
    spreadsheet = f"regexp_full_match({text}, '\\d{{5}}([.,]\\d+)?') AND {number}"
    cases = [
        (spreadsheet, quoted(" is a day number of a spreadsheet; format the column as a date and export it again")),
        (
            f"regexp_full_match({text}, '1\\d{{9}}|1\\d{{12}}|1\\d{{15}}')",
            quoted(" is a Unix timestamp; use to_timestamp(…) in a mapping file"),
        ),
    ]
    if locale.date_order is not None:
        otherwise = quoted(f" is not {what} written as {locale.date_order}, nor as 2024-12-31")
    else:
        cases.append(("len(readings) > 0", _possible_orders()))
        otherwise = quoted(f" is not {what}")
    words = f"CASE {' '.join(f'WHEN {case} THEN {words}' for case, words in cases)} ELSE {otherwise} END"
    if locale.date_order is not None:
        return words
    # Parsed once in each order, since the SQL is long.
    pairs = ", ".join(f"{{'o': {quoted(order)}, 'd': {sql}}}" for order, sql in read.items())
    return let("readings", f"list_filter([{pairs}], lambda reading: reading.d IS NOT NULL)", words)


def _possible_orders() -> str:
    """Return SQL of the reason for a text that can be parsed in some order: `readings` is a list of {o: order, d: time}."""
    hint = "'add --dates ' || array_to_string(list_transform(readings, lambda reading: reading.o), ' or --dates ')"
    dates = "list_distinct(list_transform(readings, lambda reading: reading.d::DATE))"
    several = f"' can be read as ' || CASE len({dates}) WHEN 2 THEN 'two' ELSE 'three' END || ' dates; ' || {hint}"
    return f"CASE WHEN len({dates}) > 1 THEN {several} ELSE ' is not written as ' || readings[1].d::DATE || '; ' || {hint} END"


def _in_iso_order(text: str, locale: Locale) -> str:
    """Return SQL of 31/12/2024 10:00 with the year first, if the source declares the order: the most frequent format."""
    orders = {"dmy": r"\3-\2-\1\4", "mdy": r"\3-\1-\2\4"}
    if locale.date_order not in orders:
        return text
    shape = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(.*)$"
    return f"regexp_replace({text}, {quoted(shape)}, {quoted(orders[locale.date_order])})"


def _split_date(text: str, locale: Locale) -> str:
    """Return SQL of day, month, year and the rest as texts, all empty if the text is no date."""
    # With ymd, 26-Sep-30 would be two dates.
    year = r"(\d{4})" if locale.date_order == "ymd" else r"(\d{4}|\d\d)"
    day_first = (
        f"^{_WEEKDAY}"
        + r"(\d{1,2})(?:st|nd|rd|th|er|[.º])?[-/ ]? *(?:de +)?"
        + _MONTH
        + r",?(?:[-/ ] *| +del? +)"
        + year
        + _REST
        + "$"
    )
    month_first = f"^{_WEEKDAY}{_MONTH}" + r"[-/ ] *(\d{1,2})(?:st|nd|rd|th)?(?:,? +|[-/,])" + year + _REST + "$"
    shapes = [
        (r"regexp_matches(s, '^\d{4}[-/. ]')", _YEAR_FIRST, "y m d"),
        (r"regexp_matches(s, '^\d{8}')", _COMPACT, "y m d"),
        (r"regexp_matches(s, '^\d{1,2}[-/.] *\d')", *_numbers_alone(locale)),
        (rf"regexp_matches(s, '^{_WEEKDAY}\d{{1,2}}(st|nd|rd|th|er|[.º])?[-/ ]? *{_LETTER}{{2}}')", day_first, "d m y"),
        ("true", month_first, "m d y"),
    ]  # fmt: skip
    cases = " ".join(
        f"WHEN {begins} THEN regexp_extract(s, {quoted(shape)}, [{', '.join(map(quoted, (*parts.split(), 'rest')))}])"
        f"::STRUCT(y VARCHAR, m VARCHAR, d VARCHAR, rest VARCHAR)"
        for begins, shape, parts in shapes
        if parts
    )
    plain = f"lower(replace(replace({without_apostrophe(text)}, chr(160), ' '), chr(8239), ' '))"
    return let("s", plain, f"CASE {cases} END")


def _numbers_alone(locale: Locale) -> tuple[str, str]:
    match locale.date_order:
        case "dmy":
            return _NUMBERS, "d m y"
        case "mdy":
            return _NUMBERS, "m d y"
        case "ymd":
            return _SHORT_YEAR_FIRST, "y m d"
        case None:
            return _NUMBERS, ""


def _date(taken: str) -> str:
    """Return SQL of the date as 2024-12-31; NULL if the month's name is unknown."""
    year = f"CASE WHEN length({taken}.y) = 4 THEN '' WHEN {taken}.y >= '70' THEN '19' ELSE '20' END || {taken}.y"
    named = " ".join(
        f"WHEN {taken}.m IN ({', '.join(map(quoted, names.split()))}) THEN '{number}'"
        for number, names in enumerate(MONTHS, 1)
    )
    month = f"CASE WHEN {taken}.m < ':' THEN {taken}.m {named} END"
    return f"({year} || '-' || {month} || '-' || {taken}.d)"


def _time(clock: str) -> str:
    """Return SQL of the time as 22:15:00.5; NULL if an hour with am or pm is not 1 to 12."""
    hour = f"{clock}.hour::INTEGER"
    twelve = f"CASE WHEN {hour} BETWEEN 1 AND 12 THEN {hour} % 12 + CASE {clock}.half WHEN 'p' THEN 12 ELSE 0 END END"
    hours = f"(CASE WHEN {clock}.half = '' THEN {hour} ELSE {twelve} END)::VARCHAR"
    second = f"CASE WHEN {clock}.second = '' THEN '00' ELSE replace({clock}.second, ',', '.') END"
    return f"{hours} || ':' || {clock}.minute || ':' || {second}"


def _offset(clock: str) -> str:
    """Return SQL of the offset as +02:00; empty if there is none."""
    minutes = f"CASE WHEN {clock}.minutes = '' THEN '00' ELSE {clock}.minutes END"
    offset = f"{clock}.sign || lpad({clock}.hours, 2, '0') || ':' || {minutes}"
    return f"CASE WHEN {clock}.sign <> '' THEN {offset} WHEN {clock}.zone <> '' THEN '+00:00' ELSE '' END"


def _plausible(value: str, sql: str) -> str:
    return f"CASE WHEN {value} BETWEEN {sql} '1900-01-01' AND {sql} '2199-12-31' THEN {value} END"
