"""Levels that no load stores, in files beside a version: they say what rows say, whatever happens to the files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from metrics.rollups.shop_of_rollups import shop_of, told, without_rollups
from metrics.shops import TestShop
from regulars.metrics.catalogue import CATALOGUE, named
from regulars.metrics.compute.plan import Source
from regulars.metrics.query import Facts, Query, for_columns, periods_of
from regulars.metrics.rollups.rollup_tables import all_rollup_tables
from regulars.metrics.run_query import planned
from regulars.metrics.shapes import Grid, LargestShare, Quantile
from regulars.services.app import App
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.shop import Shop

HEADER = "order_id,customer_id,ordered_at,gross,currency,country\n"


def load(app: App, folder: Path, numbers: range) -> None:
    file = folder / "orders.csv"
    lines = (f"o{n},c{n % 17},2024-01-{1 + n % 27:02d} 10:00,{n % 50}.50,GBP,{('GB', 'FR')[n % 2]}\n" for n in numbers)
    file.write_text(HEADER + "".join(lines))
    app.load([file])


@pytest.fixture
def app(tmp_path: Path) -> App:
    Shop.create(tmp_path / "shop", currency="GBP", timezone="Europe/London")
    app = App(Shop.open(tmp_path / "shop"))
    load(app, tmp_path, range(90))
    return app


def cache(app: App) -> Path:
    return app.shop.warehouse / "cache"


def files(app: App) -> list[str]:
    """Without the digests of what they hold."""
    paths = (str(path.relative_to(cache(app))) for path in cache(app).rglob("*") if path.is_file())
    return sorted({re.sub("-[0-9a-f]{16}[.]", ".", path) for path in paths})


def by_day(facts: Facts) -> Query:
    """A question of sums that no load stores."""
    return Query((named("net_revenue"),), periods_of(facts, Grain.DAY, None, None), ("country",))


def ask(app: App) -> Source:
    """Ask, compare with rows, and say from what the question would be answered now."""
    with app.facts() as facts:
        return ask_of(facts)


def ask_of(facts: Facts) -> Source:
    facts = replace(facts, version=None)  # so that no answer is remembered
    question = by_day(facts)
    answered = told(question, facts)
    assert len(answered) > 50
    assert answered == told(question, without_rollups(facts))
    (step,) = planned(question, facts)
    return step.source


# What is in them ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made() -> TestShop:
    return shop_of(1)


WAYS = sorted(
    {
        (family.name, by)
        for family in all_rollup_tables(40)
        for by in family.possible_splits
        if by not in family.stored_splits
    }
)


@pytest.mark.parametrize(("family", "by"), WAYS)
@pytest.mark.parametrize(
    ("grain", "compare"), [(Grain.MONTH, True), pytest.param(Grain.FISCAL_YEAR, False, marks=pytest.mark.slow)]
)
def test_levels_that_no_load_stores_say_what_rows_say(
    made: TestShop, family: str, by: str, grain: Grain, compare: bool
) -> None:
    (known,) = (one for one in all_rollup_tables(40) if one.name == family)
    words = {column: word for fact in known.facts for word, column in fact.splits.items()}
    splits = tuple(words[column] for column in by.split(",") if column)
    window = known.window or 40
    metrics = tuple(
        asked
        for asked in (
            for_columns(one, splits) for one in CATALOGUE if not isinstance(one, Grid | Quantile | LargestShare)
        )
        if {*asked.facts} & {*known.facts} and {*splits} <= {*asked.splits} and not asked.forecast
    )
    if not metrics:
        pytest.skip("no metric of the catalogue can be split so")
    facts = made.facts
    question = Query(metrics, periods_of(facts, grain, None, None), splits, (), window, compare)
    assert told(question, facts) == told(question, without_rollups(facts))
    for step in planned(replace(question, compare=False), facts):
        # What does not add up over days is kept by one column at a time; who is active at both ends of a long period, never.
        if (
            step.fact in known.facts
            and step.source is not Source.HISTOGRAM
            and all(term.measure.adds_up for term in step.terms)
            and "longer than the active window" not in step.why_not_smaller
        ):
            assert step.kept is not None, step


# What happens to them -----------------------------------------------------------------------------------------------------


def test_the_first_question_builds_what_the_next_reads(app: App) -> None:
    with app.facts() as facts:
        (step,) = planned(by_day(facts), facts)
    assert (step.source, step.why_not_smaller) == (
        Source.ROWS,
        "by country sums are built when they are first asked for",
    )
    assert files(app) == []
    assert ask(app) is Source.ROLLUP
    assert files(app) == ["v000001/orders.country.parquet"]
    with app.facts() as facts:
        (step,) = planned(by_day(facts), facts)
    assert step.about == "sums by day, country; from the cache"


def test_the_folder_may_be_deleted_at_any_time(app: App) -> None:
    assert ask(app) is Source.ROLLUP
    shutil.rmtree(cache(app))
    assert ask(app) is Source.ROLLUP
    with app.facts() as facts:
        ask_of(facts)
        shutil.rmtree(cache(app))
        ask_of(facts)  # from rows: its file is gone
        assert ask_of(facts) is Source.ROLLUP
    assert files(app) == ["v000001/orders.country.parquet"]


@pytest.mark.parametrize("place", [0, 0.3, 0.6, 0.9, 1])
def test_a_damaged_file_is_built_again(app: App, place: float) -> None:
    ask(app)
    (file,) = cache(app).rglob("*.parquet")
    damaged = bytearray(file.read_bytes())
    if place == 1:
        del damaged[len(damaged) // 2 :]
    else:
        damaged[int(place * len(damaged))] ^= 1
    file.write_bytes(damaged)
    assert ask(app) is Source.ROLLUP


def test_what_is_asked_of_rows_builds_nothing(app: App) -> None:
    with app.facts() as facts:
        told(by_day(facts), replace(facts, version=None, rollups=()))
    assert files(app) == []


def test_a_folder_that_cannot_be_written_to_leaves_questions_to_rows(app: App) -> None:
    cache(app).write_text("in the way")
    assert ask(app) is Source.ROWS
    assert cache(app).read_text() == "in the way"


CHILD = """
import json, sys
from pathlib import Path
from regulars.services.app import App
from regulars.metrics.catalogue import named
from regulars.metrics.run_query import run_query
from regulars.metrics.query import Query, periods_of
from regulars.vocabulary.calendar import Grain
from regulars.vocabulary.shop import Shop
with App(Shop.open(Path(sys.argv[1]))).facts() as facts:
    print("opened", flush=True)
    {before}
    query = Query((named("net_revenue"),), periods_of(facts, Grain.DAY, None, None), ("country",))
    print(json.dumps([str(one.value) for one in run_query(query, facts)]))
