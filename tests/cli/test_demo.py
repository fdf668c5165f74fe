"""regulars demo: a shop to try things out, made by one command that may be repeated."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from pathlib import Path

import pytest

from regulars.cli import run
from regulars.cli.commands import demo
from regulars.vocabulary.events import EVENTS_FILE
from regulars.warehouse.versions import Warehouse


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that holds a small demo, and what the command wrote."""
    folder = tmp_path_factory.mktemp("demo")
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(out):
        patched.chdir(folder)
        patched.setattr(demo, "_CUSTOMERS", 1_000)
        assert run(["demo"]) == 0
    return folder, out.getvalue()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current folder in which the demo is small."""
    monkeypatch.setattr(demo, "_CUSTOMERS", 200)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_demo_shows_profit_and_ends_with_commands_to_type(finished, command, monkeypatch: pytest.MonkeyPatch):
    folder, out = finished
    monkeypatch.chdir(folder)
    said = command(
        "metric", "average_profit_per_customer", "--period", "2025-12", "--shop", "demo/shop", "--format", "json"
    )
    assert json.loads(said.out)[0]["value"] > 0
    assert f"The demo is in {folder / 'demo'}:" in out
    lines = out.rpartition("Next, for example:\n")[2].splitlines()
    assert len(lines) >= 3
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "regulars"
        if words[0] != "forecast":  # so small a shop has too few orders for one
            assert command(*words).code == 0, line


def test_the_commands_that_the_demo_shows_make_the_same_shop(
    finished, command, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    folder, out = finished
    monkeypatch.chdir(folder)
    lines = [line.removeprefix("$ regulars ") for line in out.splitlines() if line.startswith("$ regulars ")]
    assert [line.split()[0] for line in lines] == ["init", "load", "metrics"]
    for line in lines:
        assert command(*shlex.split(line.replace("demo/shop", str(tmp_path / "again")))).code == 0
    asked = ("metric", "net_revenue", "--grain", "all", "--format", "csv", "--shop")
    assert command(*asked, tmp_path / "again").out == command(*asked, "demo/shop").out


def test_run_again_it_changes_nothing_and_shows_the_metrics(finished, command, monkeypatch: pytest.MonkeyPatch):
    folder, _ = finished
    monkeypatch.chdir(folder)
    assert command("events", "add", "2025-11-03", "new checkout", "--shop", "demo/shop").code == 0
    before = files_of(folder / "demo" / "exports"), Warehouse(folder / "demo" / "shop" / "warehouse").number
    said = command("demo")
    assert said.code == 0 and "Next, for example:" in said.out and "average_profit_per_customer" in said.out
    assert before == (files_of(folder / "demo" / "exports"), Warehouse(folder / "demo" / "shop" / "warehouse").number)
    assert "new checkout" in (folder / "demo" / "shop" / EVENTS_FILE).read_text()


def test_a_demo_that_was_interrupted_is_completed(small: Path, command):
    (small / "demo" / "exports" / ".writing").mkdir(parents=True)
    (small / "demo" / "exports" / ".writing" / "orders_export.csv").write_text("Name,Ema")
    assert command("demo").code == 0
    (small / "demo" / "exports" / "product_costs.csv").unlink()
    (small / "demo" / "shop" / "regulars.toml").unlink()
    said = command("demo")
    assert (said.code, (small / "demo" / "exports" / "product_costs.csv").exists()) == (0, True)


def test_the_demo_goes_where_it_is_told(small: Path, command):
    (small / "my things").mkdir()
    said = command("demo", "my things")
    assert said.code == 0 and f"The demo is in {small / 'my things'}:" in said.out
    assert "regulars metrics --shop 'my things/shop'" in said.out
    assert sorted(path.name for path in small.iterdir()) == ["my things"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("demo/letter.txt", "demo holds other files, such as letter.txt."),
        ("demo/exports/orders.csv", "demo holds other files, such as orders.csv."),
        ("demo/regulars.toml", "demo holds other files, such as regulars.toml."),
        ("demo", "demo is a file, not a folder."),
    ],
)
def test_a_folder_that_holds_something_else_stays_as_it_is(small: Path, command, path: str, message: str):
    (small / path).parent.mkdir(parents=True, exist_ok=True)
    (small / path).write_text("mine")
    said = command("demo")
    assert (said.code, said.err) == (2, f"{message}\nName another folder: regulars demo another-folder\n")
    assert files_of(small) == {path: b"mine"}


def test_a_shop_of_the_user_s_own_is_not_loaded_into(small: Path, command):
    assert command("init", "demo/shop", "--currency", "EUR", "--timezone", "Europe/Berlin").code == 0
    said = command("demo")
    assert (said.code, said.err.splitlines()[0]) == (2, f"{Path('demo/shop')} is a shop of your own, and not a demo.")
    assert [*files_of(small)] == ["demo/shop/regulars.toml"]
