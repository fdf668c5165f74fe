"""Marked events of a shop: days on which something happened that explains a change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, order=True)
class Event:
    """Something that happened on a local day."""

    day: date
    text: str
