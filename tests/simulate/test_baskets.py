from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regulars.simulate import CHANNELS, ShopShape, SimulatedShop, simulate
from regulars.simulate.baskets import STATUSES, Basket, has_happened


@pytest.fixture(scope="module", params=[True, False], ids=["tax in prices", "tax on top"])
def basket(request: pytest.FixtureRequest) -> Basket:
    return simulate(ShopShape(customers=9_000, tax_included=request.param), seed=2).basket(0)


def summed(order: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    sums = np.zeros(size, np.int64)
    np.add.at(sums, order, values)
    return sums


def test_amounts_add_up(basket: Basket) -> None:
    lines = basket.lines
    assert (summed(lines.order, lines.amount, basket.size) == basket.gross).all()
    assert (summed(lines.order, lines.discount, basket.size) <= basket.discount).all()
    goods_and_shipping = basket.gross - basket.discount + basket.shipping
    assert np.isin(basket.total - goods_and_shipping, [0, *basket.tax]).all()
    assert ((basket.total == goods_and_shipping) | (basket.total == goods_and_shipping + basket.tax)).all()
    assert (basket.tax < goods_and_shipping).all()


def test_nobody_gets_back_more_than_was_paid(basket: Basket) -> None:
    refunds = basket.refunds
    assert (refunds.amount > 0).all()
    assert (summed(refunds.order, refunds.amount, basket.size) == basket.refunded).all()
    assert (basket.refunded <= basket.total).all()
    assert (basket.refunded[~has_happened(basket.paid_at)] == 0).all()
    assert (refunds.instant > basket.instant[refunds.order]).all()


def test_no_line_comes_back_twice_or_with_more_pieces_than_it_had(basket: Basket) -> None:
    of_line = basket.refunds.line >= 0
    line = basket.refunds.line[of_line]
    assert len(np.unique(line)) == len(line)
    assert (basket.refunds.quantity[of_line] <= basket.lines.quantity[line]).all()
    assert (basket.refunds.quantity[of_line] > 0).all()
    assert (basket.lines.order[line] == basket.refunds.order[of_line]).all()


def test_there_are_partial_and_full_refunds(basket: Basket) -> None:
    counted = basket.status == STATUSES.index("counted")
    some = counted & (basket.refunded > 0) & (basket.refunded < basket.total)
    whole = counted & (basket.refunded == basket.total)
    assert some.sum() > 100
    assert whole.sum() > 100


def test_cancelled_and_unpaid_orders_are_as_many_as_asked_for(basket: Basket) -> None:
    shares = np.bincount(basket.status, minlength=3) / basket.size
    assert shares[1] == pytest.approx(0.02, rel=0.2)
    assert shares[2] == pytest.approx(0.01, rel=0.25)
    cancelled = basket.status == 1
    assert (has_happened(basket.cancelled_at) == cancelled).all()
    paid = has_happened(basket.paid_at)
    assert (basket.refunded[cancelled & paid] == basket.total[cancelled & paid]).all()
    assert 0.4 < paid[cancelled].mean() < 0.8


def test_every_order_has_lines_numbered_from_1(basket: Basket) -> None:
    lines = basket.lines
    assert (np.unique(lines.order) == np.arange(basket.size)).all()
    starts = np.flatnonzero(np.diff(lines.order, prepend=-1))
    assert (lines.number[starts] == 1).all()
    assert ((np.diff(lines.number) == 1) | (np.diff(lines.order) == 1)).all()
    assert 1.6 < len(lines.order) / basket.size < 2.0


def test_what_customers_spend_is_log_normal_and_unlike() -> None:
    shop = simulate(ShopShape(customers=9_000, coupons=0.0, extra_lines=0.0, channels=CHANNELS[:1]), seed=4)
    basket = shop.basket(0)
    value = np.log(basket.gross)
    skewness = ((value - value.mean()) ** 3).mean() / value.std() ** 3
    assert abs(skewness) < 0.35
    taste = shop.people.taste[basket.person]
    assert np.corrcoef(value, taste)[0, 1] > 0.45


def test_better_channels_have_larger_baskets(shop: SimulatedShop) -> None:
    basket = shop.basket(0)
    names = [channel.name for channel in CHANNELS]
    came_by = shop.people.channel[basket.person]
    mean = {name: basket.gross[came_by == number].mean() for number, name in enumerate(names)}
    assert mean["referral"] > mean["organic"] > mean["social"]


def test_popular_products_follow_zipf_and_clothes_come_back_oftener(basket: Basket) -> None:
    goods = simulate(ShopShape(customers=1)).goods
    sold = np.bincount(basket.lines.product, minlength=goods.size)
    assert goods.size == 200
    assert (sold > 0).sum() > 190
    assert np.sort(sold)[::-1][:40].sum() > 0.4 * sold.sum()
    clothes = np.array([category == "Clothes" for category in goods.categories])
    back = np.bincount(basket.lines.product[basket.refunds.line[basket.refunds.line >= 0]], minlength=goods.size)
    assert back[clothes].sum() / sold[clothes].sum() > 2 * back[~clothes].sum() / sold[~clothes].sum()


def test_nothing_is_known_of_the_time_after_the_data(shop: SimulatedShop) -> None:
    for basket in shop.baskets():
        for moment in (basket.refunds.instant, basket.paid_at, basket.fulfilled_at, basket.cancelled_at):
            assert (moment[has_happened(moment)] < shop.clock.end).all()


def test_a_shop_without_tax_refunds_or_coupons() -> None:
    shape = ShopShape(customers=500, tax_rate=0.0, returned=0.0, coupons=0.0, cancelled=0.0, unpaid=0.0)
    basket = simulate(shape).basket(0)
    assert (basket.tax == 0).all()
    assert (basket.status == 0).all()
    assert (basket.coupon == 0).all()
    assert set(basket.refunds.line.tolist()) <= {-1}


def test_few_products_and_many_extra_lines_still_make_a_shop() -> None:
    shape = replace(ShopShape(), customers=50, products=3, extra_lines=9.0)
    basket = simulate(shape).basket(0)
    assert set(basket.lines.product.tolist()) == {0, 1, 2}
