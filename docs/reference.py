"""Writes the generated parts of the documentation, from the declarations of facts and tables and from the command line.

`metric_pages.py` writes those about metrics.

The pages call these functions in cog blocks; `make docs` runs them, `make check` fails where a page is out of date.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the bench stands beside the package, not in it

from markdown_text import WIDTH, grid, wrapped

from bench import history, report
from bench.figures import FIGURES
from bench.history import Record
from regulars.cli import COMMANDS, GROUP_TITLES, application
from regulars.cli.options import help_records
from regulars.metrics.rollups.rollup_tables import ADDITIVE_GRAINS, STORED, all_rollup_tables
from regulars.vocabulary.calendar import Grain
from regulars.warehouse.fact_table import BUCKETS
from regulars.warehouse.facts import FACT_TABLES
from regulars.warehouse.schema import METADATA_COLUMNS, Column, Table
from regulars.warehouse.tables import TABLES

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "regulars"


def link(name: str) -> str:
    """A link to the heading of this name on the same page."""
    return f"[{name}](#{name.lower().replace(' ', '-')})"


# Files of the source ----------------------------------------------------------------------------------------------------


def whole_file(path: str) -> str:
    """A file as the diff that adds it."""
    return _diff(path, "/dev/null", (ROOT / path).read_text(encoding="utf-8").splitlines())


def lines_naming(path: str, *words: str) -> str:
    """The lines of a file that have one of the words, as the diff that adds them. Raises ValueError if a word is in none."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    naming = [line for line in lines if any(word in line for word in words)]
    for word in words:
        if not any(word in line for line in naming):
            raise ValueError(f"{path} does not name {word}.")
    return _diff(path, path, naming)


def metric_in(path: str, name: str) -> str:
    """The declaration of a metric, as the diff that adds it."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and any(
            keyword.arg == "name" and isinstance(keyword.value, ast.Constant) and keyword.value.value == name
            for keyword in node.keywords
        ):
            return _diff(path, path, text.splitlines()[node.lineno - 1 : node.end_lineno])
    raise ValueError(f"{path} declares no metric {name}.")


def _diff(path: str, before: str, lines: Iterable[str]) -> str:
    return (
        "\n".join(("```diff", f"--- {before}", f"+++ {path}", *(f"+{line}".rstrip() for line in lines), "```")) + "\n"
    )


# Tables ----------------------------------------------------------------------------------------------------------------


def tables() -> str:
    """All canonical tables, and the columns that each of them also carries."""
    overview = grid(("table", "what it holds"), ((link(table.name), table.about) for table in TABLES))
    sections = (_table(table) for table in TABLES)
    in_all = grid(
        ("column", "holds", "meaning"), ((column.name, column.kind, column.about) for column in METADATA_COLUMNS)
    )
    return wrapped("\n\n".join((overview, *sections, "## In every table", in_all))) + "\n"


def _table(table: Table) -> str:
    rows = ((f"**{c.name}**" if c.name in table.key else c.name, c.kind, _given(c), _meaning(c)) for c in table.columns)
    parts = [f"## {table.name}", table.about, grid(("column", "holds", "given", "meaning"), rows)]
    if table.rules:
        parts.append("A row is rejected if " + "; ".join(rule.reason for rule in table.rules) + ".")
    return "\n\n".join(parts)


def _given(column: Column) -> str:
    if column.default is not None:
        return f"else {column.default.strip(chr(39)) or 'empty'}"
    return "may be empty" if column.nullable else "required"


def _meaning(column: Column) -> str:
    choices = f": {', '.join(column.choices)}" if column.choices else ""
    least = f"; {column.low} or more" if column.low is not None else ""
    return f"{column.about}{choices}{least}"


# Commands --------------------------------------------------------------------------------------------------------------


def facts() -> str:
    """The facts that are derived from canonical tables, from their declarations."""
    rows = (
        (fact.name, fact.about, f"`{fact.table.name}`", ", ".join(f"`{read.table}`" for read in fact.reads),
         ", ".join(fact.entities), ", ".join(fact.splits))
        for fact in FACT_TABLES
    )  # fmt: skip
    return grid(("fact", "rows", "table", "also reads", "counts distinct", "splits"), rows)


def columns_of_facts() -> str:
    """The columns of each fact, from the SQL that is shipped compiled (`make statements`)."""
    groups = json.loads((PACKAGE / "warehouse" / "derive" / "statements.json").read_text(encoding="utf-8"))["groups"]
    columns = {
        statement["name"]: re.findall(r'(?:^|, )"?(\w+)"? [A-Z]', statement["columns"])
        for group in groups.values()
        for statement in group["everything"]
    }
    rows = ((fact.name, ", ".join(f"`{column}`" for column in columns[fact.name])) for fact in FACT_TABLES)
    return grid(("fact", "columns"), rows)


def rollups() -> str:
    """The levels of sums that every load stores, from their declaration, with the rows that they have at most."""
    return grid(("split by", "period", "rows in three years, at most", "facts"), _levels())


_PERIODS = {Grain.DAY: 1096, Grain.WEEK: 158, Grain.MONTH: 36, Grain.QUARTER: 12, Grain.YEAR: 3}
_VALUES = {"country": 7, "channel": 6}
"""In the bench's shop."""


