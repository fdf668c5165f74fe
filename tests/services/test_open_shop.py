"""`regulars.open`: a shop's questions, loads and forecasts from Python, with the answers of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import regulars
from regulars.cli import run
from regulars.metrics.catalogue import CATALOGUE
from regulars.services.open_shop import OpenShop
from regulars.services.result_table import ResultTable
from regulars.vocabulary.errors import ForecastRefused, LibraryMissing, NothingLoaded, UsageError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
# By hand, of examples/corner_shop.csv: what was paid less its VAT. A-100 is 2 × 4.50 + 7.25 − 1.00 + 3.90 with 1.90 of VAT, and
# the brush comes back: 7.25 less 1.90 / 19.15 of it. A-101 is 4.50 + 3.90 with 1.34 of VAT. A-102 was cancelled.
ANN, BOB = Decimal("10.72"), Decimal("7.06")


@pytest.fixture(scope="module")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corner") / "shop"
    assert run(["init", str(folder), "--currency", "EUR", "--timezone", "Europe/Berlin"]) == 0
    with regulars.open(folder) as shop:
        shop.load(EXAMPLES / "corner_shop.csv", mapping=EXAMPLES / "corner_shop.toml")
    return folder


@pytest.fixture
def shop(corner: Path) -> Iterator[OpenShop]:
    with regulars.open(corner) as opened:
        yield opened


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated shop that can be forecast, with its forecast."""
    folder = tmp_path_factory.mktemp("large")
    assert run(["simulate", str(folder / "exports"), "--customers", "900", "--months", "20"]) == 0
    assert run(["init", str(folder / "shop"), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    with regulars.open(folder / "shop") as opened:
        opened.load(folder / "exports")
        opened.forecast()
    return folder / "shop"


def test_a_load_says_what_became_of_every_row(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path / "shop"), "--currency", "EUR", "--timezone", "Europe/Berlin"]) == 0
    with regulars.open(tmp_path / "shop") as opened:
        with pytest.raises(NothingLoaded):
            opened.metric("orders")
        files = {"mapping": EXAMPLES / "corner_shop.toml", "covers_until": date(2024, 4, 30)}
        loaded = opened.load(EXAMPLES / "corner_shop.csv", **files)
        assert [*loaded] == [
            {"file": "corner_shop.csv", "read": 6, "used": 5, "waiting": 0, "rejected": 0, "skipped": 1}
        ]
        assert [row["complete"] for row in opened.metric("orders", period="2024-04")] == [True]
        assert opened.load(str(EXAMPLES / "corner_shop.csv"), **files).notes[0] == "Nothing changed."
        with pytest.raises(UsageError, match="exclude each other"):
            opened.load(EXAMPLES / "corner_shop.csv", parts=True, overlap=True)


def test_a_sum_of_money_is_decimal_and_what_is_not_known_is_null(shop: OpenShop) -> None:
    (row,) = shop.metric("net_revenue", period="2024-04")
    assert (row["value"], row["numerator"], row["low"]) == (ANN + BOB, ANN + BOB, None)
    assert isinstance(row["value"], Decimal)
    assert (row["start"], row["end"], row["complete"], row["n"]) == (date(2024, 4, 1), date(2024, 5, 1), False, 2)
    assert (row["unit"], row["currency"], row["timezone"]) == ("money", "EUR", "Europe/Berlin")
    table = shop.metric("net_revenue", period="2024-04").to_arrow()
    assert table.schema.field("value").type == pa.decimal128(38, 2)
    assert table["low"].null_count == 1


@pytest.mark.parametrize(
    "options",
    [
        {"period": "2024-04"},
        {"period": "2024-04-01..2024-04-30"},
        {"since": "2024-04-01", "until": "2024-04-30"},
        {"since": date(2024, 4, 1), "until": date(2024, 4, 30)},
        {"grain": "month", "since": "2024-04", "until": "2024-04"},
        {"grain": "year"},
        {"period": "all"},
    ],
)
def test_periods_are_named_as_on_the_command_line_or_by_dates(shop: OpenShop, options: dict[str, Any]) -> None:
    assert [row["value"] for row in shop.metric("net_revenue", **options)] == [ANN + BOB]


def test_splits_and_conditions(shop: OpenShop) -> None:
    by_country = shop.metric("net_revenue", period="2024-04", split="country")
    assert {row["country"]: row["value"] for row in by_country} == {"DE": ANN, "AT": BOB}
    (row,) = shop.metric("net_revenue", period=date(2024, 4, 4), where=["country=AT"])
    assert (row["value"], row["period"]) == (BOB, "2024-04-04")
    assert [row["value"] for row in shop.metric("orders", period="2024-04", where="country!=AT")] == [1]


def test_the_customers_behind_a_number(shop: OpenShop) -> None:
    rows = [*shop.drill_down("net_revenue", "2024-04")]
    assert [(row["email"], row["numerator"], row["first_order"]) for row in rows] == [
        ("ann@example.com", ANN, date(2024, 4, 3)),
        ("bob@example.com", BOB, date(2024, 4, 4)),
    ]


