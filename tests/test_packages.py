"""What is handed on: the wheel, which runs in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
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
