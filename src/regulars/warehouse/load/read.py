"""A file as lines: each record a row of text columns under its number, what is no record kept aside with its reason.

Numbers count records as a user does: the header is 1, the first row 2; blank lines count, line breaks in quotes do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from regulars.vocabulary.errors import UnreadableFile
from regulars.warehouse.load.files import Format, InputFile
from regulars.warehouse.load.formats import tidy
from regulars.warehouse.load.formats.delimited import unique
from regulars.warehouse.load.formats.typed import parquet_columns, parquet_text
from regulars.warehouse.load.formats.xlsx import sheet_to_csv
from regulars.warehouse.load.parse import quoted
from regulars.warehouse.load.workspace import Workspace, identifier

_BREAKS_IN_QUOTES = "null_padding in conjunction"
_LONGEST_SHOWN = 10_000
"""DuckDB keeps this much of a line that it cannot parse."""


@dataclass
class Content:
    """A file that was looked at once: its digest, its size, and where it lies unpacked."""

    file: InputFile
    path: Path
    digest: str
    size: int
    facts: tidy.Facts | None = None
    notes: list[str] = field(default_factory=list)
    """How the file was read, where that was a choice: whole sentences about it, for the load's warnings."""


@dataclass
class Lines:
    """A file's records in DuckDB.

    `relation` is SQL that gives the columns `names` as text, in the file's order, and can be read again; `unreadable` is a
    table (line, text, reason) of records that could not be parsed; `missing` a table (line) of all numbers that the
    relation lacks.
    """

    content: Content
    names: tuple[str, ...]
    relation: str
    first: int
    unreadable: str
    missing: str
    records: int | None = None
    """How many records the relation and `unreadable` must hold together, where that is known otherwise."""
    read: int = 0
    """Records read, those that could not be parsed included. Known once the lines are filled into a table."""
    shifts: str = ""
    """Table (threshold, shift): how far the missing numbers shift the others. Empty where none is missing."""

    def numbered(self, rows: str, index: str) -> str:
        """SQL: `rows` with `@line`, the record's number, from its position in the relation."""
        if not self.shifts:
            return f'(SELECT {index} + {self.first} AS "@line", r.* FROM {rows} r)'
        return (
            f'(SELECT {index} + {self.first} + coalesce(s.shift, 0) AS "@line", r.*'
            f" FROM {rows} r ASOF LEFT JOIN {self.shifts} s ON {index} >= s.threshold)"
        )

    def again(self, wanted: str) -> str:
        """SQL that reads the records numbered in `wanted` (SQL of `@line`s) once more, with `@line` and all their fields.

        The file is gone through in one thread, so this is for the few lines that someone must see whole.
        """
        before = f"(SELECT line, row_number() OVER (ORDER BY line) AS nth FROM {self.missing})"
        positions = (
            f'(SELECT w."@line", w."@line" - {self.first} - coalesce(m.nth, 0) AS "@position"'
            f' FROM ({wanted}) w ASOF LEFT JOIN {before} m ON w."@line" > m.line)'
        )
        records = f'(SELECT row_number() OVER () - 1 AS "@position", * FROM {self.relation})'
        return f'(SELECT * EXCLUDE "@position" FROM {records} JOIN {positions} USING ("@position"))'


def look(room: Workspace, file: InputFile) -> Content:
    """Look at all bytes once: digest, encoding, what is unusual; unpack on the way. Raises UnreadableFile."""
    kind = file.format
    digest = hashlib.sha256()
    if file.plain:
        path, copy = room.reachable(file.path), None
    else:
        path = room.path(".unpacked")
        copy = path.open("wb")

    def each(chunk: bytes) -> None:
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)

    try:
        facts = tidy.look(file.chunks(), file.sample, each)
    finally:
        if copy is not None:
            copy.close()
    if kind not in (Format.DELIMITED, Format.JSON):
        return Content(file, path, digest.hexdigest(), facts.size)
    content = Content(file, path, digest.hexdigest(), facts.size, facts)
    if facts.encoding == "cp1252":
        content.notes.append(
            f"{file.name} is not UTF-8 and was read as Windows-1252. If letters look wrong, export it again as UTF-8."
        )
    return content


