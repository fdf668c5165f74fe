"""Parse a file's fields: one temporary table per file, with the columns that its source's mappings use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import duckdb

from regulars.load.fields.expressions import Expression, parse_expression, require_columns
from regulars.load.file_lines import Lines
from regulars.load.files import Format, InputFile
from regulars.load.inputs.content import Content
from regulars.load.mapping import Mapping, Source
from regulars.load.parse import Locale, field_text, parsed, quoted, sql_type, unparsable_reason, without_offset
from regulars.load.read import fill, fill_batch
from regulars.load.workspace import Workspace, identifier
from regulars.vocabulary.errors import MappingError, UnreadableFile
from regulars.warehouse.schema import Kind, Rule, Table
from regulars.warehouse.tables import BY_NAME

_SMALL_FILE = 100_000
"""Largest file, in bytes, that is read in one query with others."""
MAX_BATCH_FILES = 50
"""Most files read in one query. If one of them has a broken record, each is read by itself."""


@dataclass(frozen=True)
class Plan:
    """A compiled mapping: the table that it fills and its expressions."""

    table: Table
    columns: dict[str, Expression]
    where: Expression | None
    group_by: tuple[Expression, ...]
    having: Expression | None
    place: str
    """Name of the mapping in messages."""
    running_total: bool = False
    spread: bool = False

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The table's rules that apply to its rows."""
        return tuple(rule for rule in self.table.rules if not (self.spread and rule.waived_by_spread))

    @property
    def by_line(self) -> bool:
        """Whether each row depends on one line only, so that lines of several files may be evaluated in one query."""
        return not self.group_by and not any(expression.over_rows for expression in self.expressions())

    def expressions(self) -> Iterator[Expression]:
        """Yield every expression of the mapping."""
        yield from self.columns.values()
        yield from self.group_by
        for condition in (self.where, self.having):
            if condition is not None:
                yield condition


@dataclass
class Stage:
    """One file of a load, read and parsed; `number` is its index among the load's files."""

    number: int
    file: InputFile
    source: Source
    full_name: str
    """Name of the source and its account."""
    zone: str
    locale: Locale
    now: datetime
    """Moment of the load, UTC without zone; later events are rejected as future."""
    plans: tuple[Plan, ...] = ()
    lines: Lines = field(init=False)
    kinds: dict[str, Kind] = field(default_factory=dict)
    """Kind of every column that the mappings use, by name in lower case."""

    some_bad: bool = False
    """Whether `typed` contains a line with `@bad`."""
    size: int = 0
    """Size of the unpacked content, in bytes."""
    lines_may_hold_zeros: bool = False
    """Whether the file contains a zero byte."""
    direct: str = ""
    """Temporary table of its canonical rows, one per line, if they were computed while it was read (rows/direct.py)."""
    constants: dict[str, str] = field(default_factory=dict)
    """SQL of the canonical columns that `direct` lacks, by name."""
    parse_later: Callable[[], None] | None = field(default=None, repr=False)
    """Fills `typed` on first access, if it was not filled when the file was read."""
    _typed: str = ""

    def parse_now(self) -> None:
        """Fill `typed` if it was deferred."""
        if self.parse_later is not None:
            parse, self.parse_later = self.parse_later, None
            parse()

    @property
    def typed(self) -> str:
        """Temporary table of its parsed lines."""
        self.parse_now()
        return self._typed

    @typed.setter
    def typed(self, table: str) -> None:
        self._typed = table

    def absent(self) -> list[str]:
        """Return the optional columns that the mappings use and the file lacks, in lower case."""
        return _absent(self.kinds, self.lines.names)

    def rows(self) -> str:
        """Return SQL of the parsed lines with their number as `@line`, and as `line` unless the file has such a column."""
        typed = self.typed
        rows = f'(SELECT rowid AS "@row", *{absent_columns(self.kinds, self.lines.names)} FROM {typed})'
        numbered = self.lines.numbered(rows, 'r."@row"')
        return numbered if "line" in self.kinds else f'(SELECT "@line" AS line, * FROM {numbered})'


