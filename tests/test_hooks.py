"""`make hooks` lets git refuse a commit whose style is wrong, and a push of what does not pass every check."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("git", "make"))) or not (BIN / "ruff").exists(),
    reason="git, make or the development environment is missing",
)


def called(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in a repository of its own, with the tools of this environment in place of a new one."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "MAKE", "MFLAGS"))}
    settings |= {"GIT_CONFIG_GLOBAL": os.devnull, "MAKEFLAGS": f"-- BIN={BIN}"}
    return subprocess.run(words, cwd=folder, env=settings, capture_output=True, text=True, timeout=300)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    # The environment stands already: this one. tests/test_environment.py tests how one is made.
    (folder / "scripts" / "environment.sh").write_text("#!/bin/sh\n")
    for words in (
        ("git", "init", "--quiet"),
        ("git", "config", "user.name", "Ana"),
        ("git", "config", "user.email", "ana@example.com"),
        ("make", "hooks"),
    ):
        done = called(folder, *words)
        assert done.returncode == 0, done
    return folder


def commit(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "module.py").write_text(code)
    assert called(folder, "git", "add", "--all").returncode == 0
    return called(folder, "git", "commit", "--message", "Add a module")


def test_a_commit_is_refused_until_its_style_is_right(repository: Path):
    refused = commit(repository, "import os\n")
    assert refused.returncode != 0 and "F401" in refused.stdout + refused.stderr, refused
    unformatted = commit(repository, "x = {  'a':1 }\n")
    assert unformatted.returncode != 0 and "module.py" in unformatted.stdout + unformatted.stderr, unformatted
    done = commit(repository, 'x = {"a": 1}\n')
    assert done.returncode == 0, done


def test_a_push_is_refused_where_a_check_fails(repository: Path, tmp_path: Path):
    assert commit(repository, 'x = {"a": 1}\n').returncode == 0
    assert called(tmp_path, "git", "init", "--quiet", "--bare", "other.git").returncode == 0
    refused = called(repository, "git", "push", "../other.git", "HEAD:main")  # there is no src to check
    assert refused.returncode != 0 and "check-types" in refused.stderr, refused
