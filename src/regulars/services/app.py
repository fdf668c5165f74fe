"""One shop, wired: sources, warehouse and metrics behind the few things a door (command line, page, notebook) asks for."""

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
    """Leaves a write without a new version."""


class App(Reading):
    """An opened shop, to ask and to change. `tell` is given what the user should know while waiting."""

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
        """Load files, all or nothing, and bring the facts up to date.

        `mapping` reads all files by a mapping file; else each file is recognised by its header. `source` gives files in our own
        column names the ids of another source, such as shopify for the costs of its products. `written` says how the files
        write dates and numbers, where that is not as their source says. `skip_unknown` leaves out files that are not
        recognised, or cannot be read.

        Where such files refuse the load, the others are judged all the same: one UnknownFile names all refused files.

        Raises UsageError for a `source` that is no name as mappings have one, and for an `account` with other characters than
        letters, digits, _, - and .: a colon stands between source and account; for `parts` together with `overlap`.
        """
        if source and not NAME_OF_SOURCE.fullmatch(source):
            raise UsageError(
                f"The source {source!r} is no name of small letters, digits and _",
                "regulars sources lists the names of known sources; a mapping's stands at its top. Write --source shopify.",
            )
        if options.parts and options.overlap:
            raise UsageError("--parts and --overlap exclude each other.", "Give the one that is true of these files.")
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
        """Take one load back and bring the facts up to date."""
        self.change(f"undo load {load_id}", lambda changes: log.undo(changes.con, load_id, changes), progress)

    def change(self, purpose: str, act: Callable[[Changes], object], progress: Progress = SILENT) -> None:
        """Change the shop's data as a new version, and bring the facts up to date; `act` notes what it changes."""
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
        """A write; `ask` is called once everything is up to date."""
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
        """Derive everything anew from the stored rows and the settings as they are now."""
        self.change("derive again: changed settings", lambda changes: changes.require_full_refresh("it was asked for"))


def _require_columns(mapping: Source, file: InputFile) -> Source:
    catalogue.require_columns(mapping, file.name, file.header(), file.values())
    return mapping


# Which files of a load are read, and by which source ------------------------------------------------------------------

_TEXTS = ("", ".txt", ".md")
"""Endings of files that may be written for people."""


@dataclass
class Incoming:
    """The files of one load. Those left out are given by name, with the reason as what follows `it` in a sentence."""

    count: int
    """All files of the load, the ones left out too."""
    inputs: list[Input] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)
    """Files that hold no data: pictures, texts to read."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Files that no source, or not the mapping, knows."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Files that cannot be read, such as broken archives; each reason is a sentence with the file's name."""
    refused: dict[str, str] = field(default_factory=dict)
    """Those of `unknown` and `unreadable` where no option leaves them out: nothing can be loaded."""


def incoming(
    paths: Sequence[str | Path], input_of: Callable[[InputFile], Input], *, skip_unknown: bool, skip_unreadable: bool
) -> Incoming:
    """Find each file's source by `input_of`, which raises InputError where there is none.

    A single file that has no source is refused by its own error. Of several, files without data are passed over, and all
    others are `refused`, unless `skip_unknown` and `skip_unreadable` leave them out. Raises UnknownFile where no file is left.
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
    """The error's message as what follows the file's name, or `it`, in a sentence."""
    message = _sentence(error)
    reason = message.removeprefix(f"{name} ")
    return reason if reason != message else f"cannot be read: {message}"


def _holds_no_data(file: InputFile, error: InputError) -> bool:
    path = Path(file.member or file.path)
    if isinstance(error, UnreadableFile):
        return not is_readable(path)
    return path.suffix.lower() in _TEXTS and is_prose(file.sample)


def _unread_endings(paths: Sequence[str | Path], files: Sequence[InputFile]) -> dict[str, str]:
    """Files in folders and archives whose ending says that they hold no rows, by name with the reason; not hidden ones.

    `files` are those that are read.
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
    """One error that names every refused file of a load and what is wrong with it.

    The load found `unreadable` and, for their rows, `rejected` ones, as in FilesRefused. `own` are those of the latter that
    are refused whatever the other files hold; all are where it is empty.
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