def _absent(kinds: Dictionary[str, Kind], names: Sequence[str]) -> list[str]:
    present = {name.lower() for name in names}
    return [name for name in kinds if name not in present]


def absent_columns(kinds: Dictionary[str, Kind], names: Sequence[str]) -> str:
    """Return SQL of the columns of `kinds` missing from `names`, as NULL, each after a comma."""
    return "".join(
        f", NULL::{sql_type(kinds[name])} AS {identifier(name)}"
        + (f", NULL::BOOLEAN AS {naive(name)}" if kinds[name] is Kind.INSTANT else "")
        for name in _absent(kinds, names)
    )


def compile_plans(
    con: duckdb.DuckDBPyConnection, source: Source, compiled: dict[str, tuple[Plan, ...]]
) -> tuple[Plan, ...]:
    """Compile a source's mappings and check them against the table declarations.

    Args:
        con: Any DuckDB connection.
        source: The source.
        compiled: Cache of a load's plans, extended by this call: files with equal mappings share them.

    Raises:
        MappingError: A mapping names an unknown table or column, lacks a required one, or has a wrong expression.
    """
    key = repr((source.title, source.mappings))
    if key not in compiled:
        compiled[key] = tuple(_compile_plan(con, source, mapping) for mapping in source.mappings)
    return compiled[key]


def _compile_plan(con: duckdb.DuckDBPyConnection, source: Source, mapping: Mapping) -> Plan:
    place = f"{source.title}, table {mapping.table}"
    table = BY_NAME.get(mapping.table)
    if table is None:
        raise MappingError(
            f"{source.title}: there is no table {mapping.table!r}.", _closest(mapping.table, list(BY_NAME))
        )
    allowed = [column.name for column in table.columns] + ["updated_at"]
    for name in mapping.columns:
        if name not in allowed:
            raise MappingError(f"{place}: there is no column {name!r}.", _closest(name, allowed))
    for column in table.columns:
        if not column.nullable and column.default is None and column.name not in mapping.columns:
            raise MappingError(f"{place}: column {column.name} ({column.about}) is required and not mapped.")
    return Plan(
        table,
        {name: parse_expression(con, sql, f"{place}, column {name}") for name, sql in mapping.columns.items()},
        parse_expression(con, mapping.where, f"{place}, where") if mapping.where.strip() else None,
        tuple(parse_expression(con, sql, f"{place}, group_by") for sql in mapping.group_by),
        parse_expression(con, mapping.having, f"{place}, having") if mapping.having else None,
        place,
        mapping.running_total,
        mapping.spread,
    )


def _closest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(names)}."


def parse(workspace: Workspace, stage: Stage, content: Content) -> None:
    """Read and parse the file into `stage.typed`. Raises UnreadableFile or MappingError."""
    workspace.timezone(stage.zone)
    stage.typed = workspace.table("typed")
    profile = content.profile
    stage.lines_may_hold_zeros = profile is not None and profile.zeros and not profile.encoding.startswith("utf-16")
    plain = {name.lower() for name, kind in stage.source.types.items() if kind not in (Kind.ID, Kind.TEXT)}
    stage.lines = fill(
        workspace,
        content,
        stage.locale.decimal,
        stage.typed,
        partial(typed_lines, stage),
        plain,
    )
    stage.some_bad = _some_bad(workspace, stage.typed)


def _parse_again(workspace: Workspace, stage: Stage, content: Content) -> None:
    """Parse the lines of a file after its rows were computed. Raises UnreadableFile if the file changed meanwhile."""
    zone, read = workspace.zone, stage.lines.read
    parse(workspace, stage, content)
    workspace.timezone(zone)
    if content.changed() or stage.some_bad or stage.lines.read != read:
        raise content.changed_meanwhile()


def _some_bad(workspace: Workspace, typed: str) -> bool:
    return workspace.count(f'{typed} WHERE "@bad"') > 0