def _levels() -> Iterator[tuple[str, ...]]:
    stored_families = [family for family in all_rollup_tables(365) if family.stored_splits]
    for by, stored in STORED.items():
        names = ", ".join(family.name for family in stored_families if by in family.stored_splits)
        for grain, periods in _PERIODS.items():
            added_up = grain in ADDITIVE_GRAINS
            if grain in stored or added_up:
                rows = periods * _VALUES.get(by.removeprefix("first_"), 1) * BUCKETS
                yield (by or "no split", f"{grain.value}{' (not additive)' * added_up}", f"{rows:,}", names)


def commands() -> str:
    """All commands with their arguments and options, by what they are for."""
    top: Any = typer.main.get_command(application())
    parts = []
    for title, names in COMMANDS.items():
        parts += [f"## {title}", *(_command(top.commands.pop(name), f"regulars {name}") for name in names)]
    for group in top.commands.values():
        inner = (_command(command, f"regulars {group.name} {name}") for name, command in group.commands.items())
        parts += [f"## {GROUP_TITLES[group.name]}", group.help, *inner]
    return wrapped("\n\n".join(parts)) + "\n"


def _command(command: Any, name: str) -> str:
    with typer.Context(command, info_name=name) as context:
        usage = command.get_usage(context).removeprefix("Usage: ")
        records = [record for kind in ("argument", "option") for record in help_records(command, context, kind)]
    rows = ((f"`{words}`", " ".join(meaning.split())) for words, meaning in records if words != "--help")
    paragraphs = map(_paragraph, inspect.cleandoc(command.help or "").split("\n\n"))
    return "\n\n".join((f"### {name}", *paragraphs, f"```text\n{usage}\n```", grid(("option", "meaning"), rows)))


def _paragraph(text: str) -> str:
    """Running text as it is; lines that must not be wrapped (marked by a backspace, as Typer wants it) as code."""
    if not text.startswith("\b"):
        return text
    title, *lines = text.removeprefix("\b").strip().splitlines()
    return "\n".join((title, "", "```bash", *map(str.strip, lines), "```"))


# Architecture ----------------------------------------------------------------------------------------------------------


def house() -> str:
    """Every folder of the package, and what stands beside them, with the first sentences of its docstring."""
    folders = [file for file in PACKAGE.rglob("__init__.py") if file.parent != PACKAGE]
    files = [file for file in PACKAGE.glob("*.py") if not file.name.startswith("_")]
    lines = []
    for file in (*sorted(folders), *sorted(files)):
        place = file.relative_to(PACKAGE)
        name = f"{'  ' * (len(place.parts) - 2)}{place.parent.name}/ " if place.name == "__init__.py" else place.name
        about = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        text = f"{name:<16}{' '.join(about.split(chr(10) * 2)[0].split())}"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent=" " * 16, break_on_hyphens=False)
    return "```text\n" + "\n".join(lines) + "\n```\n"


BESIDE_THE_PACKAGE = {
    "tests": "the tests, in the same folders as the package",
    "docs": "these pages; `docs/reference.py` and `docs/metric_pages.py` write the generated parts",
    "bench": "the benchmark, with other programs for comparison (`make bench`)",
    "examples": "a file of a small shop, with its mapping",
    "scripts": "scripts that the Makefile calls",
    "changes": "one file for each change since the last release",
}


def folders() -> str:
    """The rows of a table: the package's folders, each with the first sentence of its docstring, and the project's others."""
    rows = []
    for file in sorted(PACKAGE.glob("*/__init__.py")):
        about = " ".join((ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split())
        rows.append((f"`src/regulars/{file.parent.name}/`", re.split(r"(?<=\.) ", about)[0]))
    rows += [(f"`{name}/`", about) for name, about in BESIDE_THE_PACKAGE.items()]
    return "\n".join(f"| {place} | {about} |" for place, about in rows)


def arrows() -> str:
    """The layers of the package, as the checker of imports knows them: each imports only what stands below it."""
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    layers, *others = project["tool"]["importlinter"]["contracts"]
    drawn = "```text\n" + "\n".join(layers["layers"]) + "\n```"
    return "\n\n".join((drawn, "\n".join(f"- {other['name']}." for other in others))) + "\n"


# Decisions -------------------------------------------------------------------------------------------------------------


def decisions() -> str:
    """A row for each record of a decision: its title, which links to it, and its status."""
    rows = []
    for record in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        title, status = re.findall(r"^(?:# |Status: )(.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)[:2]
        rows.append((f"[{title}]({record.name})", status))
    return grid(("decision", "status"), rows)


# Performance -----------------------------------------------------------------------------------------------------------


def performance() -> str:
    """What the bench measured, of each size of shop, and of each number of customers forecast, in its newest whole run."""
    records = history.read(history.FILE)
    orders, customers = history.newest(records), history.newest(records, history.CUSTOMERS)
    return wrapped(report.page(_described(orders), _described(customers)))


def _described(records: Mapping[int, Sequence[Record]]) -> dict[int, list[Record]]:
    """The records with the descriptions that their figures have today."""
    names = {figure.name: (figure.what, figure.group) for figure in FIGURES}
    names |= {f"{figure.name}.{part.name}": (part.what, figure.group) for figure in FIGURES for part in figure.parts}
    return {
        size: [
            replace(record, what=what, group=group, aim=record.aim.replace("processors", "CPU time"))
            for record in of_size
            for what, group in (names.get(record.figure) or (record.what, _group(record, names)),)
        ]
        for size, of_size in records.items()
    }


def _group(record: Record, names: Mapping[str, tuple[str, str]]) -> str:
    """The group of a figure that is no longer measured: that of the figure it was a part of."""
    return names[record.part_of][1] if record.part_of in names else record.group