def test_several_metrics_are_one_table(shop: OpenShop) -> None:
    both = shop.metrics("orders", "net_revenue", period="2024-04")
    assert [(row["metric"], row["value"], row["numerator"]) for row in both] == [
        ("orders", 2.0, Decimal(2)),
        ("net_revenue", 17.78, ANN + BOB),
    ]
    assert shop.metrics("net_revenue", "gross_revenue").to_arrow().schema.field("value").type == pa.decimal128(38, 2)
    assert {row["metric"] for row in shop.metrics(theme="returns")} >= {
        "product_return_rate",
        "product_return_rate_value",
    }
    with pytest.raises(UsageError, match="cohort grid"):
        shop.metrics("orders", "cohort_retention_rate")


def test_other_libraries_read_it(shop: OpenShop) -> None:
    answer = shop.metric("net_revenue", period="2024-04", split="country")
    assert pa.RecordBatchReader.from_stream(answer).read_all() == answer.to_arrow()
    rows = duckdb.connect().execute("SELECT sum(value) FROM answer").fetchall()
    assert rows == [(ANN + BOB,)]


def test_pandas_gets_columns_and_no_index_of_ours(shop: OpenShop) -> None:
    pandas = pytest.importorskip("pandas")
    frame = shop.metric("net_revenue", period="2024-04", split="country").to_pandas()
    assert isinstance(frame.index, pandas.RangeIndex)
    assert frame["start"].dt.year.tolist() == [2024, 2024]
    assert frame["value"].sum() == ANN + BOB
    assert frame["low"].isna().all()


def test_polars_or_what_to_install(shop: OpenShop) -> None:
    answer = shop.metric("net_revenue", period="2024-04")
    if find_spec("polars"):
        assert answer.to_polars()["value"].to_list() == [ANN + BOB]
        return
    with pytest.raises(LibraryMissing, match="needs polars") as error:
        answer.to_polars()
    assert "pip install polars" in error.value.hint
    assert isinstance(error.value, ImportError)


def test_a_notebook_shows_a_table_in_which_names_are_only_text(shop: OpenShop) -> None:
    shown = shop.metric("net_revenue", period="2024-04", where="country!=<b>x</b>")._repr_html_()
    assert '<td class="number">17.78 EUR*</td>' in shown
    strange = ResultTable(shop.drill_down("orders", "2024-04").columns[:1], ({"customer": "<script>\x1b"},), [])
    assert "<td>&lt;script&gt;\\x1b</td>" in strange._repr_html_()
    assert repr(strange).splitlines() == ["customer", "<script>\\x1b"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("customer_churn_rate", {"compare": True, "grain": "quarter"}),
        ("average_order_value", {"split": "country", "since": "2025-10"}),
        ("cohort_retention_rate", {"since": "2025-06"}),
    ],
)
def test_it_is_shown_as_the_command_line_shows_it(
    large: Path, capsys: pytest.CaptureFixture[str], name: str, options: dict[str, Any]
) -> None:
    with regulars.open(large) as opened:
        shown = repr(opened.metric(name, **options))
    words = [
        word for key, value in options.items() for word in ([f"--{key}"] if value is True else [f"--{key}", value])
    ]
    capsys.readouterr()
    assert run(["metric", name, *words, "--shop", str(large)]) == 0
    assert capsys.readouterr().out.rstrip("\n").splitlines()[: len(shown.splitlines())] == shown.splitlines()


def flattened(record: dict[str, Any]) -> dict[str, Any]:
    """A record of the command line's JSON as a row: the period's fields, splits and both changes beside the others."""
    period, split = record.pop("period"), record.pop("split")
    row = {**record, "period": period.pop("label"), **period, **split}
    for prefix, key in (("", "change"), ("year_earlier_", "year_earlier")):
        change = row.pop(key, None)
        named = {"before": "before", "difference": "difference", "low": "difference_low", "high": "difference_high"}
        row |= {f"{prefix}{column}": change and change[name] for name, column in named.items()}
        row |= {f"{prefix}{name}": change and change[name] for name in ("verdict", "note")}
        row[f"{prefix}events"] = change and [f"{event['date']} {event['event']}" for event in change["events"]]
        row["year_earlier_period" if prefix else "before_period"] = change and change["period"]["label"]
    return row


def same(cell: object, written: object) -> bool:
    """Whether a cell is what JSON has: dates as text, decimals with as many places as they have."""
    if isinstance(cell, Decimal) and written is not None:
        places = -cell.as_tuple().exponent  # type: ignore[operator]
        return cell == round(Decimal(str(written)), places)
    if isinstance(cell, date):
        return str(cell) == written
    return cell == (int(str(written)) if isinstance(cell, int) and isinstance(written, str) else written)


