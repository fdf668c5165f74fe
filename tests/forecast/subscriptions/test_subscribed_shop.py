"""A shop with subscriptions, forecast as a user would: what is said of it, what came of it, and what is kept."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from forecast.subscriptions.population import UNTIL, Plan, Subscription, drawn, write
from regulars.forecast.options import ForecastOptions
from regulars.forecast.store import KEPT
from regulars.services.forecasting import Forecasting
from regulars.vocabulary.errors import ForecastRefused, UsageError
from regulars.vocabulary.shop import Shop


def predictions(app: Forecasting, as_of: date = UNTIL) -> list[dict[str, Any]]:
    with app.warehouse.read() as con:
        found = con.execute("FROM facts.subscription_predictions WHERE as_of = ?", [as_of])
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def running(people: list[Subscription], day: date = UNTIL) -> dict[str, Subscription]:
    return {one.number: one for one in people if one.began <= day < one.ended}


def shop(folder: Path, files: list[Path]) -> Forecasting:
    app = Forecasting(Shop.create(folder / "shop", currency="GBP", timezone="Europe/London"))
    app.load(files)
    return app


def test_everybody_who_subscribes_is_forecast_once(app: Forecasting, subscribers: list[Subscription]):
    made = app.forecast_subscriptions()
    assert made is not None
    rows = predictions(app)
    assert {row["subscription_id"] for row in rows} == set(running(subscribers))
    assert made.totals["subscriptions"] == made.totals["persons"] == len(rows)
    assert made.totals["purchases"] == pytest.approx(sum(row["purchases"] for row in rows))
    assert float(made.totals["revenue"]) == pytest.approx(float(sum(row["revenue"] for row in rows)))
    assert made.totals["renewing"]["90"] == pytest.approx(sum(row["probability_purchase_90d"] for row in rows))
    for row in rows:
        assert row["probability_alive"] == 1 and row["overdue"] is None and row["bucket"] == row["person"] % 32
        assert (
            row["probability_purchase_30d"]
            <= row["probability_purchase_90d"]
            <= row["probability_purchase_365d"]
            <= row["purchases"] + 1e-6
            or row["plan"] == "club"
        )
        assert row["value_low"] <= row["revenue"] <= row["value_high"] or row["plan"] == "club"
        one = running(subscribers)[row["subscription_id"]]
        assert row["renewed"] == sum(one.renewed_on(k) <= UNTIL for k in range(1, one.renewals + 1))
        assert UNTIL + timedelta(row["due"]) == one.renewed_on(row["renewed"] + 1)


def test_what_is_forecast_is_what_becomes_of_them(app: Forecasting, subscribers: list[Subscription]):
    """The year to come, of which the forecast knows nothing; four of the model's own standard deviations."""
    made = app.forecast_subscriptions(ForecastOptions(rate=0))
    assert made is not None
    now = running(subscribers)
    for days in (30, 90, 365):
        last = UNTIL + timedelta(days)
        came = sum(any(UNTIL < one.renewed_on(k) <= last for k in range(1, one.renewals + 1)) for one in now.values())
        spread = made.totals["renewing_spread"][str(days)]
        assert abs(made.totals["renewing"][str(days)] - came) < 4 * spread
    later = UNTIL + timedelta(365)
    income = sum(
        one.plan.price * sum(UNTIL < one.renewed_on(k) <= later for k in range(1, one.renewals + 1))
        for one in now.values()
    )
    assert float(made.totals["revenue"]) == pytest.approx(income, rel=0.06)


def test_each_plan_has_its_term_its_model_and_its_price(app: Forecasting):
    made = app.forecast_subscriptions()
    assert made is not None
    assert [(plan["plan"], plan["renews"]) for plan in made.plans] == [
        ("box", "every month"), ("club", "every year"), ("tiny", "every month"),
    ]  # fmt: skip
    assert [plan["spend"] for plan in made.plans] == pytest.approx([20, 120, 35])
    assert {tuple(model["plans"]): model["pooled"] for model in made.models} == {
        ("box",): False,
        ("tiny",): True,
        ("club",): False,
    }
    box = next(model for model in made.models if model["plans"] == ["box"])
    for name, truth in {"alpha": 0.7, "beta": 3.0}.items():
        assert abs(box["parameters"][name] - truth) < 3.3 * box["standard_errors"][name]
    assert (made.value_of, made.value_share) == ("revenue", 1.0)


@pytest.mark.slow
def test_it_is_read_as_it_was_made_and_goes_stale_with_a_load(app: Forecasting, tmp_path: Path):
    made = app.forecast_subscriptions(ForecastOptions(horizon=90, rate=0.05))
    (found,) = app.subscription_forecasts()
    assert found == made and found.stale == ()
    assert (found.horizon, found.discount, found.as_of) == (90, 0.05, UNTIL)
    file = tmp_path / "late.csv"
    file.write_text("subscription_id,customer_id,started_at,ended_at,plan\nnew,nina,2026-01-05 10:00,,box\n")
    app.load([file])
    assert app.subscription_forecasts()[0].stale == ("files were loaded",)


@pytest.mark.slow
def test_earlier_ones_are_kept_and_those_of_the_same_day_replaced(app: Forecasting):
    days = [UNTIL - timedelta(100 + back) for back in range(KEPT)]
    for day in (*reversed(days), UNTIL, UNTIL):
        app.forecast_subscriptions(ForecastOptions(as_of=day))
    kept = [found.as_of for found in app.subscription_forecasts()]
    assert kept == [UNTIL, *days[: KEPT - 1]]
    with app.warehouse.read() as con:
        rows = con.execute("SELECT as_of FROM facts.subscription_predictions").fetchall()
    assert Counter(day for (day,) in rows).keys() == set(kept)