def fill(
    room: Workspace, content: Content, decimal: str, table: str, select: Callable[[tuple[str, ...], str], str]
) -> Lines:
    """Read the file into the temporary table `table`, as `select(names, relation)` says, in the file's order.

    Raises UnreadableFile where the file is broken, or where not every record can be accounted for.
    """
    if content.file.format is Format.DELIMITED:
        return _fill_delimited(room, content, table, select)
    match content.file.format:
        case Format.XLSX:
            lines = _sheet(room, content, decimal)
        case Format.PARQUET:
            lines = _parquet(room, content, decimal)
        case _:
            lines = _json(room, content, decimal)
    try:
        room.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {select(lines.names, lines.relation)}")
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise _broken(content.file, error) from None
    _number(room, lines)
    return _accounted(room, lines, table)


def _fill_delimited(
    room: Workspace, content: Content, table: str, select: Callable[[tuple[str, ...], str], str]
) -> Lines:
    facts = content.facts
    assert facts is not None
    dialect = content.file.dialect
    if facts.usual and dialect.preamble == 0:
        options = _Csv(content.path, dialect.delimiter, len(dialect.names))
        lines = _new(room, content, dialect.names, options.relation(), dialect.first)
        for attempt in (options, _Csv(content.path, dialect.delimiter, len(dialect.names), padding=False)):
            refused = _scan(room, attempt, lines, table, select)
            if refused is None:
                lines.relation = attempt.relation()
                _number(room, lines)
                held = room.count(table) + room.count(lines.unreadable)
                if held == facts.lines - 1 or held == tidy.count_records(content.file.chunks()) - 1:
                    return _accounted(room, lines, table)
                break
            if _BREAKS_IN_QUOTES not in refused:
                break
    return _fill_tidied(room, content, table, select)


def _fill_tidied(room: Workspace, content: Content, table: str, select: Callable[[tuple[str, ...], str], str]) -> Lines:
    """The careful way: a clean copy first, then the same reader."""
    assert content.facts is not None
    dialect = content.file.dialect
    with content.path.open("rb") as stream:
        clean = tidy.tidied(
            stream,
            content.facts,
            room.path(".csv"),
            delimiter=dialect.delimiter,
            width=len(dialect.names),
            preamble=dialect.preamble,
        )
    options = _Csv(clean.path, dialect.delimiter, len(dialect.names), parallel=not clean.multiline)
    lines = _new(room, content, dialect.names, options.relation(), dialect.first)
    lines.records = clean.records + len(clean.broken)
    if clean.missing:
        room.con.execute(f"INSERT INTO {lines.missing} SELECT unnest(?::BIGINT[])", [clean.missing])
        _number(room, lines)
    refused = _scan(room, options, lines, table, select)
    if refused is not None:
        raise UnreadableFile(f"{content.file.name} cannot be read as CSV: {refused}", "Export it again.")
    for broken in clean.broken:
        room.con.execute(f"INSERT INTO {lines.unreadable} VALUES (?, ?, ?)", broken)
    _number(room, lines)
    return _accounted(room, lines, table)


@dataclass(frozen=True)
class _Csv:
    """How DuckDB is told to read a delimited file."""

    path: Path
    delimiter: str
    width: int
    padding: bool = True
    parallel: bool = True

    def relation(self, rejects: str = "") -> str:
        columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(self.width))
        keep = f"store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{rejects}_scan'"
        return (
            f"read_csv({quoted(str(self.path))}, auto_detect = false, header = true, delim = {quoted(self.delimiter)},"
            f" quote = '\"', escape = '\"', columns = {{{columns}}}, null_padding = {self.padding},"
            f" parallel = {self.parallel}, {keep if rejects else 'ignore_errors = true'})"
        )


