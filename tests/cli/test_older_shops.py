"""A shop that an older Regulars wrote, which knew of no waiting rows, is brought up to date by whatever asks first."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

COMMANDS = ("loads", "rejects", "rejects --waiting", "metrics", "versions", "check", "people merges", "undo 1")


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory, first_shop: Path) -> Path:
    """The shop without the columns and tables for rows that wait."""
    shop = Path(shutil.copytree(first_shop, tmp_path_factory.mktemp("older") / "shop"))
    (version,) = (shop / "warehouse").glob("v*.duckdb")
    version.chmod(0o600)
    with duckdb.connect(str(version)) as con:
        con.execute("DROP TABLE main.waiting; ALTER TABLE main.load_files DROP COLUMN waiting")
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'log'").fetchall():
            con.execute(f"ALTER TABLE log.{table} DROP COLUMN waiting")
        con.execute("UPDATE main.about SET value = '6', key = 'edition' WHERE key = 'facts'")
    return shop


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_works_on_it(command, older: Path, tmp_path: Path, words: str) -> None:
    said = command(*words.split(), "--shop", shutil.copytree(older, tmp_path / "shop"))
    assert (said.code, "Traceback" in said.err) == (0, False), said.err
