"""The versions of one shop's data: reading the current one, writing the next one, rolling back to an older one."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from regulars.system.disk import copy
from regulars.version import __version__
from regulars.vocabulary.errors import (
    REPAIR,
    NothingLoaded,
    RegularsError,
    StoredButFailed,
    WarehouseError,
    says_disk_full,
)
from regulars.vocabulary.machine import ANY, SHARING, Machine
from regulars.warehouse.versions.connection import (
    DATABASE,
    GROUPS,
    MAIN,
    catalog,
    connect,
    groups_beside,
    set_version_properties,
    version_properties,
)
from regulars.warehouse.versions.folder import Pointer, VersionFolder
from regulars.warehouse.versions.groups import attached
from regulars.warehouse.versions.limits import disk_full, too_small, while_loading
from regulars.warehouse.versions.lock import writers_lock
from regulars.warehouse.versions.log_folder import LogFolder, faults, listed
from regulars.warehouse.versions.verify import (
    NotWhole,
    damaged_block,
    fault,
    first_line,
    lacking_groups,
    require_number,
)


@dataclass(frozen=True)
class Version:
    """A state of the shop's data. `at` is the start of its write (UTC), `based_on` the version it was made from."""

    number: int
    at: datetime
    purpose: str
    current: bool
    based_on: int | None = None
    regulars: str = ""
    """The release of Regulars that wrote it; empty where the file cannot be read."""
    fault: str | None = None
    """What is wrong with its files, empty where they are intact; None where they were not checked."""


_BROKEN_DISK = (duckdb.IOException, duckdb.FatalException, NotWhole)
"""What a write raises where the disk fails; a commit also wraps its own kind of error around the system's words."""


