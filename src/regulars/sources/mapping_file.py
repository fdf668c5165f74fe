"""Mapping files: TOML files that map the columns of a shop's files (docs/mapping-files.md).

All checks that do not need the shop's file are made here, before a row is read.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import duckdb

from regulars.load.fields.allowed import ALLOWED_HINT, NotAllowed
from regulars.load.fields.fragments import DateOrder
from regulars.load.fields.fragments import Decimal as Mark
from regulars.load.mapping import NAME_OF_SOURCE, ContentId, Mapping, ReadOptions, Source
from regulars.sources import catalogue, parse_expressions
from regulars.sources.content_function import content_columns, content_expression, content_name
from regulars.sources.parse_expressions import LINE, Expression, quoted
from regulars.vocabulary.errors import MappingError
from regulars.vocabulary.spelling import did_you_mean
from regulars.warehouse.schema import METADATA_COLUMNS, Column, Kind, Table
from regulars.warehouse.tables import BY_NAME
from regulars.warehouse.versions.connection import connect_in_memory

_TOP = ("name", "title", "optional", "read", "types")
_READ = ("timezone", "decimal", "date_order", "header_line", "header")
_TABLE = ("where", "group_by", "spread", "columns")
_MARKS: tuple[Mark, ...] = (".", ",")
_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")
_Choice = TypeVar("_Choice", bound=str)
_UPDATED_AT = next(column for column in METADATA_COLUMNS if column.name == "updated_at")


@dataclass(frozen=True)
class Extension:
    """A mapping file without tables: read options of a shop's files of the known source `name`."""

    name: str
    options: ReadOptions

    def applied(self, source: Source, file: str) -> Source:
        """Return the source of `file` with these options. Raises MappingError if it is another source."""
        if source.name != self.name:
            raise MappingError(
                f"{file} is a file of {source.title}, and the mapping has options for files of {self.name} only.",
                "Load it without the mapping, or write a mapping with [tables] for it.",
            )
        return self.options.applied(source)


def read(path: Path) -> Source | Extension:
    """Read a mapping file. Raises MappingError with the place of an error in it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MappingError(
            f"There is no mapping file {path}.", "Check its name and folder, or write one: docs/mapping-files.md."
        ) from None
    except UnicodeDecodeError:
        raise MappingError(f"The mapping {path} is not text in UTF-8.", "Save it as UTF-8.") from None
    except OSError as error:
        raise MappingError(f"The mapping {path} cannot be read: {error.strerror}.") from None
    return parse(text, str(path))


def parse(text: str, file: str) -> Source | Extension:
    """Parse the text of a mapping file; `file` is its name in errors. Raises MappingError."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(
            f"{file} is not valid TOML: {error}.",
            "Write a column with quotes in single quotes: order_id = '\"Order number\"'.",
        ) from None
    reader = _Reader(file)
    return reader.source(raw) if any(key in BY_NAME for key in raw) else reader.extension(raw)


@dataclass(frozen=True)
class _Draft:
    """The parsed mapping of one canonical table."""

    table: Table
    columns: dict[str, Expression]
    where: tuple[Expression, ...]
    group_by: tuple[Expression, ...]
    spread: bool

    @property
    def used(self) -> Iterator[str]:
        """The file's columns that its expressions use."""
        return (name for e in (*self.columns.values(), *self.where, *self.group_by) for name in e.columns)

    @property
    def mapping(self) -> Mapping:
        return Mapping(
            table=self.table.name,
            columns={name: expression.sql for name, expression in self.columns.items()},
            where="".join(expression.sql for expression in self.where),
            group_by=tuple(expression.sql for expression in self.group_by),
            spread=self.spread,
        )


