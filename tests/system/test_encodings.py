"""Text files are UTF-8 on every system, and answers can be read on consoles that lack most characters."""

from __future__ import annotations

import ast
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from regulars.cli import run
from regulars.system.streams import ASCII_FORMS

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for folder in ("src", "bench", "scripts", "docs") for path in (ROOT / folder).rglob("*.py"))

PATH_METHODS = {"read_text", "write_text"}


def opened_without_encoding(tree: ast.Module) -> Iterator[str]:
    """Calls that read or write text in the encoding of the system, which on Windows is an old code page."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or {keyword.arg for keyword in node.keywords} & {"encoding", None}:
            continue
        constants = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        modes = [text for text in constants if isinstance(text, str) and text and set(text) <= set("rwxabt+")]
        match node.func:
            case ast.Attribute(value=ast.Name(id="disk")):  # our own, which sets the encoding itself
                continue
            case ast.Attribute(attr=name) if name in PATH_METHODS:
                pass
            case ast.Attribute(attr="open" | "fdopen") if modes and "b" not in modes[-1]:
                pass
            case ast.Name(id="open") if not modes or "b" not in modes[-1]:
                pass
            case _:
                continue
        yield f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_text_files_are_opened_with_an_encoding(module: Path):
    assert list(opened_without_encoding(ast.parse(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "file.read_text()",
        "files[0].write_text('é')",
        "open(file)",
        "open(file, 'w')",
        "file.open('r')",
        "os.fdopen(4, 'w')",
    ],
)
def test_a_file_that_is_opened_without_an_encoding_is_recognised(code: str):
    assert len(list(opened_without_encoding(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code", ["open(file, 'rb')", "file.open('xb')", "file.read_text(encoding='utf-8')", "Shop.open(f)"]
)
def test_a_binary_file_needs_no_encoding(code: str):
    assert list(opened_without_encoding(ast.parse(code))) == []


ORDERS = """order_id,ordered_at,gross,currency,customer_id,email,country
1,2026-01-05T10:00:00Z,10.00,GBP,a,a@shop.example,PL
2,2026-02-05T10:00:00Z,20.00,GBP,b,b@shop.example,GB
3,2026-02-06T10:00:00Z,30.50,GBP,a,a@shop.example,PL
4,2026-02-07T10:00:00Z,5.25,GBP,Żaneta,,Łódź
"""
COMMANDS = (
    ("load", "orders.csv", "--shop", "shop", "--covers-until", "2026-03-10", "--again"),
    ("metrics", "--shop", "shop"),
    ("metrics", "--period", "2026-03", "--shop", "shop"),
    ("metric", "returning_customer_rate", "--compare", "--shop", "shop"),
    ("metric", "net_revenue", "--split", "country", "--shop", "shop"),
    ("drill-down", "active_buyers", "--period", "all", "--shop", "shop"),
    ("explain", "customer_churn_rate"),
    ("tables", "orders"),
    ("sources",),
    ("--help",),
    ("load", "--help"),
    ("metric", "net_revenu", "--shop", "shop"),
)
ENCODINGS = ("ascii", "cp437", "cp1252")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encodings")
    (folder / "orders.csv").write_text(ORDERS, encoding="utf-8")
    assert run(["init", str(folder / "shop"), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert (
        run(["load", str(folder / "orders.csv"), "--shop", str(folder / "shop"), "--covers-until", "2026-03-10"]) == 0
    )
    return folder


def bytes_of(folder: Path, encoding: str, *words: str) -> tuple[int, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "regulars", *words],
        cwd=folder, env={**os.environ, "PYTHONIOENCODING": encoding}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


def as_written(text: str, encoding: str) -> bytes:
    """The text in the encoding: signs that it lacks by their ASCII forms, other characters as question marks."""
    written = io.BytesIO()
    for character in text:
        try:
            written.write(character.encode(encoding))
        except UnicodeEncodeError:
            written.write(ASCII_FORMS.get(character, "?").encode("ascii"))
    return written.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_an_answer_is_the_same_in_every_encoding_but_for_the_signs_that_it_lacks(folder: Path, words: tuple[str, ...]):
    code, said = bytes_of(folder, "utf-8", *words)
    text = said.decode()
    assert "Traceback" not in text
    unknown = {character for character in text if not character.isascii() and character not in ASCII_FORMS}
    assert {character for character in unknown if not character.isalpha()} == set()
    # Typer writes help as UTF-8 where the encoding is ASCII. Each load has a number and a time of its own.
    for encoding in ENCODINGS[1:] if "--help" in words else ENCODINGS:
        ended, written = bytes_of(folder, encoding, *words)
        assert (ended, b"Traceback" in written) == (code, False)
        assert "--again" in words or written == as_written(text, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_change_can_be_read_where_the_console_lacks_its_signs(folder: Path, encoding: str):
    code, said = bytes_of(folder, encoding, "metrics", "--shop", "shop")
    assert (code, b"Traceback" in said, b"?" in said) == (0, False, False)
    code, said = bytes_of(
        folder, encoding, "drill-down", "active_buyers", "--period", "all", "--format", "json", "--shop", "shop"
    )
    assert code == 0 and said.isascii()
    assert "Żaneta" in str(json.loads(said))


def test_a_terminal_without_lines_for_tables_gets_them_in_ascii(folder: Path):
    ours, theirs = pty.openpty()
    settings = {**os.environ, "COLUMNS": "96", "TERM": "xterm", "PYTHONIOENCODING": "cp1252"}
    with subprocess.Popen(
        [sys.executable, "-m", "regulars", "metrics", "--shop", "shop"],
        cwd=folder, stdout=theirs, stderr=theirs, env=settings,
    ) as process:  # fmt: skip
        os.close(theirs)
        screen = b""
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            screen += more
    os.close(ours)
    text = screen.decode("cp1252")
    assert process.returncode == 0
    assert "Traceback" not in text and "?" not in text
    assert "-----" in text
