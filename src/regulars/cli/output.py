"""Writing answers: a readable table for people, plain text for pipes, CSV and JSON for programs."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

from regulars.cli.options import Format
from regulars.services.tables import Table, aligned, text_lines
from regulars.system.streams import has_unicode
from regulars.vocabulary.safe_text import one_line, visible

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import Console
    from rich.table import Table as RichTable

Record = Mapping[str, Any]
_GAP = 2
"""Characters between two columns."""
_WORD = 20
"""Characters after which a word of a column may be broken."""
_FOLDED, _HALF_FOLDED, _NARROW = 28, 20, 14
"""Characters that are enough for a column of words in a table that has a narrow form, in the wider of its narrow forms, and in
the narrowest."""


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def say(text: str = "") -> None:
    """A line of the answer; control characters and line breaks in it are written out."""
    print(one_line(text))


def say_lines(text: str) -> None:
    """Several lines of the answer. Whoever makes them keeps the line breaks of data out."""
    print(visible(text))


def tell(text: str) -> None:
    """A line beside the answer (on stderr): what one should know, but a program need not parse."""
    _beside(one_line(text))


def tell_lines(text: str) -> None:
    """Several lines beside the answer, as `say_lines`."""
    _beside(visible(text))


def _beside(text: str) -> None:
    """Write to stderr. Where that cannot be done the command goes on: its exit status says what became of it."""
    try:
        print(text, file=sys.stderr)
    except OSError:
        _discard(sys.stderr)


def show(sheet: Table) -> None:
    """Draw a table: with lines and as wide as the terminal, or as aligned plain text where standard output is none."""
    safe = _visible(sheet)
    if is_terminal():
        _draw(safe)
    else:
        _align(safe)


def _visible(sheet: Table, safe: Callable[[str], str] = one_line) -> Table:
    """The table without control characters: names and reasons in it come from strangers. Only narrow cells have several lines."""
    return replace(
        sheet,
        columns=[safe(name) for name in sheet.columns],
        rows=[[safe(cell) for cell in row] for row in sheet.rows],
        title=one_line(sheet.title),
        numbers=frozenset(safe(name) for name in sheet.numbers),
        notes=[one_line(note) for note in sheet.notes],
        sentences=[(one_line(sentence), tone) for sentence, tone in sheet.sentences],
        wide=None if sheet.wide is None else _visible(sheet.wide, safe),
        narrow=None if sheet.narrow is None else _visible(sheet.narrow, visible),
    )


def _draw(sheet: Table) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if sheet.sentences:
        _draw_sentences(sheet, console)
        return
    for part in _parts(sheet, console.width):
        if part.title:
            console.print(Text(part.title, style="bold"))
        console.print(_table(part, console.width), crop=False)
    for note in sheet.notes:
        console.print(Text(note, style="dim"))


def _draw_sentences(sheet: Table, console: Console) -> None:
    """The header and each row in bold, with the row's sentence below it, folded to the terminal's width."""
    from rich.padding import Padding
    from rich.text import Text

    header, *rows = aligned(sheet)
    console.print(Text(header, style="dim"), soft_wrap=True)
    for row, (sentence, tone) in zip(rows, sheet.sentences, strict=True):
        console.print(Text(row, style="bold"), soft_wrap=True)
        console.print(Padding(Text(sentence, style=tone), (0, 0, 0, 2)))


def _table(sheet: Table, width: int) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    sizes = _fitted_sizes(sheet, width)
    for name, size in zip(sheet.columns, sizes, strict=True):
        table.add_column(
            Text(name), justify="right" if name in sheet.numbers else "left", overflow="fold", width=max(size, 1)
        )
    for number, row in enumerate(sheet.rows):
        tones = sheet.tones[number] if sheet.tones else {}
        table.add_row(*(Text(cell, tones.get(name, "")) for name, cell in zip(sheet.columns, row, strict=True)))
    table.width = sum(max(size, 1) + _GAP for size in sizes)
    return table


def _fitted_sizes(sheet: Table, width: int) -> list[int]:
    """Characters of each column. Where the table is too wide the widest columns are folded first."""
    full = _sizes(sheet)
    if sum(size + _GAP for size in full) <= width:
        return full
    least = [min(size - _GAP, most) for size, most in zip(_least_sizes(sheet, 1), full, strict=True)]
    left = width - _GAP * len(full)
    limit = next((limit for limit in range(max(full), 0, -1) if sum(_limited(least, full, limit)) <= left), 0)
    return _limited(least, full, limit)


def _limited(least: Sequence[int], full: Sequence[int], limit: int) -> list[int]:
    return [min(size, max(smallest, limit)) for smallest, size in zip(least, full, strict=True)]


def _whole(sheet: Table) -> list[bool]:
    """Which columns are never cut or folded."""
    return [name in sheet.numbers or place < sheet.leading for place, name in enumerate(sheet.columns)]


def _sizes(sheet: Table) -> list[int]:
    lines = [sheet.columns, *sheet.rows]
    return [max(len(part) for line in lines for part in line[place].split("\n")) for place in range(len(sheet.columns))]


def _parts(sheet: Table, width: int) -> list[Table]:
    """The widest form of the table that fits; else its narrow form, or several tables that do."""
    if sheet.narrow is None:
        return _in_columns(sheet, width)
    for form, words in ((sheet.wide, _FOLDED), (sheet, _FOLDED), (sheet.narrow.wide, _HALF_FOLDED)):
        if form is not None and sum(_least_sizes(form, words)) <= width:
            return [form]
    return _in_columns(sheet.narrow, width, _NARROW)


def _least_sizes(sheet: Table, words: int | None) -> list[int]:
    """Characters that each column needs with its gap.

    A table without leading columns is folded between words, and in the headers of numbers.

    Args:
        sheet: The table.
        words: Characters that are enough for a column of words; None if none of them is folded.
    """
    sizes = _sizes(sheet)
    whole = _whole(sheet)
    if sheet.leading:
        return [
            _GAP + (size if is_whole or words is None else min(size, words))
            for size, is_whole in zip(sizes, whole, strict=True)
        ]
    cells = _sizes(replace(sheet, columns=[max(name.split() or [""], key=len) for name in sheet.columns]))
    longest = [
        max(len(word) for line in [sheet.columns, *sheet.rows] for word in line[place].split() or [""])
        for place in range(len(sizes))
    ]
    return [
        _GAP + (cell if is_whole else min(word, _WORD))
        for cell, word, is_whole in zip(cells, longest, whole, strict=True)
    ]


def _in_columns(sheet: Table, width: int, words: int | None = None) -> list[Table]:
    """The table where it fits, else several of some of its columns, each with the leading ones (at least the first)."""
    sizes = _least_sizes(sheet, words)
    if sum(sizes) <= width or len(sizes) < 2:
        return [sheet]
    leading = sheet.leading or 1
    groups: list[list[int]] = []
    left = 0
    for place in range(leading, len(sizes)):
        if not groups or sizes[place] > left:
            groups.append([])
            left = width - sum(sizes[:leading])
        groups[-1].append(place)
        left -= sizes[place]
    head = list(range(leading))
    return [_part(sheet, head, group, sheet.title if number == 0 else "") for number, group in enumerate(groups)]


def _part(sheet: Table, head: list[int], own: list[int], title: str) -> Table:
    """Some of the columns; rows that say nothing in them are left out."""
    kept = [number for number, row in enumerate(sheet.rows) if any(row[place] for place in own)]
    rows = [[sheet.rows[number][place] for place in (*head, *own)] for number in kept]
    columns = [sheet.columns[place] for place in (*head, *own)]
    tones = [sheet.tones[number] for number in kept] if sheet.tones else []
    return Table(columns, rows, title, sheet.numbers, leading=sheet.leading, tones=tones)


def _align(sheet: Table) -> None:
    for line in text_lines(sheet):
        say(line)


def write(items: Sequence[Record | DataclassInstance], how: Format, sheet: Table, columns: Iterable[str] = ()) -> None:
    """Write one list of records; `sheet` is how people see it. `columns` are the CSV's where there may be no record."""
    if how is Format.TABLE:
        show(sheet)
        return
    from regulars.services.serializer import records

    listed = records(items)
    if how is Format.JSON:
        write_json(listed)
    else:
        write_csv(list(columns) or list(listed[0] if listed else sheet.columns), listed)


def write_json(content: object) -> None:
    """JSON as the serializer writes it. Where the output's encoding lacks characters, all but ASCII are escaped."""
    from regulars.services.serializer import json_text

    print(json_text(content, ascii_only=not has_unicode(sys.stdout)))


def write_csv(columns: Sequence[str], records: Iterable[Record]) -> None:
    """CSV with a header, as the serializer writes it."""
    from regulars.services.serializer import csv_field

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(csv_field, columns))
    writer.writerows([csv_field(record[name]) for name in columns] for record in records)


def hush() -> None:
    """Discard further output: the reader of standard output has closed it."""
    _discard(sys.stdout)


def _discard(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
