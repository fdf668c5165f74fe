"""The versions of one shop's data: read the current one, write the next one, go back to an older one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from regulars import __version__
from regulars.vocabulary.errors import NothingLoaded, WarehouseError, says_disk_full
from regulars.vocabulary.machine import ANY, Machine
from regulars.warehouse.versions.connection import about, connect, remember
from regulars.warehouse.versions.folder import REPAIR, Pointer, VersionFolder
from regulars.warehouse.versions.lock import writers_lock
from regulars.warehouse.versions.room import disk_full, too_small


@dataclass(frozen=True)
class Version:
    """One state of the shop's data. `at` is when its writing began (UTC); `based_on` the version it was made from."""

    number: int
    at: datetime
    purpose: str
    current: bool
    based_on: int | None = None
    regulars: str = ""
    """The release of Regulars that wrote it; empty where the file cannot be read."""


class Warehouse:
    """The versions of one shop's data, in one folder. Any number of readers and writers, in any number of processes."""

    def __init__(self, folder: Path, machine: Machine = ANY) -> None:
        self.folder = folder
        self._machine = machine
        self._files = VersionFolder(folder)

    @property
    def number(self) -> int | None:
        """The current version's number; None before the first load. Raises WarehouseError on a damaged pointer."""
        return self._files.pointer().number

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The current version, read-only; it stays readable to the end even when newer ones are written meanwhile.

        Raises NothingLoaded before the first load, WarehouseError where the version cannot be opened, or where the machine's
        limits do not allow what is asked of it.
        """
        with self._naming_a_small_machine(writing=False):
            con = self._open_current()
            try:
                yield con
            finally:
                con.close()

    @contextmanager
    def write(
        self, purpose: str, *, reads: Iterable[Path] = (), waiting: Callable[[str], None] | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A copy of the current version to change, published when the block ends, forgotten when it raises.

        The connection reads no files but `reads`. Waits for another writer; `waiting` is told for whom. Raises
        WarehouseError where the disk is full, the machine's limits are reached or the folder cannot be used; whatever
        happens, the last version stays as it was. Not to be nested: the inner one would wait for the outer for ever.
        """
        with self._locked(purpose, waiting):
            pointer = self._files.pointer()
            if pointer.number is not None and not self._files.file(pointer.number).exists():
                raise self._missing(pointer.number)
            with self._naming_failures():
                self._files.tidy(pointer)
                if pointer.number is None:
                    self._files.point(pointer)  # so that a first version that was never published is known as such
            try:
                with self._naming_a_small_machine(writing=True):
                    yield from self._changed_copy(purpose, pointer, reads)
            except BaseException:
                # The pointer is read again: an interruption may have come just after publishing.
                with suppress(OSError):
                    self._files.tidy(self._files.pointer())
                raise

    def versions(self) -> list[Version]:
        """The versions that are kept, oldest first. Raises WarehouseError on a damaged pointer."""
        return self._kept(self._files.pointer())

    def rollback(self, number: int | None = None) -> Version:
        """Point to an older (or again to a newer) version; without a number to the one the current was made from.

        Where the pointer is damaged or the current version is not whole, the newest whole one is taken. Nothing is
        removed. Raises WarehouseError where there is no such version.
        """
        with self._locked("rollback", None), self._naming_failures():
            try:
                pointer = self._files.pointer()
            except WarehouseError:
                pointer = Pointer(None, max(self._files.numbers(), default=0))
            target = self._target(pointer, number)
            self._files.point(Pointer(target, pointer.highest))
            return next(version for version in self.versions() if version.number == target)

    # Reading ---------------------------------------------------------------------------------------------------------

    def _open_current(self) -> duckdb.DuckDBPyConnection:
        while True:
            number = self._files.pointer().number
            if number is None:
                raise NothingLoaded(
                    "Nothing has been loaded into this shop yet.", "Load its files: regulars load FILE…"
                )
            try:
                return connect(self._files.file(number), read_only=True, machine=self._machine)
            except (duckdb.Error, OSError) as error:
                # A slow reader may find its version pruned; then the pointer has moved on, and so does the reader.
                if self._files.pointer().number != number:
                    continue
                if not self._files.file(number).exists():
                    raise self._missing(number) from None
                raise WarehouseError(f"The current version cannot be opened: {error}", REPAIR) from error

    def _kept(self, pointer: Pointer) -> list[Version]:
        numbers = (number for number in self._files.numbers() if number <= pointer.highest)
        found = (self._version(number, current=number == pointer.number) for number in numbers)
        return [version for version in found if version is not None]

    def _version(self, number: int, *, current: bool) -> Version | None:
        """What a version says about itself; None where it was pruned meanwhile."""
        file = self._files.file(number)
        try:
            con = connect(file, read_only=True)
            try:
                told = about(con)
            finally:
                con.close()
            return Version(
                number=number,
                at=datetime.fromisoformat(told["at"]),
                purpose=told["purpose"],
                current=current,
                based_on=int(told["based_on"]) if told["based_on"] else None,
                regulars=told["regulars"],
            )
        except (duckdb.Error, OSError, KeyError, ValueError):
            try:
                changed = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            except FileNotFoundError:
                return None
            return Version(number, changed, "(this version cannot be read)", current)

    # Writing ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def _locked(self, purpose: str, waiting: Callable[[str], None] | None) -> Iterator[None]:
        with ExitStack() as stack:
            with self._naming_failures():
                self.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(writers_lock(self.folder / "lock", purpose, waiting))
            yield

    def _changed_copy(
        self, purpose: str, pointer: Pointer, reads: Iterable[Path]
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        number, building = pointer.highest + 1, self._files.building()
        if pointer.number is not None:
            with self._naming_failures():
                self._files.copy(pointer.number, building)
        con = connect(building, read_only=False, machine=self._machine, reads=reads)
        try:
            remember(con, "number", str(number))
            remember(con, "at", datetime.now(UTC).isoformat(timespec="seconds"))
            remember(con, "purpose", purpose)
            remember(con, "regulars", __version__)
            remember(con, "based_on", "" if pointer.number is None else str(pointer.number))
            yield con
            con.execute("CHECKPOINT")
        finally:
            con.close()
        with self._naming_failures():
            self._files.publish(building, number)

    # Going back ------------------------------------------------------------------------------------------------------

    def _target(self, pointer: Pointer, number: int | None) -> int:
        """Which version to point to: one that is there and whole."""
        whole = {version.number: version for version in self._kept(pointer) if version.regulars}
        if not whole:
            raise WarehouseError("There is no version to go back to.")
        if number is None:
            return self._one_before(pointer, whole)
        if number not in whole:
            choice = ", ".join(str(kept) for kept in sorted(whole))
            raise WarehouseError(f"There is no version {number}, or it is not whole.", f"Choose one of: {choice}.")
        return number

    @staticmethod
    def _one_before(pointer: Pointer, whole: dict[int, Version]) -> int:
        if pointer.number not in whole:
            return max(whole)
        based_on = whole[pointer.number].based_on
        if based_on in whole:
            return based_on
        older = [number for number in whole if number < pointer.number]
        if not older:
            raise WarehouseError(f"There is no version before {pointer.number}.")
        return max(older)

    # Failures, named -------------------------------------------------------------------------------------------------

    @contextmanager
    def _naming_failures(self) -> Iterator[None]:
        """Around the work on our own files."""
        try:
            yield
        except OSError as error:
            if says_disk_full(error):
                raise disk_full(self.folder) from error
            raise WarehouseError(f"The folder {self.folder} cannot be used: {error.strerror or error}.") from error

    @contextmanager
    def _naming_a_small_machine(self, *, writing: bool) -> Iterator[None]:
        """Around what readers and the writer do: only a full disk and the limits are our affair."""
        try:
            yield
        except Exception as error:
            small = too_small(error, self.folder, self._machine, writing=writing)
            if small is None or isinstance(error, WarehouseError):
                raise
            raise small from error

    def _missing(self, number: int) -> WarehouseError:
        return WarehouseError(f"The current version is missing: {self._files.file(number)}.", REPAIR)
