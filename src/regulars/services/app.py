"""Load files into a shop and change its data."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import duckdb

from regulars.load.checks.refusals import FilesRefused
from regulars.load.files import InputFile, expand, is_hidden, is_readable, with_display_names
from regulars.load.formats.delimited import is_prose
from regulars.load.inputs.header import with_header
from regulars.load.load_options import Input, LoadOptions, LoadResult
from regulars.load.mapping import NAME_OF_SOURCE, ReadOptions, Source
from regulars.load.run import SILENT, Progress, load
from regulars.metrics.rollups.refresh import refresh
from regulars.services.reading import Reading, Tell, silent
from regulars.sources import canonical, catalogue, mapping_file
from regulars.vocabulary.errors import (
    InputError,
    LoadRefused,
    NothingLoaded,
    UnknownFile,
    UnreadableFile,
    UsageError,
)
from regulars.vocabulary.safe_text import one_line
from regulars.vocabulary.shop import Shop
from regulars.warehouse import log
from regulars.warehouse.changes import Changes
from regulars.warehouse.covers_until import covered_by
from regulars.warehouse.derive import ALL_STEPS, derive, track_changes

_ACCOUNT = re.compile(r"[\w.-]*")
_DEFAULT = LoadOptions()
_AS_THE_SOURCE_SAYS = ReadOptions()


class _NothingChanged(Exception):
    """Raised in a write that changes nothing, to make no new version."""


class App(Reading):
    """An opened shop, to query and to change.

    Args:
        shop: The shop.
        tell: Called with messages for the user, such as what the program waits for.
    """

    def __init__(self, shop: Shop, tell: Tell = silent) -> None:
        super().__init__(shop, self.derive_again, tell)

    def load(
        self,
        paths: Sequence[str | Path],
        *,
        mapping: Path | None = None,
        source: str = "",
        account: str = "",
        written: ReadOptions = _AS_THE_SOURCE_SAYS,
        command: str = "load",
        skip_unknown: bool = False,
        options: LoadOptions = _DEFAULT,
        progress: Progress = SILENT,
    ) -> LoadResult:
        """Load files, all or none of them, and update the facts.

        Args:
            paths: Files, folders, archives and patterns.
            mapping: Mapping file for all files; None to recognise each file by its header.
            source: Source whose ids the files with the columns of Regulars use, such as shopify; empty for their own ids.
            account: Account of the source that the files come from; empty if the shop has only one.
            written: Formats of dates and numbers that override those of the source.
            command: Command to record in the load history.
            skip_unknown: Whether to skip files that are not recognised or cannot be read.
            options: Further options of the load.
            progress: Receives the progress of the load.

        Raises:
            UsageError: `source` or `account` has characters that are not allowed, no file is named, or `parts` and
                `overlap` are both set.
            UnknownFile: Several files, of which some are refused; the error names them all, with the reasons.
            InputError: The only file is not recognised or cannot be read.
            LoadRefused: The rows are refused. Nothing is changed.
        """
        if source and not NAME_OF_SOURCE.fullmatch(source):
            raise UsageError(
                f"The source {source!r} is no name of small letters, digits and _",
                "regulars sources lists the names of known sources; a mapping's stands at its top. Write --source shopify.",
            )
        if options.parts and options.overlap:
            raise UsageError("--parts and --overlap exclude each other.", "Use the one that is true of these files.")
        if not _ACCOUNT.fullmatch(account):
            raise UsageError(
                f"The account {account!r} holds other characters than letters, digits, _, - and .",
                "Write it like --account uk-2.",
            )
        declared = mapping_file.read(mapping) if mapping is not None else None
        options = replace(options, skip_unreadable=skip_unknown or options.skip_refused)
        incoming_files = incoming(
            paths, lambda file: self._input(file, declared, source, account, written),
            skip_unknown=skip_unknown, skip_unreadable=options.skip_unreadable,
        )  # fmt: skip
        inputs = incoming_files.inputs
        names = ", ".join(file_input.file.name for file_input in inputs[:3]) + (" …" if len(inputs) > 3 else "")
        try:
            reads = [file_input.file.path for file_input in inputs]
            covered: dict[str, date] = {}
            with self._changing(
                f"load {names}", progress, reads, lambda con: covered.update(covered_by(con, result.load_id))
            ) as changes:
                result = load(
                    changes.con, inputs, settings=self.shop.settings, command=command, options=options, progress=progress,
                    changes=changes, refused=incoming_files.refused,
                )  # fmt: skip
                if result.unchanged:
                    raise _NothingChanged
        except _NothingChanged:
            pass
        except FilesRefused as error:
            if incoming_files.refused:
                raise refusal(incoming_files, error.unreadable, error.rejected, error.own) from None
            raise
        result.passed_over, result.unknown, result.covered = incoming_files.passed_over, incoming_files.unknown, covered
        result.leave_out(incoming_files.unreadable)
        return result

    def _input(
        self,
        file: InputFile,
        mapping: Source | mapping_file.Extension | None,
        name: str,
        account: str,
        written: ReadOptions,
    ) -> Input:
        if isinstance(mapping, Source):
            file = file.with_layout(header_line=mapping.header_line, columns=mapping.header)
            file, source = with_header(file, lambda tried: _require_columns(mapping, tried))
            return Input(file, written.applied(source), account)
        if mapping is not None:
            file = file.with_layout(header_line=mapping.options.header_line, columns=mapping.options.header)
        currency = self.shop.settings.currency
        file, source = with_header(
            file, lambda tried: catalogue.recognise(tried.name, tried.header(), tried.values(), currency)
        )
        if mapping is not None:
            source = mapping.applied(source, file.name)
        elif name and source in canonical.SOURCES:
            source = replace(source, name=name)
        return Input(file, written.applied(source), account)

    def undo(self, load_id: int, progress: Progress = SILENT) -> None:
        """Undo a load and update the facts."""
        self.change(f"undo load {load_id}", lambda changes: log.undo(changes.con, load_id, changes), progress)

    def change(self, purpose: str, act: Callable[[Changes], object], progress: Progress = SILENT) -> None:
        """Change the shop's data in a new version, and update the facts.

        Args:
            purpose: Reason of the change, stored with the version.
            act: Makes the change, and records in its argument what it changes.
            progress: Receives the progress of the update.

        Raises:
            NothingLoaded: The shop has no data yet.
        """
        if self.warehouse.number is None:
            raise NothingLoaded("Nothing has been loaded into this shop yet.", "Load its files: regulars load FILE…")
        with self._changing(purpose, progress) as changes:
            act(changes)

    @contextmanager
    def _changing(
        self,
        purpose: str,
        progress: Progress,
        reads: Sequence[Path] = (),
        ask: Callable[[duckdb.DuckDBPyConnection], object] = lambda con: None,
    ) -> Iterator[Changes]:
        """Write a new version; `ask` is called with its connection after the facts are updated."""
        with self.warehouse.write(purpose, reads=reads, waiting=self.tell) as con:
            log.ensure(con)
            changes = track_changes(con, self.shop.settings)
            # The first facts, and those of changed settings, need no excuse.
            tell = silent if changes.full_refresh_reason else self.tell
            yield changes
            log.compact(con)
            progress.start("deriving", len(ALL_STEPS))
            try:
                derived = derive(con, self.shop.settings, changes, lambda _: progress.advance(), tell)
                refresh(con, self.shop.settings, None if derived.is_full else derived.changed_facts)
                ask(con)
            except (duckdb.ConversionException, duckdb.OutOfRangeException):
                raise LoadRefused(
                    "An order's sum, or an amount in the shop's currency, would have more than 14 digits. Nothing was changed.",
                    "Look for wrong amounts, quantities, unit costs and exchange rates in what is loaded.",
                ) from None

    def derive_again(self) -> None:
        """Derive all facts again from the stored rows and the current settings."""
        self.change(
            "derive again: changed settings",
            lambda changes: changes.require_full_refresh("a full refresh was requested"),
        )


def _require_columns(mapping: Source, file: InputFile) -> Source:
    catalogue.require_columns(mapping, file.name, file.header(), file.values())
    return mapping


# Which files of a load are read, and by which source ------------------------------------------------------------------

_TEXTS = ("", ".txt", ".md")
"""Suffixes of files that may hold prose instead of data."""


@dataclass
class Incoming:
    """The files of one load. The dictionaries map names of files to reasons that can follow the name in a sentence."""

    count: int
    """Number of all files, including skipped ones."""
    inputs: list[Input] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)
    """Files without data, such as pictures and prose."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Files that no source recognises, or that do not fit the mapping."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Unreadable files, such as damaged archives; here each reason includes the name."""
    refused: dict[str, str] = field(default_factory=dict)
    """`unknown` and `unreadable` files if no option skips them: then nothing is loaded."""


def incoming(
    paths: Sequence[str | Path], input_of: Callable[[InputFile], Input], *, skip_unknown: bool, skip_unreadable: bool
) -> Incoming:
    """Return the files of a load with their sources, and the files without a source.

    Args:
        paths: Files, folders, archives and patterns.
        input_of: Returns a file with its source, or raises InputError.
        skip_unknown: Whether files without a source are skipped; else they are `refused`.
        skip_unreadable: Whether unreadable files are skipped; else they are `refused`.

    Raises:
        UsageError: There is no file.
        InputError: The only file has no source or cannot be read.
        UnknownFile: None of several files can be loaded.
    """
    unopened: dict[str, UnreadableFile] = {}
    files = expand(paths, unopened)
    count = len(files) + len(unopened)
    if not count:
        raise UsageError("There is nothing to load.", "Name at least one file or folder.")
    if count == len(unopened) == 1:
        raise next(iter(unopened.values()))
    result = Incoming(count, passed_over=_unread_endings(paths, files))
    result.unreadable = {name: _sentence(error) for name, error in unopened.items()}
    for file in files:
        try:
            result.inputs.append(input_of(file))
        except InputError as error:
            if count == 1:
                raise
            if _holds_no_data(file, error):
                result.passed_over[file.name] = _reason(file.name, error)
            elif isinstance(error, UnreadableFile):
                result.unreadable[file.name] = _sentence(error)
            else:
                result.unknown[file.name] = _reason(file.name, error)
    if (result.unknown and not skip_unknown) or (result.unreadable and not skip_unreadable):
        result.refused = result.unknown | result.unreadable
    if not result.inputs:
        raise refusal(result)
    return result


def _sentence(error: InputError) -> str:
    """The error's message without its full stop."""
    return str(error).rstrip(".")