def parse_all(
    workspace: Workspace,
    files: Sequence[tuple[Stage, Content]],
    done: Callable[[], None],
    read_directly: Callable[[Workspace, Stage, Content], bool],
) -> dict[int, UnreadableFile]:
    """Read and parse files; small files with equal columns and mappings are read in one query.

    Args:
        workspace: The load's workspace.
        files: The files with their content.
        done: Called after each file.
        read_directly: Computes a file's rows while reading it and returns whether it did; the lines of such a file are
            parsed on first access only.

    Returns:
        The errors of unreadable files, by stage number.
    """
    groups: dict[object, list[tuple[Stage, Content]]] = {}
    for stage, content in files:
        groups.setdefault(_batch_key(stage, content), []).append((stage, content))
    unreadable: dict[int, UnreadableFile] = {}
    for alike in groups.values():
        for start in range(0, len(alike), MAX_BATCH_FILES):
            unreadable |= _parse_batch(workspace, alike[start : start + MAX_BATCH_FILES], read_directly)
            for _ in alike[start : start + MAX_BATCH_FILES]:
                done()
    return unreadable


def _batch_key(stage: Stage, content: Content) -> object:
    """Return a key that is equal for files that can be read in one query, and unique for any other file."""
    profile = content.profile
    if stage.file.format is not Format.DELIMITED or profile is None or content.size > _SMALL_FILE or profile.zeros:
        return stage.number
    dialect = stage.file.dialect
    how = (stage.full_name, stage.zone, stage.locale, dialect.names, dialect.delimiter)
    source = stage.source
    return (*how, repr((source.title, source.mappings, source.types, sorted(source.optional), source.contents)))


def _parse_batch(
    workspace: Workspace,
    files: Sequence[tuple[Stage, Content]],
    read_directly: Callable[[Workspace, Stage, Content], bool],
) -> dict[int, UnreadableFile]:
    if len(files) > 1:
        first, together = files[0][0], workspace.table("together")
        workspace.timezone(first.zone)
        filled = fill_batch(
            workspace,
            [content for _, content in files],
            together,
            partial(typed_lines, first, keep_texts=True),
        )
        if filled is not None:
            some_bad = _some_bad(workspace, together)
            for (stage, _), (typed, lines) in zip(files, filled, strict=True):
                stage.typed, stage.lines, stage.kinds = typed, lines, first.kinds
                stage.some_bad = some_bad and _some_bad(workspace, typed)
            return {}
    unreadable = {}
    for stage, content in files:
        try:
            if read_directly(workspace, stage, content):
                stage.parse_later = partial(_parse_again, workspace, stage, content)
            else:
                parse(workspace, stage, content)
        except UnreadableFile as error:
            unreadable[stage.number] = error
    return unreadable


