"""One shop, wired: sources, warehouse and metrics behind the few things a door (command line, page, notebook) asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from regulars.load.checks.refusals import FilesRefused
from regulars.load.files import InputFile
from regulars.load.inputs.header import with_header
from regulars.load.mapping import NAME_OF_SOURCE, ReadOptions, Source
from regulars.load.run import SILENT, Input, LoadOptions, LoadResult, Progress, load
from regulars.metrics.rollups.refresh import refresh
from regulars.services.input_files import incoming, refusal
from regulars.services.reading import Reading, Tell, silent
from regulars.sources import canonical, catalogue, mapping_file
from regulars.vocabulary.errors import LoadRefused, NothingLoaded, UsageError
from regulars.vocabulary.shop import Shop
from regulars.warehouse import log
from regulars.warehouse.changes import Changes
from regulars.warehouse.covers_until import covered_by
from regulars.warehouse.derive import ALL_STEPS, changes_of, derive

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
        letters, digits, _, - and .: a colon stands between source and account.
        """
        if source and not NAME_OF_SOURCE.fullmatch(source):
            raise UsageError(
                f"The source {source!r} is no name of small letters, digits and _",
                "regulars sources lists the names of known sources; a mapping's stands at its top. Write --source shopify.",
            )
        if not _ACCOUNT.fullmatch(account):
            raise UsageError(
                f"The account {account!r} holds other characters than letters, digits, _, - and .",
                "Write it like --account uk-2.",
            )
        declared = mapping_file.read(mapping) if mapping is not None else None
        options = replace(options, skip_unreadable=skip_unknown or options.skip_refused)
        found = incoming(
            paths, lambda file: self._input(file, declared, source, account, written),
            skip_unknown=skip_unknown, skip_unreadable=options.skip_unreadable,
        )  # fmt: skip
        inputs = found.inputs
        names = ", ".join(given.file.name for given in inputs[:3]) + (" …" if len(inputs) > 3 else "")
        try:
            reads = [given.file.path for given in inputs]
            covered: dict[str, date] = {}
            with self._changing(
                f"load {names}", progress, reads, lambda con: covered.update(covered_by(con, result.load_id))
            ) as changes:
                result = load(
                    changes.con, inputs, settings=self.shop.settings, command=command, options=options, progress=progress,
                    changes=changes, refused=found.refused,
                )  # fmt: skip
                if result.unchanged:
                    raise _NothingChanged
        except _NothingChanged:
            pass
        except FilesRefused as error:
            if found.refused:
                raise refusal(found, error.unreadable, error.rejected, error.own) from None
            raise
        result.passed_over, result.unknown, result.covered = found.passed_over, found.unknown, covered
        result.leave_out(found.unreadable)
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
            file, found = with_header(file, lambda tried: _insist(mapping, tried))
            return Input(file, written.applied(found), account)
        if mapping is not None:
            file = file.with_layout(header_line=mapping.options.header_line, columns=mapping.options.header)
        currency = self.shop.settings.currency
        file, found = with_header(
            file, lambda tried: catalogue.recognise(tried.name, tried.header(), tried.values(), currency)
        )
        if mapping is not None:
            found = mapping.applied(found, file.name)
        elif name and found in canonical.SOURCES:
            found = replace(found, name=name)
        return Input(file, written.applied(found), account)

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
            changes = changes_of(con, self.shop.settings)
            # The first facts, and those of changed settings, need no excuse.
            tell = silent if changes.why else self.tell
            yield changes
            log.compact(con)
            progress.start("deriving", len(ALL_STEPS))
            try:
                derived = derive(con, self.shop.settings, changes, lambda _: progress.advance(), tell)
                refresh(con, self.shop.settings, None if derived.everything else derived.changed)
                ask(con)
            except (duckdb.ConversionException, duckdb.OutOfRangeException):
                raise LoadRefused(
                    "An order's sum, or an amount in the shop's currency, would have more than 14 digits. Nothing was changed.",
                    "Look for wrong amounts, quantities, unit costs and exchange rates in what is loaded.",
                ) from None

    def derive_again(self) -> None:
        """Derive everything anew from the stored rows and the settings as they are now."""
        self.change("derive again: changed settings", lambda changes: changes.everything("it was asked for"))


def _insist(mapping: Source, file: InputFile) -> Source:
    catalogue.insist(mapping, file.name, file.header(), file.values())
    return mapping
