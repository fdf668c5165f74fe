"""Input files: expansion of paths, globs, directories and archives; format and column names of each file."""

from __future__ import annotations

import glob
import gzip
import hashlib
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO, cast

from regulars.load.formats.delimited import Dialect, dialect_of, first_rows, is_binary, unique
from regulars.load.formats.packed import check_count, check_unpacked
from regulars.load.formats.typed import json_header, json_sample, parquet_columns
from regulars.load.formats.xlsx import SheetLayout, SheetTop, sheet_tops
from regulars.load.workspace import reachable
from regulars.vocabulary.errors import UnreadableFile
from regulars.vocabulary.safe_text import is_utf8, shown
from regulars.warehouse.versions.connection import connect_in_memory

SAMPLE = 1 << 20
"""Bytes read from a file's start to detect its format, encoding and delimiter."""

CHUNK = 1 << 22
BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)
"""Exceptions that Python raises for broken, truncated or encrypted archives."""


class Format(StrEnum):
    """Format of a file's rows."""

    DELIMITED = "delimited text"
    JSON = "JSON"
    XLSX = "XLSX"
    PARQUET = "Parquet"


_ARCHIVES = (".zip", ".gz")
_BY_ENDING = {
    ".csv": Format.DELIMITED,
    ".tsv": Format.DELIMITED,
    ".tab": Format.DELIMITED,
    ".txt": Format.DELIMITED,
    ".json": Format.JSON,
    ".jsonl": Format.JSON,
    ".ndjson": Format.JSON,
    ".xlsx": Format.XLSX,
    ".xlsm": Format.XLSX,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
}
_PACKED = (".gz", ".zip")
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx or CSV",
    b"%PDF": "a PDF; export the data as CSV",
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"(\xb5/\xfd": "packed with zstd; unpack it first",
}


