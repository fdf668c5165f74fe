"""A small shop that the command line itself made, and ways to run commands on copies of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from regulars.cli import run

ORDERS = """\
order_id,customer_id,email,ordered_at,currency,country,gross
1,ana,ana@example.com,2024-01-03 10:00,GBP,GB,10.10
2,ben,ben@example.com,2024-01-05 10:00,GBP,FR,20.20
3,ana,ana@example.com,2024-02-05 10:00,GBP,GB,30.30
4,cem,cem@example.com,2024-02-29 10:00,GBP,,1000.00
5,ana,ana@example.com,2024-03-31 10:00,GBP,GB,5.00
"""
BAD = """\
order_id,ordered_at,currency,gross
6,2024-03-01,GBP,ten
7,2024-03-02,GBP,7.00
"""


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process, through the same door as the real one."""

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return call


@pytest.fixture(scope="session")
def first_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    (folder / "orders.csv").write_text(ORDERS)
    assert run(["init", str(folder / "shop"), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    assert run(["load", str(folder / "orders.csv"), "--shop", str(folder / "shop")]) == 0
    return folder / "shop"


@pytest.fixture
def shop(first_shop: Path, tmp_path: Path) -> Path:
    """A loaded shop of one's own."""
    return Path(shutil.copytree(first_shop, tmp_path / "shop"))


_MORE = {
    "order_lines": "order_id,line_id,product_id,quantity,amount\n1,1,mug,1,10.10\n3,1,mug,3,30.30\n",
    "returns": "return_id,order_id,returned_at,amount,quantity\nr1,1,2024-01-20,10.10,1\n",
    "product_costs": "product_id,valid_from,currency,unit_cost\nmug,2023-01-01,GBP,4.00\n",
}


@pytest.fixture
def shops_with(shop: Path, tmp_path: Path) -> Callable[[str | None], Path]:
    """A shop whose files go up to one of these tables: only orders, and lines, and returns, and costs."""

    def make(last: str | None) -> Path:
        for name in tuple(_MORE)[: 0 if last is None else tuple(_MORE).index(last) + 1]:
            (tmp_path / f"{name}.csv").write_text(_MORE[name])
            assert run(["load", str(tmp_path / f"{name}.csv"), "--shop", str(shop)]) == 0
        return shop

    return make


@pytest.fixture
def program() -> list[str]:
    """The command as a process of its own starts."""
    return [sys.executable, "-m", "regulars"]
