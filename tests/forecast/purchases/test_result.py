"""Forecasts are kept as they were made, through loads, undo and deriving again; what came after makes them stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from regulars.forecast.options import ForecastOptions
from regulars.forecast.store import KEPT
from regulars.services.forecasting import Forecasting
from regulars.vocabulary.shop import Shop
from regulars.warehouse.identity.corrections import join

LAST = date(2025, 12, 31)
_TWO = "SELECT email FROM facts.persons SEMI JOIN facts.orders USING (person) WHERE email IS NOT NULL ORDER BY email LIMIT 2"


def kept(app: Forecasting) -> dict[date, list[tuple[Any, ...]]]:
    with app.warehouse.read() as con:
        rows = con.execute("FROM facts.predictions ORDER BY as_of, person").fetchall()
    found: dict[date, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def one_order(folder: Path, day: str = "2026-01-05", name: str = "late") -> Path:
    file = folder / f"{name}.csv"
    file.write_text(f"order_id,customer_id,ordered_at,currency,gross\n{name},nina,{day} 10:00,GBP,30.00\n")
    return file


def test_a_shop_without_forecasts_has_none(app: Forecasting):
    assert app.forecasts() == ()


def test_a_forecast_is_read_as_it_was_made(app: Forecasting):
    before = app.warehouse.number
    made = app.forecast(ForecastOptions(horizon=180, rate=0.05))
    (found,) = app.forecasts()
    assert found == made
    assert found.stale == ()
    assert (found.horizon, found.discount, found.as_of, found.status) == (180, 0.05, LAST, "converged")
    assert len(kept(app)[LAST]) == found.customers
    assert app.warehouse.number == before + 1


def test_a_forecast_derives_nothing(app: Forecasting):
    facts = "SELECT (SELECT count(*) FROM facts.orders), (SELECT value FROM about WHERE key = 'settings')"
    with app.warehouse.read() as con:
        before = con.execute(facts).fetchall()
        tables = con.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
    app.forecast()
    with app.warehouse.read() as con:
        assert con.execute(facts).fetchall() == before
        after = con.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
    assert sorted(after) == sorted(tables)


def test_predictions_of_an_older_shape_go_with_the_next_deriving(app: Forecasting):
    app.forecast()
    with app.warehouse.write("grow old") as con:
        con.execute("ALTER TABLE facts.predictions RENAME COLUMN revenue TO value")
    app.derive_again()
    assert app.forecasts() == () and kept(app) == {}
    app.forecast()
    assert len(app.forecasts()) == 1


def test_one_of_the_same_day_replaces_the_other(app: Forecasting):
    app.forecast(ForecastOptions(horizon=30))
    app.forecast(ForecastOptions(horizon=60))
    (found,) = app.forecasts()
    assert found.horizon == 60
    assert len(kept(app)[LAST]) == found.customers


@pytest.mark.slow
def test_earlier_forecasts_stay_through_loads_undo_and_deriving_again(app: Forecasting, tmp_path: Path):
    app.forecast(ForecastOptions(as_of=LAST - timedelta(90)))
    app.forecast()
    before = kept(app)
    assert len(before) == 2
    loaded = app.load([one_order(tmp_path)])
    assert kept(app) == before
    app.undo(loaded.load_id)
    assert kept(app) == before
    app.derive_again()
    assert kept(app) == before
    app.forecast(ForecastOptions(model="mbg"))
    earlier = LAST - timedelta(90)
    assert kept(app)[earlier] == before[earlier] and kept(app)[LAST] != before[LAST]


@pytest.mark.slow
def test_the_last_five_are_kept(app: Forecasting):
    days = [LAST - timedelta(10 * back) for back in range(KEPT)]
    for day in reversed(days):
        app.forecast(ForecastOptions(as_of=day))
    assert [found.as_of for found in app.forecasts()] == days
    # One of long ago is kept for having been asked for just now; the earliest of the others goes.
    ago = LAST - timedelta(200)
    app.forecast(ForecastOptions(as_of=ago))
    assert [found.as_of for found in app.forecasts()] == [*days[:-1], ago]
    assert sorted(kept(app)) == sorted([*days[:-1], ago])


def test_a_later_load_makes_it_stale_and_a_new_forecast_is_not(app: Forecasting, tmp_path: Path):
    app.forecast()
    app.load([one_order(tmp_path)])
    assert app.forecasts()[0].stale == ("files were loaded",)
    again = app.forecast()
    found = app.forecasts()
    assert again.as_of == date(2026, 1, 5)
    assert [bool(one.stale) for one in found] == [False, True]


def test_a_load_that_changes_nothing_does_not(app: Forecasting, tmp_path: Path):
    file = one_order(tmp_path)
    app.load([file])
    app.forecast()
    app.load([file])
    assert app.forecasts()[0].stale == ()


@pytest.mark.slow
def test_undo_makes_it_stale(app: Forecasting, tmp_path: Path):
    loaded = app.load([one_order(tmp_path)])
    app.forecast()
    app.undo(loaded.load_id)
    assert app.forecasts()[0].stale == ("a load was undone",)


@pytest.mark.slow
def test_settings_make_it_stale(app: Forecasting):
    app.forecast()
    settings = replace(app.shop.settings, timezone="America/New_York")
    moved = Forecasting(Shop(app.shop.folder, settings))
    assert moved.forecasts()[0].stale == ("the shop's settings changed",)


@pytest.mark.slow
def test_joining_customers_makes_it_stale_and_the_next_one_counts_them_once(app: Forecasting):
    before = app.forecast()
    with app.warehouse.read() as con:
        a, b = (email for (email,) in con.execute(_TWO).fetchall())
    app.change("join", lambda changes: join(changes, app.shop.settings, a, b))
    assert app.forecasts()[0].stale == ("customers were joined or split",)
    assert app.forecast().customers == before.customers - 1


@pytest.mark.slow
def test_going_back_to_the_version_before_goes_back_to_its_forecast(app: Forecasting, tmp_path: Path):
    app.forecast()
    app.load([one_order(tmp_path)])
    assert app.forecasts()[0].stale
    app.warehouse.rollback()
    assert app.forecasts()[0].stale == ()


@pytest.mark.parametrize("model", ["pareto", "mbg", "bg"])
def test_a_model_that_is_asked_for_is_taken(app: Forecasting, model: str):
    made = app.forecast(ForecastOptions(model=model))
    assert (made.model, made.why) == (model, "it was requested")
