"""Position of a file's header: the first line, or below lines that are not part of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from regulars.load.files import Format, InputFile
from regulars.load.formats import delimited
from regulars.load.mapping import Source
from regulars.vocabulary.errors import MappingError, UnknownFile


def with_header(file: InputFile, recognise: Callable[[InputFile], Source]) -> tuple[InputFile, Source]:
    """Find the header of a file: the first line (or sheet and row) that `recognise` accepts.

    Args:
        file: The file.
        recognise: Returns the source of a file by its header, or raises UnknownFile or MappingError.

    Returns:
        The file with that header, and its source.

    Raises:
        UnknownFile: No line is recognised; the error is that of the most likely header.
        MappingError: As UnknownFile, for a source whose mapping does not fit.
    """
    for tried in _candidates(file):
        try:
            return tried, recognise(tried)
        except (UnknownFile, MappingError):
            continue
    likely = _likely(file)
    if likely.format is Format.DELIMITED and not likely.dialect.is_split and not file.columns:
        raise UnknownFile(
            f"{file.name} has no delimiter: no comma, semicolon, tab, | or blank splits its lines into columns.",
            "Export it as CSV, or replace the characters between the columns by commas.",
        )
    return likely, recognise(likely)


def layout_notes(file: InputFile) -> list[str]:
    """Return sentences about lines above the header, and sheets, that are left out."""
    notes = []
    if file.format is Format.XLSX:
        layout = file.sheet_layout
        others = [sheet for sheet in file.sheets if sheet.title != layout.title and sheet.rows]
        if others:
            names = ", ".join(f"“{sheet.title}”{' (hidden)' if sheet.hidden else ''}" for sheet in others)
            notes.append(f"{file.name}: only the sheet “{layout.title}” was read, not {names}.")
        top = next(sheet.rows[0][0] for sheet in file.sheets if sheet.title == layout.title)
        word = "row"
    elif file.format is Format.DELIMITED:
        top, word = delimited.first_line(file.sample), "line"
    else:
        return []
    line = file.header_line
    if line is not None and line > top:
        above = f"the {word} above it was" if line == 2 else f"the {line - 1} {word}s above it were"
        notes.append(f"{file.name}: the header was taken from {word} {line}; {above} left out.")
    return notes


def _candidates(file: InputFile) -> Iterator[InputFile]:
    """Yield the file, then the file with each other possible header: sheet, line or row."""
    yield file
    is_declared = file.columns or file.header_line is not None
    if file.format is Format.XLSX:
        for sheet in file.visible_sheets:
            for number in (file.header_line,) if is_declared else (number for number, _ in sheet.rows):
                yield file.with_layout(header_line=number, columns=file.columns, sheet=sheet.title)
    elif file.format is Format.DELIMITED and not is_declared:
        for number in delimited.header_candidates(file.sample):
            yield file.with_layout(header_line=number, columns=())


def _likely(file: InputFile) -> InputFile:
    """Return the file with its most likely header, for messages about unknown files."""
    if file.format is Format.DELIMITED and not file.columns and file.header_line is None:
        number = delimited.likely_header(file.sample)
        if number != file.dialect.first - 1:
            return file.with_layout(header_line=number, columns=())
    return file
