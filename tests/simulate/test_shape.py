from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from regulars.simulate import CHANNELS, Channel, ShopShape, small_shops
from regulars.vocabulary.errors import UsageError


def test_the_default_covers_thirty_whole_months_up_to_the_end_of_2025() -> None:
    shape = ShopShape()
    assert (shape.first_day, shape.last_day, shape.days) == (date(2023, 7, 1), date(2025, 12, 31), 915)


@pytest.mark.parametrize(
    ("until", "last"),
    [
        (date(2025, 12, 31), date(2025, 12, 31)),
        (date(2025, 12, 30), date(2025, 11, 30)),
        (date(2024, 3, 1), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2024, 2, 29)),
        (date(2024, 2, 28), date(2024, 1, 31)),
    ],
)
def test_the_data_end_with_the_last_month_that_is_over(until: date, last: date) -> None:
    shape = ShopShape(until=until, months=1)
    assert shape.last_day == last
    assert shape.first_day == last.replace(day=1)


def test_a_shop_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one customer"):
        ShopShape(customers=0)
    with pytest.raises(UsageError, match="at least one order"):
        ShopShape(orders=0)
    with pytest.raises(UsageError, match="at least one channel"):
        ShopShape(channels=())
    with pytest.raises(UsageError, match="same name"):
        ShopShape(channels=(CHANNELS[0], CHANNELS[0]))
    with pytest.raises(UsageError, match="rates of a channel"):
        ShopShape(channels=(replace(CHANNELS[0], leaving_per_year=0.0),))
    with pytest.raises(UsageError, match="more than all customers"):
        ShopShape(guests=0.9, two_emails=0.2)


def test_small_shops_are_alike_and_told_apart_by_channel() -> None:
    shape = small_shops(12, 50)
    assert shape.customers == 600
    assert [channel.name for channel in shape.channels][:2] == ["shop-001", "shop-002"]
    assert {replace(channel, name="") for channel in shape.channels} == {replace(shape.channels[0], name="")}


def test_a_channel_is_as_good_as_its_name_says() -> None:
    by_name: dict[str, Channel] = {channel.name: channel for channel in CHANNELS}
    assert by_name["referral"].orders_per_year > by_name["ads"].orders_per_year
    assert by_name["referral"].leaving_per_year < by_name["social"].leaving_per_year
    assert sum(channel.share for channel in CHANNELS) == pytest.approx(1)
