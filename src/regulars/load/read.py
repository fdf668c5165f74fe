"""A file as lines: each record a row of text columns under its number, what is no record kept aside with its reason.

A file is read once: whoever fills a table from its records keeps with each what may be asked of it later. Numbers count
records as a user does: the header is 1, the first row 2; blank lines count, line breaks in quotes do not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import duckdb

from regulars.load.files import Format, InputFile
from regulars.load.formats import normalize
from regulars.load.formats.csv_records import guessed_fields
from regulars.load.formats.csv_scan import CsvScan
from regulars.load.formats.delimited import BLANK, unique
from regulars.load.formats.normalize import Broken
from regulars.load.formats.text_lines import LongLine, TextLines
from regulars.load.formats.typed import parquet_columns, parquet_text
from regulars.load.formats.xlsx import sheet_to_csv
from regulars.load.inputs.content import Content
from regulars.load.parse import BLANKS, quoted
from regulars.load.workspace import Workspace, identifier
from regulars.vocabulary.errors import UnreadableFile

_BREAKS_IN_QUOTES = "null_padding in conjunction"
_LONGEST_SHOWN = 10_000
"""DuckDB keeps this many bytes of a line that it cannot parse."""
_LONGEST_JSON_LINE = 16_000_000
"""Bytes of the longest line of JSON that is read."""
_LONGEST_GUESSED = 10_000
"""Characters of a line that cannot be parsed in which its likely fields are looked for."""

Select: TypeAlias = Callable[[tuple[str, ...], str, str], str]
"""Gives SQL of what is kept of a file's records: its columns' names, SQL of the records, the blanks that fields may hold."""


@dataclass
class Lines:
    """A file's records in DuckDB.

    `names` are the file's columns and `first` is the number of the first record. `unreadable` is a table (line, text, reason,
    size, sha256, fields) of records that could not be parsed; size and digest are those of lines of which only the start was
    kept, `fields` what they likely hold. `missing` is a table (line) of all numbers that the filled table lacks.
    """

    content: Content
    names: tuple[str, ...]
    first: int
    unreadable: str
    missing: str
    records: int | None = None
    """How many records the filled table and `unreadable` must hold together, where that is known otherwise."""
    read: int = 0
    """Records read, those that could not be parsed included. Known once the lines are filled into a table."""
    broken: int = 0
    """Rows of `unreadable`; known then too."""
    again: Callable[[], str] = str
    """Gives SQL of the records as text, c0, c1, …: those that filled the table, in the same order."""
    shifts: str = ""
    """Table (threshold, shift): how far the missing numbers shift the others. Empty where none is missing."""

    def numbered(self, rows: str, index: str) -> str:
        """SQL: `rows` with `@line`, the record's number, from its position in the filled table."""
        if not self.shifts:
            return f'(SELECT {index} + {self.first} AS "@line", r.* FROM {rows} r)'
        return (
            f'(SELECT {index} + {self.first} + coalesce(s.shift, 0) AS "@line", r.*'
            f" FROM {rows} r ASOF LEFT JOIN {self.shifts} s ON {index} >= s.threshold)"
        )


def fill(
    workspace: Workspace,
    content: Content,
    decimal: str,
    table: str,
    select: Select,
    plain: Collection[str] = (),
) -> Lines:
    """Read the file into the temporary table `table`, as `select(names, relation, blanks)` says, in the file's order.

    Of a workbook, whole numbers are read as their format shows them, but for those of the columns `plain`, in lower case.
    Raises UnreadableFile where the file is broken, or where not every record can be accounted for.
    """
    if content.file.format is Format.DELIMITED:
        return fill_usual(workspace, content, table, select) or _fill_tidied(workspace, content, table, select)
    try:
        match content.file.format:
            case Format.XLSX:
                lines, relation = _sheet(workspace, content, decimal, plain)
            case Format.PARQUET:
                lines, relation = _parquet(workspace, content, decimal)
            case _:
                lines, relation = _json(workspace, content, decimal)
        workspace.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {select(lines.names, relation, BLANKS)}")
        lines.again = lambda: relation
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:  # a damaged Parquet file fails in any part of its reader
        raise _broken(content.file, error) from None
    _number(workspace, lines)
    return _accounted(workspace, lines, table)


