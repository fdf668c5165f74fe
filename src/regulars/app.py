"""One shop, wired: sources, warehouse and metrics behind the few things a door (command line, page, notebook) asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from regulars.metrics.cells.refresh import refresh
from regulars.reading import Reading, Tell, silent
from regulars.sources import catalogue, mapping_file, own
from regulars.vocabulary.errors import NothingLoaded, UsageError
from regulars.vocabulary.shop import Shop
from regulars.warehouse import log
from regulars.warehouse.derive import STEPS, derive
from regulars.warehouse.load.files import InputFile, expand
from regulars.warehouse.load.mapping import Source
from regulars.warehouse.load.run import SILENT, Input, LoadOptions, LoadResult, Progress, load

_DEFAULT = LoadOptions()


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
        command: str = "load",
        options: LoadOptions = _DEFAULT,
        progress: Progress = SILENT,
    ) -> LoadResult:
        """Load files, all or nothing, and derive the facts again.

        `mapping` reads all files by a mapping file; else each file is recognised by its header. `source` gives files in our own
        column names the ids of another source, such as shopify for the costs of its products.
        """
        inputs = [Input(file, self._source(file, mapping, source), account) for file in expand(paths)]
        if not inputs:
            raise UsageError("There is nothing to load.", "Name at least one file or folder.")
        names = ", ".join(given.file.name for given in inputs[:3]) + (" …" if len(inputs) > 3 else "")
        try:
            with self._changing(f"load {names}", progress) as con:
                result = load(
                    con, inputs, settings=self.shop.settings, command=command, options=options, progress=progress
                )
                if result.unchanged:
                    raise _NothingChanged
        except _NothingChanged:
            pass
        return result

    @staticmethod
    def _source(file: InputFile, mapping: Path | None, name: str) -> Source:
        header = file.header()
        if mapping is not None:
            found = mapping_file.read(mapping)
            catalogue.insist(found, file.name, header)
            return found
        found = catalogue.recognise(file.name, header)
        return replace(found, name=name) if name and found in own.SOURCES else found

    def undo(self, load_id: int, progress: Progress = SILENT) -> None:
        """Take one load back and derive the facts again."""
        self.change(f"undo load {load_id}", lambda con: log.undo(con, load_id), progress)

    def change(
        self, purpose: str, act: Callable[[duckdb.DuckDBPyConnection], object], progress: Progress = SILENT
    ) -> None:
        """Change the shop's data as a new version, and derive the facts again."""
        if self.warehouse.number is None:
            raise NothingLoaded("Nothing has been loaded into this shop yet.", "Load its files: regulars load FILE…")
        with self._changing(purpose, progress) as con:
            act(con)

    @contextmanager
    def _changing(self, purpose: str, progress: Progress) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.warehouse.write(purpose, waiting=self.tell) as con:
            log.ensure(con)
            yield con
            progress.start("deriving", len(STEPS))
            derive(con, self.shop.settings, lambda _: progress.advance())
            refresh(con, self.shop.settings)

    def derive_again(self) -> None:
        """Derive everything anew from the stored rows and the settings as they are now."""
        self.change("derive again: changed settings", lambda con: None)