"""


def child(app: App, before: str = "pass") -> subprocess.Popen[str]:
    words = [sys.executable, "-c", CHILD.format(before=before), str(app.shop.folder)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> list[str]:
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    found: list[str] = json.loads(output.splitlines()[-1])
    return found


def from_rows(app: App) -> list[str]:
    with app.facts() as facts:
        return [str(row[3]) for row in told(by_day(facts), without_rollups(replace(facts, version=None)))]


def test_a_full_disk_leaves_questions_to_rows(app: App) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))"
    assert said(child(app, full)) == from_rows(app)
    assert files(app) == []


def test_two_processes_that_ask_at_once_do_not_meet(app: App) -> None:
    asking = [child(app) for _ in range(3)]
    expected = from_rows(app)
    assert [said(process) for process in asking] == [expected] * 3
    assert files(app) == ["v000001/orders.country.parquet"]
    assert ask(app) is Source.ROLLUP


def test_what_a_killed_process_left_is_not_read_and_goes_with_the_next_write(app: App, tmp_path: Path) -> None:
    process = child(app)
    until = time.monotonic() + 60
    while not list(cache(app).rglob("*.new")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.0005)
    process.kill()
    process.communicate()
    left = cache(app) / "v000001" / "orders.channel-0123.new"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half of it")
    assert ask(app) is Source.ROLLUP
    load(app, tmp_path, range(90, 95))
    assert files(app) == ["v000001/orders.country.parquet"]


def test_the_cache_of_a_version_goes_with_it(app: App, tmp_path: Path) -> None:
    (cache(app) / "v000077").mkdir(parents=True)
    for number in range(1, 5):
        assert ask(app) is Source.ROLLUP
        load(app, tmp_path, range(90 + number, 100 + number))
    kept = [f"v{version.number:06d}" for version in app.warehouse.versions()]
    assert len(kept) == 3
    assert files(app) == [f"{name}/orders.country.parquet" for name in kept[:-1]]
    assert not (cache(app) / "v000077").exists()
    app.warehouse.rollback()
    assert ask(app) is Source.ROLLUP
    assert ask(app) is Source.ROLLUP


def test_a_file_of_another_version_is_not_read(app: App, tmp_path: Path) -> None:
    ask(app)
    load(app, tmp_path, range(90, 120))
    shutil.copytree(cache(app) / "v000001", cache(app) / "v000002")
    assert ask(app) is Source.ROLLUP


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_nobody_else_reads_what_is_kept(app: App, umask: int) -> None:
    before = os.umask(umask)
    try:
        ask(app)
    finally:
        os.umask(before)
    paths = (cache(app), *cache(app).rglob("*"))
    assert len(paths) == 3
    assert {path.name: path.stat().st_mode & 0o077 for path in paths if path.stat().st_mode & 0o077} == {}


def test_every_pair_of_columns_of_orders_is_among_the_ways() -> None:
    columns = ("country", "channel", "coupon", "source", "currency")
    assert {("orders", ",".join(sorted(pair))) for pair in combinations(columns, 2)} <= {*WAYS}