def _scan(
    room: Workspace, options: _Csv, lines: Lines, table: str, select: Callable[[tuple[str, ...], str], str]
) -> str | None:
    """Read into `table` and note what could not be parsed. Returns why the result cannot be trusted, or None."""
    rejects = room.table("refused")
    room.con.execute(f"DELETE FROM {lines.unreadable}")
    try:
        sql = select(lines.names, options.relation(rejects))
        room.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
        doubtful = room.count(
            f"{rejects} WHERE error_type NOT IN ('TOO MANY COLUMNS') OR contains(csv_line, chr(10)) AND {options.parallel}"
        )
        if doubtful and options.path == lines.content.path:
            return "some lines are broken"
        reason = f"'the line has more fields than the header has columns ({len(lines.names)})'"
        known = f"CASE WHEN bool_or(error_type = 'TOO MANY COLUMNS') THEN {reason} ELSE first(error_message) END"
        positions = f"(SELECT line - 2 AS position, any_value(csv_line) AS text, {known} AS reason FROM {rejects} GROUP BY line)"
        numbered = lines.numbered(positions, "r.position")
        room.con.execute(f'INSERT INTO {lines.unreadable} SELECT "@line", text, reason FROM {numbered}')
        long = room.con.execute(
            f"SELECT any_value(line_byte_position), any_value(csv_line) FROM {rejects}"
            f" WHERE length(csv_line) >= {_LONGEST_SHOWN} GROUP BY line"
        ).fetchall()
        for byte, text in long:
            _keep_whole(room, options, lines, int(byte), str(text))
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        return _plain(error)
    finally:
        room.con.execute(f"DROP TABLE IF EXISTS temp.{rejects}_scan")
    return None


def _keep_whole(room: Workspace, options: _Csv, lines: Lines, byte: int, start: str) -> None:
    """Replace the shortened text of a very long line by all of it."""
    with options.path.open("rb") as stream:
        stream.seek(byte - 1)
        text = stream.readline().decode("utf-8", errors="replace").rstrip("\r\n")
    if text.startswith(start[:1000]):
        room.con.execute(f"UPDATE {lines.unreadable} SET text = ? WHERE text = ?", [text, start])


def _new(room: Workspace, content: Content, names: tuple[str, ...], relation: str, first: int) -> Lines:
    lines = Lines(content, names, relation, first, room.table("unreadable"), room.table("missing"))
    room.con.execute(f"CREATE TEMP TABLE {lines.unreadable} (line BIGINT, text VARCHAR, reason VARCHAR)")
    room.con.execute(f"CREATE TEMP TABLE {lines.missing} (line BIGINT)")
    return lines


def _number(room: Workspace, lines: Lines) -> None:
    """Work out how far missing numbers shift the numbers of the records that are there."""
    room.con.execute(
        f"INSERT INTO {lines.missing} SELECT line FROM {lines.unreadable} ANTI JOIN {lines.missing} USING (line)"
    )
    if not room.count(lines.missing):
        return
    lines.shifts = lines.shifts or room.table("shifts")
    room.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {lines.shifts} AS SELECT threshold, max(nth) AS shift FROM ("
        f" SELECT row_number() OVER (ORDER BY line) AS nth, line - {lines.first} - nth + 1 AS threshold FROM {lines.missing}"
        ") GROUP BY threshold"
    )


def _accounted(room: Workspace, lines: Lines, table: str) -> Lines:
    lines.read = room.count(table) + room.count(lines.unreadable)
    if lines.records is not None and lines.read != lines.records:
        raise UnreadableFile(
            f"{lines.content.file.name} holds {lines.records:,} records, but only {lines.read:,} could be told apart.",
            "Look for quotes that are opened and never closed, and export the file again.",
        )
    return lines


