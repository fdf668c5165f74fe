"""Segments, against the same rules in plain Python over what was forecast of each customer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from regulars.forecast.options import ForecastOptions
from regulars.metrics.customers.segments import SEGMENTS, members, named, sizes
from regulars.metrics.query import Facts, condition
from regulars.services.forecasting import Forecasting
from regulars.simulate import ShopShape, simulate, write_canonical
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.shop import Shop

LAST = date(2025, 12, 31)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Forecasting:
    folder = tmp_path_factory.mktemp("segments")
    files = write_canonical(simulate(ShopShape(customers=1500, months=24, until=LAST), seed=11), folder / "files")
    made = Forecasting(Shop.create(folder / "shop", currency="GBP", timezone="Europe/London"))
    made.load(files)
    made.forecast(ForecastOptions(as_of=LAST - timedelta(60)))
    made.forecast()
    return made


@pytest.fixture(scope="module")
def facts(app: Forecasting) -> Iterator[Facts]:
    with app.facts() as found:
        yield found


@pytest.fixture(scope="module")
def people(app: Forecasting) -> list[dict[str, Any]]:
    """Each customer of the latest forecast, with the rules worked out by hand."""
    with app.reading() as con:
        found = con.execute(
            "SELECT p.*, o.last FROM facts.predictions p JOIN (SELECT person, max(day) AS last FROM facts.orders GROUP BY person) o"
            " USING (person) WHERE as_of = ?",
            [LAST],
        )
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    for row in rows:
        row["value"] = row["revenue"] if row["profit"] is None else row["profit"]
        row["value_at_risk"] = row["revenue_at_risk"] if row["profit_at_risk"] is None else row["profit_at_risk"]
        row["staying"] = float(row["value_year"] + row["value_at_risk"])
        row["risk"] = (
            row["frequency"] >= 1 and row["probability_purchase_90d"] < row["probability_purchase_90d_at_last"] / 2
        )
    staying = sum(row["staying"] for row in rows) / len(rows)
    buys = sum(row["probability_purchase_365d"] for row in rows) / len(rows)
    for row in rows:
        row["worth_keeping_and_leaving"] = row["risk"] and row["probability_alive"] >= 0.1 and row["staying"] >= staying
        row["due_now"] = row["frequency"] >= 1 and not row["risk"] and 0.2 <= row["overdue"] <= 0.5
        row["one_time_likely_to_return"] = row["frequency"] == 0 and row["probability_purchase_365d"] >= buys
    return rows


def test_sizes_are_those_of_the_latest_forecast(facts: Facts, people: list[dict[str, Any]]):
    for size in sizes(facts):
        mine = [row for row in people if row[size.segment.name]]
        assert size.customers == len(mine) > 5
        assert size.buyers_90 == pytest.approx(sum(row["probability_purchase_90d"] for row in mine))
        assert size.value == pytest.approx(float(sum(row["value"] for row in mine)))
        assert size.value_at_risk == pytest.approx(float(sum(row["value_at_risk"] for row in mine)))


def test_nobody_is_in_two(facts: Facts):
    listed = [member.customer for one in SEGMENTS for member in members(one, facts)]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("segment", SEGMENTS, ids=lambda segment: segment.name)
def test_members_are_told_with_those_to_begin_with_first(
    facts: Facts, people: list[dict[str, Any]], segment, app: Forecasting
):
    found = members(segment, facts)
    with app.reading() as con:
        customers = dict(con.execute("SELECT person, customer FROM facts.persons").fetchall())
    mine = {customers[row["person"]]: row for row in people if row[segment.name]}
    assert {one.customer for one in found} == set(mine)
    first = [getattr(one, segment.first) for one in found]
    assert first == sorted(first, reverse=True)
    for one in found:
        row = mine[one.customer]
        assert one.purchase_days == row["frequency"] + 1
        assert (one.last_purchase - date(1970, 1, 1)).days == row["last"]
        assert (one.revenue_to_date, one.value) == (float(row["revenue_to_date"]), float(row["value"]))


def test_a_condition_keeps_some_and_moves_no_average(facts: Facts, people: list[dict[str, Any]]):
    found = {size.segment.name: size.customers for size in sizes(facts, (condition("first_country=DE"),))}
    expected = {one.name: sum(row[one.name] and row["first_country"] == "DE" for row in people) for one in SEGMENTS}
    assert found == expected and sum(found.values()) > 5
    listed = members(SEGMENTS[1], facts, (condition("country=DE"),))
    assert len(listed) == expected["due_now"]


def test_segments_are_named_as_one_likes():
    assert named("due-now") is named("Due now") is named("due_now") is SEGMENTS[1]
    assert named("one-time, likely to return") is SEGMENTS[2]
    with pytest.raises(UsageError, match="no segment 'due'") as refused:
        named("due")
    assert refused.value.hint == "Did you mean due_now?"
