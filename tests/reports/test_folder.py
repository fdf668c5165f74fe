"""A folder for pictures: ours are drawn anew, what others put there is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.reports.charts.folder import fill
from regulars.vocabulary.errors import UsageError


def test_what_was_drawn_before_is_drawn_anew(tmp_path: Path):
    folder = tmp_path / "new" / "pictures"
    assert fill(folder, {"a.svg": b"one", "b.svg": b"two"}) == [folder / "a.svg", folder / "b.svg"]
    (folder / "notes.txt").write_text("mine")
    fill(folder, {"a.svg": b"three", "c.svg": b"four"})
    assert {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")} == {
        "a.svg": b"three", "b.svg": b"two", "c.svg": b"four", "notes.txt": b"mine",
    }  # fmt: skip
    fill(folder, {"b.svg": b"five"})  # ours, though the last time it was not written
    assert (folder / "b.svg").read_bytes() == b"five"


def test_what_others_put_there_is_left_alone_and_nothing_is_written(tmp_path: Path):
    (tmp_path / "b.svg").write_text("mine")
    with pytest.raises(UsageError, match=r"b\.svg exists already, and was not written by Regulars"):
        fill(tmp_path, {"a.svg": b"one", "b.svg": b"two"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"b.svg": "mine"}


def test_a_broken_list_makes_nothing_ours(tmp_path: Path):
    fill(tmp_path, {"a.svg": b"one"})
    (tmp_path / ".regulars-pictures").write_text("{")
    with pytest.raises(UsageError, match="was not written"):
        fill(tmp_path, {"a.svg": b"two"})


def test_a_file_is_no_folder(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="pictures need a folder"):
        fill(tmp_path / "file", {"a.svg": b"one"})
