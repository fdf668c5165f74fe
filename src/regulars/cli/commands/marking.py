"""Marked events: add, list, remove."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Annotated

import typer

from regulars.cli.options import As, Format, ShopFolder
from regulars.cli.output import say, write
from regulars.cli.shops import HERE, open_shop
from regulars.cli.signals import reporting
from regulars.services.tables import Table
from regulars.vocabulary.events import Event, add_event, read_events, remove_event, typed_day, typed_text

Day = Annotated[
    str, typer.Argument(metavar="DAY", help="The day in the shop's calendar, such as 2026-05-03.", show_default=False)
]


def add(
    day: Day,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help='What happened, such as "new checkout".', show_default=False)
    ],
    shop: ShopFolder = HERE,
) -> None:
    """Mark a day on which something happened that explains a change.

    Changes from or to its period show it, and do not count as usual changes. A day may have several events.

    Example:
      regulars events add 2026-05-03 "new checkout" --shop myshop
    """
    new = Event(typed_day(day, datetime.now(UTC).date()), typed_text(text))
    opened = open_shop(shop)
    added = add_event(opened.folder, new, shared=opened.settings.machine.shared)
    with reporting("The change") if added else nullcontext():
        say(f"Marked: {words(new)}" if added else f"{words(new)} is marked already. Nothing was changed.")


def list_(format: As = Format.TABLE, shop: ShopFolder = HERE) -> None:
    """List the marked events by day.

    Example:
      regulars events list --shop myshop
    """
    marked = read_events(open_shop(shop).folder)
    sheet = Table(["date", "event"], [[event.day.isoformat(), event.text] for event in marked])
    if not marked:
        sheet.notes.append('No event is marked. Mark one: regulars events add 2026-05-03 "new checkout"')
    write([{"date": event.day, "event": event.text} for event in marked], format, sheet, ("date", "event"))


def remove(
    day: Day,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="Which event, if that day has several.", show_default=False)
    ] = "",
    shop: ShopFolder = HERE,
) -> None:
    """Remove a marked event.

    Examples:
      regulars events remove 2026-05-03 --shop myshop
      regulars events remove 2026-05-03 "new checkout"
    """
    when, opened = typed_day(day), open_shop(shop)
    removed = remove_event(opened.folder, when, text, shared=opened.settings.machine.shared)
    with reporting("The change"):
        say(f"No longer marked: {words(removed)}")


def words(event: Event) -> str:
    """2026-05-03 new checkout."""
    return f"{event.day} {event.text}"
