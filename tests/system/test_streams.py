"""Output streams whose encoding lacks characters, and readers that are gone."""

from __future__ import annotations

import errno
import io

import pytest

from regulars.system import disk, streams


@pytest.mark.parametrize(
    ("windows", "chosen", "written"),
    [(False, None, b"Ren? ?"), (True, None, "René Ż".encode()), (True, "ascii", b"Ren? ?")],
    ids=["elsewhere", "on Windows", "on Windows, by PYTHONIOENCODING"],
)
def test_output_into_a_file_loses_no_name_on_windows(monkeypatch, windows: bool, chosen: str | None, written: bytes):
    monkeypatch.setattr(disk, "WINDOWS", windows)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    if chosen:
        monkeypatch.setenv("PYTHONIOENCODING", chosen)
    file = io.BytesIO()
    stream = io.TextIOWrapper(file, encoding="ascii")
    streams.prepare_output(stream)
    stream.write("René Ż")
    stream.flush()
    assert file.getvalue() == written


@pytest.mark.parametrize(
    ("windows", "error", "broken"),
    [
        (False, BrokenPipeError(), True),
        (False, OSError(errno.EINVAL, "Invalid argument"), False),
        (True, OSError(errno.EINVAL, "Invalid argument"), True),
        (True, OSError(errno.EINVAL, "Invalid argument", "orders.csv"), False),
        (True, OSError(errno.ENOSPC, "No space left on device"), False),
    ],
    ids=str,
)
def test_a_reader_that_is_gone_is_known(monkeypatch, windows: bool, error: OSError, broken: bool):
    monkeypatch.setattr(disk, "WINDOWS", windows)
    assert streams.is_broken_pipe(error) is broken


def test_signs_that_an_encoding_lacks_are_written_in_ascii():
    file = io.BytesIO()
    stream = io.TextIOWrapper(file, encoding="cp437")
    streams.prepare_output(stream)
    stream.write("café ≤ 5 – 7 … → ↑ real, Ż")
    stream.flush()
    assert file.getvalue().decode("cp437") == "café ≤ 5 - 7 ... -> up real, ?"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "cp850", "cp932"])
def test_every_encoding_of_a_console_has_the_ascii_forms(encoding: str):
    assert "".join(streams.ASCII_FORMS.values()).encode(encoding).isascii()
    file = io.BytesIO()
    stream = io.TextIOWrapper(file, encoding=encoding)
    streams.prepare_output(stream)
    stream.write("".join(streams.ASCII_FORMS))
    stream.flush()
    assert b"?" not in file.getvalue()


@pytest.mark.parametrize(("encoding", "whole"), [("utf-8", True), ("UTF8", True), ("cp1252", False), ("ascii", False)])
def test_an_encoding_of_unicode_is_known(encoding: str, whole: bool):
    assert streams.has_unicode(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is whole
