"""The two commands on a machine that lacks something, or that was interrupted.

The quick tests run scripts/environment.sh with a Python that only pretends: it writes down what it was asked, and makes
the files a real one would make. The slow one installs for real.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

TOOLS = ("cat", "chmod", "cksum", "cp", "dirname", "id", "mkdir", "rm", "sh", "tail", "tr")

PRETENDED_PYTHON = """#!/bin/sh
echo "$*" >>"$MACHINE/calls"
case "$*" in
    *'version_info[:2]'*) echo "$VERSION" ;;
    *'version_info < (3, 11)'*) case $VERSION in 3.11|3.12|3.13) ;; *) exit 1 ;; esac ;;
    *ensurepip*) [ ! -e "$MACHINE/no-ensurepip" ] ;;
    *'-m venv'*) mkdir -p .venv/bin; cp "$MACHINE/bin/python3" .venv/bin/python ;;
    *--version*) [ ! -e .venv/broken-pip ] ;;
    *--editable*) cp "$MACHINE/bin/python3" .venv/bin/regulars ;;
    *--require-hashes*)
        [ ! -e "$MACHINE/no-network" ] || { echo "pip: no network"; exit 1; }
        [ ! -e "$MACHINE/power-cut" ] || kill -9 $PPID ;;
esac
"""


@dataclass
class Machine:
    """A folder with the repository's bootstrap files, and a PATH with only what is put there."""

    folder: Path
    repository: Path
    version: str = "3.11"

    def put(self, name: str, text: str = "#!/bin/sh\n") -> None:
        tool = self.folder / "bin" / name
        tool.write_text(text)
        tool.chmod(0o755)

    def has(self, trouble: str) -> None:
        (self.folder / trouble).touch()

    def no_longer_has(self, trouble: str) -> None:
        (self.folder / trouble).unlink()

    def run(self, kind: str = "run", **environment: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "calls").write_text("")
        settings = {"PATH": str(self.folder / "bin"), "MACHINE": str(self.folder), "VERSION": self.version}
        return subprocess.run(
            [self.repository / "scripts" / "environment.sh", kind],
            env=settings | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def made_anew(self) -> bool:
        return any("-m venv" in call for call in self.calls)

    @property
    def ready(self) -> Path:
        return self.repository / ".venv" / "ready"


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """A Debian without Python."""
    machine = Machine(tmp_path, tmp_path / "a shop's repository")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    machine.put("apt-get")
    (machine.repository / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "environment.sh", machine.repository / "scripts")
    for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        (machine.repository / name).write_text(name)
    return machine


@pytest.fixture
def machine(bare: Machine) -> Machine:
    """A Debian with Python 3.11 and its venv module."""
    bare.put("python3", PRETENDED_PYTHON)
    return bare


def sudo(line: str) -> str:
    return line if os.getuid() == 0 else line.replace("apt-get", "sudo apt-get")


def refuses(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in done.stderr


def test_without_python_the_line_to_type_is_shown(bare: Machine):
    refuses(
        bare.run(),
        "Regulars needs Python 3.11 or newer; python3 is not there or does not run.",
        sudo("apt-get update && apt-get install -y python3 python3-venv"),
    )


def test_a_python_too_old_is_named(machine: Machine):
    machine.version = "3.10"
    refuses(
        machine.run(),
        "Regulars needs Python 3.11 or newer; python3 is 3.10.",
        sudo("apt-get update && apt-get install -y python3.11 python3.11-venv"),
    )


def test_without_the_venv_module_the_line_to_type_is_shown(machine: Machine):
    machine.has("no-ensurepip")
    refuses(
        machine.run(),
        "Python 3.11 is here, but its venv module is not complete",
        sudo("apt-get update && apt-get install -y python3-venv"),
    )
    assert not machine.ready.parent.exists()


def test_elsewhere_than_on_debian_no_apt_is_advised(bare: Machine):
    (bare.folder / "bin" / "apt-get").unlink()
    done = bare.run()
    refuses(done, "Install python3 python3-venv with your system's packages")
    assert "apt-get" not in done.stderr


def test_a_newer_python_beside_an_old_python3_is_taken(bare: Machine):
    bare.put("python3", "#!/bin/sh\nexit 1\n")
    bare.put("python3.12", PRETENDED_PYTHON.replace("bin/python3", "bin/python3.12"))
    bare.version = "3.12"
    assert bare.run().returncode == 0
    assert bare.ready.exists()


def test_an_environment_that_is_ready_is_left_alone(machine: Machine):
    first = machine.run()
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("Making .venv with Python 3.11")
    assert machine.made_anew()

    again = machine.run()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert machine.calls == ["-c import regulars"]


def test_one_for_tests_serves_for_running_too(machine: Machine):
    machine.run("dev")
    assert machine.run("run").stdout == ""


def test_tools_are_added_to_one_for_running(machine: Machine):
    machine.run("run")
    assert machine.run("dev").stdout.startswith("Adding")
    assert not machine.made_anew()
    assert machine.run("dev").stdout == ""


def test_a_failed_install_says_why_and_is_repaired(machine: Machine):
    machine.has("no-network")
    refuses(machine.run(), "pip: no network", "could not be made")
    assert not machine.ready.exists()

    machine.no_longer_has("no-network")
    assert machine.run().returncode == 0
    assert machine.made_anew()


@pytest.mark.parametrize("kind", ["run", "dev"])
def test_an_interrupted_install_is_repaired(machine: Machine, kind: str):
    machine.has("power-cut")
    assert machine.run(kind).returncode == -signal.SIGKILL
    machine.no_longer_has("power-cut")
    assert machine.run(kind).returncode == 0
    assert machine.made_anew()


def test_tools_whose_adding_was_interrupted_are_repaired(machine: Machine):
    machine.run("run")
    machine.has("power-cut")
    assert machine.run("dev").returncode == -signal.SIGKILL
    machine.no_longer_has("power-cut")
    assert machine.run("run").returncode == 0
    assert machine.made_anew()


def delete_the_interpreter(machine: Machine) -> None:
    (machine.repository / ".venv" / "bin" / "python").unlink()


def point_the_interpreter_nowhere(machine: Machine) -> None:
    delete_the_interpreter(machine)
    (machine.repository / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")


def delete_the_command(machine: Machine) -> None:
    (machine.repository / ".venv" / "bin" / "regulars").unlink()


def empty_the_environment(machine: Machine) -> None:
    shutil.rmtree(machine.repository / ".venv")
    (machine.repository / ".venv").mkdir()


def put_a_file_in_its_place(machine: Machine) -> None:
    shutil.rmtree(machine.repository / ".venv")
    (machine.repository / ".venv").touch()


def change_the_requirements(machine: Machine) -> None:
    (machine.repository / "requirements.txt").write_text("something else")


def move_the_repository(machine: Machine) -> None:
    machine.repository = machine.repository.rename(machine.folder / "moved")


@pytest.mark.parametrize(
    "harm",
    [
        delete_the_interpreter, point_the_interpreter_nowhere, delete_the_command, empty_the_environment,
        put_a_file_in_its_place, change_the_requirements, move_the_repository,
    ],
)  # fmt: skip
def test_a_damaged_environment_is_made_anew(machine: Machine, harm):
    machine.run()
    harm(machine)
    assert machine.run().returncode == 0
    assert machine.made_anew()
    assert machine.run().stdout == ""


def test_a_broken_pip_is_no_reason_to_stop(machine: Machine):
    machine.run("run")
    (machine.repository / ".venv" / "broken-pip").touch()
    assert machine.run("dev").returncode == 0
    assert machine.made_anew()


def test_a_wrong_kind_is_wrong_usage(machine: Machine):
    done = machine.run("production")
    assert (done.returncode, done.stderr) == (2, "usage: scripts/environment.sh run|dev\n")


@pytest.mark.slow
def test_make_demo_on_a_fresh_copy_interrupted_and_repeated(tmp_path: Path):
    repository = tmp_path / "a fresh copy"
    left_out = shutil.ignore_patterns(".git", ".venv", "demo", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, repository, ignore=left_out)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment["PATH"] = f"{sys.base_prefix}/bin:/usr/bin:/bin"
    said = {"text": True, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}

    interrupted = subprocess.Popen(["make", "demo"], cwd=repository, env=environment, start_new_session=True, **said)
    deadline = time.monotonic() + 300
    while not list(repository.glob(".venv/lib/*/site-packages/numpy")):
        assert interrupted.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(interrupted.pid, signal.SIGKILL)
    interrupted.communicate()
    assert not (repository / ".venv" / "ready").exists()

    for _ in range(2):
        done = subprocess.run(["make", "demo"], cwd=repository, env=environment, timeout=600, **said)
        assert done.returncode == 0, done.stdout
        assert "returning_customer_rate" in done.stdout or "Returning customer rate" in done.stdout
        assert "Traceback" not in done.stdout
