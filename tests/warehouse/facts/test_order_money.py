"""Money to the cent: every order of shops drawn at random against fractions, and the traps one by one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from metrics.shops import order, shop
from properties import few
from regulars.vocabulary.errors import LoadRefused
from regulars.vocabulary.shop import Settings
from warehouse.facts.ledger import Ledger, Line, Refund, Sale, as_money

MONDAY = date(2024, 3, 4)
FRIDAY = date(2024, 3, 8)
# No rates at weekends; after the 15th there are none at all, so that the 22nd is the last day one serves.
RATE_DAYS = [MONDAY + timedelta(days=n) for n in range(12) if n % 7 < 5]
DIGITS = {"GBP": 2, "JPY": 0, "KWD": 3}


def amounts(most: int) -> st.SearchStrategy[str]:
    """Up to so many cents, many of them odd: half of an odd number is a tie."""
    return st.one_of(st.integers(0, most), st.sampled_from([1, 3, 5, 15, 25, 125, 999])).map(
        lambda cents: str(Decimal(min(cents, most)) / 100)
    )


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    line = st.builds(
        Line, st.integers(0, 4), amounts(20_000), st.sampled_from(["product"] * 5 + ["gift card", "tip", "duty"]),
        st.one_of(st.none(), amounts(5_000)), st.sampled_from([None, "hat", "coat", "scarf"]),
    )  # fmt: skip
    # What came back in an exchange, and rebates.
    negative = st.builds(
        Line, st.integers(-3, 1), amounts(4_000).map(lambda amount: f"-{amount}"), st.sampled_from(["product"] * 3 + ["gift card"]),
        st.one_of(st.none(), amounts(5_000)), st.sampled_from([None, "hat", "coat"]),
    )  # fmt: skip
    lines = tuple(draw(st.lists(st.one_of(line, line, negative), max_size=4)))
    gross = draw(amounts(20_000))
    goods = (
        sum((Decimal(one.amount) for one in lines if one.kind == "product"), Decimal(0)) if lines else Decimal(gross)
    )
    discount = draw(amounts(max(int(goods * 100), 0)))
    shipping = draw(st.sampled_from(["0", "0", "3.95", "10.00"]))
    taxed = max(goods - Decimal(discount) + Decimal(shipping), Decimal(0))
    rate = draw(st.sampled_from(["0", "0.07", "0.20", "0.255"]))
    included = draw(st.booleans())
    tax = taxed * Decimal(rate) / (1 + Decimal(rate)) if included else taxed * Decimal(rate)
    sale = Sale(
        MONDAY + timedelta(days=draw(st.integers(0, 18))), draw(st.sampled_from(["GBP", "EUR", "JPY", "KWD"])), lines, gross,
        discount, shipping, str(tax.quantize(Decimal("0.01"))), included,
        draw(st.one_of(st.none(), amounts(900))), draw(st.one_of(st.none(), amounts(300))),
    )  # fmt: skip
    return Sale(**{**vars(sale), "refunds": draw(refunds_of(sale))})


@st.composite
def refunds_of(draw: st.DrawFn, sale: Sale) -> tuple[Refund, ...]:
    """None, the whole at once, or one or several parts, which may add up to the whole."""
    how = draw(st.sampled_from(["none", "none", "all", "parts", "all in parts"]))
    restocked = draw(st.sampled_from([None, False, True]))
    cents = int(sale.paid * 100)
    if how == "none" or cents < 4:
        return ()
    if how == "all":
        tax = sale.tax if draw(st.booleans()) else None
        return (Refund("all", tax, restocked=restocked),)
    cut = sorted(draw(st.sets(st.integers(1, cents - 1), min_size=1, max_size=3)))
    parts = [b - a for a, b in zip([0, *cut], [*cut, cents], strict=False)]
    chosen = parts if how == "all in parts" else parts[:-1]
    made = []
    for part in chosen:
        amount = Decimal(part) / 100
        tax = str((amount / 7).quantize(Decimal("0.01"))) if draw(st.booleans()) else None
        line = draw(st.one_of(st.none(), st.integers(0, len(sale.lines) - 1))) if sale.lines else None
        quantity = None if line is None else draw(st.integers(0, max(sale.lines[line].quantity, 0)))
        made.append(Refund(str(amount), tax, line, quantity, restocked))
    return tuple(made)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    currency = draw(st.sampled_from(sorted(DIGITS)))
    rates = {
        (code, day): str(Decimal(draw(st.integers(1, 30_000))) / 10_000)
        for code in ("GBP", "EUR", "JPY", "KWD")
        for day in RATE_DAYS
    }
    costs = {
        "hat": [(MONDAY, "2.345", "GBP")],
        "coat": [(MONDAY - timedelta(days=30), "11.11", "EUR"), (MONDAY + timedelta(days=7), "13.335", "EUR")],
    }
    return Ledger(currency, DIGITS[currency], rates, costs, draw(st.sampled_from([None, "0.4", "0.375"])))


def facts_of(ledger: Ledger, sales: list[Sale], columns: str) -> dict[int, tuple[Any, ...]]:
    margin = None if ledger.default_margin is None else Decimal(ledger.default_margin)
    chosen = Settings(name="test", currency=ledger.currency, timezone="Europe/London", default_margin=margin)
    made = shop(chosen, **ledger.tables(sales))
    found = made.con.execute(f"SELECT order_id, {columns} FROM facts.orders").fetchall()
    return {int(name): values for name, *values in found}


COLUMNS = ("gross_revenue", "discounts", "refunds", "net_revenue", "profit")


@settings(max_examples=few(2), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(ledgers(), st.lists(sales(), min_size=10, max_size=30))
def test_every_order_comes_to_what_fractions_say(ledger: Ledger, sold: list[Sale]) -> None:
    found = facts_of(ledger, sold, ", ".join(COLUMNS))
    for number, sale in enumerate(sold):
        earned = ledger.earned(sale)
        said = (earned.gross, earned.discounts, earned.refunds, earned.net, earned.profit)
        got = dict(zip(COLUMNS, found[number], strict=True))
        assert got == {
            name: None if amount is None else as_money(amount) for name, amount in zip(COLUMNS, said, strict=True)
        }, sale


NO_RATES: dict[tuple[str, date], str] = {}
GBP = Ledger("GBP", 2, NO_RATES)


def net(sale: Sale, ledger: Ledger = GBP) -> Decimal:
    return facts_of(ledger, [sale], "net_revenue")[0][0]


def test_tax_included_is_taken_out_of_lines_discount_and_shipping() -> None:
    # (24 + 12 − 6 + 6) = 36 with 6 of tax: 20 + 10 − 5 + 5.
    sale = Sale(FRIDAY, "GBP", (Line(1, "24"), Line(1, "12")), discount="6", shipping="6", tax="6", tax_included=True)
    assert net(sale) == 30


def test_tax_on_top_is_no_revenue() -> None:
    assert net(Sale(FRIDAY, "GBP", (Line(1, "30"),), tax="6")) == 30


def test_each_line_is_rounded_for_itself() -> None:
    # 10.00 with a sixth of tax is 8.3333…, three of them 24.99 and not 25.00.
    assert net(Sale(FRIDAY, "GBP", (Line(1, "10"),) * 3, tax="5", tax_included=True)) == Decimal("24.99")


@pytest.mark.parametrize(
    ("amount", "earned"), [("0.005", "0"), ("0.015", "0.02"), ("0.025", "0.02"), ("2.675", "2.68")]
)
def test_a_tie_goes_to_the_even_cent(amount: str, earned: str) -> None:
    assert net(Sale(FRIDAY, "GBP", (Line(1, amount),))) == Decimal(earned)


@pytest.mark.parametrize(("amount", "earned"), [("0.5", 0), ("1.5", 2), ("2.5", 2), ("1199", 1199)])
def test_yen_have_no_cents(amount: str, earned: int) -> None:
    assert net(Sale(FRIDAY, "JPY", (Line(1, amount),)), Ledger("JPY", 0, NO_RATES)) == earned


def test_gift_cards_tips_and_duties_are_no_revenue() -> None:
    lines = (Line(1, "40"), Line(1, "50", "gift card"), Line(1, "3", "tip"), Line(1, "7", "duty"))
    assert net(Sale(FRIDAY, "GBP", lines)) == 40


def test_an_order_of_nothing_but_a_gift_card_earns_nothing() -> None:
    assert net(Sale(FRIDAY, "GBP", (Line(1, "50", "gift card"),))) == 0


def test_an_order_without_lines_earns_its_gross() -> None:
    assert net(Sale(FRIDAY, "GBP", (), gross="50", discount="5")) == 45


@pytest.mark.parametrize("tax", [None, "5"], ids=["tax unknown", "tax given"])
def test_a_full_refund_leaves_exactly_nothing(tax: str | None) -> None:
    thrice = Sale(FRIDAY, "GBP", (Line(1, "10"),) * 3, tax="5", tax_included=True, refunds=(Refund("all", tax),))
    assert net(thrice) == 0


def test_refunds_that_add_up_to_the_whole_leave_exactly_nothing() -> None:
    parts = (Refund("3.33"), Refund("3.33"), Refund("3.34"))
    assert net(Sale(FRIDAY, "GBP", (Line(1, "10"),), tax="1.59", tax_included=True, refunds=parts)) == 0


def test_a_partial_refund_loses_its_tax_share() -> None:
    assert net(Sale(FRIDAY, "GBP", (Line(2, "24"),), tax="4", tax_included=True, refunds=(Refund("12"),))) == 10
    assert net(Sale(FRIDAY, "GBP", (Line(2, "20"),), tax="4", refunds=(Refund("12"),))) == 10


def test_a_refund_whose_tax_is_known_loses_that() -> None:
    assert net(Sale(FRIDAY, "GBP", (Line(2, "24"),), tax="4", tax_included=True, refunds=(Refund("12", "1"),))) == 9


def test_a_weekend_takes_fridays_rate() -> None:
    ledger = Ledger("GBP", 2, {("EUR", FRIDAY): "0.85", ("EUR", FRIDAY + timedelta(days=3)): "0.50"})
    for days in (0, 1, 2):
        assert net(Sale(FRIDAY + timedelta(days=days), "EUR", (Line(1, "10"),)), ledger) == Decimal("8.50")
    assert net(Sale(FRIDAY + timedelta(days=3), "EUR", (Line(1, "10"),)), ledger) == Decimal("5.00")


def test_a_rate_serves_seven_days_and_no_eighth() -> None:
    ledger = Ledger("GBP", 2, {("EUR", FRIDAY): "0.85"})
    assert net(Sale(FRIDAY + timedelta(days=7), "EUR", (Line(1, "10"),)), ledger) == Decimal("8.50")
    with pytest.raises(LoadRefused, match="1 orders in EUR"):
        net(Sale(FRIDAY + timedelta(days=8), "EUR", (Line(1, "10"),)), ledger)


def test_a_later_rate_serves_no_earlier_order() -> None:
    with pytest.raises(LoadRefused, match="exchange rate"):
        net(Sale(FRIDAY - timedelta(days=1), "EUR", (Line(1, "10"),)), Ledger("GBP", 2, {("EUR", FRIDAY): "0.85"}))


def profit(sale: Sale, ledger: Ledger = GBP) -> Decimal | None:
    return facts_of(ledger, [sale], "profit")[0][0]


def test_profit_is_what_goods_sending_and_payment_leave() -> None:
    lines = (Line(2, "40", unit_cost="7.50"), Line(1, "10", unit_cost="4"))
    assert profit(Sale(FRIDAY, "GBP", lines, shipping="5", shipping_cost="6", payment_fee="1")) == 55 - 19 - 7


def test_one_unknown_cost_makes_the_profit_unknown() -> None:
    assert profit(Sale(FRIDAY, "GBP", (Line(2, "40", unit_cost="7.50"), Line(1, "10")))) is None


def test_the_products_cost_of_the_day_counts() -> None:
    ledger = Ledger("GBP", 2, NO_RATES, {"hat": [(date(2024, 1, 1), "2", "GBP"), (FRIDAY, "3", "GBP")]})
    assert profit(Sale(FRIDAY - timedelta(days=1), "GBP", (Line(2, "40", product="hat"),)), ledger) == 36
    assert profit(Sale(FRIDAY, "GBP", (Line(2, "40", product="hat"),)), ledger) == 34
    assert profit(Sale(date(2023, 12, 31), "GBP", (Line(2, "40", product="hat"),)), ledger) is None


def test_a_default_margin_stands_in_for_unknown_costs() -> None:
    ledger = Ledger("GBP", 2, NO_RATES, default_margin="0.4")
    assert profit(Sale(FRIDAY, "GBP", (Line(1, "10"), Line(1, "20", unit_cost="5"))), ledger) == 30 - 6 - 5
    assert profit(Sale(FRIDAY, "GBP", (), gross="50"), ledger) == 20


def test_restocked_goods_give_their_cost_back() -> None:
    lines = (Line(4, "40", unit_cost="5"), Line(1, "10", unit_cost="1"))
    back = Refund("20", line=0, quantity=2, restocked=True)
    assert profit(Sale(FRIDAY, "GBP", lines, refunds=(back,))) == 50 - 20 - 21 + 10
    kept = Refund("20", line=0, quantity=2, restocked=False)
    assert profit(Sale(FRIDAY, "GBP", lines, refunds=(kept,))) == 50 - 20 - 21


def returns_of(**row: object) -> list[tuple[Any, ...]]:
    made = shop(
        orders=[order(1, "ana", FRIDAY, "10"), order(2, "ana", FRIDAY, "10", status="cancelled")],
        returns=[{"return_id": "r", "returned_at": datetime(2024, 3, 20, 12), "amount": Decimal(6), **row}],
    )
    return made.con.execute("SELECT linked, amount FROM facts.returns").fetchall()


def test_a_refund_is_linked_where_its_order_counts() -> None:
    assert returns_of(order_id="1") == [(True, 6)]


def test_a_refund_of_an_order_that_does_not_count_is_left_out() -> None:
    assert returns_of(order_id="2") == []


@pytest.mark.parametrize("row", [{}, {"order_id": "never loaded"}])
def test_a_refund_of_no_known_order_is_unlinked(row: dict[str, object]) -> None:
    assert returns_of(**row) == [(False, 6)]
    assert returns_of(tax=Decimal(1), **row) == [(False, 5)]


def test_as_money_is_exact_enough_to_compare() -> None:
    assert as_money(Fraction(1, 4)) == Decimal("0.25")


def earned(**tables: list[dict[str, object]]) -> tuple[Decimal, Decimal, Decimal]:
    row = shop(**tables).con.execute("SELECT discounts, refunds, net_revenue FROM facts.orders").fetchone()
    assert row is not None
    return row


def line(number: str, kind: str, amount: str, discount: str = "0") -> dict[str, object]:
    return {
        "order_id": "1", "line_id": number, "kind": kind, "quantity": 1, "amount": Decimal(amount), "discount": Decimal(discount)
    }  # fmt: skip


def test_a_discount_on_a_gift_card_is_none_on_goods() -> None:
    """Nothing but a gift card of 50 for 45: no revenue, and no negative one either."""
    sold = order("1", "ana", "2024-03-01", "50.00", discount=Decimal("5.00"))
    assert earned(orders=[sold], order_lines=[line("1", "gift card", "50.00", "5.00")]) == (0, 0, 0)


@pytest.mark.parametrize("tax", [None, Decimal("2.00")])
def test_a_refund_of_goods_is_not_thinned_by_a_gift_card_beside_them(tax: Decimal | None) -> None:
    """Soap for 12.00 with 2.00 tax in it, and a gift card of 50.00; the soap comes back."""
    sold = order("1", "ana", "2024-03-01", "62.00", tax=Decimal("2.00"), tax_included=True)
    back = {
        "return_id": "r",
        "order_id": "1",
        "returned_at": datetime(2024, 3, 5),
        "amount": Decimal("12.00"),
        "tax": tax,
    }
    lines = [line("1", "product", "12.00"), line("2", "gift card", "50.00")]
    for named in ("1", None):
        found = earned(orders=[sold], order_lines=lines, returns=[back | {"line_id": named}])
        assert found == (0, Decimal("10.00"), 0)
    assert earned(orders=[sold], order_lines=lines, returns=[back | {"line_id": "2"}]) == (0, 0, Decimal("10.00"))


def test_what_is_given_back_after_all_goods_were_takes_nothing_more() -> None:
    """The soap for 12.00 and the card for 50.00 come back in three steps; the goods are gone with the first."""
    sold = order("1", "ana", "2024-03-01", "62.00", tax=Decimal("2.00"), tax_included=True)
    back = [
        {"return_id": f"r{n}", "order_id": "1", "returned_at": datetime(2024, 3, 5 + n), "amount": Decimal(amount)}
        for n, amount in enumerate(("30.00", "30.00", "2.00"))
    ]
    lines = [line("1", "product", "12.00"), line("2", "gift card", "50.00")]
    assert earned(orders=[sold], order_lines=lines, returns=back) == (0, Decimal("10.00"), 0)


def test_an_order_that_does_not_count_needs_no_rate() -> None:
    cancelled = order("2", "ana", "2024-03-01", "5.00") | {"currency": "USD", "status": "cancelled"}
    trial = order("3", "ana", "2024-03-01", "5.00") | {"currency": "USD", "test": True}
    assert earned(orders=[order("1", "ana", "2024-03-01", "7.00"), cancelled, trial]) == (0, 0, 7)


def sums(sale: Sale, ledger: Ledger = GBP) -> tuple[Any, ...]:
    return tuple(facts_of(ledger, [sale], "gross_revenue, net_revenue, units, profit, covered_revenue")[0])


def test_what_came_back_in_an_exchange_is_taken_off_with_its_pieces_and_cost() -> None:
    exchange = (Line(1, "30", unit_cost="12"), Line(-1, "-20", unit_cost="8"))
    assert sums(Sale(FRIDAY, "GBP", exchange)) == (10, 10, 0, 10 - 12 + 8, 10)


def test_a_rebate_is_no_piece_and_costs_nothing() -> None:
    rebate = (Line(2, "30", unit_cost="5"), Line(1, "-5", product="rebate"))
    assert sums(Sale(FRIDAY, "GBP", rebate)) == (25, 25, 2, 25 - 10, 25)


def test_negative_lines_lose_their_share_of_the_tax() -> None:
    # 36 − 12 = 24 with 4 of tax: 30 − 10 = 20.
    sale = Sale(FRIDAY, "GBP", (Line(1, "36"), Line(-1, "-12")), tax="4", tax_included=True)
    assert net(sale) == 20


def test_cost_coverage_stays_between_nothing_and_all() -> None:
    back_known = (Line(1, "30"), Line(-1, "-20", unit_cost="8"))
    assert sums(Sale(FRIDAY, "GBP", back_known))[3:] == (None, 0)
    back_unknown = (Line(1, "30", unit_cost="8"), Line(-1, "-20"))
    assert sums(Sale(FRIDAY, "GBP", back_unknown))[3:] == (None, 10)


def test_a_refund_of_an_order_that_brought_less_goods_than_came_back_takes_nothing_more() -> None:
    lines = (Line(-1, "-20"), Line(1, "50", "gift card"))
    assert net(Sale(FRIDAY, "GBP", lines, refunds=(Refund("30"),))) == -20


def test_a_full_refund_of_an_exchange_leaves_exactly_nothing() -> None:
    lines = (Line(1, "30"), Line(-1, "-20"), Line(1, "-0.01"))
    assert net(Sale(FRIDAY, "GBP", lines, tax="1.59", tax_included=True, refunds=(Refund("all"),))) == 0


def test_the_product_of_an_order_is_that_of_its_dearest_line() -> None:
    lines = [
        {"order_id": "1", "line_id": str(n), "product_id": name, "quantity": 1, "amount": amount}
        for n, (name, amount) in enumerate([("hat", "5"), ("coat", "90"), ("scarf", "20"), ("boots", "90")], start=1)
    ]
    made = shop(orders=[order("1", "ana", MONDAY, "205")], order_lines=lines)
    assert made.con.execute("SELECT product FROM facts.orders").fetchall() == [("coat",)]