def fill_usual(workspace: Workspace, content: Content, table: str, select: Select) -> Lines | None:
    """Read a delimited file as `fill` does, where a parallel reader can be trusted with it as it is; None where it cannot."""
    facts, dialect = content.facts, content.file.dialect
    assert facts is not None
    if facts.usual and dialect.first == 2 and dialect.delimiter != BLANK:
        lines = _new(workspace, content, dialect.names, dialect.first)
        for padding in (True, False):
            csv = CsvScan(content.path, dialect.delimiter, len(dialect.names), padding=padding)
            refused = _scan(workspace, csv, lines, table, select)
            if refused is None:
                # With the same options, or its reader may give other records where some are broken.
                lines.again = partial(_with_rejects, workspace, csv)
                _number(workspace, lines)
                if workspace.count(table) + workspace.count(lines.unreadable) in (facts.lines - 1, facts.records - 1):
                    return _accounted(workspace, lines, table)
                break
            if _BREAKS_IN_QUOTES not in refused:
                break
    return None


def fill_together(
    workspace: Workspace, contents: Sequence[Content], table: str, select: Select
) -> list[tuple[str, Lines]] | None:
    """Read delimited files with the same columns at once: to plan the query takes longer than to read a small file.

    Returns a table and its lines for each file; None where a record of any file is broken, so that each is read by itself.
    """
    dialects = [content.file.dialect for content in contents]
    path, counts, multiline = workspace.path(".csv"), [], False
    with path.open("wb") as together:
        for content in contents:
            clean = _tidied(workspace, content)
            if clean.missing or clean.broken or clean.lines.windows:
                return None
            together.write(clean.path.read_bytes())
            clean.path.unlink()
            counts.append(clean.records)
            multiline = multiline or clean.multiline
    csv = CsvScan(path, dialects[0].delimiter, len(dialects[0].names), header=False, parallel=not multiline)
    try:
        sql = select(dialects[0].names, csv.relation(), BLANKS)
        workspace.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return None
    if workspace.count(table) != sum(counts):
        return None
    none_broken = _new(workspace, contents[0], dialects[0].names, dialects[0].first)
    filled, start = [], 0
    for content, dialect, count in zip(contents, dialects, counts, strict=True):
        own, end = workspace.table("typed"), start + count
        workspace.con.execute(f"CREATE TEMP TABLE {own} AS FROM {table} WHERE rowid >= {start} AND rowid < {end}")
        lines = replace(
            none_broken, content=content, names=dialect.names, first=dialect.first, records=count, read=count
        )
        filled.append((own, lines))
        start += count
    return filled


def _tidied(workspace: Workspace, content: Content) -> normalize.Tidied:
    assert content.facts is not None
    dialect = content.file.dialect
    with content.path.open("rb") as stream:
        return normalize.tidied(
            stream,
            content.facts.encoding,
            workspace.path(".csv"),
            delimiter=dialect.delimiter,
            width=len(dialect.names),
            preamble=dialect.preamble,
            has_header=dialect.has_header,
        )


def _fill_tidied(workspace: Workspace, content: Content, table: str, select: Select) -> Lines:
    """The careful way: a clean copy first, in which nothing is left to guess, then the same reader."""
    dialect = content.file.dialect
    clean = _tidied(workspace, content)
    _note_encoding(content, clean.lines)
    lines = _new(workspace, content, dialect.names, dialect.first)
    lines.records = clean.records + len(clean.broken)
    csv = CsvScan(clean.path, dialect.delimiter, len(dialect.names), header=False, parallel=not clean.multiline)
    lines.again = csv.relation
    try:
        workspace.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {select(lines.names, csv.relation(), BLANKS)}")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise UnreadableFile(
            f"{content.file.name} cannot be read as CSV: {_plain(error)}", "Export it again."
        ) from None
    workspace.con.execute(f"INSERT INTO {lines.missing} SELECT unnest(?::BIGINT[])", [clean.missing])
    _keep_broken(workspace, lines, clean.broken)
    _number(workspace, lines)
    return _accounted(workspace, lines, table)


def _note_encoding(content: Content, lines: TextLines) -> None:
    """Say which lines were read as Windows-1252: no byte tells it from other old encodings."""
    name = content.file.name
    if not lines.windows:
        return
    if not lines.other_utf8:
        how = f"{name} is not UTF-8 and was read as Windows-1252"
    elif lines.windows == 1:
        how = f"{name}: line {lines.first_windows} is not UTF-8 and was read as Windows-1252"
    else:
        how = (
            f"{name}: {lines.windows:,} lines are not UTF-8 and were read as Windows-1252, the first is line"
            f" {lines.first_windows}"
        )
    content.notes.append(f"{how}. If letters look wrong, export it again as UTF-8.")


