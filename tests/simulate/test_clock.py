from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from regulars.simulate.clock import DAY, Clock
from regulars.simulate.shape import ShopShape

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "UTC"]


@pytest.mark.parametrize("zone", ZONES)
def test_every_instant_lies_on_the_local_day_it_was_asked_for(zone: str) -> None:
    clock = Clock(ShopShape(timezone=zone, until=date(2018, 12, 31), months=12))
    days = np.repeat(np.arange(clock.days), 3)
    uniform = np.tile([0.0, 0.5, 1 - 1e-12], clock.days)
    for day, instant in zip(days.tolist(), clock.instants(days, uniform).tolist(), strict=True):
        local = datetime.fromtimestamp(instant, UTC).astimezone(ZoneInfo(zone))
        assert local.date() == clock.first_day + timedelta(days=day)


@pytest.mark.parametrize("zone", ZONES)
def test_offsets_are_those_of_the_timezone_to_the_second(zone: str) -> None:
    clock = Clock(ShopShape(timezone=zone, until=date(2018, 12, 31), months=12))
    hours = np.arange(clock.midnights[0], clock.end, 1800)
    asked = np.unique(np.concatenate([hours, hours[1:] - 1]))
    found = clock.offsets(asked)
    for instant, offset in zip(asked.tolist(), found.tolist(), strict=True):
        local = datetime.fromtimestamp(instant, UTC).astimezone(ZoneInfo(zone))
        assert local.utcoffset() == timedelta(seconds=offset)


def test_days_of_the_clock_change_have_23_and_25_hours() -> None:
    lengths = np.diff(Clock(ShopShape()).midnights)
    assert sorted(set(lengths.tolist())) == [23 * 3600, DAY, 25 * 3600]


def test_the_season_is_1_on_average_and_highest_before_christmas() -> None:
    clock = Clock(ShopShape())
    months = np.array([(clock.first_day + timedelta(days=d)).month for d in range(clock.days)])
    by_month = [clock.season[months == month].mean() for month in range(1, 13)]
    assert clock.season.mean() == pytest.approx(1)
    assert int(np.argmax(by_month)) + 1 == 12
    assert Clock(ShopShape(season=0.0)).season == pytest.approx(1)


def test_moment_is_the_inverse_of_busy() -> None:
    clock = Clock(ShopShape())
    moments = np.linspace(0, clock.days, 500)
    assert clock.moment(clock.busy(moments)) == pytest.approx(moments)
    assert clock.busy(np.array([float(clock.days)]))[0] == pytest.approx(clock.days)
