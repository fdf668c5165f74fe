"""Read a file's records as rows of text columns with line numbers; broken records are kept apart with their reason.

A file is read once, while its table is filled. Line numbers count records: the header is 1, the first row 2; blank lines
count, line breaks in quotes do not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import duckdb

from regulars.load.file_lines import Lines, count_lines, new_lines, number_lines
from regulars.load.files import Format, InputFile
from regulars.load.formats import normalize
from regulars.load.formats.csv_records import guessed_fields
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
"""Bytes that DuckDB keeps of a line that it cannot parse."""
_LONGEST_JSON_LINE = 16_000_000
"""Largest line of JSON, in bytes."""
_LONGEST_GUESSED = 10_000
"""Characters of a broken line in which likely fields are searched."""

Select: TypeAlias = Callable[[tuple[str, ...], str, str], str]
"""Returns SQL of the table to fill, from the column names, SQL of the records, and the blanks that fields may have."""


def fill(
    workspace: Workspace,
    content: Content,
    decimal: str,
    table: str,
    select: Select,
    plain: Collection[str] = (),
) -> Lines:
    """Read the file into a temporary table, in the file's order.

    Args:
        workspace: The load's workspace.
        content: The file.
        decimal: Decimal mark of the source.
        table: Name of the table to create.
        select: Returns SQL of the table's content.
        plain: Columns of a workbook, in lower case, whose whole numbers are read without their number format.

    Raises:
        UnreadableFile: The file is broken, or the number of records read is not the expected one.
    """
    if content.file.format is Format.DELIMITED:
        return fill_parallel(workspace, content, table, select) or _fill_normalized(workspace, content, table, select)
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
    except duckdb.Error as error:  # damaged Parquet files raise various errors
        raise _broken(content.file, error) from None
    number_lines(workspace, lines)
    return count_lines(workspace, lines, table)


def fill_parallel(workspace: Workspace, content: Content, table: str, select: Select) -> Lines | None:
    """Read a regular delimited file as `fill` does, with the parallel reader; returns None for an irregular file."""
    profile, dialect = content.profile, content.file.dialect
    assert profile is not None
    if profile.is_regular and dialect.first == 2 and dialect.delimiter != BLANK:
        lines = new_lines(workspace, content, dialect.names, dialect.first)
        for padding in (True, False):
            csv = CsvScan(content.path, dialect.delimiter, len(dialect.names), padding=padding)
            refused = _scan(workspace, csv, lines, table, select)
            if refused is None:
                # With other options the reader may return other records of a file with broken ones.
                lines.again = partial(_with_rejects, workspace, csv)
                number_lines(workspace, lines)
                if workspace.count(table) + workspace.count(lines.unreadable) in (
                    profile.lines - 1,
                    profile.records - 1,
                ):
                    return count_lines(workspace, lines, table)
                break
            if _BREAKS_IN_QUOTES not in refused:
                break
    return None


def fill_batch(
    workspace: Workspace, contents: Sequence[Content], table: str, select: Select
) -> list[tuple[str, Lines]] | None:
    """Read delimited files with equal columns in one query: planning a query takes longer than reading a small file.

    Returns:
        A table and its lines for each file; None if any record is broken, so that each file must be read by itself.
    """
    dialects = [content.file.dialect for content in contents]
    path, counts, multiline = workspace.path(".csv"), [], False
    with path.open("wb") as together:
        for content in contents:
            clean = _normalized_copy(workspace, content)
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
    none_broken = new_lines(workspace, contents[0], dialects[0].names, dialects[0].first)
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


def _normalized_copy(workspace: Workspace, content: Content) -> normalize.NormalizedCopy:
    assert content.profile is not None
    dialect = content.file.dialect
    with content.path.open("rb") as stream:
        return normalize.write_normalized(
            stream,
            content.profile.encoding,
            workspace.path(".csv"),
            delimiter=dialect.delimiter,
            width=len(dialect.names),
            preamble=dialect.preamble,
            has_header=dialect.has_header,
        )


def _fill_normalized(workspace: Workspace, content: Content, table: str, select: Select) -> Lines:
    """Read a delimited file from a normalized copy."""
    dialect = content.file.dialect
    clean = _normalized_copy(workspace, content)
    _note_encoding(content, clean.lines)
    lines = new_lines(workspace, content, dialect.names, dialect.first)
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
    number_lines(workspace, lines)
    return count_lines(workspace, lines, table)


def _note_encoding(content: Content, lines: TextLines) -> None:
    """Add a note about lines read as Windows-1252, which cannot be told from other single-byte encodings."""
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
    """Read into `table`, and record lines with too many fields. Returns why the result may be wrong, or None."""
    rejects = workspace.table("refused")
    try:
        assert lines.content.profile is not None
        sql = select(lines.names, csv.relation(rejects, workspace.table("refused_scan")), lines.content.profile.blanks)
        workspace.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
        # A broken quote may hide other lines, and of a long line only the start is kept.
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
    except duckdb.Error as error:  # broken quotes raise several classes
        return _plain(error)
    return None


def _with_rejects(workspace: Workspace, csv: CsvScan) -> str:
    return csv.relation(workspace.table("refused"), workspace.table("refused_scan"))


def _keep_broken(workspace: Workspace, lines: Lines, broken: Sequence[Broken]) -> None:
    """Add broken lines of a delimited file to `unreadable`."""
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


def _sheet(workspace: Workspace, content: Content, decimal: str, plain: Collection[str]) -> tuple[Lines, str]:
    path = workspace.path(".csv")
    layout = content.file.sheet_layout
    with content.path.open("rb") as stream:
        rows = sheet_to_csv(stream, content.file.name, path, decimal, layout, plain)
    lines = new_lines(workspace, content, layout.names, layout.first)
    lines.records = rows
    return lines, CsvScan(path, ",", len(layout.names)).relation()


def _parquet(workspace: Workspace, content: Content, decimal: str) -> tuple[Lines, str]:
    columns = parquet_columns(workspace.con, content.path, content.file.name)
    texts = (f"{parquet_text(identifier(column), sql, decimal)} AS c{i}" for i, (column, sql) in enumerate(columns))
    relation = f"(SELECT {', '.join(texts)} FROM read_parquet({quoted(str(content.path))}))"
    lines = new_lines(workspace, content, unique([column for column, _ in columns]), 2)
    lines.records = workspace.count(f"read_parquet({quoted(str(content.path))})")
    return lines, relation


def _json(workspace: Workspace, content: Content, decimal: str) -> tuple[Lines, str]:
    """Read one JSON object per line, or an array of them. The first record is number 1: there is no header."""
    profile, path = content.profile, content.path
    assert profile is not None
    array = content.file.sample.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    too_long: list[tuple[int, LongLine]] = []
    if profile.encoding != "utf-8" or not profile.utf8 or (profile.long_lines and not array):
        path = workspace.path(".json")
        with content.path.open("rb") as stream, path.open("w", encoding="utf-8", newline="") as out:
            text = TextLines(stream, profile.encoding, longest=sys.maxsize if array else _LONGEST_JSON_LINE)
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
    lines = new_lines(workspace, content, unique([key for (key,) in keys]), 1)
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
    """Return the error's first line without the name of its class."""
    return re.sub(r"^[A-Za-z ]+ Error: ", "", str(error).split("\n")[0])


@dataclass(frozen=True)
class CsvScan:
    """A file, its delimiter and its number of columns; `padding` adds empty fields to short records."""

    path: Path
    delimiter: str
    width: int
    header: bool = True
    padding: bool = False
    parallel: bool = True

    def relation(self, rejects: str = "", scan: str = "") -> str:
        """Return SQL of the file's columns c0, c1, … as text.

        Args:
            rejects: Name of a table that receives lines that cannot be parsed; without it they are errors.
            scan: Name of a table that receives the parameters of the scan.
        """
        columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(self.width))
        keep = f", store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{scan}'" if rejects else ""
        return (
            f"read_csv({quoted(str(self.path))}, auto_detect = false, header = {self.header},"
            f" delim = {quoted(self.delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}},"
            f" null_padding = {self.padding}, parallel = {self.parallel}{keep})"
        )
