"""Every command that writes ends with status 4 where what it wrote is stored and its report cannot be written."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from cli.conftest import BAD
from cli.test_process import COMMANDS
from cli.test_subscriptions import BOX, opened
from regulars.cli import run
from regulars.services.forecasting import Forecasting
from regulars.vocabulary.shop import Shop
from regulars.warehouse.versions import Warehouse

WRITING = {
    "init": ("init", "{folder}/new", "--currency", "GBP", "--timezone", "UTC"),
    "load": ("load", "{folder}/more.csv", "--shop", "{shop}"),
    "simulate": ("simulate", "{folder}/simulated", "--customers", "200", "--months", "3"),
    "forecast": (),
    "demo": (),
    "rejects": ("rejects", "--export", "{folder}/rejects.csv", "--shop", "{shop}"),
    "undo": ("undo", "1", "--shop", "{shop}"),
    "rollback": ("rollback", "1", "--shop", "{shop}"),
    "people join": ("people", "join", "ana@example.com", "ben@example.com", "--shop", "{shop}"),
    "people split": ("people", "split", "ana@example.com", "ben@example.com", "--shop", "{shop}"),
    "events add": ("events", "add", "2024-03-01", "new checkout", "--shop", "{shop}"),
    "events remove": ("events", "remove", "2024-03-02", "--shop", "{shop}"),
}
"""What each command writes with; a forecast needs a larger shop, and a demo takes long: both have tests of their own."""
READING = {
    *(
        "metrics",
        "metric",
        "explain",
        "drill-down",
        "suggest-window",
        "segments",
        "loads",
        "versions",
        "check",
        "sources",
    ),
    *("tables", "people merges", "people list", "events list"),
}


def test_each_command_either_writes_or_reads():
    assert {" ".join(path) for path in COMMANDS} == WRITING.keys() | READING


class Stopped(io.StringIO):
    """An output during whose writing Ctrl-C is pressed."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self.file = file

    def write(self, text: str) -> int:
        signal.raise_signal(signal.SIGINT)
        return len(text)

    def fileno(self) -> int:
        return self.file.fileno()


def full(_: Path) -> TextIO:
    return Path("/dev/full").open("w", encoding="utf-8")


def closed(_: Path) -> TextIO:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w", encoding="utf-8")


def stopped(folder: Path) -> TextIO:
    return Stopped((folder / "output").open("w", encoding="utf-8"))


OUTPUTS: dict[str, Callable[[Path], TextIO]] = {"full": full, "closed": closed, "stopped": stopped}


def state(folder: Path) -> set[tuple[str, int]]:
    return {
        (str(path), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    }


@pytest.mark.parametrize(
    ("name", "output"),
    [
        pytest.param(name, output, marks=() if (number - place) % len(OUTPUTS) == 0 else pytest.mark.slow)
        for number, name in enumerate(name for name, words in WRITING.items() if words)
        for place, output in enumerate(OUTPUTS)
    ],
)
def test_what_is_written_is_stored(
    name: str,
    output: str,
    shop: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    (tmp_path / "bad.csv").write_text(BAD)
    (tmp_path / "more.csv").write_text("order_id,ordered_at,currency,gross\n77,2024-03-03,GBP,7.70\n")
    assert run(["load", str(tmp_path / "bad.csv"), "--shop", str(shop)]) == 0
    if name == "people split":
        assert run(["people", "join", "ana@example.com", "ben@example.com", "--shop", str(shop)]) == 0
    if name == "events remove":
        assert run(["events", "add", "2024-03-02", "fair", "--shop", str(shop)]) == 0
    before, number = state(tmp_path), Warehouse(shop / "warehouse").number
    monkeypatch.setattr(sys, "stdout", OUTPUTS[output](tmp_path))
    code = run([word.format(folder=tmp_path, shop=shop) for word in WRITING[name]])
    errors = capsys.readouterr().err
    assert code == 4 and errors.endswith(" is stored; its report could not be written.\n"), (code, errors)
    assert errors.count("\n") == 1
    assert state(tmp_path) != before
    beside = ("init", "simulate", "rejects", "events add", "events remove")
    assert (Warehouse(shop / "warehouse").number != number) == (name not in beside)


@pytest.mark.slow
def test_a_demo_whose_report_is_lost_says_what_is_stored_and_goes_on_when_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as lost:
        lost.setattr(sys, "stdout", full(tmp_path))
        code = run(["demo", str(tmp_path / "demo")])
    assert (code, capsys.readouterr().err.splitlines()[-1]) == (
        4,
        "The shop is stored; its report could not be written.",
    )
    assert Warehouse(tmp_path / "demo" / "shop" / "warehouse").number is None
    assert run(["demo", str(tmp_path / "demo")]) == 0
    assert Warehouse(tmp_path / "demo" / "shop" / "warehouse").number == 1


@pytest.fixture
def subscribed(tmp_path: Path) -> Path:
    """A shop with purchases and subscriptions to forecast."""
    return opened(tmp_path, [BOX])


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_forecast_is_stored(
    output: str,
    subscribed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(sys, "stdout", OUTPUTS[output](tmp_path))
    code = run(["forecast", "--shop", str(subscribed)])
    assert (code, capsys.readouterr().err) == (4, "The forecast is stored; its report could not be written.\n")
    app = Forecasting(Shop.open(subscribed))
    assert len(app.forecasts()) == len(app.subscription_forecasts()) == 1


@pytest.mark.slow
def test_a_stop_during_the_second_forecast_finds_the_first_stored(
    subscribed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "stdout", (tmp_path / "output").open("w", encoding="utf-8"))
    monkeypatch.setattr(
        "regulars.services.forecasting.run_subscription_forecast", lambda *_: signal.raise_signal(signal.SIGINT)
    )
    code = run(["forecast", "--shop", str(subscribed)])
    told = "The forecast of purchases is stored; subscriptions are not forecast.\n"
    assert (code, capsys.readouterr().err) == (4, told)
    app = Forecasting(Shop.open(subscribed))
    assert (len(app.forecasts()), len(app.subscription_forecasts())) == (1, 0)
