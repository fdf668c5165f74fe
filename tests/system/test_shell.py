"""Arguments as the system's shell reads them."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from regulars.system import disk
from regulars.system.shell import quoted

TEXTS = ["my shop", "Café & Söhne", "a b\\", 'the "old" shop', 'ends with \\" it', "don't go", "100 %"]


@pytest.mark.parametrize("text", [*TEXTS, "shop", "", "it's", "$HOME"])
def test_the_shell_of_linux_reads_the_text_itself(text: str):
    assert shlex.split(f"regulars --shop {quoted(text)}") == ["regulars", "--shop", text]
    said = subprocess.run(["sh", "-c", f"printf %s {quoted(text)}"], capture_output=True, check=True).stdout
    assert said.decode() == text


@pytest.mark.parametrize("text", TEXTS)
def test_programs_of_windows_read_the_text_itself(text: str, monkeypatch: pytest.MonkeyPatch):
    """Python's own subprocess quotes what holds a blank by the same rules."""
    monkeypatch.setattr(disk, "WINDOWS", True)
    assert quoted(text) == subprocess.list2cmdline([text])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"C:\Users\Ada\shop", r"C:\Users\Ada\shop"),
        (r"D:\my shop", r'"D:\my shop"'),
        (r"D:\my shop" + "\\", '"D:\\my shop\\\\"'),
        (r"\\server\shops\ada", r"\\server\shops\ada"),
        ("R&D", '"R&D"'),
        ("a;b", '"a;b"'),
        ("", '""'),
    ],
)
def test_paths_of_windows_stand_in_double_quotes_where_a_shell_would_split_them(text, written, monkeypatch):
    monkeypatch.setattr(disk, "WINDOWS", True)
    assert quoted(text) == written
