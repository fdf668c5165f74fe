"""Locks of files and folders, between processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from regulars.system import disk
from regulars.system.locking import locked, locked_folder, read_note, write_note

HOLDING = """
import sys, time
from pathlib import Path
from regulars.system.locking import locked, write_note
with locked(Path(sys.argv[1])) as descriptor:
    write_note(descriptor, b"held")
    print("held", flush=True)
    time.sleep(60)
"""


class Busy(Exception):
    pass


def raise_busy(_descriptor: int) -> None:
    raise Busy


def raise_note(descriptor: int) -> None:
    raise Busy(read_note(descriptor))


def test_a_lock_is_held_with_its_note_until_its_process_is_killed(tmp_path: Path):
    file = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(file)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match="held"), locked(file, raise_note):
            raise AssertionError
        holder.send_signal(signal.SIGKILL)
        with locked(file) as descriptor:
            write_note(descriptor, b"next")
            assert read_note(descriptor) == b"next"
            write_note(descriptor, b"")
    assert file.read_bytes() == b""


@pytest.mark.parametrize("windows", [False, True], ids=["the folder's own", "a file's"])
def test_a_folder_s_lock_is_held_by_one_and_leaves_no_file(tmp_path: Path, monkeypatch, windows: bool):
    monkeypatch.setattr(disk, "WINDOWS", windows)
    beside = tmp_path / ".lock"
    for _ in range(2):
        with locked_folder(tmp_path, beside):
            assert beside.exists() is windows
            with pytest.raises(Busy), locked_folder(tmp_path, beside, raise_busy):
                raise AssertionError
    assert list(tmp_path.iterdir()) == []
