"""What SECURITY.md says of the network is true, and the tests that it names exist."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import ORDERS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
MODULES = sorted((ROOT / "src" / "regulars").rglob("*.py"))

REACHES_OUT = frozenset({
    "aiohttp", "asyncio", "ftplib", "http", "httpx", "imaplib", "poplib", "requests", "smtplib", "socketserver", "ssl",
    "subprocess", "telnetlib", "urllib", "urllib3", "webbrowser", "xmlrpc",
})  # fmt: skip

WATCHED = """
import sys

seen = []
sys.addaudithook(lambda event, given: seen.append(event) if event.startswith(("socket.", "urllib.")) else None)

import socket
from regulars.cli import run

for words in ARGUMENTS:
    code = run(words)
    assert code == 0, (words, code)
print(*sorted(set(seen) - {"socket.gethostname"}), file=sys.stderr)
assert "socket.connect" not in seen
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError:
    pass
assert "socket.connect" in seen  # it would be noticed
"""


def imported(module: Path) -> set[str]:
    """The packages that a module imports, at its top or within."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def test_no_module_imports_what_reaches_a_network():
    found = {str(module.relative_to(ROOT)): imported(module) & REACHES_OUT for module in MODULES}
    assert {name: packages for name, packages in found.items() if packages} == {}


def test_of_sockets_only_the_name_of_the_machine_is_used():
    uses = [use for module in MODULES for use in re.findall(r"\bsocket\.\w+", module.read_text(encoding="utf-8"))]
    assert set(uses) <= {"socket.gethostname"}


@pytest.mark.slow
def test_a_shop_is_loaded_asked_and_checked_without_a_connection(tmp_path: Path):
    (tmp_path / "orders.csv").write_text(ORDERS)
    shop = ["--shop", str(tmp_path / "shop")]
    lines = [
        ["init", str(tmp_path / "shop"), "--currency", "GBP", "--timezone", "Europe/London"],
        ["load", str(tmp_path / "orders.csv"), *shop],
        ["metrics", *shop],
        ["metric", "net_revenue", "--split", "country", *shop],
        ["check", *shop],
    ]
    code = WATCHED.replace("ARGUMENTS", repr(lines))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_tests_that_the_page_names_exist():
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).is_file()] == []
