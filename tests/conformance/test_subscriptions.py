"""What is learnt and said of subscriptions comes out the same on DuckDB and on PostgreSQL: counts and days exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.engines import Both
from conformance.shops import ODD, PLAIN, UNTIL, Kind
from conformance.test_forecast import engines_of
from regulars.forecast.options import ForecastOptions
from regulars.forecast.subscriptions.backtest import cohort_outcomes
from regulars.forecast.subscriptions.pipeline import run_forecast
from regulars.forecast.subscriptions.renewal_history import (
    ends_by_part,
    renewal_history,
    renewal_summary,
    subscription_data,
)
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.settings.term import Terms
from regulars.warehouse.engine import Engine

LAST = epoch_day(UNTIL)
TERMS = Terms.read({"club": "quarter", "veg": "2 weeks"})


def by_id(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["source"], row["subscription_id"]): row for row in rows}


@pytest.mark.parametrize("kind", [PLAIN, ODD], ids=lambda kind: kind.name)
@pytest.mark.parametrize("until", [LAST + 1, LAST - 90, LAST - 306])
def test_lives_are_the_same_on_both_engines(both: Both, kind: Kind, until: int) -> None:
    found: list[tuple[Any, ...]] = []
    with engines_of(both(kind)) as engines:
        for engine in engines:
            seen = subscription_data(engine, engine.fact("subscriptions"), TERMS, LAST + 1)
            rows = renewal_history(seen, until)
            grouped = renewal_summary(engine, rows)
            ended = {plan: counts.tolist() for plan, counts in ends_by_part(engine, rows).items()}
            came = [
                (one.plan, sorted(zip(one.began.tolist(), one.stayed.tolist(), one.n.tolist(), strict=True)))
                for one in cohort_outcomes(engine, rows, until - 90)
            ]
            found.append((by_id(engine.read(rows).to_pylist()), grouped.n.tolist(), ended, came))
    probability_running, there = found
    assert len(probability_running[0]) > 100 and any(row["left"] for row in probability_running[0].values())
    assert probability_running == there


@pytest.mark.parametrize("kind", [PLAIN, ODD], ids=lambda kind: kind.name)
def test_forecasts_are_the_same_on_both_engines(both: Both, kind: Kind) -> None:
    made = []

    def forecast(engine: Engine) -> None:
        found, rows = run_forecast(engine, kind.settings.currency, TERMS, (LAST, LAST), LAST + 1, ForecastOptions())
        made.append((found, by_id(engine.read(rows).to_pylist())))

    with engines_of(both(kind)) as engines:
        for engine in engines:
            forecast(engine)
    (one, probability_running), (other, there) = made
    assert probability_running.keys() == there.keys() and len(probability_running) > 20
    assert [model["plans"] for model in one.models] == [model["plans"] for model in other.models]
    assert one.value_of and (one.value_of, one.value_why, one.ending) == (other.value_of, other.value_why, other.ending)
    assert one.cohorts == other.cohorts
    for key, row in probability_running.items():
        for name, value in row.items():
            if value is None or (not isinstance(value, float) and not hasattr(value, "as_tuple")):
                assert there[key][name] == value, (key, name)
            else:
                assert float(there[key][name]) == pytest.approx(float(value), rel=1e-6, abs=2e-4), (key, name)
    assert np.isclose(one.totals["purchases"], other.totals["purchases"])
