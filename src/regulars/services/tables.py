"""Tables of text for people, which the command line draws; also as plain text and HTML for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from regulars.vocabulary.safe_text import one_line, visible


@dataclass
class Table:
    """A table of text for people. The columns in `numbers` are aligned to the right and never cut."""

    columns: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    title: str = ""
    numbers: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    """Lines below the table."""
    leading: int = 0
    """Number of columns that each part repeats if the table is too wide for the terminal and drawn in parts."""
    tones: list[dict[str, str]] = field(default_factory=list)
    """For each row, colours of cells in a terminal, by column. Empty if no cell has one."""
    sentences: list[tuple[str, str]] = field(default_factory=list)
    """For each row, a sentence below it and its colour in a terminal. Empty without sentences."""
    wide: Table | None = None
    """Table to draw instead if the terminal is wide enough."""
    narrow: Table | None = None
    """Table to draw instead if the terminal is too narrow. Its cells may have several lines."""


def text_lines(table: Table) -> list[str]:
    """Return the table as lines of plain text: title, header, rows with their sentences, notes."""
    header, *rows = aligned(table)
    lines = [table.title, header] if table.title else [header]
    for number, row in enumerate(rows):
        lines += [row, f"  {table.sentences[number][0]}"] if table.sentences else [row]
    return [one_line(line) for line in (*lines, *table.notes)]


def aligned(table: Table) -> list[str]:
    """Return the header and the rows as aligned lines of text, numbers to the right."""
    lines = [list(table.columns), *([" ".join(cell.split()) for cell in row] for row in table.rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(table.columns))]
    texts = []
    for line in lines:
        cells = (
            cell.rjust(size) if name in table.numbers else cell.ljust(size)
            for cell, size, name in zip(line, widths, table.columns, strict=True)
        )
        texts.append("  ".join(cells).rstrip())
    return texts


_STYLE = """<style scoped>
.regulars th, .regulars td { text-align: left; white-space: pre-line; }
.regulars .number { text-align: right; font-variant-numeric: tabular-nums; }
.regulars .green { color: #0B6E5F; } .regulars .red { color: #B23A0E; }
</style>"""


def html(table: Table) -> str:
    """Return the table as HTML, with its title as caption and its notes below; all text is escaped."""
    caption = f"<caption>{_escaped(table.title)}</caption>" if table.title else ""
    classes = ["number" if name in table.numbers else "" for name in table.columns]
    head = "".join(_cell("th", name, kind) for name, kind in zip(table.columns, classes, strict=True))
    body = []
    for number, row in enumerate(table.rows):
        tones = table.tones[number] if table.tones else {}
        cells = zip(row, table.columns, classes, strict=True)
        body.append("".join(_cell("td", cell, f"{kind} {tones.get(name, '')}".strip()) for cell, name, kind in cells))
        if table.sentences:
            sentence, tone = table.sentences[number]
            body.append(f'<td colspan="{len(table.columns)}" class="{tone}">{_escaped(sentence)}</td>')
    rows = "".join(f"<tr>{cells}</tr>" for cells in body)
    notes = "".join(f"<p>{_escaped(note)}</p>" for note in table.notes)
    return (
        f'<div class="regulars">{_STYLE}<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"{notes}</div>"
    )


def _cell(tag: str, text: str, classes: str) -> str:
    named = f' class="{classes}"' if classes else ""
    return f"<{tag}{named}>{_escaped(text)}</{tag}>"


def _escaped(text: str) -> str:
    return escape(visible(text))
