"""What an order earns, from METRICS' words with fractions: written without the code it checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from metrics.shops import order

REVENUE = "product"


def half_even(amount: Fraction, digits: int) -> Fraction:
    """The amount rounded to so many decimal places, a tie to the even neighbour."""
    return Fraction(round(amount * 10**digits), 10**digits)


def exact(amount: Decimal | str) -> Fraction:
    return Fraction(Decimal(amount))


@dataclass(frozen=True)
class Line:
    quantity: int
    amount: str
    kind: str = REVENUE
    unit_cost: str | None = None
    product: str | None = None
    discount: str | None = None
    """Its own part of the order's discount; for product lines only."""

    @property
    def rebate(self) -> bool:
        """Money off on a line of its own: no piece goes either way."""
        return self.quantity >= 0 and exact(self.amount) < 0


@dataclass(frozen=True)
class Refund:
    amount: str
    """"all" gives back whatever the customer paid."""
    tax: str | None = None
    line: int | None = None
    quantity: int | None = None
    restocked: bool | None = None
    product: str | None = None


@dataclass(frozen=True)
class Sale:
    """One order, its lines and what came back."""

    day: date
    currency: str
    lines: tuple[Line, ...]
    gross: str = "0"
    """Where there are no lines."""
    discount: str = "0"
    shipping: str = "0"
    tax: str = "0"
    tax_included: bool = False
    shipping_cost: str | None = None
    payment_fee: str | None = None
    refunds: tuple[Refund, ...] = ()

    @property
    def goods(self) -> Fraction:
        if not self.lines:
            return exact(self.gross)
        return sum((exact(line.amount) for line in self.lines if line.kind == REVENUE), Fraction(0))

    @property
    def goods_discount(self) -> Fraction:
        """What was taken off goods: not more than they cost; the rest was off gift cards and the like."""
        return max(min(exact(self.discount), self.goods), Fraction(0))

    @property
    def taxed(self) -> Fraction:
        return self.goods - self.goods_discount + exact(self.shipping)

    @property
    def goods_paid(self) -> Fraction:
        return max(self.taxed + (0 if self.tax_included else exact(self.tax)), Fraction(0))

    @property
    def paid(self) -> Fraction:
        rest = sum((exact(line.amount) for line in self.lines if line.kind != REVENUE), Fraction(0))
        return self.goods_paid + rest - (exact(self.discount) - self.goods_discount)

    def given_back(self, refund: Refund) -> Fraction:
        return self.paid if refund.amount == "all" else exact(refund.amount)


@dataclass(frozen=True)
class Earned:
    """What an order comes to, in the shop's currency."""

    gross: Fraction
    discounts: Fraction
    shipping: Fraction
    taken_back: tuple[Fraction, ...]
    """By refund."""
    profit: Fraction | None

    @property
    def refunds(self) -> Fraction:
        return sum(self.taken_back, Fraction(0))

    @property
    def net(self) -> Fraction:
        return self.gross - self.discounts + self.shipping - self.refunds


