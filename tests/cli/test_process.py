"""The command as its own process: start, pipes, colours, signals, help."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import typer

from regulars import __version__
from regulars.cli import application
from regulars.vocabulary.errors import UnreadableFile

TOP = typer.main.get_command(application())


def commands(group, path: tuple[str, ...] = ()):
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


COMMANDS = dict(commands(TOP))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_option_says_what_it_is_for(path: tuple[str, ...]):
    command = COMMANDS[path]
    assert command.help and "Example" in command.help and f"regulars {' '.join(path)}" in command.help
    without = [parameter.name for parameter in command.params if not getattr(parameter, "help", None)]
    assert without == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_example_in_the_help_is_a_command_that_can_be_typed(path: tuple[str, ...]):
    known = {flag for parameter in COMMANDS[path].params for flag in parameter.opts}
    for line in re.findall(r"regulars (.*)", COMMANDS[path].help.partition("Example")[2]):
        assert line.startswith(" ".join(path))
        assert set(re.findall(r"(?<!\S)--[a-z-]+", line)) <= known


def test_help_keeps_the_lines_of_its_examples(command):
    shown = command("metric", "--help").out
    assert "\n    regulars metric customer_churn_rate --shop myshop\n" in shown and "\b" not in shown


def test_without_a_command_there_is_help(command):
    said = command()
    assert said.code == 0 and "Manage data" in said.out and "suggest-window" in said.out
    assert command("people").code == 0
    assert command("--version").out == f"regulars {__version__}\n"


def test_exit_codes_and_streams_of_the_real_process(program: list[str], first_shop: Path, tmp_path: Path):
    def ended(*arguments: str, **more) -> tuple[int, bool, bool]:
        done = subprocess.run([*program, *arguments], capture_output=True, text=True, cwd=tmp_path, **more)
        assert "Traceback" not in done.stderr
        return done.returncode, bool(done.stdout), bool(done.stderr)

    environment = {**os.environ, "REGULARS_SHOP": str(first_shop)}
    assert ended("metric", "orders", env=environment) == (0, True, False)
    assert ended("metric", "orders") == (1, False, True)
    assert ended("metric", "order", env=environment) == (2, False, True)


def test_the_current_folder_is_the_shop_where_nothing_is_said(program: list[str], first_shop: Path):
    done = subprocess.run([*program, "loads", "--format", "csv"], capture_output=True, text=True, cwd=first_shop)
    assert (done.returncode, done.stdout.count("\n")) == (0, 2)


def test_a_pipe_gets_plain_text(program: list[str], first_shop: Path):
    done = subprocess.run([*program, "metrics", "--shop", str(first_shop)], capture_output=True, text=True)
    assert not re.search("[\x1b─│╭]", done.stdout)
    widest = max(len(line) for line in done.stdout.splitlines())
    assert widest > 80, "nothing is cut off to fit a terminal that is not there"


def test_a_reader_that_stops_is_no_error(program: list[str], first_shop: Path):
    asked = [
        *program,
        "metric",
        "orders",
        "--grain",
        "day",
        "--since",
        "2000-01-01",
        "--shop",
        str(first_shop),
        "--format",
        "csv",
    ]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith("metric,period")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_ctrl_c_is_one_line(program: list[str], tmp_path: Path):
    asked = [*program, "simulate", str(tmp_path / "large"), "--customers", "300000"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (tmp_path / "large").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.strip()) == (130, "Stopped. The stored data were not changed.")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 300,000 orders: its load takes long enough to be stopped in many moments."""
    file = tmp_path_factory.mktemp("large") / "orders.csv"
    days = [f"{year}-{month:02d}-{day:02d}" for year in (2022, 2023) for month in range(1, 13) for day in range(1, 29)]
    with file.open("w") as lines:
        lines.write("order_id,customer_id,ordered_at,currency,gross\n")
        lines.writelines(f"{n},c{n % 60_000},{days[n % len(days)]} 10:00,GBP,{n % 90}.50\n" for n in range(300_000))
    return file


