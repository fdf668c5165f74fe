"""Verification of a version: every block of its files is read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from pathlib import Path

import duckdb
import numpy as np

from regulars.vocabulary.machine import ANY, Machine
from regulars.warehouse.versions.connection import DATABASE, GROUPS, MAIN, connect, version_properties
from regulars.warehouse.versions.folder import own_files
from regulars.warehouse.versions.groups import attached

# DuckDB's storage format: three headers, then blocks; each begins with a checksum of the rest of it.
_HEADER, _BLOCK, _WORD = 4096, 262_144, 8
_FACTOR, _START = np.uint64(0xBF58476D1CE4E5B9), np.uint64(5381)


class NotWhole(Exception):
    """A file that was just written does not hold what was written."""


def require_number(folder: Path, number: int) -> None:
    """Check a version before it is published: all its blocks, that it opens, and that it stores its number.

    The folder must have its final name: where a result of its writer is still open, DuckDB blocks when a database is
    opened again by the same name.

    Raises:
        NotWhole: a check fails.
    """
    for file in own_files(folder):
        if damaged := damaged_block(file):
            raise NotWhole(damaged)
    with connect(folder / MAIN, read_only=True) as con:
        if version_properties(con).get("number") != str(number):
            raise NotWhole(f"it does not say that it is version {number}")


def fault(files: Sequence[Path], machine: Machine = ANY) -> str:
    """Return what is wrong with the files of a version, in a few words; empty where they are intact.

    Every block is read twice: as bytes (`damaged_block`), and every value of every table by DuckDB.

    Args:
        files: the files, the main one first.
        machine: limits of memory, disk and threads.

    Raises:
        FileNotFoundError: a file does not exist.
        PermissionError: a file cannot be read.
    """
    for file in files:
        if damage := damaged_block(file):
            return damage if file == files[0] else f"{file.name}: {damage}"
    return _unreadable_table(files[0], machine)


def damaged_block(file: Path) -> str:
    """Return which block of a database file has a wrong checksum, indexes and unused space included; empty where none
    has.

    Opens no database.

    Raises:
        FileNotFoundError: the file does not exist.
        PermissionError: the file cannot be read.
    """
    position, sizes = 0, chain(3 * (_HEADER,), repeat(_BLOCK))
    try:
        with file.open("rb") as stream:
            while block := stream.read(size := next(sizes)):
                if not _intact(block) or len(block) < size:
                    return f"the block at byte {position:,} is damaged"
                position += size
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        return str(error.strerror)
    return "" if position >= 3 * _HEADER else "it is no database"


def _intact(block: bytes) -> bool:
    """Return True where a block's checksum is right, or the block was never written and holds zeros only."""
    if len(block) % _WORD:
        return False
    words = np.frombuffer(block, "<u8")
    return not words.any() or words[0] == np.bitwise_xor.reduce(words[1:] * _FACTOR) ^ _START


def _unreadable_table(file: Path, machine: Machine) -> str:
    try:
        with connect(file, read_only=True, machine=machine) as con:
            if missing := lacking_groups(con):
                return f"{missing[0]}{DATABASE} is missing"
            tables = con.execute("SELECT database_name, schema_name, table_name FROM duckdb_tables()").fetchall()
            for database, schema, table in tables:
                con.execute(f'SELECT bit_xor(hash(t)) FROM "{database}"."{schema}"."{table}" t').fetchall()
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        return first_line(error)
    return ""


def lacking_groups(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the groups of facts whose files the version lists but lacks."""
    return sorted(set(version_properties(con).get(GROUPS, "").split()).difference(attached(con)))


def first_line(error: BaseException) -> str:
    """Return the first line of an error, without DuckDB's prefix."""
    line = str(error).split("\n")[0].rstrip(".!")
    return line.partition("Error: ")[2] or line or type(error).__name__
