"""What a packed file may unpack to, how many files a load may have, and names that are not UTF-8."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from load.shop import HEADER, ORDERS, Shop
from regulars.load.files import expand
from regulars.load.formats.packed import FREE_BYTES, MOST_BYTES, MOST_FILES, MOST_RATIO, most_unpacked
from regulars.vocabulary.errors import UnreadableFile

ROW = "1,2024-01-05 10:00:00,GBP,10.50,a@example.com,\n"
MEGABYTE = gzip.compress(b"\n" * 1_000_000)
"""Of blank lines: about a thousand bytes."""


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def test_the_limits_leave_room_for_any_export() -> None:
    assert most_unpacked(1) == FREE_BYTES == 100_000_000
    assert most_unpacked(1_000_000) == 200_000_000
    assert most_unpacked(10**12) == MOST_BYTES
    assert len(b"\n" * 1_000_000) / len(MEGABYTE) > MOST_RATIO, "else the tests below show nothing"


def test_a_gz_that_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress((HEADER + ROW).encode()) + MEGABYTE * 101
    shop = Shop(tmp_path)
    with pytest.raises(
        UnreadableFile, match=r"bomb\.csv\.gz has .* bytes and unpacks to more than 100,000,000"
    ) as caught:
        shop.load({"bomb.csv.gz": (bomb, ORDERS)})
    assert "load the unpacked file" in caught.value.hint
    assert shop.rows("SELECT count(*) FROM orders") == [(0,)]


def test_a_zip_that_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    half = HEADER.encode() + b"\n" * 60_000_000
    (tmp_path / "bomb.zip").write_bytes(zipped(("a.csv", half), ("b.csv", half)))
    with pytest.raises(UnreadableFile, match=r"bomb\.zip has .* bytes and unpacks to more than 100,000,000"):
        expand([tmp_path / "bomb.zip"])


def test_a_workbook_that_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    book, content = openpyxl.Workbook(), io.BytesIO()
    book.save(content)
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", b" " * 101_000_000)
    (tmp_path / "bomb.xlsx").write_bytes(content.getvalue())
    with pytest.raises(UnreadableFile, match=r"bomb\.xlsx has .* bytes and unpacks to more than 100,000,000"):
        expand([tmp_path / "bomb.xlsx"])[0].header()


def test_more_files_than_the_limit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "many.zip").write_bytes(zipped(*((f"{n}.csv", b"x") for n in range(MOST_FILES + 1))))
    with pytest.raises(UnreadableFile, match=r"many\.zip holds more than 10,000 files") as caught:
        expand([tmp_path / "many.zip"])
    assert caught.value.hint
    (tmp_path / "just.zip").write_bytes(zipped(*((f"{n}.csv", b"x") for n in range(MOST_FILES))))
    assert len(expand([tmp_path / "just.zip"])) == MOST_FILES


def loaded(folder: Path, file: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-m", "regulars"]
    subprocess.run([*program, "init", "s", "--currency", "GBP", "--timezone", "UTC"], cwd=folder, check=True)
    return subprocess.run(
        [*program, "load", file, "--shop", "s"], cwd=folder, capture_output=True, env=os.environ | environment
    )


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_name_that_is_not_utf8_loads_and_is_shown_with_its_bytes(tmp_path: Path, packed: bool) -> None:
    content = (HEADER + ROW).encode()
    name = b"b\xff.csv" + b".gz" * packed
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(gzip.compress(content) if packed else content)
    done = loaded(tmp_path, name)
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr
    assert rb"b\xff.csv" in done.stdout


def test_an_umlaut_in_a_file_name_loads_where_the_locale_knows_ascii_only(tmp_path: Path) -> None:
    (tmp_path / "für.csv").write_text(HEADER + ROW)
    done = loaded(tmp_path, "für.csv".encode(), LC_ALL="C", PYTHONUTF8="0")
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr


@pytest.mark.parametrize("name", [b"s\xff", "für".encode()])
def test_a_shop_in_a_folder_whose_name_cannot_be_read_is_refused_in_two_lines(tmp_path: Path, name: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "regulars", "init", name, "--currency", "GBP", "--timezone", "UTC"],
        cwd=tmp_path,
        capture_output=True,
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0"},
    )
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 2, done.stderr
    assert list(tmp_path.iterdir()) == []