class _Reader:
    """Parser of one mapping file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.con = connect_in_memory()

    def wrong(self, what: str, hint: str = "") -> MappingError:
        return MappingError(f"The mapping {self.file}: {what}.", hint)

    def name(self, raw: dict[str, Any]) -> str:
        """Return the mapping's name, and check the keys at the top."""
        for key in raw:
            if key not in _TOP and key not in BY_NAME:
                raise self.wrong(f"there is no table {key}", did_you_mean(key, (*BY_NAME, *_TOP)))
        name = raw.get("name")
        if not isinstance(name, str) or not NAME_OF_SOURCE.fullmatch(name):
            raise self.wrong("it needs a name of small letters, digits and _", 'Write at the top: name = "my_shop"')
        return name

    def extension(self, raw: dict[str, Any]) -> Extension:
        """Parse a mapping without tables: read options of a known source."""
        name = self.name(raw)
        known = sorted({source.name for source in catalogue.SOURCES})
        options = self.section(raw, "read", _READ)
        if name not in known or "optional" in raw or not (options or raw.get("types")):
            raise self.wrong(
                "it fills no table",
                "Begin with [orders.columns] and, below it, order_id = …; a mapping with the name of a known source"
                f" ({', '.join(known)}) may have [read] and [types] alone.",
            )
        sources = [source for source in catalogue.SOURCES if source.name == name]
        columns = {column.lower(): column for source in sources for column in source.requires | source.optional}
        read = ReadOptions(
            decimal=self.decimal(options),
            date_order=self.date_order(options),
            timezone=self.timezone(options),
            types=self.types(raw, columns),
            header_line=self.header_line(options),
            header=self.header(options),
        )
        return Extension(name, read)

    def source(self, raw: dict[str, Any]) -> Source:
        name = self.name(raw)
        drafts = [self.draft(BY_NAME[key], raw[key]) for key in raw if key in BY_NAME]
        # Column names are case-insensitive, as in SQL; the first spelling is used.
        used = {name.lower(): name for name in reversed([name for draft in drafts for name in draft.used])}
        types = _inferred(drafts) | self.types(raw, used)
        for draft in drafts:
            self.bind(draft, types)
        optional = frozenset(self.used(used, column, "optional") for column in self.texts(raw, "optional"))
        options = self.section(raw, "read", _READ)
        return Source(
            name=name,
            title=str(raw.get("title", name)),
            requires=frozenset(used.values()) - optional,
            optional=optional,
            types={used[column]: kind for column, kind in types.items()},
            mappings=tuple(draft.mapping for draft in drafts),
            contents=_contents(drafts),
            decimal=self.decimal(options) or ".",
            date_order=self.date_order(options),
            timezone=self.timezone(options),
            header_line=self.header_line(options),
            header=self.header(options),
        )

    def section(self, raw: dict[str, Any], name: str, known: Iterable[str]) -> dict[str, Any]:
        """Return the TOML table of this name, with known keys only."""
        section = raw.get(name, {})
        if not isinstance(section, dict):
            raise self.wrong(f"{name} is not a table", f"Write [{name}] on a line of its own.")
        for key in section:
            if key not in known:
                raise self.wrong(f"[{name}] has no option {key}", did_you_mean(key, known))
        return section

    def texts(self, raw: dict[str, Any], name: str) -> list[str]:
        """Return a text or a list of texts as a list, empty if the name is missing."""
        value = raw.get(name, [])
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in values):
            raise self.wrong(f"{name} is neither a text nor a list of texts")
        return values

    def used(self, used: dict[str, str], column: str, where: str) -> str:
        """Return the column in the spelling of the expressions."""
        if column.lower() not in used:
            hint = did_you_mean(column, used.values())
            raise self.wrong(f"{where} names the column {column}, which no expression uses", hint)
        return used[column.lower()]

    def types(self, raw: dict[str, Any], used: dict[str, str]) -> dict[str, Kind]:
        """Return the kinds of [types], by column in lower case."""
        kinds = [kind.value for kind in Kind]
        types = {}
        for column, kind in self.section(raw, "types", raw.get("types", {})).items():
            if kind not in kinds:
                raise self.wrong(f"[types] {column}: there is no type {kind}", did_you_mean(str(kind), kinds))
            types[self.used(used, column, "[types]").lower()] = Kind(kind)
        return types

    def draft(self, table: Table, raw: object) -> _Draft:
        """Parse [table] and [table.columns]: columns of the table, with all required ones."""
        if not isinstance(raw, dict) or not isinstance(raw.get("columns"), dict):
            hint = f"Write [{table.name}.columns] and, below it, a line for each column."
            raise self.wrong(f"[{table.name}] has no columns", hint)
        self.section({table.name: raw}, table.name, _TABLE)
        known = _columns(table)
        for name in raw["columns"]:
            if name not in known:
                raise self.wrong(f"the table {table.name} has no column {name}", did_you_mean(name, known))
        needed = (column.name for column in table.columns if not column.nullable and column.default is None)
        missing = [name for name in needed if name not in raw["columns"]]
        if missing:
            raise self.wrong(f"[{table.name}.columns] also needs {', '.join(missing)}")

        def parsed(values: Iterable[object], part: str) -> tuple[Expression, ...]:
            return tuple(self.expression(value, f"{table.name}.{part}") for value in values)

        draft = _Draft(
            table=table,
            columns={name: parsed([value], name)[0] for name, value in raw["columns"].items()},
            where=parsed([raw["where"]] if "where" in raw else [], "where"),
            group_by=parsed(self.texts(raw, "group_by"), "group_by"),
            spread=self.spread(table, raw),
        )
        key = [name for name in table.key if name in draft.columns]
        if all(_is_place(draft.columns[name]) for name in key):
            raise self.wrong(
                f"{table.name}.{', '.join(key)} is the line number alone, which differs between exports of the same row",
                f'Make the id from the row\'s values: {key[0]} = \'content("date", "buyer", "amount")\', or content() for all'
                " columns.",
            )
        return draft

    def spread(self, table: Table, raw: dict[str, Any]) -> bool:
        """Return whether rows of several days are distributed over their days."""
        spread = raw.get("spread", False)
        if not isinstance(spread, bool) or (spread and "last_day" not in raw["columns"]):
            raise self.wrong(
                f"[{table.name}] spread needs the columns day and last_day, and is true or false",
                "It distributes each row of spend evenly over its days, from day to last_day.",
            )
        return spread

    def expression(self, value: object, where: str) -> Expression:
        """Parse an expression: a text is SQL; true, false and numbers are constants."""
        if isinstance(value, (bool, int, Decimal)):
            value = str(value).lower()
        if not isinstance(value, str):
            raise self.wrong(f"{where} is not an SQL expression", "Write it as a text in quotes.")
        try:
            columns = content_columns(value)
            return parse_expressions.parse(self.con, value) if columns is None else content_expression(columns)
        except NotAllowed as error:
            raise self.wrong(f"{where} = {value[:80]} is not allowed: {error}", ALLOWED_HINT) from None
        except ValueError as error:
            column = where.partition(".")[2]
            raise self.wrong(
                f"{where} = {value} is not an SQL expression: {error}",
                f"If it is a column's name, write it in quotes: {column} = '{quoted(value)}'.",
            ) from None

    def bind(self, draft: _Draft, types: dict[str, Kind]) -> None:
        """Bind each expression to an empty table with these columns, which detects unknown functions and wrong types."""
        fields = {name.lower(): _sql_type(types.get(name.lower(), Kind.TEXT)) for name in draft.used} | {LINE: "BIGINT"}
        empty = ", ".join(f"CAST(NULL AS {sql}) AS {quoted(name)}" for name, sql in fields.items())
        mapping = draft.mapping
        lines = f"FROM (SELECT {empty})"
        chosen = f"{lines} WHERE {mapping.where}" if mapping.where else lines
        grouped = f"{chosen} GROUP BY {', '.join(mapping.group_by)}" if mapping.group_by else chosen
        queries = {"where": f"SELECT 1 {chosen}", "group_by": f"SELECT 1 {grouped}"}
        for name, expression in draft.columns.items():
            if not (mapping.group_by and expression.bare) and content_name(expression) is None:
                queries[name] = f"SELECT {expression.sql} {grouped}"
        for part, query in queries.items():
            try:
                self.con.sql(query)
            except duckdb.Error as error:
                reason = str(error).split("\n")[0].rstrip(".!")
                raise self.wrong(
                    f"{draft.table.name}.{part}: {reason}",
                    "Columns are text unless [types] declares integer, money, instant … With group_by, an expression is"
                    " an aggregate such as sum(Price), or a column alone, which is its first value.",
                ) from None

    def decimal(self, options: dict[str, Any]) -> Mark | None:
        return self.choice(options, "decimal", _MARKS, "It is the decimal mark of numbers.")

    def date_order(self, options: dict[str, Any]) -> DateOrder | None:
        return self.choice(options, "date_order", _ORDERS, "It is the order of dates such as 03/04/2024.")

    def choice(self, options: dict[str, Any], name: str, choices: tuple[_Choice, ...], hint: str) -> _Choice | None:
        """Return the option of [read] with this name, one of the choices; None if it is missing."""
        if name not in options:
            return None
        for choice in choices:
            if options[name] == choice:
                return choice
        raise self.wrong(f"[read] {name} is not one of {', '.join(map(json.dumps, choices))}", hint)

    def timezone(self, options: dict[str, Any]) -> str | None:
        name = options.get("timezone")
        try:
            return ZoneInfo(name).key if name is not None else None
        except (ValueError, OSError, TypeError, LookupError, AttributeError):
            raise self.wrong(f"[read] there is no timezone {name}", "Use a name such as Europe/London.") from None

    def header_line(self, options: dict[str, Any]) -> int | None:
        match options.get("header_line"):
            case None:
                return None
            case int(number) if number >= 1 and not isinstance(number, bool):
                return number
        raise self.wrong(
            "[read] header_line is not the number of a line", "It is the line with the column names: header_line = 4."
        )

    def header(self, options: dict[str, Any]) -> tuple[str, ...]:
        names = options.get("header", [])
        hint = 'It names the columns of a file without a header line: header = ["id", "day", "total"].'
        if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
            raise self.wrong("[read] header is not a list of names", hint)
        if "header" in options and not names:
            raise self.wrong("[read] header names no column", hint)
        if len({name.strip().lower() for name in names}) < len(names):
            raise self.wrong("[read] header names a column twice", hint)
        return tuple(names)