def _sheet(room: Workspace, content: Content, decimal: str) -> Lines:
    path = room.path(".csv")
    with content.path.open("rb") as stream:
        sheet = sheet_to_csv(stream, content.file.name, path, decimal)
    options = _Csv(path, ",", len(sheet.names), padding=False)
    lines = _new(room, content, sheet.names, options.relation(), sheet.first)
    lines.records = sheet.rows
    return lines


def _parquet(room: Workspace, content: Content, decimal: str) -> Lines:
    columns = parquet_columns(room.con, content.path, content.file.name)
    texts = (f"{parquet_text(identifier(column), sql, decimal)} AS c{i}" for i, (column, sql) in enumerate(columns))
    relation = f"(SELECT {', '.join(texts)} FROM read_parquet({quoted(str(content.path))}))"
    lines = _new(room, content, unique([column for column, _ in columns]), relation, 2)
    lines.records = room.count(f"read_parquet({quoted(str(content.path))})")
    return lines


def _json(room: Workspace, content: Content, decimal: str) -> Lines:
    """One JSON object per line, or an array of them. The first record has number 1: there is no header."""
    facts, path = content.facts, content.path
    assert facts is not None
    if facts.encoding != "utf-8" or not facts.utf8:
        path = room.path(".json")
        with content.path.open("rb") as stream, path.open("w", encoding="utf-8", newline="") as out:
            out.write(stream.read().decode(facts.encoding, errors="replace"))
    objects = room.table("json")
    array = content.file.sample.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    source = (
        f"SELECT json::VARCHAR AS text FROM read_json_objects({quoted(str(path))}, format = 'array',"
        " maximum_object_size = 67108864)"
        if array
        else f"SELECT text FROM read_csv({quoted(str(path))}, auto_detect = false, header = false, delim = '\x01', quote = '',"
        " escape = '', columns = {'text': 'VARCHAR'}, max_line_size = 16777216, buffer_size = 67108864)"
    )
    try:
        room.con.execute(f"CREATE TEMP TABLE {objects} AS {source}")
    except duckdb.Error as error:
        raise _broken(content.file, error) from None
    good = "json_valid(text) AND json_type(CASE WHEN json_valid(text) THEN text END) = 'OBJECT'"
    keys = room.con.execute(
        f"SELECT key FROM (SELECT unnest(json_keys(text)) AS key, rowid AS n FROM {objects} WHERE {good})"
        " GROUP BY key ORDER BY min(n)"
    ).fetchall()
    if not keys:
        raise UnreadableFile(
            f"{content.file.name} holds no JSON records.",
            "Regulars reads one JSON object per line, or an array of them.",
        )
    texts = []
    for position, (key,) in enumerate(keys):
        at = quoted("/" + str(key).replace("~", "~0").replace("/", "~1"))
        value = f"json_extract_string(text, {at})"
        if decimal != ".":
            value = (
                f"CASE WHEN json_type(text, {at}) = 'DOUBLE' THEN replace({value}, '.', '{decimal}') ELSE {value} END"
            )
        texts.append(f"{value} AS c{position}")
    lines = _new(
        room,
        content,
        unique([key for (key,) in keys]),
        f"(SELECT {', '.join(texts)} FROM {objects} WHERE {good})",
        1,
    )
    blank = "trim(coalesce(text, '')) = ''"
    room.con.execute(
        f"INSERT INTO {lines.unreadable} SELECT rowid + 1, text, 'the line is not a JSON object' FROM {objects}"
        f" WHERE NOT coalesce({good}, false) AND NOT {blank}"
    )
    room.con.execute(f"INSERT INTO {lines.missing} SELECT rowid + 1 FROM {objects} WHERE {blank}")
    lines.records = room.count(f"{objects} WHERE NOT {blank}")
    return lines


def _broken(file: InputFile, error: Exception) -> UnreadableFile:
    return UnreadableFile(f"{file.name} is broken: {_plain(error)}", "Export it again.")


def _plain(error: Exception) -> str:
    return str(error).split("\n")[0].removeprefix("Invalid Input Error: ").removeprefix("IO Error: ")