def typed_lines(stage: Stage, names: tuple[str, ...], relation: str, blanks: str, *, keep_texts: bool = False) -> str:
    """Return SQL of the typed table and set `stage.kinds`.

    Besides the parsed columns it has `@bad` (some field cannot be parsed), `@empty` (all used fields are empty), `@naive x`
    (the time in x has no offset), and `@raw` (all fields as text; NULL where every field was parsed, unless `keep_texts` is
    set or content ids need it).

    Args:
        stage: The file.
        names: Names of its columns.
        relation: SQL of its records, text columns c0, c1, ….
        blanks: Characters that may surround a field in this file.
        keep_texts: Fill `@raw` in every line.

    Raises:
        MappingError: An expression names a column that the file lacks.
    """
    contents = stage.source.contents
    used = {name for plan in stage.plans for expr in plan.expressions() for name in expr.names} - contents.keys()
    used |= {name.lower() for content in contents.values() for name in content.columns}
    declared = {name.lower(): kind for name, kind in stage.source.types.items()}
    optional = {name.lower() for name in stage.source.optional}
    positions = {name.lower(): position for position, name in enumerate(names)}
    for plan in stage.plans:
        for expr in plan.expressions():
            require_columns(
                expr,
                [*names, *contents, *stage.source.optional, *(["line"] if "line" not in positions else [])],
                stage.file.name,
            )
    stage.kinds = {
        name: declared.get(name, Kind.TEXT)
        for name in sorted(used)
        if name in positions or (name in optional and name != "line")
    }
    texts, values, outs, bad, filled = [], [], [], [], []
    for name, kind in stage.kinds.items():
        if name not in positions:
            continue
        position = positions[name]
        texts.append(f"{field_text(kind, f'c{position}', blanks)} AS t{position}")
        values.append(f"t{position}")
        filled.append(f"t{position} IS NULL")
        if kind is Kind.TEXT:
            outs.append(f"{parsed(kind, f't{position}', stage.locale)} AS {identifier(names[position])}")
        else:
            values.append(f"{parsed(kind, f't{position}', stage.locale)} AS v{position}")
            outs.append(f"v{position} AS {identifier(names[position])}")
            bad.append(f"(v{position} IS NULL AND t{position} IS NOT NULL)")
        if kind is Kind.INSTANT:
            outs.append(f"CASE WHEN v{position} IS NOT NULL THEN {without_offset(f't{position}')} END AS {naive(name)}")
        if stage.lines_may_hold_zeros:
            bad.append(f"coalesce(contains(t{position}, chr(0)), false)")
    if not texts:
        filled = ["c0 IS NULL"]
    columns = ", ".join(f"c{position}" for position in range(len(names)))
    some_bad = " OR ".join(bad) or "false"
    raw = f"[{columns}]::VARCHAR[]"
    if not (keep_texts or stage.source.contents):
        raw = f"CASE WHEN {some_bad} THEN {raw} END"
    texts.append(columns)
    values.append(columns)
    outs += [f'{raw} AS "@raw"', f'{some_bad} AS "@bad"', f'{" AND ".join(filled)} AS "@empty"']
    return (
        f"SELECT {', '.join(outs)} FROM (SELECT {', '.join(values)} FROM (SELECT {', '.join(texts)} FROM {relation}))"
    )


def naive(name: str) -> str:
    """Return the name of the flag column: the time in column `name` has no offset."""
    return identifier(f"@naive {name}")


def failures(workspace: Workspace, stage: Stage) -> str:
    """Return SQL (line, columns, reasons) of the lines with `@bad`: the columns not parsed, and reject reasons."""
    positions = {name.lower(): position for position, name in enumerate(stage.lines.names)}
    read = {name: (positions[name], kind) for name, kind in stage.kinds.items() if name in positions}
    # The SQL of a reason is long, so it is built only for columns with a failing line.
    texts = ", ".join(f"""{field_text(kind, f'"@raw"[{at + 1}]')} AS "@t{at}\"""" for at, kind in read.values())
    bad = f'(SELECT *, {texts} FROM {stage.rows()} WHERE "@bad")'
    failed = {
        name: f'("@t{at}" IS NOT NULL AND {identifier(name)} IS NULL)'
        for name, (at, kind) in read.items()
        if kind is not Kind.TEXT
    }
    some = ", ".join(f"bool_or({condition})" for condition in failed.values()) or "NULL"
    failing = workspace.con.execute(f"SELECT {some} FROM {bad}").fetchall()[0]
    columns, reasons = [], []
    for name, fails in zip(failed, failing, strict=False):
        if fails:
            at, kind = read[name]
            words = unparsable_reason(kind, stage.lines.names[at], f'"@t{at}"', stage.locale)
            columns.append(f"CASE WHEN {failed[name]} THEN {quoted(name)} END")
            reasons.append(f"CASE WHEN {failed[name]} THEN {words} END")
    if stage.lines_may_hold_zeros:
        for at, _ in read.values():
            zero = quoted(f"{stage.lines.names[at]} holds a zero byte")
            reasons.append(f"""CASE WHEN contains("@t{at}", chr(0)) THEN {zero} END""")
    present = "list_filter([{}]::VARCHAR[], lambda x: x IS NOT NULL)"
    return (
        f'(SELECT "@line" AS line, {present.format(", ".join(columns))} AS columns,'
        f" {present.format(', '.join(reasons))} AS reasons FROM {bad})"
    )