def _sql_type(kind: Kind) -> str:
    """Return the SQL type of a parsed column: TIMESTAMPTZ for instants."""
    return "TIMESTAMPTZ" if kind is Kind.INSTANT else kind.sql


def _columns(table: Table) -> dict[str, Column]:
    """Return the columns that a mapping can fill: those of the table and `updated_at`."""
    return {column.name: column for column in (*table.columns, _UPDATED_AT)}


def _is_place(expression: Expression) -> bool:
    """Whether the expression is the line number alone."""
    return expression.bare is not None and expression.bare.lower() == LINE


def _contents(drafts: list[_Draft]) -> dict[str, ContentId]:
    """Return the columns of each content(…). Without listed columns, columns of a row's state are excluded."""
    states = {
        used.lower()
        for draft in drafts
        for name, expression in draft.columns.items()
        if name in ("status", "updated_at")
        for used in expression.columns
    }
    others = {used.lower() for draft in drafts if draft.table.name != "returns" for used in draft.used}
    refunds = {
        used.lower()
        for draft in drafts
        if draft.table.name == "returns"
        for name in ("returned_at", "amount", "tax")
        if name in draft.columns
        for used in draft.columns[name].columns
    }
    excluded = frozenset(states | (refunds - others))
    contents = {}
    for draft in drafts:
        for expression in draft.columns.values():
            if (name := content_name(expression)) is not None:
                contents[name] = ContentId(expression.columns, frozenset() if expression.columns else excluded)
    return contents


def _inferred(drafts: list[_Draft]) -> dict[str, Kind]:
    """Infer kinds, by column in lower case: a column that is mapped without a change has the canonical column's kind."""
    candidates: dict[str, set[Kind]] = {}
    for draft in drafts:
        for name, expression in draft.columns.items():
            if expression.bare and expression.bare.lower() != LINE:
                candidates.setdefault(expression.bare.lower(), set()).add(_columns(draft.table)[name].kind)
    # A column that is also mapped to a text column has the other kind; one with two other kinds stays text.
    others = {column: kinds - {Kind.TEXT} for column, kinds in candidates.items()}
    return {column: next(iter(kinds)) for column, kinds in others.items() if len(kinds) == 1}
