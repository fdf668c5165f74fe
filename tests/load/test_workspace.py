"""Where a load keeps what it unpacks."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import duckdb

from regulars.load.workspace import Workspace
from regulars.warehouse.versions import Warehouse


def test_what_is_unpacked_lies_beside_the_version_and_is_gone_afterwards(tmp_path: Path):
    with Warehouse(tmp_path).write("load") as con:
        with Workspace(con) as workspace:
            workspace.path(".csv").write_text("unpacked")
            assert workspace.path("").parent.parent == tmp_path
        assert [path for path in tmp_path.iterdir() if path.suffix == ".work"] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "lock", "v000001"]


def test_what_a_killed_load_unpacked_is_cleared_by_the_next_writer(tmp_path: Path):
    script = f"""
import os, signal
from pathlib import Path
from regulars.load.workspace import Workspace
from regulars.warehouse.versions import Warehouse

with Warehouse(Path({str(tmp_path)!r})).write("load") as con, Workspace(con) as room:
    room.path(".csv").write_text("unpacked")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == -signal.SIGKILL
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2  # the version, and what was unpacked
    with Warehouse(tmp_path).write("next"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "lock", "v000001"]


def test_a_database_in_memory_has_the_systems_folder():
    with duckdb.connect() as con, Workspace(con) as workspace:
        workspace.path(".csv").write_text("unpacked")


def test_the_zone_that_parsing_set_is_put_back():
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'Europe/London'")
        with Workspace(con) as workspace:
            workspace.timezone("Asia/Tokyo")
        assert con.execute("SELECT current_setting('TimeZone')").fetchall() == [("Europe/London",)]