def test_a_forecast_of_the_past_knows_nothing_of_what_came(app: Forecasting, subscribers: list[Subscription]):
    ago = UNTIL - timedelta(120)
    made = app.forecast_subscriptions(ForecastOptions(as_of=ago))
    assert made is not None and made.ending == 0
    told = {plan["plan"] for plan in made.plans if not plan["refused"]}  # of the yearly one little was known by then
    assert told >= {"box", "tiny"}
    now = {number: one for number, one in running(subscribers, ago).items() if one.plan.name in told}
    assert {row["subscription_id"] for row in predictions(app, ago)} == set(now)
    came = {one.days: one for one in app.subscription_actuals()}
    assert set(came) == {30, 90}
    for days, one in came.items():
        last = ago + timedelta(days)
        assert one.actual == sum(
            any(ago < p.renewed_on(k) <= last for k in range(1, p.renewals + 1)) for p in now.values()
        )
        assert abs(one.forecast - one.actual) < 4.5 * made.totals["renewing_spread"][str(days)]


@pytest.mark.slow
def test_who_is_known_to_end_is_counted_and_not_forecast(
    app: Forecasting, subscribers: list[Subscription], tmp_path: Path
):
    leaving = next(iter(running(subscribers).values()))
    file = tmp_path / "cancelled.csv"
    file.write_text(
        "subscription_id,customer_id,started_at,ended_at,plan\n"
        f"{leaving.number},{leaving.customer},{leaving.began} 12:00,2026-01-20 12:00,{leaving.plan.name}\n"
    )
    app.load([file])
    made = app.forecast_subscriptions()
    assert made is not None and made.ending == 1
    assert leaving.number not in {row["subscription_id"] for row in predictions(app)}
    # As of an earlier day nobody knew.
    app.forecast_subscriptions(ForecastOptions(as_of=UNTIL - timedelta(30)))
    assert leaving.number in {row["subscription_id"] for row in predictions(app, UNTIL - timedelta(30))}


@pytest.mark.slow
def test_somebody_with_two_subscriptions_is_one_customer(
    app: Forecasting, subscribers: list[Subscription], tmp_path: Path
):
    one = next(iter(running(subscribers).values()))
    file = tmp_path / "second.csv"
    file.write_text(
        f"subscription_id,customer_id,started_at,ended_at,plan\nsecond,{one.customer},2025-12-01 12:00,,box\n"
    )
    before = app.forecast_subscriptions()
    app.load([file])
    made = app.forecast_subscriptions()
    assert before is not None and made is not None
    assert made.totals["subscriptions"] == before.totals["subscriptions"] + 1
    assert made.totals["persons"] == before.totals["persons"]


def test_without_their_orders_renewals_are_forecast_and_no_value(tmp_path: Path):
    files = write(drawn([Plan("box", 1, 0.7, 3.0, 400)], seed=2), tmp_path / "files")
    made = shop(tmp_path, files[:1]).forecast_subscriptions()
    assert made is not None
    assert made.totals["purchases"] > 100
    assert (made.value_of, made.totals["revenue"], made.totals["value_at_risk"]) == ("", None, None)
    assert "no orders" in made.value_why


def test_a_shop_without_subscriptions_has_none(tmp_path: Path):
    files = write(drawn([Plan("box", 1, 0.7, 3.0, 50)], seed=2), tmp_path / "files")
    app = shop(tmp_path, files[1:])
    assert app.forecast_subscriptions() is None
    assert app.subscription_forecasts() == () == app.subscription_actuals()


def test_what_cannot_carry_a_forecast_is_refused_with_reasons(tmp_path: Path):
    app = shop(tmp_path, write(drawn([Plan("box", 1, 0.7, 3.0, 90)], seed=2), tmp_path / "files"))
    with pytest.raises(
        ForecastRefused, match=r"box: 100 subscriptions with a renewal due are needed, and there are \d+"
    ):
        app.forecast_subscriptions()
    assert app.subscription_forecasts() == ()
    with pytest.raises(UsageError, match="The data do not reach 2031"):
        app.forecast_subscriptions(ForecastOptions(as_of=date(2031, 1, 1)))


@pytest.mark.slow
def test_subscriptions_loaded_long_ago_are_not_taken_for_todays(tmp_path: Path):
    people = drawn([Plan("box", 1, 0.7, 3.0, 500)], seed=2)
    old, new = date(2025, 9, 30), UNTIL
    subscriptions, _ = write(people, tmp_path / "old", old)
    _, orders = write(people, tmp_path / "new", new)
    # In one load the orders would say up to which day the subscriptions are known.
    app = shop(tmp_path, [subscriptions])
    app.load([orders])
    with pytest.raises(
        ForecastRefused, match="The last subscription that began or ended did so on 2025-09-"
    ) as refused:
        app.forecast_subscriptions()
    assert "--covers-until" in refused.value.hint
    subscriptions, _ = write(people, tmp_path / "newer", date(2025, 11, 30))
    app.load([subscriptions])
    made = app.forecast_subscriptions()
    # As of the last day of which it is known who is subscribed, not of the last order.
    assert made is not None and date(2025, 11, 25) <= made.as_of <= date(2025, 11, 30)
