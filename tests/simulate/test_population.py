from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regulars.simulate import CHANNELS, ShopShape, SimulatedShop, simulate
from regulars.simulate.population import YEAR, Kind, expected_later_orders
from regulars.vocabulary.errors import NoRoom


@pytest.fixture(scope="module")
def crowd() -> SimulatedShop:
    return simulate(ShopShape(customers=60_000), seed=3)


def test_everybody_orders_on_the_entry_day_and_nobody_after_leaving(crowd: SimulatedShop) -> None:
    people, bought = crowd.people, crowd.bought
    first = np.full(people.size, 10**6)
    np.minimum.at(first, bought.person, bought.day)
    assert (first == people.entry).all()
    assert (bought.day[bought.first] == people.entry[bought.person[bought.first]]).all()
    assert (bought.day <= np.maximum(people.leaves(), people.entry)[bought.person]).all()
    assert bought.day.max() < crowd.clock.days


def test_a_customers_first_order_comes_before_all_others(crowd: SimulatedShop) -> None:
    bought = crowd.bought
    earliest = np.full(crowd.people.size, np.iinfo(np.int64).max)
    np.minimum.at(earliest, bought.person, bought.instant)
    assert (bought.instant[bought.first] == earliest[bought.person[bought.first]]).all()


def test_orders_stand_in_the_order_of_time(crowd: SimulatedShop) -> None:
    assert (np.diff(crowd.bought.instant) >= 0).all()
    assert crowd.bought.instant[0] >= crowd.clock.midnights[0]
    assert crowd.bought.instant[-1] < crowd.clock.end


def test_each_channel_has_as_many_orders_as_its_rates_promise(crowd: SimulatedShop) -> None:
    people, bought = crowd.people, crowd.bought
    expected = (1 + expected_later_orders(crowd.clock, people)) * (1 + crowd.shape.same_day)
    orders = np.bincount(bought.person, minlength=people.size)
    for number in range(len(CHANNELS)):
        of = people.channel == number
        assert abs(orders[of].sum() - expected[of].sum()) < 5 * np.sqrt(expected[of].sum())


def test_rates_and_lifetimes_are_gamma_and_exponential(crowd: SimulatedShop) -> None:
    people = crowd.people
    for number, channel in enumerate(CHANNELS[:3]):
        of = people.channel == number
        rates = people.rate[of] * YEAR
        assert rates.mean() == pytest.approx(channel.orders_per_year, rel=0.05)
        assert rates.var() == pytest.approx(channel.orders_per_year**2 / channel.rate_shape, rel=0.15)
        assert (people.leaving[of] * YEAR).mean() == pytest.approx(channel.leaving_per_year, rel=0.05)
        # Pareto: half of the customers are gone when (1 + t/beta)^-s is one half.
        shape, scale = channel.leaving_shape, channel.leaving_per_year / channel.leaving_shape
        assert np.median(people.stays[of]) / YEAR == pytest.approx((2 ** (1 / shape) - 1) / scale, rel=0.08)


def test_purchases_without_season_and_leaving_are_a_poisson_process() -> None:
    channel = replace(CHANNELS[0], leaving_per_year=1e-6, rate_shape=1e6, orders_per_year=6.0)
    shop = simulate(ShopShape(customers=5_000, channels=(channel,), season=0.0, same_day=0.0), seed=5)
    people = shop.people
    days = shop.clock.days - people.entry - 1
    later = np.bincount(shop.bought.person, minlength=people.size) - 1
    long = days > 300
    expected = 6.0 / YEAR * days[long]
    scaled = (later[long] - expected) / np.sqrt(expected)
    assert abs(scaled.mean()) < 0.08
    assert scaled.var() == pytest.approx(1, abs=0.1)


def test_people_appear_in_every_way_a_shop_knows_or_does_not_know_them(crowd: SimulatedShop) -> None:
    shape, kinds = crowd.shape, np.bincount(crowd.people.kind, minlength=len(Kind)) / crowd.people.size
    assert kinds[Kind.GUEST] == pytest.approx(shape.guests, rel=0.08)
    assert kinds[Kind.PHONE_GUEST] == pytest.approx(shape.phone_guests, rel=0.15)
    assert kinds[Kind.NAMELESS] == pytest.approx(shape.nameless, rel=0.25)
    assert kinds[Kind.TWO_EMAILS] == pytest.approx(shape.two_emails, rel=0.2)
    assert kinds[Kind.MARKETPLACE] == pytest.approx(CHANNELS[-1].share, rel=0.15)


def test_some_customers_order_more_than_once_a_day(crowd: SimulatedShop) -> None:
    pairs = crowd.bought.person.astype(np.int64) << 20 | crowd.bought.day
    again = 1 - len(np.unique(pairs)) / crowd.bought.size
    assert 0.015 < again < 0.04


def test_a_marketplace_keeps_its_customers_to_itself(crowd: SimulatedShop) -> None:
    market = len(CHANNELS) - 1
    of_market = crowd.people.channel[crowd.bought.person] == market
    assert (of_market == (crowd.bought.channel == market)).all()
    later = ~crowd.bought.first & ~of_market
    own = crowd.bought.channel == crowd.people.channel[crowd.bought.person]
    assert own[crowd.bought.first].all()
    assert 0.7 < own[later].mean() < 0.9


@pytest.mark.parametrize("orders", [1, 40, 5_000, 61_000, 200_000])
@pytest.mark.parametrize("months", [3, 30])
def test_a_shop_of_so_many_orders_ends_with_those_of_its_last_customer(orders: int, months: int) -> None:
    shop = simulate(ShopShape(orders=orders, months=months), seed=4)
    of_last = (shop.bought.person == shop.people.size - 1).sum()
    assert orders <= shop.bought.size < orders + of_last
    if orders >= 5_000:
        assert shop.bought.size == pytest.approx(orders, rel=0.01)


def test_a_shop_by_orders_has_the_customers_of_one_by_customers() -> None:
    by_orders = simulate(ShopShape(orders=70_000), seed=4)
    assert by_orders.people.size > 16_384
    by_customers = simulate(ShopShape(customers=16_384), seed=4)
    assert np.array_equal(by_orders.people.rate[:16_384], by_customers.people.rate)
    assert (by_orders.bought.person < 16_384).sum() == by_customers.bought.size


def test_a_shop_that_no_memory_holds_is_refused() -> None:
    with pytest.raises(NoRoom, match="GB of memory"):
        simulate(ShopShape(orders=10**12))
    with pytest.raises(NoRoom, match="GB of memory"):
        simulate(ShopShape(customers=10**12))