@dataclass(frozen=True)
class InputFile:
    """A file with rows: on disk, compressed by gzip, or a member of a zip archive. `name` is its name in messages."""

    name: str
    path: Path
    member: str | None = None
    """Name of the member in the zip archive at `path`."""
    header_line: int | None = None
    """Number of the header's line or row; None for the first that is not empty."""
    columns: tuple[str, ...] = ()
    """Names of the columns of a file without a header; with `header_line`, instead of that line."""
    sheet: str | None = None
    """Sheet of a workbook; None for the first visible one that is not empty."""

    def open(self) -> IO[bytes]:
        """Open the unpacked content. Raises UnreadableFile if the archive is broken."""
        try:
            stream = self._packed()
            start = stream.read(2)
            stream.seek(0)
            # GzipFile is not declared as an IO.
            return cast("IO[bytes]", gzip.open(stream)) if start == b"\x1f\x8b" else stream
        except BROKEN as error:
            raise self.broken(error) from None

    def _packed(self) -> IO[bytes]:
        if self.member is None:
            return self.path.open("rb")
        return _archive(self.path, self.path.stat().st_mtime_ns).open(self.member)

    @property
    def plain(self) -> bool:
        """Whether DuckDB can read the file on disk: neither compressed nor in an archive, and its name is valid UTF-8."""
        if self.member is not None or not is_utf8(self.path):
            return False
        with self.path.open("rb") as stream:
            return stream.read(2) != b"\x1f\x8b"

    def chunks(self) -> Iterator[bytes]:
        """Yield the unpacked content in chunks. Raises UnreadableFile if it is truncated."""
        plain, packed, unpacked = self.plain, self.path.stat().st_size, 0
        with self.open() as stream:
            try:
                while chunk := stream.read(CHUNK):
                    unpacked += len(chunk)
                    if not plain:
                        check_unpacked(self.name, packed, unpacked)
                    yield chunk
            except BROKEN as error:
                raise self.broken(error) from None

    def broken(self, error: Exception) -> UnreadableFile:
        """Return the error for a file that cannot be read to its end."""
        return UnreadableFile(
            f"{self.name} is broken: {str(error) or type(error).__name__}.", "Export or copy it again."
        )

    @cached_property
    def sample(self) -> bytes:
        """The first megabyte of the content. Raises UnreadableFile if the file is empty."""
        with self.open() as stream:
            try:
                start = b""
                # One read may return less than asked for and hide that a compressed file is truncated.
                while len(start) < SAMPLE and (more := stream.read(SAMPLE - len(start))):
                    start += more
            except BROKEN as error:
                raise self.broken(error) from None
        if not start.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
            raise UnreadableFile(f"{self.name} is empty.", "Export it again; a file needs at least its header line.")
        return start

    @cached_property
    def format(self) -> Format:
        """Format of the rows, by the content, or by the name if the content is ambiguous."""
        start = self.sample
        if start.startswith(b"PAR1"):
            return Format.PARQUET
        if start.startswith(b"PK\x03\x04"):
            return Format.XLSX
        for magic, what in _OTHERS.items():
            if start.startswith(magic):
                raise UnreadableFile(f"{self.name} is {what}.")
        ending = _ending(self.member or self.path.name)
        if _BY_ENDING.get(ending) in (Format.XLSX, Format.PARQUET):
            raise UnreadableFile(f"{self.name} is not a valid {_BY_ENDING[ending]} file.", "Export it again.")
        if is_binary(start):
            packed = self.path.suffix.lower()
            if self.plain and packed in _ARCHIVES:
                raise UnreadableFile(f"{self.name} is not a valid {packed} archive.", "Export or pack it again.")
            raise UnreadableFile(
                f"{self.name} is not a text file.",
                "Regulars reads CSV, TSV, XLSX, Parquet and JSON lines, also gz and zip.",
            )
        return _BY_ENDING.get(ending, Format.DELIMITED)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the unpacked content: equal for orders.csv and orders.csv.gz."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def header(self) -> list[str]:
        """Return the column names, stripped and made unique. Raises UnreadableFile if there are none."""
        return list(self._header)

    @cached_property
    def _header(self) -> tuple[str, ...]:
        match self.format:
            case Format.DELIMITED:
                return self.dialect.names
            case Format.JSON:
                lines = json_sample(self.sample, SAMPLE, self.chunks())
                return json_header(lines, self.name, len(lines) < SAMPLE)
            case Format.XLSX:
                return self.sheet_layout.names
            case Format.PARQUET:
                with tempfile.TemporaryDirectory() as folder:
                    content = self.local(Path(folder))
                    with connect_in_memory([content]) as con:
                        return unique([column for column, _ in parquet_columns(con, content, self.name)])

    @cached_property
    def dialect(self) -> Dialect:
        """Delimiter and header of a delimited file."""
        return dialect_of(self.sample, len(self.sample) < SAMPLE, self.header_line, self.columns)

    @cached_property
    def sheets(self) -> tuple[SheetTop, ...]:
        """First rows of each sheet of a workbook."""
        with tempfile.TemporaryDirectory() as folder:
            content = self.local(Path(folder))
            try:
                with zipfile.ZipFile(content) as archive:
                    unpacked = sum(part.file_size for part in archive.infolist())
            except BROKEN as error:
                raise self.broken(error) from None
            check_unpacked(self.name, content.stat().st_size, unpacked)
            with content.open("rb") as stream:
                return sheet_tops(stream, self.name)

    @cached_property
    def visible_sheets(self) -> tuple[SheetTop, ...]:
        """Sheets that are visible and not empty. Raises UnreadableFile if there is none."""
        filled = [sheet for sheet in self.sheets if sheet.rows]
        if not filled:
            raise UnreadableFile(
                f"{self.name} holds no rows.", "Export it again; a file needs at least its header line."
            )
        visible = tuple(sheet for sheet in filled if not sheet.hidden)
        if not visible:
            raise UnreadableFile(
                f"{self.name} holds rows in hidden sheets only.", "Unhide the sheet that is to be loaded."
            )
        return visible

    @cached_property
    def sheet_layout(self) -> SheetLayout:
        """Sheet, columns and first row of a workbook. Raises UnreadableFile if there are none."""
        visible = self.visible_sheets
        sheet = next((sheet for sheet in visible if sheet.title == self.sheet), visible[0])
        if self.columns:
            return SheetLayout(sheet.title, unique(self.columns), (self.header_line or 0) + 1)
        number = sheet.rows[0][0] if self.header_line is None else self.header_line
        return SheetLayout(sheet.title, dict(sheet.rows).get(number, ()), number + 1)

    def with_layout(self, *, header_line: int | None, columns: tuple[str, ...], sheet: str | None = None) -> InputFile:
        """Return the same file with another header."""
        if (header_line, columns, sheet) == (self.header_line, self.columns, self.sheet):
            return self
        other = replace(self, header_line=header_line, columns=columns, sheet=sheet)
        kept = ("sample", "format", "sheets", "visible_sheets")
        other.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        return other

    def values(self) -> dict[str, list[str]]:
        """Return the first values of each column; empty if the mapping names the columns, and for JSON and Parquet."""
        if self.columns:
            return {}
        if self.format is Format.DELIMITED:
            names, rows = self.dialect.names, first_rows(self.sample, self.dialect)
        elif self.format is Format.XLSX:
            layout = self.sheet_layout
            names = layout.names
            tops = {sheet.title: sheet.rows for sheet in self.visible_sheets}
            rows = [list(cells) for number, cells in tops[layout.title] if number >= layout.first]
        else:
            return {}
        return {name: [row[place] for row in rows if place < len(row)] for place, name in enumerate(names)}

    def local(self, folder: Path) -> Path:
        """Make the unpacked content available in `folder`, as a link or a copy. Returns its path."""
        if self.plain:
            return reachable(self.path, folder / "linked")
        copy = folder / "unpacked"
        with copy.open("wb") as out:
            for chunk in self.chunks():
                out.write(chunk)
        return copy