@dataclass
class Ledger:
    """The shop's rates and costs, and what follows from them. Rates: (currency, day) -> rate."""

    currency: str
    digits: int
    rates: dict[tuple[str, date], str]
    costs: dict[str, list[tuple[date, str, str]]] = field(default_factory=dict)
    """By product: (valid from, unit cost, currency)."""
    default_margin: str | None = None

    def rate(self, currency: str, day: date) -> Fraction | None:
        """The last rate known, at most seven days old."""
        if currency == self.currency:
            return Fraction(1)
        for age in range(8):
            found = self.rates.get((currency, day - timedelta(days=age)))
            if found is not None:
                return exact(found)
        return None

    def converted(self, amount: Fraction, currency: str, day: date) -> Fraction:
        rate = self.rate(currency, day)
        assert rate is not None
        return half_even(amount * rate, self.digits)

    def net(self, amount: Fraction, sale: Sale) -> Fraction:
        """Without tax, in the shop's currency."""
        if sale.tax_included and exact(sale.tax) and sale.taxed > exact(sale.tax):
            amount = amount * (sale.taxed - exact(sale.tax)) / sale.taxed
        if sale.currency == self.currency:
            return half_even(amount, self.digits)
        # Amounts have four decimal places; a foreign one is converted once it has none of tax.
        return self.converted(half_even(amount, 4), sale.currency, sale.day)

    def cost(self, line: Line, sale: Sale) -> Fraction | None:
        if line.rebate:
            return Fraction(0)
        if line.unit_cost is not None:
            return self.converted(exact(line.unit_cost) * line.quantity, sale.currency, sale.day)
        known = [cost for cost in self.costs.get(line.product or "", []) if cost[0] <= sale.day]
        if known:
            _, unit, currency = max(known)
            return self.converted(exact(unit) * line.quantity, currency, sale.day)
        if self.default_margin is not None:
            return half_even(self.net(exact(line.amount), sale) * (1 - exact(self.default_margin)), self.digits)
        return None

    def earned(self, sale: Sale) -> Earned:
        goods = [line for line in sale.lines if line.kind == REVENUE]
        gross = sum((self.net(exact(line.amount), sale) for line in goods), Fraction(0))
        if not sale.lines:
            gross = self.net(exact(sale.gross), sale)
        discounts = self.net(sale.goods_discount, sale)
        shipping = self.net(exact(sale.shipping), sale)
        before = gross - discounts + shipping
        costs = [self.cost(line, sale) for line in goods]
        goods_cost: Fraction | None = None
        if not sale.lines and self.default_margin is not None:
            goods_cost = half_even(gross * (1 - exact(self.default_margin)), self.digits)
        elif sale.lines and None not in costs:
            goods_cost = sum((cost for cost in costs if cost is not None), Fraction(0))
        cost_back, given = Fraction(0), Fraction(0)
        taken_back: list[Fraction] = []
        mixed = sale.paid > sale.goods_paid
        for refund in sale.refunds:
            amount = sale.given_back(refund)
            if refund.line is not None and sale.lines[refund.line].kind != REVENUE:
                amount = Fraction(0)  # A gift card was no revenue.
            not_yet = given < sale.goods_paid
            given += amount
            if mixed:  # The goods are refunded first.
                amount = min(given, sale.goods_paid) - min(given - amount, sale.goods_paid)
            if not_yet and (given == sale.goods_paid or (mixed and given > sale.goods_paid)):
                taken_back.append(before - sum(taken_back))  # All is given back: nothing is left.
            elif refund.tax is not None:
                untaxed = max(amount - exact(refund.tax), Fraction(0))
                taken_back.append(self.converted(untaxed, sale.currency, sale.day))
            else:
                part = half_even(amount * before / sale.goods_paid, self.digits) if sale.goods_paid else Fraction(0)
                taken_back.append(part)
            if refund.restocked:
                line = None if refund.line is None else sale.lines[refund.line]
                cost = None if line is None or line.kind != REVENUE else self.cost(line, sale)
                pieces = line is not None and line.quantity > 0 and not line.rebate
                if line is not None and cost is not None and refund.quantity is not None and pieces:
                    cost_back += half_even(cost * refund.quantity / line.quantity, self.digits)
                elif goods_cost is not None and sale.goods_paid:
                    cost_back += half_even(goods_cost * amount / sale.goods_paid, self.digits)
        profit = None
        if goods_cost is not None:
            sending = self.converted(exact(sale.shipping_cost or "0"), sale.currency, sale.day)
            fee = self.converted(exact(sale.payment_fee or "0"), sale.currency, sale.day)
            profit = before - sum(taken_back) - goods_cost + cost_back - sending - fee
        return Earned(gross, discounts, shipping, tuple(taken_back), profit)

    def parts(self, sale: Sale) -> dict[str, Fraction]:
        """The net revenue of each product line, by line_id; under "" what belongs to none."""
        earned = self.earned(sale)
        lines = {str(place): line for place, line in enumerate(sale.lines) if line.kind == REVENUE}
        amounts = {place: self.net(exact(line.amount), sale) for place, line in lines.items()}
        parts = {place: amounts[place] - self.net(exact(line.discount or "0"), sale) for place, line in lines.items()}
        for refund, amount in zip(sale.refunds, earned.taken_back, strict=True):
            of_product = [place for place, line in lines.items() if line.product == refund.product is not None]
            if str(refund.line) in lines:
                parts[str(refund.line)] -= amount
            elif of_product:
                parts[min(of_product, key=lambda place: (-amounts[place], place))] -= amount
        rest = earned.net - sum(parts.values(), Fraction(0))
        weights = {place: amount for place, amount in amounts.items() if amount > 0}
        if not weights:
            quantities = {place: 0 if line.rebate else line.quantity for place, line in lines.items()}
            weights = {place: Fraction(quantity) for place, quantity in quantities.items() if quantity > 0}
        if not weights:
            return parts | ({"": rest} if rest else {})
        for place, coins in spread(abs(rest) * 10**self.digits, weights).items():
            parts[place] += Fraction(coins, 10**self.digits) * (1 if rest > 0 else -1)
        return parts

    def tables(self, sales: list[Sale]) -> dict[str, list[dict[str, Any]]]:
        """The canonical rows of these sales; order ids are their places in the list."""
        orders, lines, returns = [], [], []
        for number, sale in enumerate(sales):
            gross = sale.gross if not sale.lines else str(sum(Decimal(line.amount) for line in sale.lines))
            money = {name: Decimal(getattr(sale, name)) for name in ("discount", "shipping", "tax")}
            spent = {
                name: None if getattr(sale, name) is None else Decimal(getattr(sale, name))
                for name in ("shipping_cost", "payment_fee")
            }
            row = order(number, f"c{number % 5}", sale.day, gross, tax_included=sale.tax_included, **money, **spent)
            orders.append(row | {"currency": sale.currency})
            for place, line in enumerate(sale.lines):
                cost = None if line.unit_cost is None else Decimal(line.unit_cost)
                lines.append(
                    {"order_id": str(number), "line_id": str(place), "product_id": line.product, "kind": line.kind,
                     "quantity": line.quantity, "amount": Decimal(line.amount), "unit_cost": cost,
                     "discount": None if line.discount is None else Decimal(line.discount)}
                )  # fmt: skip
            for place, refund in enumerate(sale.refunds):
                at = datetime.combine(sale.day, datetime.min.time()) + timedelta(days=3, hours=place)
                returns.append(
                    {"return_id": f"{number}-{place}", "order_id": str(number), "returned_at": at,
                     "line_id": None if refund.line is None else str(refund.line), "quantity": refund.quantity,
                     "product_id": refund.product,
                     "amount": as_money(sale.given_back(refund)), "restocked": refund.restocked,
                     "tax": None if refund.tax is None else Decimal(refund.tax)}
                )  # fmt: skip
        costs = [
            {"product_id": product, "valid_from": day, "unit_cost": Decimal(unit), "currency": currency}
            for product, known in self.costs.items()
            for day, unit, currency in known
        ]
        rates = [{"day": day, "currency": code, "rate": Decimal(rate)} for (code, day), rate in self.rates.items()]
        return {
            "orders": orders,
            "order_lines": lines,
            "returns": returns,
            "product_costs": costs,
            "exchange_rates": rates,
        }


def spread(coins: Fraction, weights: dict[str, Fraction]) -> dict[str, int]:
    """Whole coins by weight: the largest remainders get one more, ties in the order of the keys."""
    assert coins.denominator == 1
    shares = {place: coins * weight / sum(weights.values()) for place, weight in weights.items()}
    found = {place: int(share) for place, share in shares.items()}
    by_remainder = sorted(shares, key=lambda place: (found[place] - shares[place], place))
    for place in by_remainder[: int(coins) - sum(found.values())]:
        found[place] += 1
    return found


def as_money(amount: Fraction) -> Decimal:
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
