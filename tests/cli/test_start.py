"""A question that stored rollups answer starts quickly: it imports neither Ibis nor what takes as long."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from regulars.cli import run

HEAVY = {"ibis", "sqlglot", "pyarrow", "pandas", "scipy", "pydantic", "openpyxl", "babel"}
CODE = """
import json, sys
from regulars.cli import run
code = run(sys.argv[1:])
sys.stdout.flush()
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def imported(*words: str, shop: str | Path, inside: bool = False) -> set[str]:
    """The packages that a fresh process has imported once it is done; inside: started in the shop's folder, which is not named."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words, *(() if inside else ("--shop", str(shop)))],
        capture_output=True, text=True, check=True, cwd=shop if inside else None,
    )  # fmt: skip
    code, packages = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(packages)


@pytest.mark.parametrize(
    "words",
    [
        "metrics",
        "metrics --grain quarter --compare --format json",
        "metrics --split country --period 2024-01",
        "metrics --grain week --since 2024-01-01",
        "metric net_revenue",
        "metric net_revenue --split channel --format csv",
        "metric customer_churn_rate --grain quarter --split country --compare",
        "metric returning_customer_rate --active-window 90",
        "metric average_order_value",
        "metric time_between_purchases_median",
        "metric orders --where country=DE",
        "metric cohort_retention_rate",
    ],
)
def test_a_question_that_rollups_answer_imports_nothing_heavy(shop, words: str) -> None:
    """Without the command line's own block of pandas, as on a page or in a notebook."""
    assert imported(*words.split(), shop=shop) & {*HEAVY, "filelock"} == set()


def test_a_question_in_the_shop_s_folder_imports_nothing_heavy(shop) -> None:
    assert imported("metrics", shop=shop, inside=True) & HEAVY == set()


def test_a_question_that_rows_answer_imports_ibis(shop) -> None:
    assert {"ibis", "pyarrow"} <= imported("metric", "orders", "--where", "net_revenue>=50", shop=shop)


def test_a_day_s_orders_are_loaded_without_importing_anything_heavy(tmp_path: Path) -> None:
    """What such a load runs was compiled with the first one."""
    shop = tmp_path / "shop"
    assert run(["init", str(shop), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    for day in (1, 2, 3):
        rows = [f"{day}-{n},c{n % 7},2024-03-0{day}T10:00:00Z,GBP,{n}.50" for n in range(60)]
        file = tmp_path / f"orders_{day}.csv"
        file.write_text("\n".join(["order_id,customer_id,ordered_at,currency,gross", *rows]), "utf-8")
        packages = imported("load", str(file), shop=shop)
    assert packages & HEAVY == set()


def test_pandas_is_refused_to_regulars_alone(tmp_path: Path) -> None:
    """DuckDB would import it for a parameter. Who asks for it by themselves gets it."""
    pytest.importorskip("pandas")
    code = """
import sys
from pathlib import Path
from regulars.warehouse.lazy_imports import NoPandas
from regulars.warehouse.log import is_complete
from regulars.warehouse.versions.connection import connect
con = connect(Path(sys.argv[1]), read_only=False)
is_complete(con)
connect(Path(sys.argv[1]), read_only=False)
print("pandas" in sys.modules, sys.meta_path.count(NoPandas(everywhere=False)))
import pandas
print(con.execute("SELECT 7 AS n").df().n.to_list(), con.execute("SELECT ?", [pandas.NaT]).fetchall())
import pyarrow
print(pyarrow.table({"n": [7]}).to_pandas().n.to_list())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "any.duckdb"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["False 1", "[7] [(None,)]", "[7]"]
