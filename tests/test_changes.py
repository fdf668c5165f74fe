"""The files in changes/ can be assembled, and a release assembles them without losing a line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHANGES = sorted(file for file in (ROOT / "changes").iterdir() if file.name != "README.md")
HEAD = "# Changelog\n\nAbout this file.\n\n"


def script(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script as it runs in a copy of the project."""
    (root / "scripts").mkdir(exist_ok=True)
    copied = root / "scripts" / "changelog.py"
    copied.write_bytes((ROOT / "scripts" / "changelog.py").read_bytes())
    return subprocess.run([sys.executable, copied, *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("# How\n")
    (tmp_path / "CHANGELOG.md").write_text(
        f"{HEAD}## [Unreleased]\n\nThe second.\n\n### Added\n\n- Old line,\n  in two.\n\n## [0.1.0] - 2026-01-01\n\n- First.\n"
    )
    return tmp_path


def test_the_changes_of_this_project_can_be_assembled():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "changelog.py", "show"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = " ".join(done.stdout.split())
    assert [file.name for file in CHANGES if " ".join(file.read_text(encoding="utf-8").split()) not in shown] == []


def test_prose_of_changes_is_wrapped_at_100():
    lines = [line for file in (ROOT / "changes").iterdir() for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if len(line) > 100] == []


def test_a_release_holds_the_lines_of_the_changelog_and_of_the_files(project: Path):
    (project / "changes" / "new-metric.added.md").write_text("A new metric\nwas added.\n")
    (project / "changes" / "crash.fixed.md").write_text("A crash is fixed.\n")
    done = script(project, "release", "0.2.0", "2026-02-03")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (project / "CHANGELOG.md").read_text() == (
        f"{HEAD}## [Unreleased]\n\n## [0.2.0] - 2026-02-03\n\nThe second.\n\n### Added\n\n- Old line,\n  in two.\n"
        "- A new metric was added.\n\n### Fixed\n\n- A crash is fixed.\n\n## [0.1.0] - 2026-01-01\n\n- First.\n"
    )
    assert [file.name for file in (project / "changes").iterdir()] == ["README.md"]
    again = script(project, "release", "0.3.0")
    assert again.returncode == 1 and "nothing to release" in again.stderr


def test_a_long_change_is_wrapped(project: Path):
    (project / "changes" / "long.changed.md").write_text("word " * 60 + "end.\n")
    shown = script(project, "show").stdout
    assert max(map(len, shown.splitlines())) <= 100
    assert "### Changed\n\n- word word" in shown and "\n  word" in shown


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Crash.fixed.md", "Fixed.\n", "lower case"),
        ("crash.repaired.md", "Fixed.\n", "added, changed, fixed, removed"),
        ("crash.md", "Fixed.\n", "NAME.KIND.md"),
        ("crash.fixed.md", " \n", "empty"),
        ("crash.fixed.md", "- Fixed.\n", "list mark"),
        ("crash.fixed.md", "Fixed.\n\nAnd more.\n", "one paragraph"),
        ("crash.fixed.md", "Fixed\n", "full stop"),
    ],
)
def test_a_wrong_file_is_named_and_nothing_is_changed(project: Path, name: str, text: str, said: str):
    before = (project / "CHANGELOG.md").read_text()
    (project / "changes" / name).write_text(text)
    done = script(project, "release", "0.2.0")
    assert done.returncode == 1 and name in done.stderr and said in done.stderr
    assert (project / "CHANGELOG.md").read_text() == before
    assert (project / "changes" / name).exists()


def test_a_wrong_version_or_day_is_refused(project: Path):
    (project / "changes" / "crash.fixed.md").write_text("Fixed.\n")
    assert script(project, "release", "next").returncode == 1
    assert script(project, "release", "0.2.0", "yesterday").returncode == 1
    assert script(project).returncode == 2
    assert (project / "changes" / "crash.fixed.md").exists()
