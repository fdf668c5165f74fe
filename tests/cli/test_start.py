"""A question that stored rollups answer starts quickly: it imports neither Ibis nor what takes as long."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"ibis", "sqlglot", "pyarrow", "pandas", "scipy", "pydantic", "openpyxl", "babel"}
CODE = """
import json, sys
from regulars.cli import run
code = run(sys.argv[1:])
sys.stdout.flush()
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def imported(*words: str, shop: str | Path) -> set[str]:
    """The packages that a fresh process has imported once it has answered."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words, "--shop", str(shop)], capture_output=True, text=True, check=True
    )
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
    assert imported(*words.split(), shop=shop) & HEAVY == set()


def test_a_question_that_rows_answer_imports_ibis(shop) -> None:
    assert {"ibis", "pyarrow"} <= imported("metric", "orders", "--where", "net_revenue>=50", shop=shop)
