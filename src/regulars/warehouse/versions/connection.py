"""The one place that opens DuckDB, with one closed configuration, and what a version says about itself."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import duckdb

from regulars.vocabulary.machine import ANY, Machine
from regulars.vocabulary.safe_text import is_utf8
from regulars.warehouse.lazy_imports import refuse_pandas

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # Everything needed is in the wheel; nothing is ever fetched while running.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    # A name in a query is never a variable of the Python code around it.
    "python_enable_replacements": "false",
}
_LIMITS = ("memory_limit", "max_temp_directory_size", "threads")
_CHANGEABLE = ("TimeZone", "python_enable_replacements", *_LIMITS)
"""Settings that may change after opening: a load's parser sets the first, Ibis the first two (to UTC and false); limits hold
for all connections of the process to a file, and follow the one opened last."""

_CONFIGURING = threading.Lock()
DATABASE = ".duckdb"
MAIN = f"shop{DATABASE}"
"""The main file in a version's folder."""
GROUPS = "groups"
"""The key in `about` of the groups of facts that have files of their own, separated by blanks."""


def connect(
    file: Path,
    *,
    read_only: bool,
    machine: Machine = ANY,
    reads: Iterable[Path] = (),
    groups: Mapping[str, Path] = MappingProxyType({}),
) -> duckdb.DuckDBPyConnection:
    """Open a database file. Raises duckdb.Error where that cannot be done.

    To the main file of a version those of its groups of facts are attached, read-only, and to a writer's those of `groups`.

    The connection reaches no file but these, its spilled rows, what lies in `work_folder(file)`, and the files `reads`, by
    whatever links, and what lies in the folder of the log, which is its `file_search_path`, or of the cache; that of a version's
    writer also the version's folder; no network and no extension; its configuration is
    locked. All connections of a process to one file share one configuration, and one set of attached files.
    """
    refuse_pandas()
    # DuckDB's own choice is one folder per file, in which several processes overwrite each other's blocks.
    config = _CONFIG | {"temp_directory": f"{_beside(file)}.spill-{host()}-{os.getpid()}"}
    con = duckdb.connect(str(file), read_only=read_only, config=config)
    # Set afterwards, as DuckDB 1.5 does not keep to a max_temp_directory_size given in `config`.
    limits = (machine.memory_limit, machine.spill_limit, machine.threads)
    own = [file.absolute().parent] if file.name == MAIN and not read_only else []
    known = {**groups_beside(file), **groups}
    warehouse = _beside(file).parent
    log = log_folder(warehouse)
    return _closed(
        con,
        [work_folder(file), log, cache_folder(warehouse), *own],
        reads,
        dict(zip(_LIMITS, limits, strict=True)),
        known,
        log,
    )


def connect_in_memory(reads: Iterable[Path] = ()) -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory, closed as in `connect`; it reaches the files `reads`, or none at all."""
    refuse_pandas()
    return _closed(duckdb.connect(config=_CONFIG), [], reads, {})


def groups_beside(main: Path) -> dict[str, Path]:
    """The files of the groups of facts of a version, by name; none beside another file than a version's main one."""
    others = main.parent.glob(f"*{DATABASE}") if main.name == MAIN else ()
    return {file.stem: file for file in others if file.name != MAIN}


def catalog(group: str) -> str:
    """What the file of a group of facts is called in SQL."""
    return f"group_{group}"


def attach(con: duckdb.DuckDBPyConnection, group: str, file: Path, *, read_only: bool) -> None:
    """Attach the file of a group of facts; a new one where there is none and it is not only read."""
    mode = "READ_ONLY" if read_only else "READ_WRITE"
    con.execute(f"ATTACH IF NOT EXISTS {_literal(file)} AS {catalog(group)} ({mode})")


def work_folder(file: Path) -> Path:
    """The folder whose files a connection to the database `file` may read. It need not exist."""
    return Path(f"{_beside(file)}.work")


def _beside(file: Path) -> Path:
    """What the names of a database's temporary folders begin with: a version's own folder holds nothing but its files."""
    return file.absolute().parent if file.name == MAIN else file


def log_folder(warehouse: Path) -> Path:
    """The folder of the log's files, from which the views of every version in the folder `warehouse` read."""
    return (warehouse / "log").absolute()


def cache_folder(warehouse: Path) -> Path:
    """The folder of what was built for questions about versions in the folder `warehouse`: a folder for each, named like it."""
    return (warehouse / "cache").absolute()


def _closed(
    con: duckdb.DuckDBPyConnection,
    folders: Iterable[Path],
    files: Iterable[Path],
    limits: dict[str, object],
    groups: Mapping[str, Path] = MappingProxyType({}),
    log: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """Attach the groups and set the limits; close the configuration and lock it, once per database."""
    closed: dict[str, object] = {
        "TimeZone": "UTC",
        # A version is published whole or not at all: to write into the file what was done so far is in vain, and would
        # move rows whose numbers a writer holds.
        "wal_autocheckpoint": "1000TB",
        "allowed_directories": list(folders),
        # Stored views name the log's files in it when they are run, so that a shop's folder may be moved.
        "file_search_path": log,
        # DuckDB takes no other names; such files are copied into the work folder.
        "allowed_paths": [file for file in files if is_utf8(file)],
        "enable_external_access": False,
        "allowed_configs": list(_CHANGEABLE),
        "lock_configuration": True,
    }
    try:
        with _CONFIGURING:
            (locked,) = con.execute("SELECT current_setting('lock_configuration')").fetchall()[0]
            for group, file in () if locked else groups.items():
                attach(con, group, file, read_only=True)
            asked = (limits if locked else limits | closed).items()
            # Global, so that cursors take it over.
            con.execute(
                "".join(f"SET GLOBAL {name} = {_literal(value)};" for name, value in asked if value is not None)
            )
    except BaseException:
        con.close()
        raise
    return con


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_literal(item) for item in value)}]"
    return "'" + str(value).replace("'", "''") + "'"


def host() -> str:
    """The machine's name: process numbers mean something only on their own machine."""
    return socket.gethostname()


def about(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What a version says about itself: number, at, purpose, regulars, based_on, and whatever its writer remembered."""
    return dict(con.execute("SELECT key, value FROM main.about ORDER BY key").fetchall())


def remember(con: duckdb.DuckDBPyConnection, told: Mapping[str, str]) -> None:
    """Write what is told about the version into it, in place of what it said under these keys before."""
    con.execute(
        "BEGIN; CREATE TABLE IF NOT EXISTS main.about (key TEXT, value TEXT);"
        f"DELETE FROM main.about WHERE key IN ({', '.join(map(_literal, told))});"
        f"INSERT INTO main.about VALUES {', '.join(f'({_literal(key)}, {_literal(value)})' for key, value in told.items())};"
        "COMMIT"
    )
