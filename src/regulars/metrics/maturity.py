"""What a metric's value waits for before it can be trusted: data after its period, and data before it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

from regulars.vocabulary.shop import Settings

ACTIVE_WINDOW = "active_window"


@dataclass(frozen=True)
class Setting:
    """A number of days that the shop decides: a field of its settings. The active window is that of the query."""

    name: str

    def __post_init__(self) -> None:
        if (self.name, "int") not in ((field.name, field.type) for field in fields(Settings)):
            raise ValueError(f"{self.name} is no setting of a number of days.")

    def __str__(self) -> str:
        return f"one {self.name.replace('_', ' ')}"


Days: TypeAlias = int | Setting


def setting(name: str) -> Setting:
    """The setting of this name, as a number of days. Raises ValueError where there is none."""
    return Setting(name)


@dataclass(frozen=True)
class Maturity:
    """When late events had time to come. Without arguments a value is mature at once.

    days: how far beyond the period's last day the data must reach.
    of: the canonical table whose data must reach so far; all tables that the metric needs where none is named.
    history: how far before the period's first day these data must begin.
    """

    days: Days = 0
    of: str = ""
    history: Days = 0

    @property
    def at_once(self) -> bool:
        """Whether it waits for nothing."""
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
"""In a shop younger than the active window nobody can have lapsed."""


def _in_words(days: Days) -> str:
    return f"{days} days" if isinstance(days, int) else str(days)


def resolved(days: Days, settings: Settings, active_window: int) -> int:
    """The number of days, in a shop with these settings and a query with this active window."""
    if isinstance(days, int):
        return days
    return active_window if days.name == ACTIVE_WINDOW else int(getattr(settings, days.name))
