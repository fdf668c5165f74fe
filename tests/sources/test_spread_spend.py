"""Spend over several days: rejected as it is, spread over its days where a mapping says so."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from regulars.load.run import LoadOptions
from regulars.services.app import App
from regulars.sources import mapping_file
from regulars.vocabulary.errors import LoadRefused, MappingError
from regulars.vocabulary.shop import Shop

MAPPING = """
name = "ads"

[spend]
spread = true

[spend.columns]
day = "Start"
last_day = "Stop"
channel = "'ads'"
amount = "Cost"
currency = "Currency"
"""
WEEKS = "Start,Stop,Cost,Currency\n2024-02-26,2024-03-03,100.00,EUR\n2024-03-04,2024-03-06,0.02,EUR\n2024-03-07,,5.005,EUR\n"


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(Shop.create(tmp_path / "shop", currency="EUR", timezone="UTC", name=None, shared_addresses=()))


def load(app: App, text: str, mapping: str = MAPPING, **options: bool) -> None:
    file, described = (app.shop.folder.parent / name for name in ("spend.csv", "ads.toml"))
    file.write_text(text)
    described.write_text(mapping)
    app.load([file], mapping=described, options=LoadOptions(**options))


def spend(app: App) -> list[tuple[date, Decimal]]:
    with app.warehouse.read() as con:
        assert con.execute("SELECT count(*) FROM main.spend WHERE last_day <> day").fetchone() == (0,)
        return con.execute("SELECT day, amount FROM main.spend ORDER BY day").fetchall()


def test_a_row_over_days_is_spread_evenly_and_adds_up(app: App) -> None:
    load(app, WEEKS)
    found = spend(app)
    assert [day for day, _ in found] == [date(2024, 2, 26) + timedelta(days=number) for number in range(11)]
    week, rest, alone = found[:7], found[7:10], found[10:]
    assert sum(amount for _, amount in week) == 100
    assert {amount for _, amount in week} == {Decimal("14.28"), Decimal("14.29")}
    assert [amount for _, amount in rest] == [0, Decimal("0.01"), Decimal("0.01")]
    assert [amount for _, amount in alone] == [Decimal("5.005")]
    load(app, WEEKS.replace("100.00", "70.00"))
    assert [amount for _, amount in spend(app)[:7]] == [10] * 7


def test_a_currency_without_cents_is_spread_in_whole_units(app: App) -> None:
    load(app, "Start,Stop,Cost,Currency\n2024-03-01,2024-03-03,100,JPY\n")
    assert [amount for _, amount in spend(app)] == [33, 33, 34]


@pytest.mark.parametrize(
    ("mapping", "text", "reason"),
    [
        (MAPPING.replace("spread = true", ""), WEEKS, "sums up several days"),
        (MAPPING, WEEKS + "2024-03-03,2024-03-05,1.00,EUR\n", "occurs more than once in spend"),
        (MAPPING, WEEKS + "2024-04-03,2024-04-01,1.00,EUR\n", "ends before it starts"),
        (MAPPING, WEEKS + "2024-04-03,2025-06-01,1.00,EUR\n", "more than a year"),
    ],
)
def test_what_cannot_be_spread_is_rejected(app: App, mapping: str, text: str, reason: str) -> None:
    with pytest.raises(LoadRefused) as refused:
        load(app, text, mapping, strict=True)
    assert reason in f"{refused.value} {refused.value.hint}"


def test_spreading_needs_the_last_day() -> None:
    with pytest.raises(MappingError, match="spread needs the columns day and last_day"):
        mapping_file.parse(MAPPING.replace('last_day = "Stop"\n', ""), "ads.toml")