@lru_cache(maxsize=1)
def _archive(path: Path, changed: int) -> zipfile.ZipFile:  # noqa: ARG001
    """Open an archive; cached, so that its directory is read once for all members."""
    return zipfile.ZipFile(path)


def _ending(name: str) -> str:
    return Path(name.lower().removesuffix(".gz")).suffix


def expand(paths: Sequence[str | Path], unreadable: dict[str, UnreadableFile] | None = None) -> list[InputFile]:
    """Expand paths, globs, directories and archives to files, in order and without repetition.

    Args:
        paths: Paths and glob patterns.
        unreadable: Receives the errors of files and archives that cannot be opened, by name; None to raise them.

    Raises:
        UnreadableFile: A path does not exist, a directory has no file to load, or a file cannot be opened.
    """
    expanded: dict[tuple[Path, str | None], None] = {}
    for pattern in paths:
        for path in _matching_paths(str(pattern)):
            try:
                members = _members(path)
            except UnreadableFile as error:
                if unreadable is None:
                    raise
                unreadable[shown(path)] = error
                continue
            expanded.update(((path, member), None) for member in members)
    check_count("The load", expanded)
    return with_display_names(list(expanded))


def _matching_paths(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_dir():
        return _in_directory(path)
    if path.exists():
        if not path.is_file():
            raise UnreadableFile(f"{shown(pattern)} is not a file.")
        return [path]
    matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))
    files = [match for match in matches if match.is_file()]
    if files:
        return files
    if glob.has_magic(pattern):
        raise UnreadableFile(f"Nothing matches {shown(pattern)}.", "Check the folder's name and the file's ending.")
    raise UnreadableFile(f"There is no file {shown(pattern)}.", "Check its name and folder.")


def _in_directory(folder: Path) -> list[Path]:
    visible = (path for path in sorted(folder.rglob("*")) if not is_hidden(path.relative_to(folder)))
    files = [path for path in visible if is_readable(path) and path.is_file()]
    if not files:
        raise UnreadableFile(
            f"The folder {shown(folder)} holds no file to load.",
            "Regulars reads CSV, TSV, XLSX, Parquet and JSON lines, also gz and zip.",
        )
    check_count(f"The folder {shown(folder)}", files)
    return files


def is_hidden(path: Path) -> bool:
    """Whether a path within a folder is hidden, or a temporary file of macOS or an office program."""
    return any(part.startswith((".", "__MACOSX", "~$")) for part in path.parts)


def is_readable(path: Path) -> bool:
    """Whether Regulars reads files with this ending."""
    return _ending(path.name) in _BY_ENDING or path.name.lower().endswith(_PACKED)


def _members(path: Path) -> list[str | None]:
    """Return the members of a zip archive that may have rows; [None] for any other file."""
    try:
        with path.open("rb") as stream:
            if stream.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
                return [None]
        with zipfile.ZipFile(path) as archive:
            packed = archive.infolist()
    except PermissionError:
        raise UnreadableFile(
            f"{shown(path)} cannot be read: permission denied.", "Check the file's permissions."
        ) from None
    except BROKEN as error:
        raise UnreadableFile(f"{shown(path)} is a broken archive: {error}.", "Export or copy it again.") from None
    names = [member.filename for member in packed]
    if "[Content_Types].xml" in names:
        return [None]
    visible = (name for name in sorted(names) if not is_hidden(Path(name)))
    members = [name for name in visible if is_readable(Path(name)) and not name.endswith("/")]
    nested = [name for name in members if name.lower().endswith(".zip")]
    if nested:
        raise UnreadableFile(f"{shown(path)} holds another archive, {nested[0]}.", "Unpack it first.")
    if not members:
        raise UnreadableFile(
            f"{shown(path)} holds no file to load.", "Regulars reads CSV, TSV, XLSX, Parquet and JSON lines."
        )
    check_count(shown(path), members)
    check_unpacked(shown(path), path.stat().st_size, sum(member.file_size for member in packed))
    return list(members)


def with_display_names(members: list[tuple[Path, str | None]]) -> list[InputFile]:
    """Return input files named by file name, or by path if two have the same name."""
    short = [shown(path.name if member is None else f"{path.name}/{member}") for path, member in members]
    twice = {name for name, times in Counter(short).items() if times > 1}
    files = []
    for (path, member), name in zip(members, short, strict=True):
        long = shown(path if member is None else f"{path}/{member}")
        files.append(InputFile(long if name in twice else name, path, member))
    return files