@pytest.mark.parametrize("name", [metric.name for metric in CATALOGUE])
def test_every_metric_s_table_is_what_the_command_line_says(
    large: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    words = ["metric", name, "--grain", "quarter", "--compare", "--format", "json", "--shop", str(large)]
    capsys.readouterr()
    code = run(words)
    written = capsys.readouterr().out
    with regulars.open(large) as opened:
        if code:
            with pytest.raises((NothingLoaded, ForecastRefused)):
                opened.metric(name, grain="quarter", compare=True)
            return
        answer = opened.metric(name, grain="quarter", compare=True)
    assert answer.to_json() == written.rstrip("\n")
    rows, records = answer.to_arrow().to_pylist(), [flattened(record) for record in json.loads(written)]
    assert len(rows) == len(records) > 0
    differing = [
        (column, cell, record[column])
        for row, record in zip(rows, records, strict=True)
        for column, cell in row.items()
        if not same(cell, record[column])
    ]
    assert differing == []
    assert {column for record in records for column in record} - {*rows[0]} <= {"unknown_share", "reason"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"compare": True}, "--compare"),
        (
            {"theme": "retention", "split": "country", "period": "2025-11"},
            "--theme retention --split country --period 2025-11",
        ),
        (
            {"where": "channel!=web", "active_window": 60, "grain": "quarter"},
            "--where channel!=web --active-window 60 --grain quarter",
        ),
    ],
    ids=["compared", "split", "filtered"],
)
def test_many_metrics_are_what_the_command_line_says(
    large: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], words: str
) -> None:
    capsys.readouterr()
    assert run(["metrics", *words.split(), "--format", "json", "--shop", str(large)]) == 0
    written = capsys.readouterr()
    with regulars.open(large) as opened:
        result = opened.metrics(**options)
    assert len(result) > 5
    assert result.to_json() == written.out.rstrip("\n")
    assert [*result.notes] == [line for line in written.err.splitlines() if line in result.notes]


def test_forecast_totals_are_rows_and_segments_follow(large: Path) -> None:
    with regulars.open(large) as opened:
        sizes = {row["segment"]: row["customers"] for row in opened.segments()}
        members = opened.segments("due-now")
        assert len(members) == sizes["due_now"]
        assert all(isinstance(row["value"], Decimal) for row in members)
        again = opened.forecast(horizon=180, as_of=date(2025, 11, 30), model="bg")
        totals = {(row["quantity"], row["days"]): row for row in again}
        assert {key for key in totals if key[0] == "buyers"} == {("buyers", days) for days in (30, 90, 365)}
        assert totals["revenue", 180]["currency"] == "GBP"
        assert {row["as_of"] for row in again} == {date(2025, 11, 30)}
        assert totals["buyers", 30]["expected"] < totals["buyers", 365]["expected"]


def test_numbers_stay_those_of_one_version_until_refreshed(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path / "shop"), "--currency", "EUR", "--timezone", "UTC"]) == 0
    (tmp_path / "first.csv").write_text(
        "order_id,ordered_at,currency,gross,email\n1,2024-01-03,EUR,5.00,a@example.com\n"
    )
    (tmp_path / "later.csv").write_text(
        "order_id,ordered_at,currency,gross,email\n2,2024-01-04,EUR,7.00,b@example.com\n"
    )

    def orders(opened: OpenShop) -> list[float]:
        return [row["value"] for row in opened.metric("orders")]

    with regulars.open(tmp_path / "shop") as held, regulars.open(tmp_path / "shop") as other:
        held.load(tmp_path / "first.csv")
        assert orders(held) == [1]
        other.load(tmp_path / "later.csv")
        assert (orders(held), orders(other)) == ([1], [2])
        held.refresh()
        assert orders(held) == [2]
    with pytest.raises(UsageError, match="closed"):
        held.metric("orders")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "revenues_of_mars"}, "There is no metric"),
        ({"name": "orders", "grain": "decade"}, "There is no grain 'decade'"),
        ({"name": "orders", "split": "planet"}, "cannot be split by 'planet'"),
        ({"name": "orders", "where": "country"}, "is not a condition"),
        ({"name": "orders", "period": "2024-13"}, "There is no period"),
    ],
)
def test_wrong_questions_are_refused_in_words(shop: OpenShop, options: dict[str, Any], message: str) -> None:
    with pytest.raises(regulars.RegularsError, match=message) as error:
        shop.metric(**options)
    assert options.get("period") or error.value.hint


HEAVY = ("ibis", "sqlglot", "pyarrow", "pandas", "scipy", "pydantic", "openpyxl")
QUESTION = """
import sys
import regulars
print(*sorted({name.partition(".")[0] for name in sys.modules} & {*sys.argv[2:], "numpy", "duckdb"}))
shop = regulars.open(sys.argv[1])
print(len(shop.metric("net_revenue")), len(repr(shop.metric("orders", split="country"))) > 0)
print(*sorted({name.partition(".")[0] for name in sys.modules} & {*sys.argv[2:]}))
"""


def test_neither_import_nor_a_question_that_rollups_answer_imports_anything_heavy(corner: Path) -> None:
    done = subprocess.run([sys.executable, "-c", QUESTION, corner, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["", "1 True", ""]