def _scan(workspace: Workspace, csv: CsvScan, lines: Lines, table: str, select: Select) -> str | None:
    """Read into `table` and note lines with too many fields. Returns why the result cannot be trusted, or None."""
    rejects = workspace.table("refused")
    try:
        assert lines.content.facts is not None
        sql = select(lines.names, csv.relation(rejects, workspace.table("refused_scan")), lines.content.facts.blanks)
        workspace.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
        # What is wrong with quotes may have taken other lines with it, and of a long line only the start is kept.
        if workspace.count(
            f"{rejects} WHERE error_type NOT IN ('TOO MANY COLUMNS') OR contains(csv_line, chr(10))"
            f" OR strlen(csv_line) >= {_LONGEST_SHOWN}"
        ):
            return "some lines are broken"
        reason = normalize.too_many_fields(len(lines.names))
        positions = f"(SELECT line - 2 AS position, any_value(csv_line) AS text FROM {rejects} GROUP BY line)"
        sql = f'SELECT "@line", text FROM {lines.numbered(positions, "r.position")}'
        numbered = workspace.con.execute(sql).fetchall()
        _keep_broken(workspace, lines, [Broken(line, text, reason) for line, text in numbered])
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:  # what its reader says of broken quotes comes in several classes
        return _plain(error)
    return None


def _with_rejects(workspace: Workspace, csv: CsvScan) -> str:
    return csv.relation(workspace.table("refused"), workspace.table("refused_scan"))


def _keep_broken(workspace: Workspace, lines: Lines, broken: Sequence[Broken]) -> None:
    """Add lines of a delimited file to `unreadable`."""
    delimiter = lines.content.file.dialect.delimiter
    workspace.con.execute(
        f"INSERT INTO {lines.unreadable} SELECT unnest($line::BIGINT[]), unnest($text::VARCHAR[]), unnest($reason::VARCHAR[]),"
        " unnest($size::BIGINT[]), unnest($sha256::VARCHAR[]), unnest($fields::VARCHAR[][])",
        {
            "line": [line.number for line in broken],
            "text": [line.text for line in broken],
            "reason": [line.reason for line in broken],
            "size": [line.long and line.long.size for line in broken],
            "sha256": [line.long and line.long.sha256 for line in broken],
            "fields": [guessed_fields(line.text[:_LONGEST_GUESSED], delimiter) for line in broken],
        },
    )


def _new(workspace: Workspace, content: Content, names: tuple[str, ...], first: int) -> Lines:
    lines = Lines(content, names, first, workspace.table("unreadable"), workspace.table("missing"))
    workspace.con.execute(
        f"CREATE TEMP TABLE {lines.unreadable} (line BIGINT, text VARCHAR, reason VARCHAR, size BIGINT, sha256 VARCHAR,"
        " fields VARCHAR[])"
    )
    workspace.con.execute(f"CREATE TEMP TABLE {lines.missing} (line BIGINT)")
    return lines


def _number(workspace: Workspace, lines: Lines) -> None:
    """Work out how far missing numbers shift the numbers of the records that are there."""
    workspace.con.execute(
        f"INSERT INTO {lines.missing} SELECT line FROM {lines.unreadable} ANTI JOIN {lines.missing} USING (line)"
    )
    if not workspace.count(lines.missing):
        return
    lines.shifts = lines.shifts or workspace.table("shifts")
    workspace.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {lines.shifts} AS SELECT threshold, max(nth) AS shift FROM ("
        f" SELECT row_number() OVER (ORDER BY line) AS nth, line - {lines.first} - nth + 1 AS threshold FROM {lines.missing}"
        ") GROUP BY threshold"
    )


def _accounted(workspace: Workspace, lines: Lines, table: str) -> Lines:
    lines.broken = workspace.count(lines.unreadable)
    lines.read = workspace.count(table) + lines.broken
    if lines.records is not None and lines.read != lines.records:
        raise UnreadableFile(
            f"{lines.content.file.name} holds {lines.records:,} records, but only {lines.read:,} could be told apart.",
            "Look for quotes that are opened and never closed, and export the file again.",
        )
    return lines


