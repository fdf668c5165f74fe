"""How long a subscription is paid for at a time: it renews every month, every 4 weeks, every year."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = {"day": (0, 1), "week": (0, 7), "month": (1, 0), "quarter": (3, 0), "year": (12, 0)}
_WRITTEN = re.compile(rf"(?:every\s+)?(?:(\d{{1,3}})\s+)?({'|'.join(_UNITS)})s?")


@dataclass(frozen=True, order=True)
class Term:
    """A number of calendar months, or a number of days; the other is 0."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: object) -> Term:
        """Read month, 4 weeks, every 30 days, quarter or year. Raises ValueError for anything else."""
        match = _WRITTEN.fullmatch(text.strip().lower()) if isinstance(text, str) else None
        count = int(match[1] or 1) if match else 0
        if match is None or not count:
            raise ValueError(
                f'{text!r} is no time after which a subscription renews; write "month", "4 weeks" or "year"'
            )
        months, days = _UNITS[match[2]]
        return cls(months * count, days * count)

    def __str__(self) -> str:
        """The term as users write it, such as every month or every 4 weeks."""
        unit, count = ("day", self.days) if self.days else ("month", self.months)
        larger, size = ("week", 7) if self.days else ("year", 12)
        if count % size == 0:
            unit, count = larger, count // size
        return f"every {unit}" if count == 1 else f"every {count} {unit}s"


@dataclass(frozen=True)
class Terms:
    """The terms of a shop's plans, by name, and that of all others."""

    plans: tuple[tuple[str, Term], ...] = ()
    other: Term = Term(months=1)

    def of(self, plan: str | None) -> Term:
        """The term of a plan; that of all others where the plan is None."""
        return dict(self.plans).get(plan or "", self.other)

    @classmethod
    def read(cls, value: object) -> Terms:
        """Read one term for all plans, or a table of plans. Raises ValueError for anything else."""
        if isinstance(value, cls):
            return value
        if isinstance(value, dict):
            return cls(tuple((str(plan), Term.parse(term)) for plan, term in value.items()))
        return cls(other=Term.parse(value))

    def written(self) -> str | dict[str, str]:
        """The terms as they are written in the settings."""
        return {plan: str(term) for plan, term in self.plans} or str(self.other)


EVERY_MONTH = Terms()
"""The terms of a shop whose settings name none."""
