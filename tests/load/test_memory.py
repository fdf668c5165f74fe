"""A line that is no line is never held whole, however the file is packed."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
from pathlib import Path

import pytest

from load.shop import HEADER

MEGABYTES = 600
"""What a load may hold at its highest, modules and database included; the line alone would be more."""

# getrusage would count what this process held when it started the other one.
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux to measure memory")

LOAD = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from load.shop import ORDERS, SETTINGS
from warehouse.memory import warehouse_in_memory
from regulars.load.files import expand
from regulars.load.run import Input, load

con = warehouse_in_memory()
con.execute("SET memory_limit = '300MB'")
load(con, [Input(file, ORDERS) for file in expand([sys.argv[2]])], settings=SETTINGS, command="test")
print(con.execute("SELECT list(order_id ORDER BY order_id) FROM orders").fetchall()[0][0])
print(con.execute("SELECT list(reasons) FROM rejects").fetchall()[0][0])
print(con.execute("SELECT max(length(raw)) < 3000 FROM rejects").fetchall()[0][0])
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) // 1024)
"""


def write(path: Path, pieces: list[bytes]) -> None:
    """Two good orders with a line of these pieces between them."""
    with gzip.open(path, "wb", compresslevel=1) if path.suffix == ".gz" else path.open("wb") as out:
        out.write(HEADER.encode() + b"1,2024-01-05,GBP,1,,\n3,2024-01-05,GBP,1,")
        out.writelines(pieces)
        out.write(b"\n2,2024-01-05,GBP,1,,\n")


def insist_on_bounded_memory(path: Path) -> None:
    script = [sys.executable, "-c", LOAD, str(Path(__file__).parents[1]), str(path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    orders, reasons, short, peak = done.stdout.splitlines()
    assert orders == "['1', '2']"
    assert reasons == "[['the line is longer than 1,000,000 bytes']]"
    assert short == "True"
    assert int(peak) < MEGABYTES


@pytest.mark.parametrize(
    "piece", [b"x" * 1_000_000, b"," * 1_000_000, b'"' * 1_000_000], ids=["text", "commas", "quotes"]
)
def test_a_line_of_thirty_megabytes(tmp_path: Path, piece: bytes) -> None:
    write(tmp_path / "orders.csv", [piece] * 30)
    insist_on_bounded_memory(tmp_path / "orders.csv")


@pytest.mark.slow
def test_a_line_of_six_hundred_megabytes_in_a_small_packed_file(tmp_path: Path) -> None:
    # As small as a packed file may be (formats/packed.py): a hundredth of what it holds.
    piece = b"x" * 980_000 + random.Random(1).randbytes(10_000).hex().encode()
    write(tmp_path / "orders.csv.gz", [piece] * 600)
    insist_on_bounded_memory(tmp_path / "orders.csv.gz")