def _reason(name: str, error: InputError) -> str:
    """The error's message, worded to follow the file's name in a sentence."""
    message = _sentence(error)
    reason = message.removeprefix(f"{name} ")
    return reason if reason != message else f"cannot be read: {message}"


def _holds_no_data(file: InputFile, error: InputError) -> bool:
    path = Path(file.member or file.path)
    if isinstance(error, UnreadableFile):
        return not is_readable(path)
    return path.suffix.lower() in _TEXTS and is_prose(file.sample)


def _unread_endings(paths: Sequence[str | Path], files: Sequence[InputFile]) -> dict[str, str]:
    """Return the files of folders and archives that their suffix excludes, with the reasons; without hidden files.

    Args:
        paths: The paths of the load.
        files: The files that are read; their archives are searched.
    """
    unread: dict[tuple[Path, str | None], None] = {}
    for folder in (Path(root) for root in paths if Path(root).is_dir()):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and _has_unread_ending(path.relative_to(folder)):
                unread[path, None] = None
    for archive in dict.fromkeys(file.path for file in files if file.member is not None):
        with zipfile.ZipFile(archive) as opened:
            members = sorted(member.filename for member in opened.infolist() if not member.is_dir())
        unread.update(((archive, name), None) for name in members if _has_unread_ending(Path(name)))
    return {
        file.name: _no_rows(Path(file.member or file.path).suffix.lower()) for file in with_display_names(list(unread))
    }


