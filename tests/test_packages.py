"""What is handed on: the source distribution, and the wheel, which runs in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def built(folder: Path, kind: str) -> Path:
    """Build the distribution of this kind, as a release does."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = folder.iterdir()
    return path


def tracked(*folders: str) -> set[str]:
    """The files in these folders that belong to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    return {name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository: it lists the files")
def test_the_source_distribution_holds_the_repository(tmp_path: Path):
    with tarfile.open(built(tmp_path, "sdist")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked() - names == set()
    assert names - tracked() == {"PKG-INFO"}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository: it lists the files")
def test_the_wheel_holds_the_package_and_its_licence(tmp_path: Path):
    with zipfile.ZipFile(built(tmp_path, "wheel")) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        others = {name.partition(".dist-info/")[2] for name in archive.namelist()} - {""}
    assert {f"src/{name}" for name in names} == tracked("src/regulars")
    assert {"METADATA", "entry_points.txt", "licenses/LICENSE"} <= others


@pytest.mark.slow
def test_the_installed_wheel_runs_the_demo(tmp_path: Path):
    """As `pipx install` and `uv tool install` do it: an environment of its own, and the newest packages that are allowed."""
    wheel = built(tmp_path / "dist", "wheel")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, env=environment)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, str(wheel)], check=True, env=environment, cwd=tmp_path)
    done = subprocess.run(
        [str(folder / "bin" / "regulars"), "demo"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert f"The demo is in {tmp_path / 'demo'}:" in done.stdout
    assert "average_profit_per_customer" in done.stdout
