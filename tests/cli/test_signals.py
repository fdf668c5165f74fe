"""How a command ends when it is stopped, or when its report cannot be written: the exit code says whether data changed."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from regulars.cli import run
from regulars.warehouse.versions import Warehouse

HOLDING = """
import os, sys, time
from regulars.cli import main
from regulars.warehouse.versions import verify, warehouse

def wait(file, number):  # after the new version was written, before it is published
    print("built", flush=True)
    time.sleep(60)

warehouse.require_number = wait
sys.argv = ["regulars", *sys.argv[1:]]
main()
"""


def names(shop: Path) -> list[str]:
    return sorted(file.name for file in (shop / "warehouse").iterdir())


@pytest.fixture
def more(tmp_path: Path) -> Path:
    file = tmp_path / "more.csv"
    file.write_text("order_id,customer_id,ordered_at,currency,gross\n77,dee,2024-03-03 10:00,GBP,7.70\n")
    return file


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_leaves_nothing_behind(program: list[str], shop: Path, more: Path, number: signal.Signals):
    before = names(shop)
    asked = [program[0], "-c", HOLDING, "load", str(more), "--shop", str(shop)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "built\n"
        assert len(names(shop)) > len(before)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (128 + number, "Stopped. The stored data were not changed.\n")
    assert names(shop) == before


def test_a_signal_that_is_ignored_stays_so(program: list[str], tmp_path: Path):
    """As under nohup."""
    ignoring = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]
    asked = [*ignoring, *program, "simulate", str(tmp_path / "large"), "--customers", "3000"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(0.2)
        while process.poll() is None:
            process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
    assert process.returncode == 0


@pytest.mark.parametrize("how", ["full", "closed"])
@pytest.mark.parametrize(
    "words",
    [
        ("load", "{more}"),
        pytest.param(("load", "{more}", "--format", "json"), marks=pytest.mark.slow),
        ("undo", "1"),
        ("rollback", "1"),
    ],
)
def test_a_change_whose_report_is_lost_says_that_it_is_stored(
    program: list[str], shop: Path, more: Path, words: tuple[str, ...], how: str
):
    if words[0] == "rollback":
        assert run(["load", str(more), "--shop", str(shop)]) == 0
    before = Warehouse(shop / "warehouse").number
    command = [*program, *(word.format(more=more) for word in words), "--shop", str(shop)]
    if how == "full":
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
        code, errors = done.returncode, done.stderr
    else:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.close()
            errors = process.stderr.read()
        code = process.returncode
    what = "The load" if words[0] == "load" else "The change"
    assert (code, errors) == (4, f"{what} is stored; its report could not be written.\n")
    assert Warehouse(shop / "warehouse").number != before


@pytest.mark.parametrize("how", ["full", "closed"])
def test_the_status_says_that_a_change_is_stored_where_nothing_can_be_said(
    program: list[str], shop: Path, more: Path, how: str
):
    command = [*program, "load", str(more), "--shop", str(shop)]
    before = Warehouse(shop / "warehouse").number
    if how == "full":
        with Path("/dev/full").open("w") as full:
            code = subprocess.run(command, stdout=full, stderr=full).returncode
    else:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            process.stdout.close()
        code = process.returncode
    assert code == 4
    assert Warehouse(shop / "warehouse").number != before


def test_an_answer_that_cannot_be_written_changed_nothing(program: list[str], shop: Path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*program, "loads", "--shop", str(shop)], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "No space left" in done.stderr


def test_a_full_disk_leaves_no_half_made_shop(program: list[str], tmp_path: Path):
    command = [*program, "init", str(tmp_path / "shop"), "--currency", "GBP", "--timezone", "Europe/London"]

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=full)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert not list((tmp_path / "shop").iterdir())
    assert subprocess.run(command, capture_output=True).returncode == 0
    shutil.rmtree(tmp_path / "shop")
