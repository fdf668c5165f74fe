"""Subscribers with a known truth, drawn without any of the code they test, and what a shop would export of them."""

from __future__ import annotations

import calendar
import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

UNTIL = date(2025, 12, 31)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Plan:
    """A plan whose subscribers leave at each renewal with a probability of their own, Beta(alpha, beta) among them."""

    name: str
    months: int
    alpha: float
    beta: float
    subscribers: int
    price: float = 20.0
    early: bool = False
    """Whether those who leave do so on any day of their last period, or only on its last."""


@dataclass(frozen=True)
class Subscription:
    number: str
    plan: Plan
    began: date
    renewals: int
    """How often it will have been renewed when it ends, whenever that is."""
    ended: date

    @property
    def customer(self) -> str:
        return f"c{self.number}"

    def renewed_on(self, number: int) -> date:
        return months_later(self.began, self.plan.months * number)


def drawn(plans: Iterable[Plan], seed: int, since: date = date(2023, 1, 1), until: date = UNTIL) -> list[Subscription]:
    """Subscriptions that began on any day from `since` to `until`, with all that will ever become of them."""
    chance = np.random.default_rng(seed)
    found = []
    for plan in plans:
        for number in range(plan.subscribers):
            began = since + timedelta(int(chance.integers((until - since).days + 1)))
            renewals = int(min(chance.geometric(max(chance.beta(plan.alpha, plan.beta), 1e-9)) - 1, 1000))
            last, ended = (months_later(began, plan.months * (renewals + more)) for more in (0, 1))
            if plan.early:
                ended = last + timedelta(1 + int(chance.integers((ended - last).days)))
            found.append(Subscription(f"{plan.name}-{number}", plan, began, renewals, ended))
    return found


def write(subscriptions: Iterable[Subscription], folder: Path, until: date = UNTIL) -> list[Path]:
    """subscriptions.csv and orders.csv as they are known at the end of `until`: an order on the first day of every period."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "subscriptions.csv", folder / "orders.csv"]
    subscriptions = [one for one in subscriptions if one.began <= until]
    with files[0].open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["subscription_id", "customer_id", "started_at", "ended_at", "plan", "reason"])
        for one in subscriptions:
            ended = f"{one.ended} 12:00" if one.ended <= until else ""
            rows.writerow([one.number, one.customer, f"{one.began} 12:00", ended, one.plan.name, ""])
    with files[1].open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["order_id", "customer_id", "ordered_at", "currency", "gross"])
        for one in subscriptions:
            for number in range(one.renewals + 1):
                day = one.renewed_on(number)
                if day <= until:
                    rows.writerow(
                        [f"{one.number}-{number}", one.customer, f"{day} 12:05", "GBP", f"{one.plan.price:.2f}"]
                    )
    return files