@pytest.mark.parametrize(
    "after", [1.3, *(pytest.param(after, marks=pytest.mark.slow) for after in (0.3, 0.7, 1.0, 1.6, 2.0, 2.4, 2.8))]
)
def test_a_load_can_be_stopped_at_any_moment(program: list[str], first_shop: Path, large: Path, tmp_path: Path, after):
    shop = shutil.copytree(first_shop, tmp_path / "shop")
    asked = [*program, "load", str(large), "--shop", str(shop)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    if process.returncode != 0:  # a fast machine is done by then
        assert (process.returncode, errors) == (130, "Stopped. The stored data were not changed.\n")
        now = subprocess.run([*program, "versions", "--format", "json", "--shop", str(shop)], capture_output=True)
        assert 1 in [one["number"] for one in json.loads(now.stdout)]


@pytest.mark.parametrize("said", [RuntimeError("Query interrupted"), UnreadableFile("INTERRUPT Error")], ids=str)
def test_ctrl_c_is_known_whatever_a_library_makes_of_it(command, monkeypatch: pytest.MonkeyPatch, said: Exception):
    def interrupted(*_: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise said from None

    monkeypatch.setattr("regulars.metrics.catalogue.named", interrupted)
    stopped = command("explain", "orders")
    assert (stopped.code, stopped.out, stopped.err) == (130, "", "Stopped. The stored data were not changed.\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def in_a_terminal(arguments: list[str], columns: int, **environment: str) -> str:
    """What a command draws in a terminal of this width."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), **environment}
    with subprocess.Popen(arguments, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        shown = b""
        try:
            while part := os.read(master, 65536):
                shown += part
        except OSError:  # how a terminal says that nobody writes any more
            pass
        assert process.wait() == 0
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_narrow_terminal_loses_no_number(program: list[str], first_shop: Path, columns: int):
    shown = in_a_terminal(
        [*program, "metrics", "--shop", str(first_shop), "--period", "2024-03"], columns, NO_COLOR="1"
    )  # the first month is cut by the data's first day: nothing is judged against it
    assert "1,030.30 GBP" in shown and "-1,025.30 GBP" in shown and "too few to tell" in shown
    assert not re.search(r"\x1b\[[0-9;]*3\dm", shown), "NO_COLOR takes the colours away"


def test_a_grid_is_a_triangle(program: list[str], first_shop: Path):
    lines = in_a_terminal([*program, "metric", "cohort_retention_rate", "--shop", str(first_shop)], 80).splitlines()
    cells = {line.split()[0]: line.split()[1:] for line in lines if re.match(r"\s*(2024|average)", line)}
    assert cells == {
        "2024-01": ["2", "100.0", "50.0", "50.0"],
        "2024-02": ["1", "100.0", "0.0"],
        "average": ["100.0", "33.3", "50.0"],
    }


def test_a_partly_reached_age_is_marked_in_shares_and_left_out_of_sums(program: list[str], first_shop: Path):
    def drawn(metric: str) -> tuple[dict[str, list[str]], str]:
        shown = in_a_terminal([*program, "metric", metric, "--grain", "quarter", "--shop", str(first_shop)], 100)
        cells = {found[0]: found[1:] for line in shown.splitlines() if (found := line.split()) and "2024" in found[0]}
        return cells, " ".join(shown.split())

    shares, told = drawn("cohort_retention_rate_rolling")
    assert shares == {"2024-Q1": ["3", "100.0", "50.0*"]}
    assert "* only a part of the cohort has reached this age" in told
    sums, told = drawn("cohort_revenue_per_customer_rolling")
    assert sums == {"2024-Q1": ["3", "343.43"]} and "*" not in told, "30.30 of two of the three would seem a fall"
    asked = ["metric", "cohort_revenue_per_customer_rolling", "--grain", "quarter", "--format", "json"]
    done = subprocess.run([*program, *asked, "--shop", str(first_shop)], capture_output=True)
    cells = [(cell["value"], cell["period"]["complete"]) for cell in json.loads(done.stdout)]
    assert cells == [(pytest.approx(1030.3 / 3), True), (30.3, False)]


def test_the_default_of_a_day_is_a_day(command):
    assert "[default: 2025-12-31]" in " ".join(command("simulate", "--help").out.split())


def imported(program: list[str], *words: object) -> set[str]:
    """The modules that a command of its own process imports."""
    timed = [program[0], "-X", "importtime", *program[1:], *map(str, words)]
    done = subprocess.run(timed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_a_question_waits_for_nothing_it_does_not_need(program: list[str], first_shop: Path):
    """From rows; `test_start.py` says what a question imports that rollups answer."""
    found = imported(program, "metric", "orders", "--where", "net_revenue>=50", "--shop", first_shop)
    assert "ibis.expr" in found
    assert {
        "pandas.core.api",
        "scipy",
        "openpyxl",
        "regulars.services.app",
        "regulars.warehouse.derive",
    } & found == set()


def test_a_load_imports_no_compiler_once_a_shop_has_orders(program: list[str], shop: Path, tmp_path: Path):
    late = tmp_path / "late.csv"
    for number in (1, 2):
        late.write_text(f"order_id,ordered_at,email,currency,gross\nlate{number},2024-03-01,a@example.com,GBP,10.00\n")
        found = imported(program, "load", late, "--shop", shop)
        assert "regulars.warehouse.derive" in found
        heavy = {"ibis.expr", "sqlglot", "openpyxl", "pandas.core.api", "scipy", "regulars.forecast", "altair"}
        assert heavy & found == set()