class Warehouse:
    """The versions of one shop's data, in one folder, for any number of readers and writers in any number of processes."""

    def __init__(self, folder: Path, machine: Machine = ANY) -> None:
        self.folder = folder
        self._machine = machine
        self._files = VersionFolder(folder)
        self._log = LogFolder(folder)

    @property
    def number(self) -> int | None:
        """The current version's number; None before the first load. Raises WarehouseError on a damaged pointer."""
        return self._files.pointer().number

    @contextmanager
    def read(self, number: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the current version, or another kept one, read-only; it stays readable whatever is written meanwhile.

        Raises:
            NothingLoaded: there is no version yet.
            WarehouseError: the version cannot be opened or is damaged, or the machine's limits are too low for a
                query.
        """
        number, con = self._open_current() if number is None else (number, self._open(number))
        with self._explaining(number, writing=False):
            try:
                yield con
            finally:
                con.close()

    @contextmanager
    def write(
        self, purpose: str, *, reads: Iterable[Path] = (), waiting: Callable[[str], None] | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a copy of the current version for writing. It is published when the block ends, and discarded when it
        raises.

        The last version stays unchanged in any case. Blocks must not be nested: the inner one would wait for the
        outer for ever.

        Args:
            purpose: what the write does, for the list of versions and for waiting writers.
            reads: the files outside the warehouse that the connection may read.
            waiting: called with a message where another writer has to finish first.

        Raises:
            WarehouseError: the disk is full, a limit of the machine is reached, or the folder cannot be used.
        """
        with self._locked(purpose, waiting):
            pointer = self._files.pointer()
            if pointer.number is not None and _is_missing(self._files.file(pointer.number)):
                raise self._missing(pointer.number)
            with self._naming_failures():
                self._files.remove_leftovers(pointer)
                self._log.clear_unpublished(pointer.highest)
                if pointer.number is None:
                    self._files.point(pointer)  # so that a first version that was never published is known as such
            try:
                with self._explaining(pointer.number, writing=True):
                    yield from self._changed_copy(purpose, pointer, [*reads])
            except BaseException as error:
                # The pointer is read again: the failure or interruption may have come just after publishing.
                now = self._files.pointer()
                with suppress(OSError):
                    self._files.remove_leftovers(now)
                    self._log.clear_unpublished(now.highest)
                if now.number not in (None, pointer.number):
                    raise StoredButFailed(f"Version {now.number} is stored, but then: {first_line(error)}.") from error
                raise

    def versions(self, *, check: bool = False) -> list[Version]:
        """The versions that are kept, oldest first; `check` reads each whole. Raises WarehouseError on a damaged pointer."""
        kept = self._kept(self._files.pointer())
        return [replace(version, fault=self.fault(version.number)) for version in kept] if check else kept

    def clear_spilled(self) -> None:
        """Remove the rows that killed readers moved to disk."""
        with suppress(OSError):
            self._files.clear_spilled()

    def fault(self, number: int) -> str:
        """What is wrong with a version's file; empty where it is whole. Reads all of it."""
        try:
            return fault(self._files.files(number), self._machine)
        except FileNotFoundError:
            return "it is missing"
        except PermissionError:
            return "permission denied"

    def rollback(self, number: int | None = None) -> Version:
        """Point to another kept version; by default to the one that the current version was made from.

        Where the pointer or the current version is damaged, the newest intact version is taken. Nothing is removed.

        Raises:
            WarehouseError: there is no such version.
        """
        with self._locked("rollback", None), self._naming_failures():
            try:
                pointer = self._files.pointer()
            except WarehouseError:
                pointer = Pointer(None, max(self._files.numbers(), default=0))
            target = self._target(pointer, number)
            try:
                self._files.point(Pointer(target, pointer.highest))
            except OSError as error:
                if self._files.pointer().number == target != pointer.number:
                    raise StoredButFailed(f"Version {target} is current, but then: {first_line(error)}.") from error
                raise
            return next(version for version in self.versions() if version.number == target)

    # Reading ---------------------------------------------------------------------------------------------------------

    def _open_current(self) -> tuple[int, duckdb.DuckDBPyConnection]:
        while True:
            number = self._files.pointer().number
            if number is None:
                raise NothingLoaded(
                    "Nothing has been loaded into this shop yet.", "Load its files: regulars load FILE…"
                )
            try:
                return number, self._open(number)
            except WarehouseError:
                # A slow reader may find its version pruned; then the pointer has moved on, and so does the reader.
                if self._files.pointer().number == number:
                    raise

    def _open(self, number: int) -> duckdb.DuckDBPyConnection:
        try:
            con = connect(self._files.file(number), read_only=True, machine=self._machine)
            try:
                self._require_groups(con, number)
            except BaseException:
                con.close()
                raise
            return con
        except (duckdb.Error, OSError) as error:
            if _is_missing(self._files.file(number)):
                raise self._missing(number) from None
            raise _unusable(*self._damaged(number) or (self._files.file(number), first_line(error))) from error

    def _require_groups(self, con: duckdb.DuckDBPyConnection, number: int) -> None:
        if missing := lacking_groups(con):
            file = self._files.version(number) / f"{missing[0]}{DATABASE}"
            raise WarehouseError(f"A file of the version is missing: {file}.", REPAIR)

    def _damaged(self, number: int) -> tuple[Path, str] | None:
        """The first damaged file of a version, and what is wrong with it. Opens none: a failed query may still hold them."""
        with suppress(OSError):
            for file in self._files.files(number):
                try:
                    what = damaged_block(file)
                except OSError as error:
                    what = str(error.strerror)
                if what:
                    return file, what
        return None

    def _kept(self, pointer: Pointer) -> list[Version]:
        numbers = (number for number in self._files.numbers() if number <= pointer.highest)
        versions = (self._version(number, current=number == pointer.number) for number in numbers)
        return [version for version in versions if version is not None]

    def _version(self, number: int, *, current: bool) -> Version | None:
        """What a version says about itself; None where it was pruned meanwhile."""
        file = self._files.file(number)
        try:
            con = connect(file, read_only=True)
            try:
                properties = version_properties(con)
            finally:
                con.close()
            return Version(
                number=number,
                at=datetime.fromisoformat(properties["at"]),
                purpose=properties["purpose"],
                current=current,
                based_on=int(properties["based_on"]) if properties["based_on"] else None,
                regulars=properties["regulars"],
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
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(writers_lock(self.folder / "lock", purpose, waiting))
                for permit in (self._files.permit, self._log.permit):
                    permit(self._machine.shared)
                    stack.callback(permit, self._machine.shared)
            yield

    def _changed_copy(self, purpose: str, pointer: Pointer, reads: list[Path]) -> Iterator[duckdb.DuckDBPyConnection]:
        number = pointer.highest + 1
        with self._naming_failures():
            building = self._files.building()
            if pointer.number is not None:
                copy(self._files.file(pointer.number), building / MAIN)
            before = groups_beside(self._files.file(pointer.number)) if pointer.number is not None else {}
        machine = while_loading(self._machine, reads, [*building.iterdir(), *before.values()])
        con = connect(building / MAIN, read_only=False, machine=machine, reads=reads, groups=before)
        try:
            if pointer.number is not None:
                self._require_groups(con, pointer.number)
            set_version_properties(
                con,
                {
                    "number": str(number),
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "purpose": purpose,
                    "regulars": __version__,
                    "based_on": "" if pointer.number is None else str(pointer.number),
                },
            )
            listed_before = listed(con).keys()
            yield con
            listed_now = listed(con).keys()
            groups = attached(con)
            set_version_properties(con, {GROUPS: " ".join(sorted(groups))})
            for group, (_, read_only) in groups.items():
                if not read_only:
                    con.execute(f"CHECKPOINT {catalog(group)}")
            con.execute("CHECKPOINT")
        finally:
            con.close()
        with self._naming_failures():
            self._log.seal(listed_now - listed_before)
            self._files.seal(building, [file for file, read_only in groups.values() if read_only])
            self._files.publish(building, number, pointer.number, require_number)
        with suppress(OSError):  # what cannot be removed now goes with the next version
            self._log.prune(listed_now, map(self._files.file, reversed(self._files.numbers())))

    # Going back ------------------------------------------------------------------------------------------------------

    def _target(self, pointer: Pointer, number: int | None) -> int:
        """Which version to point to: one that is there and whole."""
        kept = {version.number: version for version in self._kept(pointer)}
        if number is not None:
            self._require_intact(number, kept)
            return number
        current = kept.get(pointer.number or 0)
        if current is not None and not self.fault(current.number):
            older = sorted((n for n in kept if n < current.number), key=lambda n: (n == current.based_on, n))
            nothing = f"There is no version before {current.number}."
        else:
            older, nothing = sorted(kept), "There is no version to go back to."
        for candidate in reversed(older):
            if not self.fault(candidate):
                return candidate
        raise WarehouseError(nothing)

    def _require_intact(self, number: int, kept: Collection[int]) -> None:
        if number not in kept or self.fault(number):
            whole = [str(other) for other in sorted(kept) if not self.fault(other)]
            hint = f"Choose one of: {', '.join(whole)}." if whole else ""
            raise WarehouseError(f"There is no version {number}, or it is damaged.", hint)

    # Failures, named -------------------------------------------------------------------------------------------------

    @contextmanager
    def _naming_failures(self) -> Iterator[None]:
        """Around the work on our own files."""
        try:
            yield
        except OSError as error:
            if says_disk_full(error):
                raise disk_full(self.folder) from error
            raise WarehouseError(
                f"{error.filename or self.folder} cannot be used: {error.strerror or error}.",
                SHARING if isinstance(error, PermissionError) else "",
            ) from error

    @contextmanager
    def _explaining(self, number: int | None, *, writing: bool) -> Iterator[None]:
        """Around what readers and the writer do with a version: name a full disk, a reached limit, and a damaged file."""
        try:
            yield
        except WarehouseError:
            raise
        except Exception as error:
            if small := too_small(error, self.folder, self._machine, writing=writing):
                raise small from error
            if number is not None and not isinstance(error, RegularsError) and (damaged := self._damaged(number)):
                raise _unusable(*damaged) from error
            if number is not None and isinstance(error, duckdb.Error) and (fault := self._log_fault(number)):
                raise fault from error
            if writing and (isinstance(error, _BROKEN_DISK) or os.strerror(errno.EIO) in str(error)):
                raise WarehouseError(
                    f"The new version could not be written: {first_line(error)}.",
                    "The last version was not changed. Look after the disk and repeat the command.",
                ) from error
            raise

    def _log_fault(self, number: int) -> WarehouseError | None:
        """What is wrong with a file of the log that a version rests on; None where all are whole."""
        with suppress(duckdb.Error, OSError), connect(self._files.file(number), read_only=True) as con:
            for file, what in faults(self._log.path, listed(con).values()):
                return WarehouseError(f"{what}.", file.remedy)
        return None

    def _missing(self, number: int) -> WarehouseError:
        return WarehouseError(f"The version is missing: {self._files.file(number)}.", REPAIR)


def _is_missing(file: Path) -> bool:
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def _unusable(file: Path, reason: str) -> WarehouseError:
    try:
        file.open("rb").close()
    except PermissionError as error:
        return WarehouseError(f"{file} cannot be read: {error.strerror}.", SHARING)
    except OSError:
        pass
    return WarehouseError(f"{file} cannot be used: {reason}.", REPAIR)
