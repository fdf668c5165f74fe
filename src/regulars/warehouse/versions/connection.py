"""The only place that opens DuckDB, with one locked configuration; and the properties that a version stores."""

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
"""Settings that may change after opening: a load's parser sets the first, Ibis the first two (to UTC and false). Limits
hold for all connections of the process to a file, and follow the one opened last.
"""

_CONFIGURATION_LOCK = threading.Lock()
DATABASE = ".duckdb"
MAIN = f"shop{DATABASE}"
"""Name of the main file in a version's folder."""
GROUPS = "groups"
"""Key, in `about`, of the groups of facts that have files of their own, separated by blanks."""


def connect(
    file: Path,
    *,
    read_only: bool,
    machine: Machine = ANY,
    reads: Iterable[Path] = (),
    groups: Mapping[str, Path] = MappingProxyType({}),
) -> duckdb.DuckDBPyConnection:
    """Open a database file with the locked configuration: no network and no extensions.

    With the main file of a version, the files of its groups of facts are attached read-only. All connections of a
    process to one file share one configuration and one set of attached files.

    The connection can access these files, its spilled rows, `work_folder(file)`, the folder of the log (its
    `file_search_path`), the cache folder, the files `reads` by whatever links, and, for a version's writer, the
    version's folder.

    Args:
        file: the database file.
        read_only: whether it is opened for reading only.
        machine: limits of memory, disk and threads.
        reads: further files that may be read.
        groups: files of groups of facts to attach for a writer.

    Raises:
        duckdb.Error: the file cannot be opened.
    """
    refuse_pandas()
    # DuckDB's own choice is one folder per file, in which several processes overwrite each other's blocks.
    config = _CONFIG | {"temp_directory": f"{_temporary_prefix(file)}.spill-{host()}-{os.getpid()}"}
    con = duckdb.connect(str(file), read_only=read_only, config=config)
    # Set afterwards, as DuckDB 1.5 does not keep to a max_temp_directory_size given in `config`.
    limits = (machine.memory_limit, machine.spill_limit, machine.threads)
    version_folder = [file.absolute().parent] if file.name == MAIN and not read_only else []
    all_groups = {**groups_beside(file), **groups}
    warehouse = _temporary_prefix(file).parent
    log = log_folder(warehouse)
    return _configure(
        con,
        [work_folder(file), log, cache_folder(warehouse), *version_folder],
        reads,
        dict(zip(_LIMITS, limits, strict=True)),
        all_groups,
        log,
    )


def connect_in_memory(reads: Iterable[Path] = ()) -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory, configured as by `connect`; it can access the files `reads` only."""
    refuse_pandas()
    return _configure(duckdb.connect(config=_CONFIG), [], reads, {})


def groups_beside(main: Path) -> dict[str, Path]:
    """Return the files of a version's groups of facts, by name; none for a file that is not a version's main file."""
    files = main.parent.glob(f"*{DATABASE}") if main.name == MAIN else ()
    return {file.stem: file for file in files if file.name != MAIN}


def catalog(group: str) -> str:
    """Return the name in SQL of the file of a group of facts."""
    return f"group_{group}"


def attach(con: duckdb.DuckDBPyConnection, group: str, file: Path, *, read_only: bool) -> None:
    """Attach the file of a group of facts; it is created where it does not exist and is not read-only."""
    mode = "READ_ONLY" if read_only else "READ_WRITE"
    con.execute(f"ATTACH IF NOT EXISTS {_literal(file)} AS {catalog(group)} ({mode})")


def work_folder(file: Path) -> Path:
    """Return the folder whose files a connection to the database `file` may read. It need not exist."""
    return Path(f"{_temporary_prefix(file)}.work")


def _temporary_prefix(file: Path) -> Path:
    """Return the prefix of the database's temporary folders, outside a version's folder."""
    return file.absolute().parent if file.name == MAIN else file


def log_folder(warehouse: Path) -> Path:
    """Return the folder of the log's files, which the views of all versions in the folder `warehouse` read."""
    return (warehouse / "log").absolute()


def cache_folder(warehouse: Path) -> Path:
    """Return the folder of rollup levels built for queries, with one folder per version."""
    return (warehouse / "cache").absolute()


def _configure(
    con: duckdb.DuckDBPyConnection,
    folders: Iterable[Path],
    files: Iterable[Path],
    limits: dict[str, object],
    groups: Mapping[str, Path] = MappingProxyType({}),
    log: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """Attach the groups, set the limits, and lock the configuration, once per database."""
    configuration: dict[str, object] = {
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
        with _CONFIGURATION_LOCK:
            (locked,) = con.execute("SELECT current_setting('lock_configuration')").fetchall()[0]
            for group, file in () if locked else groups.items():
                attach(con, group, file, read_only=True)
            settings = (limits if locked else limits | configuration).items()
            # Global, so that cursors take it over.
            con.execute(
                "".join(f"SET GLOBAL {name} = {_literal(value)};" for name, value in settings if value is not None)
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
    """Return the machine's name, since process numbers are unique on one machine only."""
    return socket.gethostname()


def version_properties(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the properties of a version: number, at, purpose, regulars, based_on, and those that its writer stored."""
    return dict(con.execute("SELECT key, value FROM main.about ORDER BY key").fetchall())


def set_version_properties(con: duckdb.DuckDBPyConnection, properties: Mapping[str, str]) -> None:
    """Store properties of the version, and replace those of the same keys."""
    con.execute(
        "BEGIN; CREATE TABLE IF NOT EXISTS main.about (key TEXT, value TEXT);"
        f"DELETE FROM main.about WHERE key IN ({', '.join(map(_literal, properties))});"
        f"INSERT INTO main.about VALUES {', '.join(f'({_literal(key)}, {_literal(value)})' for key, value in properties.items())};"
        "COMMIT"
    )
