"""Maturity of a metric's values: how far the data must reach after and before a period."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

from regulars.vocabulary.shop import Settings

ACTIVE_WINDOW = "active_window"


@dataclass(frozen=True)
class Setting:
    """A number of days of the shop's settings, by the name of the field. The active window is that of the query."""

    name: str

    def __post_init__(self) -> None:
        if (self.name, "int") not in ((field.name, field.type) for field in fields(Settings)):
            raise ValueError(f"{self.name} is no setting of a number of days.")

    def __str__(self) -> str:
        return f"one {self.name.replace('_', ' ')}"


Days: TypeAlias = int | Setting


def setting(name: str) -> Setting:
    """Return the setting of this name. Raises ValueError if there is no such number of days."""
    return Setting(name)


@dataclass(frozen=True)
class Maturity:
    """The days that the data must cover around a period before its value is mature. By default none.

    Attributes:
        days: Days that the data must reach beyond the period's last day, for late events.
        of: The canonical table whose data must reach so far; empty for all tables that the metric needs.
        history: Days before the period's first day by which these data must begin.
    """

    days: Days = 0
    of: str = ""
    history: Days = 0

    @property
    def at_once(self) -> bool:
        """Whether a value is mature at once."""
        return not self.days and not self.history

    def __str__(self) -> str:
        data = self.of.replace("_", " ") or "the data"
        parts = []
        if self.days:
            parts.append(f"{data} reach {_in_words(self.days)} beyond the period's last day")
        if self.history:
            parts.append(f"{data} reach {_in_words(self.history)} back before the period's start")
        return f"once {' and '.join(parts)}" if parts else "at once"


AT_ONCE = Maturity()
WINDOW_BEFORE = Maturity(history=setting(ACTIVE_WINDOW))
"""Data of one active window before the period: without them no customer can have lapsed."""


def _in_words(days: Days) -> str:
    return f"{days} days" if isinstance(days, int) else str(days)


def resolved(days: Days, settings: Settings, active_window: int) -> int:
    """Return the number of days, for these settings and the active window of the query."""
    if isinstance(days, int):
        return days
    return active_window if days.name == ACTIVE_WINDOW else int(getattr(settings, days.name))
