"""The bench: what it writes down is what it measured, and it stops where a peer's answer is not ours."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

import regulars
from bench import history, report
from bench.aims import Aim
from bench.figures import BY_NAME, FIGURES, chosen
from bench.forecast import pasts
from bench.history import Record, Run
from bench.load import Marks
from bench.measuring import BenchError, Place, Stopwatch, measure
from bench.peers import export
from bench.peers.answers import METRICS, assemble, differences
from bench.peers.environments import FOLDERS, Environment, prepare
from bench.run import DifferentAnswers, compare, skipped
from bench.statements import profile, tables
from regulars.forecast import RFMSummary
from regulars.services.app import App
from regulars.vocabulary.shop import Shop

ROOT = Path(__file__).resolve().parents[1]
MACHINE = {"cores": 4, "ram_gb": 25, "cpu": "Some CPU"}


def record(orders: int, figure: str, seconds: float, at: str = "2026-01-01T10:00:00+00:00", **more) -> Record:
    run = Run(at, "abc1234", MACHINE, {"duckdb": "1.5.6"}, more.pop("whole", True))
    given = {"what": figure, "group": "G", "part_of": "", "fastest": seconds, "slowest": seconds, "runs": 3}
    return Record(run, orders, figure, **(given | {"seconds": seconds, "peak_mb": 500.0} | more))


# What was measured ------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_again(tmp_path: Path):
    file = tmp_path / "results" / "history.jsonl"
    records = [
        record(1_000_000, "polars", 0.5, ratio=12.5, against="like_peers", equal_answers=True),
        record(0, "fit", 0.1, customers=2357, busy=0.2, law="bg", parameters={"r": 0.25}, standard_errors={"r": 0.01}),
    ]
    history.append(records, file)
    history.append(records, file)
    line = json.loads(file.read_text().splitlines()[0])
    assert (line["figure"], line["orders"], line["seconds"], line["ratio"]) == ("polars", 1_000_000, 0.5, 12.5)
    assert (line["commit"], line["machine"], line["versions"]) == ("abc1234", MACHINE, {"duckdb": "1.5.6"})
    assert history.read(file) == [*records, *records]


def test_nothing_measured_yet_is_said(tmp_path: Path):
    assert report.page(history.newest(history.read(tmp_path / "none"))).startswith("There are no measurements yet")


def test_the_newest_whole_run_of_each_size_counts():
    old, new = "2026-01-01T10:00:00+00:00", "2026-02-01T10:00:00+00:00"
    records = [
        record(10_000_000, "a", 9.0, old),
        record(1_000_000, "a", 1.0, old),
        record(1_000_000, "b", 1.5, old),
        record(1_000_000, "a", 2.0, new),
        record(1_000_000, "a", 3.0, "2026-03-01T10:00:00+00:00", whole=False),
    ]
    found = history.newest(records)
    assert {orders: [(r.figure, r.seconds) for r in kept] for orders, kept in found.items()} == {
        1_000_000: [("a", 2.0)],
        10_000_000: [("a", 9.0)],
    }
    assert list(found) == [1_000_000, 10_000_000]


def test_sizes_by_orders_and_by_customers_are_kept_apart():
    records = [
        record(1_000_000, "load", 9.0),
        record(0, "fit", 0.1, customers=1_000_000),
        record(0, "fit", 0.2, customers=2357),
    ]
    assert {size: [r.figure for r in kept] for size, kept in history.newest(records).items()} == {1_000_000: ["load"]}
    by_customers = history.newest(records, history.CUSTOMERS)
    assert {size: [r.seconds for r in kept] for size, kept in by_customers.items()} == {2357: [0.2], 1_000_000: [0.1]}


def rows_of(markdown: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines() if line[:1] == "|"]


def test_the_growth_table_holds_both_sizes_and_their_quotient():
    found = {
        1_000_000: [record(1_000_000, "load", 2.0), record(1_000_000, "load.parse", 0.5, part_of="load")],
        10_000_000: [
            record(10_000_000, "load", 21.0, peak_mb=4200.0),
            record(10_000_000, "load.parse", 4.0, part_of="load"),
            record(10_000_000, "only here", 0.0067),
        ],
    }
    assert rows_of(report.growth(found)) == [
        ["figure", "what", "1 M orders", "10 M orders", "grows", "CPU time", "memory"],
        ["---"] * 7,
        ["load", "load", "2.00 s", "21 s", "10.5 ×", "", "4.2 GB"],
        ["— parse", "load.parse", "500 ms", "4.00 s", "8.0 ×", "", ""],
        ["only here", "only here", "", "6.7 ms", "", "", "500 MB"],
    ]


def test_the_page_says_where_how_it_grows_and_which_aims_are_met():
    found = {
        1_000_000: [
            record(1_000_000, "catalogue_warm", 0.10, slowest=0.12, fastest=0.09),
            record(1_000_000, "load", 2.0, against="read", ratio=5.0, aim="≤ 6 ×", met=True),
        ],
        10_000_000: [
            record(10_000_000, "catalogue_warm", 0.11, slowest=0.13, fastest=0.10, aim="≤ 100 ms", met=False),
            record(10_000_000, "load", 19.0, against="read", ratio=7.0, aim="≤ 6 ×", met=False),
        ],
    }
    page = report.page(found)
    assert "Other processes" not in page
    busy = Run("2026-01-01T10:00:00+00:00", "abc1234", MACHINE | {"load": 3.6}, {}, True)
    assert report.told(busy).endswith("Other processes were running: the load average was 3.6 at the start.")
    assert "**1 M and 10 M orders.** Measured 2026-01-01 10:00 UTC at commit abc1234 on 4 cores of Some CPU" in page
    assert re.search(r"- is nearly the same \(at most 1\.6 times\) for `catalogue_warm`;", page)
    assert re.search(r"- grows like the orders or more \(6\.3 times and up\) for `load`\.", page)
    assert ["`load`", "5.0 ×", "7.0 ×", "`read`", ""] in rows_of(page)
    aims = rows_of(page.partition("## Aims")[2])[2:]
    assert [(row[0], row[1], row[-1]) for row in aims] == [
        ("`load`", "1 M", "yes"),
        ("`catalogue_warm`", "10 M", "no"),
        ("`load`", "10 M", "no"),
        ("`catalogue_warm`", "1 M and 10 M", "yes"),
    ]


def test_forecasts_have_a_section_of_their_own_with_parameters_side_by_side():
    fit = {"law": "bg", "parameters": {"r": 0.2621, "alpha": 31.4, "a": 0.635, "b": 1.59}}
    errors = {"r": 0.0124, "alpha": 2.5, "a": 0.094, "b": 0.31}
    theirs = {"law": "bg", "parameters": {"r": 0.2625, "alpha": 31.5, "a": 0.636, "b": None}}
    found = {
        2357: [
            record(0, "ours", 0.004, customers=2357, busy=0.006, standard_errors=errors, **fit),
            record(0, "theirs", 0.4, customers=2357, against="ours", ratio=100.0, equal_answers=True, **theirs),
        ]
    }
    page = report.page({}, found)
    assert page.startswith("## Forecast\n\n**2,357 customers.** Measured 2026-01-01")
    rows = rows_of(page)
    assert ["figure", "what", "2,357 customers", "CPU time", "memory"] in rows
    assert ["ours", "ours", "4.0 ms", "6.0 ms", "500 MB"] in rows
    assert ["`theirs`", "100 ×", "`ours`", "yes"] in rows
    assert ["", "true values", "0.25", "31", "0.8", "2.4"] in rows
    assert ["2,357", "`ours`", "0.2621 ± 0.012", "31.4 ± 2.5", "0.635 ± 0.094", "1.59 ± 0.31"] in rows
    assert ["2,357", "`theirs`", "0.2625", "31.5", "0.636", ""] in rows
    assert report.page({1_000_000: [record(1_000_000, "load", 2.0)]}, found).index("## Forecast") > 100


@pytest.mark.parametrize("width", [150, 180])
def test_names_stay_whole_however_long_the_numbers_are(width: int):
    names = [figure.name for figure in FIGURES]
    longest = max(names, key=len)
    measured = record(
        10_000_000, longest, 12_345.6, ratio=98_765.4, against=longest, peak_mb=123_456.0, aim="x y " * 20
    )
    drawn = io.StringIO()
    Console(width=width, file=drawn).print(report.table([measured], [(name, "is not there") for name in names]))
    for name in names:
        assert re.search(rf"│ {name} +│ s", drawn.getvalue())
    assert re.search(rf"│ {longest} +│.* 98,765 × +│ {longest} +│", drawn.getvalue())


def test_what_takes_room_on_the_disk_shows_bytes_and_no_seconds():
    found = {
        1_000_000: [record(1_000_000, "version", 0.1, busy=0.1, bytes_per_order=103.04)],
        2_000_000: [record(2_000_000, "version", 0.1, busy=0.1, bytes_per_order=206.0)],
    }
    (_, _, row) = rows_of(report.growth(found))
    assert row == ["version", "version", "103.0 bytes an order", "206.0 bytes an order", "2.0 ×", "", "500 MB"]


def test_an_aim_in_seconds_is_meant_for_ten_million_orders():
    aim = Aim(seconds=25, peak_mb=6000)
    assert str(aim) == "≤ 25 s, ≤ 6 GB"
    assert aim.met(1_000_000, 99, 9000, None) is None
    assert aim.met(10_000_000, 24, 5900, None) is True
    assert aim.met(10_000_000, 24, 6100, None) is False
    assert Aim(ratio_at_least=10).met(1_000_000, 1, 1, 9.9) is False
    assert Aim(ratio_at_most=6).met(1_000_000, 1, 1, 5.9) is True
    assert Aim(ratio_at_most=6).met(20_000, 1, 1, 5.9) is None
    assert [Aim(busy=30).met(20_000, 99, 9000, None, busy) for busy in (29, 31, None)] == [True, False, None]
    at = Aim(busy=15, busy_at=1_000_000)
    assert [at.met(size, 99, 9000, None, 16) for size in (20_000, 1_000_000, 10_000_000)] == [None, False, None]
    small = Aim(bytes_per_order=90)
    assert str(small) == "≤ 90 bytes an order"
    assert [small.met(1_000_000, 99, 9000, None, None, size) for size in (89.9, 90.1, None)] == [True, False, None]
    assert small.met(20_000, 99, 9000, None, None, 200) is None


# Which figures ----------------------------------------------------------------------------------------------------------


def test_a_choice_brings_what_it_is_held_against():
    assert [figure.name for figure in chosen("spine*", lines=False)] == [
        "scan_orders", "customers_end_by_day_90", "spine_90",
    ]  # fmt: skip
    assert [figure.name for figure in chosen("forecast_pymc_bg", lines=False)] == [
        "forecast_fit_bg_days",
        "forecast_pymc_bg",
    ]
    assert {figure.counts for figure in chosen("forecast_*", lines=False)} == {"customers"}
    assert {figure.name for figure in FIGURES if figure.counts == "customers"} == {
        figure.name for figure in chosen("forecast_*", lines=False)
    }
    assert chosen("nothing*", lines=True) == ()
    assert "load_csv_with_lines" not in {figure.name for figure in chosen("", lines=False)}
    assert len(chosen("", lines=True)) == len(FIGURES) == len(BY_NAME)


def test_what_is_missing_or_too_large_is_named(tmp_path: Path):
    environments = {name: prepare(name, tmp_path, install=False, tell=print) for name in FOLDERS}
    found = dict(skipped(FIGURES, environments, {"orders": [10_000_000], "customers": [2_357]}))
    assert found["polars"] == ".venv-bench is not there, and nothing may be installed"
    assert found["metricflow_active_customers"].startswith(".venv-metricflow is not there")
    assert found["spine_90"] == "takes too much time or memory at 10,000,000 orders"
    assert "load_csv" not in found
    assert found["forecast_lifetimes_bg"] == ".venv-lifetimes is not there, and nothing may be installed"
    ready = {name: Environment(name, tmp_path) for name in FOLDERS}
    found = dict(skipped(FIGURES, ready, {"orders": [20_000], "customers": [2_357, 1_000_000, 10_000_000]}))
    assert found["forecast_lifetimes_pareto"] == "takes too much time or memory at 1,000,000 and 10,000,000 customers"
    assert found.keys() == {
        "forecast_lifetimes_mbg", "forecast_lifetimes_pareto", "forecast_pymc_mbg", "forecast_pymc_pareto",
    }  # fmt: skip


def test_an_environment_that_cannot_be_made_says_why_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ERROR: there is no network'; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PYTHON", str(broken))
    found = prepare("peers", tmp_path, install=True, tell=print)
    assert "\n" not in found.missing
    assert found.missing.startswith(".venv-bench could not be made")
    assert found.missing.endswith("ERROR: there is no network")


@pytest.mark.parametrize("name", [*FOLDERS])
def test_the_peers_are_pinned_without_addresses(name: str):
    lines = (ROOT / "bench" / f"requirements-{name}.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[\w.-]+==[\w.]+", line) or "://" in line] == []
    assert len(lines) > 4


# Measuring --------------------------------------------------------------------------------------------------------------


def test_runs_end_with_the_budget():
    assert list(Stopwatch(most=3, budget=60).runs()) == [0, 1, 2]
    spent = []
    for number in Stopwatch(most=100, budget=0.05).runs():
        spent.append(number)
        time.sleep(0.03)
    assert spent == [0, 1]


def test_a_whole_process_is_timed_and_its_memory_seen():
    watch = Stopwatch()
    watch.process([sys.executable, "-c", "import time; held = bytearray(200_000_000); time.sleep(0.2)"])
    assert watch.seconds[""][0] >= 0.2
    assert 200e6 < (watch.peak or 0) < 2e9


def test_a_process_that_fails_stops_the_bench():
    with pytest.raises(BenchError, match="no such thing"):
        Stopwatch().process([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_a_figure_that_fails_stops_the_bench_and_says_why(tmp_path: Path):
    with pytest.raises(BenchError, match=r"nowhere\.parquet"):
        measure("bench.limits:read_files", Place(tmp_path), {"names": ["nowhere.parquet"]})


def test_the_parts_of_a_load_add_up():
    marks = Marks()
    for step in ("reading", "checking", "storing", "deriving"):
        marks.start(step, 2)
        time.sleep(0.01)
        marks.advance()
        marks.advance()
    before = time.perf_counter()
    parts = marks.parts()
    after = time.perf_counter()
    assert list(parts) == ["open", "parse_and_validate", "store", "persons", "derive", "publish"]
    assert all(part.clock >= 0 and part.busy >= 0 for part in parts.values())
    assert parts["parse_and_validate"].clock >= 0.02  # reading and checking
    assert parts["persons"].clock >= 0.01
    rounding = 1e-6
    assert before - rounding <= marks.began.clock + sum(part.clock for part in parts.values()) <= after + rounding


# Answers ----------------------------------------------------------------------------------------------------------------


def test_every_difference_is_noticed():
    ours = {"orders": {"2024-01|GB": 3.0, "2024-02|GB": 0.0}, "rate": {"2024-01|GB": None}}
    assert differences(ours, ours) == []
    assert differences(ours, {"orders": {"2024-01|GB": 3.0 + 1e-12, "2024-02|GB": 0.0}}) == []
    assert len(differences(ours, {"orders": {"2024-01|GB": 3.001, "2024-02|GB": 0.0}})) == 1
    assert len(differences(ours, {"orders": {"2024-01|GB": 3.0}})) == 1
    assert len(differences(ours, {"orders": {"2024-01|GB": 3.0, "2024-02|GB": 0.0, "2024-02|FR": 0.0}})) == 1
    assert len(differences(ours, {"rate": {"2024-01|GB": 0.0}})) == 1
    assert len(differences(ours, {"unheard_of": {}})) == 1


def test_a_peer_that_answers_otherwise_stops_the_bench(tmp_path: Path):
    place = Place(tmp_path)
    place.write_answers("like_peers", {"orders": {"2024-01|GB": 3.0}})
    place.write_answers("polars", {"orders": {"2024-01|GB": 3.0}})
    assert compare(BY_NAME["polars"], place) is True
    place.write_answers("polars", {"orders": {"2024-01|GB": 4.0}})
    with pytest.raises(DifferentAnswers, match=r"orders 2024-01\|GB: 3.0 by Regulars, 4.0 by the peer"):
        compare(BY_NAME["polars"], place)
    place.write_answers("polars", {"orders": {}})
    with pytest.raises(DifferentAnswers):
        compare(BY_NAME["polars"], place)
    assert compare(BY_NAME["load_csv"], place) is None


def fitted(place: Place, name: str, errors: dict[str, float] | None = None, **parameters: float | None) -> None:
    place.write_answers(name, {"parameters": parameters} | ({"standard_errors": errors} if errors else {}))


ERRORS = {"r": 0.01, "alpha": 1.5, "a": 0.05, "b": 0.2}


def test_a_fit_must_be_near_the_truth(tmp_path: Path):
    place, figure = Place(tmp_path), BY_NAME["forecast_fit_bg_days"]
    fitted(place, figure.name, ERRORS, r=0.28, alpha=33.0, a=0.7, b=2.4)  # by at most three standard errors
    assert compare(figure, place) is None
    fitted(place, figure.name, ERRORS, r=0.3, alpha=33.0, a=0.7, b=2.4)
    with pytest.raises(
        DifferentAnswers, match=r"misses the truth[^\n]*\n  r: 0\.3 ± 0\.01 by Regulars, where the truth is 0\.25$"
    ):
        compare(figure, place)
    fitted(place, figure.name, ERRORS, r=0.25, alpha=31.0, a=0.8)
    with pytest.raises(DifferentAnswers, match="b: None"):
        compare(figure, place)


def test_a_peer_must_find_our_parameters_and_priors_may_pull(tmp_path: Path):
    place = Place(tmp_path)
    fitted(place, "forecast_fit_bg_days", ERRORS, r=0.25, alpha=31.0, a=0.8, b=2.4)
    for peer, allowed in (("lifetimes", 0.0002), ("pymc", 0.009)):
        figure = BY_NAME[f"forecast_{peer}_bg"]
        fitted(place, figure.name, r=0.25 + allowed, alpha=31.01, a=0.8, b=2.4, further=1.0)
        assert compare(figure, place) is True
        fitted(place, figure.name, r=0.25 + 1.5 * allowed, alpha=31.01, a=0.8, b=2.4)
        with pytest.raises(
            DifferentAnswers, match=r"r: 0\.25 by Regulars, 0\.2\d+ by the peer, where 0\.\d+ is allowed"
        ):
            compare(figure, place)
        fitted(place, figure.name, r=float("nan"), alpha=31.0, a=0.8, b=2.4)
        with pytest.raises(DifferentAnswers):
            compare(figure, place)


def test_drawn_customers_are_what_their_model_says(tmp_path: Path):
    """Of those who never leave, shares and means that follow from the model by hand; of all, pasts that can be."""
    place = Place(tmp_path)
    pasts.make(place, Stopwatch(), 20_000)
    for law in pasts.LAWS:
        rows = pq.read_table(place.data(pasts.name_of(law)))
        columns = {name: rows[name].to_numpy() for name in ("frequency", "recency", "age", "paid")}
        RFMSummary.of({"frequency": columns["frequency"], "recency": columns["recency"], "T": columns["age"]})
        assert columns["age"].min() == 1 and columns["age"].max() == pasts.LONGEST
        assert (columns["paid"] == columns["frequency"] + 1).all()
        # An order is worth p v / (q - 1) on average.
        assert float(sum(rows["spent"].to_pylist())) / columns["paid"].sum() == pytest.approx(
            6.25 * 15.5 / 2.75, rel=0.05
        )
    chance = np.random.default_rng(4)
    stays = {"r": 2.0, "alpha": 100.0, "a": 1e-9, "b": 1.0}
    x, _, age = pasts.draw(chance, stays, 20_000, first_too=False)
    assert x.sum() == pytest.approx((age * 2 / 100).sum(), rel=0.03)
    leaves = {"r": 50.0, "alpha": 1.0, "a": 100.0, "b": 100.0}  # every second one after each purchase
    once, _, _ = pasts.draw(chance, leaves, 20_000, first_too=True)
    assert np.mean(once == 0) == pytest.approx(0.5, abs=0.02)
    assert np.mean(once == 2) == pytest.approx(0.125, abs=0.02)


def test_metrics_follow_from_a_peers_amounts():
    january = (2024 * 12, "GB")
    amounts = {
        "start": 750,
        "end": 950,
        "lost": 425,
        "new": 500,
        "orders": 40,
        "net_revenue": 1000.0,
        "guest_orders": 2,
    }
    amounts |= dict.fromkeys(
        ("buyers", "returning", "returning_by_today", "twice", "repeated_so_far", "repeated_by_days_so_far"), 10
    )
    amounts |= {"customers_so_far": 2000, "gap_sum": 300, "gap_count": 20, "gap_median": 12.0, "gap_p90": 30.0}
    amounts |= {"customer_orders": 38, "customer_revenue": 950.0, "customer_revenue_so_far": 5000.0}
    found = assemble({name: {january: n} for name, n in amounts.items()}, [2024 * 12], {(2024 * 12, 0): 500.0})
    values = {metric: cells["2024-01|GB"] for metric, cells in found.items() if metric in METRICS}
    # The textbook: (950 - 625) / 750, where 625 joined.
    assert values["customer_retention_rate"] == pytest.approx(0.4333, abs=1e-4)
    assert values["customer_churn_rate"] == pytest.approx(0.5667, abs=1e-4)
    assert (values["joined_customers"], values["won_back_customers"], values["retained_customers"]) == (625, 125, 325)
    assert (values["average_order_value"], values["guest_order_share"], values["time_between_purchases"]) == (
        25,
        0.05,
        15,
    )
    assert found["cohort_retention_rate"] == {"2024-01|0": 1.0}


def test_the_peers_file_holds_the_orders_that_count_oldest_first(tmp_path: Path):
    place = Place(tmp_path)
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "order_id,customer_id,ordered_at,currency,gross,country\n"
        "o2,c1,2024-02-01 10:00,GBP,7.70,GB\no1,,2024-01-31 10:00,GBP,5,\n"
    )
    Shop.create(place.shop, currency="GBP", timezone="Europe/London")
    App(Shop.open(place.shop)).load([orders])
    place.scratch("").mkdir()
    export.write(place, Stopwatch())
    rows = duckdb.sql(f"SELECT id, day, country, net_revenue, person IS NULL FROM '{place.scratch(export.FILE)}'")
    assert rows.fetchall() == [(1, date(2024, 1, 31), None, 5.0, True), (2, date(2024, 2, 1), "GB", 7.7, False)]


# All of it --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_quick_bench_runs_through_without_the_peers_environments(tmp_path: Path):
    results = tmp_path / "results.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--no-install", "--environments", tmp_path, "--results", results],
        cwd=ROOT, capture_output=True, text=True, env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    records = history.read(results)
    assert {r.customers for r in records if r.figure.startswith("forecast_")} == {2357}
    assert all(r.parameters and r.standard_errors for r in records if r.law)
    left_out = {figure.name for figure in FIGURES if figure.environment or figure.optional}
    assert {r.figure for r in records if "." not in r.figure} == {figure.name for figure in FIGURES} - left_out
    assert all(r.seconds > 0 and r.fastest <= r.seconds <= r.slowest and r.peak_mb > 10 for r in records)
    assert {r.figure: r.equal_answers for r in records}["spine_90"] is True
    load = next(r for r in records if r.figure == "load_csv")
    parts = [r for r in records if r.part_of == "load_csv"]
    assert len(parts) == 6
    assert sum(r.fastest for r in parts) <= load.slowest
    assert load.against == "read_csv"
    assert not any(r.run.whole for r in records)
    for name in ("states_by_day_90", "catalogue_warm", "parse_and_validate", "20,000 orders", "2,357 customers"):
        assert name in done.stdout
    assert re.search(r"polars +│ skipped: \.venv-bench is not there", done.stdout)
    assert re.search(r"metricflow_active_customers +│ skipped: \.venv-metricflow is not there", done.stdout)


# Where a load's time goes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["first", "late"])
def test_statements_of_a_load_are_noted_with_their_place_and_add_up(tmp_path: Path, which: str):
    busy, ran = profile(Place(tmp_path), which, 600, lines=False)
    assert 0 < sum(statement.busy for statement in ran) <= busy
    root = Path(regulars.__file__).parent
    assert all((root / statement.place.partition(":")[0]).is_file() for statement in ran)
    stored = [statement for statement in ran if statement.sql.startswith("COPY (SELECT")]
    assert {statement.place.partition(":")[0] for statement in stored} == {"warehouse/log/data_files.py"}
    assert len(stored) == (2 if which == "first" else 1)
    by_module, longest = tables(busy, ran, most=5)
    assert by_module.row_count == 7 and longest.row_count == 5