def _has_unread_ending(path: Path) -> bool:
    return not is_hidden(path) and not is_readable(path)


def _no_rows(ending: str) -> str:
    if ending == ".xls":
        return "is an old Excel file; save it as .xlsx or CSV"
    return f"has the ending {ending}, which Regulars does not read" if ending else "has no ending, such as .csv"


def refusal(
    incoming_files: Incoming,
    unreadable: Mapping[str, str] = MappingProxyType({}),
    rejected: Mapping[str, str] = MappingProxyType({}),
    own: Collection[str] = (),
) -> UnknownFile:
    """Return an error that names every refused file of a load, with the reasons.

    Args:
        incoming_files: The files of the load.
        unreadable: Further unreadable files, as in FilesRefused.
        rejected: Files with too many rejected rows, as in FilesRefused.
        own: Names of `rejected` files that are refused because of their own rows; empty for all of them.
    """
    late = {name: reason for name, reason in unreadable.items() if name not in incoming_files.refused}
    broken = {name: reason.removeprefix(f"{name} ") for name, reason in (incoming_files.unreadable | late).items()}
    wrong = {name: reason.removeprefix(f"{name}: ") for name, reason in rejected.items()}
    counts = [
        (len(incoming_files.unknown), "is not known", "are not known"),
        (len(broken), "cannot be read", "cannot be read"),
        (len(wrong), "is refused for its rows", "are refused for their rows"),
    ]
    kinds = [
        f"1 file {singular}" if count == 1 else f"{count} files {plural}" for count, singular, plural in counts if count
    ]
    what = " and ".join(part for part in (", ".join(kinds[:-1]), kinds[-1]) if part) if kinds else "none holds data"
    message = f"Nothing was loaded: of {incoming_files.count} files, {what}."
    options = ["--skip-unknown"] if incoming_files.unknown else []
    if wrong or not options:
        options.append("--skip-refused")
    left = len(incoming_files.inputs) - len(late) - len(own or wrong)
    hints = [f"Load the others with {' '.join(options)}."] if left else []
    if incoming_files.unknown:
        hints.append("Of one file, regulars load FILE also says how a mapping file for it begins.")
    elif broken:
        hints.append("Export or copy again what cannot be read.")
    named_files = incoming_files.unknown | broken | wrong or incoming_files.passed_over
    lines = (one_line(f"  {name}: {reason}") for name, reason in named_files.items())
    return UnknownFile(message, " ".join(hints), "\n".join(lines))
