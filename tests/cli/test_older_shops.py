"""A shop that an older Regulars wrote, with versions of one file and no waiting rows, is brought up to date by whatever asks
first.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from warehouse.older import keep_rows_inside

COMMANDS = ("loads", "rejects", "rejects --waiting", "metrics", "versions", "check", "people merges", "undo 1")


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory, first_shop: Path) -> Path:
    """The shop in one file, without the columns and tables for rows that wait."""
    shop = Path(shutil.copytree(first_shop, tmp_path_factory.mktemp("older") / "shop"))
    (folder,) = (shop / "warehouse").glob("v*")
    for file in folder.iterdir():
        file.chmod(0o600)
    with duckdb.connect(
        str(folder / "shop.duckdb"), config={"file_search_path": str(shop / "warehouse" / "log")}
    ) as con:
        for file in folder.glob("*.duckdb"):
            if file.stem != "shop":
                con.execute(f"ATTACH '{file}' AS group_{file.stem}")
        for (view,) in con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'facts'").fetchall():
            con.execute(f"CREATE TEMP TABLE was AS FROM facts.{view}; DROP VIEW facts.{view}")
            con.execute(f"CREATE TABLE facts.{view} AS FROM was; DROP TABLE was")
        keep_rows_inside(con, without=("waiting",))
        con.execute("DROP TABLE main.waiting; ALTER TABLE main.load_files DROP COLUMN waiting")
        con.execute("UPDATE main.about SET value = '6', key = 'edition' WHERE key = 'facts'")
        con.execute("DELETE FROM main.about WHERE key = 'groups'")
    (folder / "shop.duckdb").rename(folder.with_suffix(".duckdb"))
    shutil.rmtree(folder)
    shutil.rmtree(shop / "warehouse" / "log")
    pointer = shop / "warehouse" / "current"
    pointer.write_text(pointer.read_text().replace(folder.name, f"{folder.name}.duckdb"))
    return shop


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_works_on_it(command, older: Path, tmp_path: Path, words: str) -> None:
    said = command(*words.split(), "--shop", shutil.copytree(older, tmp_path / "shop"))
    assert (said.code, "Traceback" in said.err) == (0, False), said.err