def _sheet(workspace: Workspace, content: Content, decimal: str, plain: Collection[str]) -> tuple[Lines, str]:
    path = workspace.path(".csv")
    layout = content.file.sheet_layout
    with content.path.open("rb") as stream:
        rows = sheet_to_csv(stream, content.file.name, path, decimal, layout, plain)
    lines = _new(workspace, content, layout.names, layout.first)
    lines.records = rows
    return lines, CsvScan(path, ",", len(layout.names)).relation()


def _parquet(workspace: Workspace, content: Content, decimal: str) -> tuple[Lines, str]:
    columns = parquet_columns(workspace.con, content.path, content.file.name)
    texts = (f"{parquet_text(identifier(column), sql, decimal)} AS c{i}" for i, (column, sql) in enumerate(columns))
    relation = f"(SELECT {', '.join(texts)} FROM read_parquet({quoted(str(content.path))}))"
    lines = _new(workspace, content, unique([column for column, _ in columns]), 2)
    lines.records = workspace.count(f"read_parquet({quoted(str(content.path))})")
    return lines, relation


def _json(workspace: Workspace, content: Content, decimal: str) -> tuple[Lines, str]:
    """One JSON object per line, or an array of them. The first record has number 1: there is no header."""
    facts, path = content.facts, content.path
    assert facts is not None
    array = content.file.sample.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    too_long: list[tuple[int, LongLine]] = []
    if facts.encoding != "utf-8" or not facts.utf8 or (facts.long_lines and not array):
        path = workspace.path(".json")
        with content.path.open("rb") as stream, path.open("w", encoding="utf-8", newline="") as out:
            text = TextLines(stream, facts.encoding, longest=sys.maxsize if array else _LONGEST_JSON_LINE)
            for number, line in enumerate(text, start=1):
                if isinstance(line, LongLine):
                    too_long.append((number, line))
                out.write("\n" if isinstance(line, LongLine) else f"{line}\n")
        _note_encoding(content, text)
    objects = workspace.table("json")
    source = (
        f"SELECT json::VARCHAR AS text FROM read_json_objects({quoted(str(path))}, format = 'array',"
        " maximum_object_size = 67108864)"
        if array
        else f"SELECT text FROM read_csv({quoted(str(path))}, auto_detect = false, header = false, delim = '\x01', quote = '',"
        f" escape = '', columns = {{'text': 'VARCHAR'}}, max_line_size = {2 * _LONGEST_JSON_LINE}, buffer_size = 67108864)"
    )
    try:
        workspace.con.execute(f"CREATE TEMP TABLE {objects} AS {source}")
    except duckdb.Error as error:
        raise _broken(content.file, error) from None
    good = "json_valid(text) AND json_type(CASE WHEN json_valid(text) THEN text END) = 'OBJECT'"
    keys = workspace.con.execute(
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
    lines = _new(workspace, content, unique([key for (key,) in keys]), 1)
    blank = "trim(coalesce(text, '')) = ''"
    workspace.con.execute(
        f"INSERT INTO {lines.unreadable} SELECT rowid + 1, text, 'the line is not a JSON object', NULL, NULL, NULL FROM {objects}"
        f" WHERE NOT coalesce({good}, false) AND NOT {blank}"
    )
    workspace.con.execute(f"INSERT INTO {lines.missing} SELECT rowid + 1 FROM {objects} WHERE {blank}")
    reason = f"the line is longer than {_LONGEST_JSON_LINE:,} bytes"
    for number, line in too_long:
        workspace.con.execute(
            f"INSERT INTO {lines.unreadable} VALUES (?, ?, ?, ?, ?, NULL)",
            [number, line.start, reason, line.size, line.sha256],
        )
    lines.records = workspace.count(f"{objects} WHERE NOT {blank}") + len(too_long)
    return lines, f"(SELECT {', '.join(texts)} FROM {objects} WHERE {good})"


def _broken(file: InputFile, error: Exception) -> UnreadableFile:
    return UnreadableFile(f"{file.name} is broken: {_plain(error)}", "Export it again.")


def _plain(error: Exception) -> str:
    """The error's first line, without the name of its class."""
    return re.sub(r"^[A-Za-z ]+ Error: ", "", str(error).split("\n")[0])
