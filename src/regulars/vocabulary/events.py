"""Marked events of a shop, such as a new checkout or a lost channel: one line each in events.csv in the shop's folder."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from regulars.system.disk import replace, set_mode, sync_descriptor
from regulars.system.locking import locked_folder
from regulars.system.shell import quoted
from regulars.vocabulary.errors import ShopError, UsageError
from regulars.vocabulary.machine import SHARING
from regulars.vocabulary.safe_text import is_utf8, visible, without_formula

EVENTS_FILE = "events.csv"
COLUMNS = ("date", "event")
_CORRECTION = "Correct it, or remove the line. A line is written like: 2026-05-03,new checkout"
_FIRST_YEAR = 1900
_YEARS_AHEAD = 5
_LONGEST = 200
_OF_OWNER, _OF_GROUP = 0o600, 0o660


@dataclass(frozen=True, order=True)
class Event:
    """Something that happened on a local day."""

    day: date
    text: str


def typed_day(text: str, today: date | None = None) -> date:
    """Read a day as users write it, such as 2026-05-03.

    Args:
        text: The day.
        today: The current day, which the day may follow by five years at most; None allows any day.

    Raises:
        UsageError: The text has another form, or the day lies before 1900 or more than five years after today.
    """
    try:
        day = _day(text)
    except ValueError as error:
        raise UsageError(f"{error}.", "Write it like 2026-05-03.") from None
    if today is not None and day.year > today.year + _YEARS_AHEAD:
        raise UsageError(
            f"{day} is more than {_YEARS_AHEAD} years ahead.", "Write the year in full, such as 2026-05-03."
        )
    return day


def typed_text(text: str) -> str:
    """The text of an event, without blanks around it and with one between words.

    Raises:
        UsageError: The text is empty, has more than 200 characters, or holds control characters.
    """
    name = _event_name(text)
    if not name:
        raise UsageError("The event has no text.", 'Write what happened, such as "new checkout".')
    if not is_utf8(name) or visible(name) != name:
        raise UsageError(f"The event's text holds control characters: {name!r}.", "Write letters, digits and signs.")
    if len(name) > _LONGEST:
        raise UsageError(f"The event's text has {len(name)} characters.", f"Write {_LONGEST} at most.")
    return name


def read_events(folder: Path) -> tuple[Event, ...]:
    """The marked events of the shop in this folder, by day; none where there is no file.

    Raises:
        ShopError: The file cannot be read, or a line of it is broken; the message names the line.
    """
    file = folder / EVENTS_FILE
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ShopError(f"{file}, line {line}: it is not text in UTF-8.", "Save the file as UTF-8.") from None
    except OSError as error:
        hint = SHARING if isinstance(error, PermissionError) else ""
        raise ShopError(f"{file} cannot be read: {error.strerror}.", hint) from None
    return tuple(sorted(set(_parsed(file, text))))


def add_event(folder: Path, new: Event, *, shared: bool = False) -> bool:
    """Mark an event.

    Args:
        folder: The shop's folder.
        new: The event.
        shared: Whether the folder's group may use the file, too.

    Returns:
        Whether anything changed; False where the event is marked already.

    Raises:
        ShopError: The file is broken, or cannot be written.
    """
    with _locked(folder):
        marked = read_events(folder)
        if new in marked:
            return False
        _write(folder, (*marked, new), shared)
    return True


def remove_event(folder: Path, day: date, text: str = "", *, shared: bool = False) -> Event:
    """Remove an event and return it.

    Args:
        folder: The shop's folder.
        day: The day of the event.
        text: The text of the event; may be empty where the day has one event only.
        shared: Whether the folder's group may use the file, too.

    Raises:
        UsageError: There is no such event, or more than one.
        ShopError: The file is broken, or cannot be written.
    """
    with _locked(folder):
        marked = read_events(folder)
        of_day = [event for event in marked if event.day == day]
        chosen = [event for event in of_day if not text or event.text == _event_name(text)]
        if len(chosen) != 1:
            raise _refused(day, text, of_day)
        _write(folder, (event for event in marked if event != chosen[0]), shared)
    return chosen[0]


def _parsed(file: Path, text: str) -> Iterator[Event]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = True
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if header:
                if tuple(cell.lower() for cell in cells) != COLUMNS:
                    raise ShopError(
                        f"{file}, line {rows.line_num}: the columns must be named date,event.",
                        "Write date,event as the first line, and separate the columns by commas.",
                    )
                header = False
                continue
            yield _event(cells)
    except (csv.Error, ValueError) as error:
        raise ShopError(f"{file}, line {rows.line_num}: {error}.", _CORRECTION) from None
    if header:
        raise ShopError(f"{file} is empty.", f"Remove it, or write {','.join(COLUMNS)} as its first line.")


def _event(cells: list[str]) -> Event:
    """Raises ValueError."""
    if len(cells) != len(COLUMNS):
        raise ValueError(f'{len(cells)} columns instead of 2 (a text with commas stands in quotes, "like, this")')
    text = _event_name(cells[1])
    if not text:
        raise ValueError("the event has no text")
    return Event(_day(cells[0]), text)


def _day(text: str) -> date:
    """Raises ValueError. Other forms that Python reads, such as 20260503, are refused as mistyped."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = None
    if day is None or not re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip(), re.ASCII):
        raise ValueError(f"{text!r} is not a day")
    if day.year < _FIRST_YEAR:
        raise ValueError(f"{day} lies before {_FIRST_YEAR}")
    return day


def _event_name(text: str) -> str:
    """The text on one line, without the apostrophe that keeps a spreadsheet from running a formula."""
    line = " ".join(text.split())
    return line[1:] if line.startswith("'") and without_formula(line[1:]) == line else line


def _refused(day: date, text: str, of_day: list[Event]) -> UsageError:
    if not of_day:
        return UsageError(f"No event is marked on {day}.", "See: regulars events list")
    names = "; ".join(event.text for event in of_day)
    message = f"{text!r} is not marked on {day}" if text else f"{len(of_day)} events are marked on {day}"
    return UsageError(
        f"{message}: {names}." if not text else f"{message}. Marked on that day: {names}.",
        f"Name the one to remove: regulars events remove {day} {quoted(of_day[0].text)}",
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock for changes of the shop's events. Raises ShopError."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_folder(folder, folder / f".{EVENTS_FILE}.lock"))
        except OSError as error:
            raise ShopError(f"{folder} cannot be opened: {error.strerror}.") from None
        yield


def _write(folder: Path, marked: Iterable[Event], shared: bool) -> None:
    """Replace the file as a whole, or leave it as it was."""
    file = folder / EVENTS_FILE
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((event.day.isoformat(), without_formula(event.text)) for event in sorted(marked))
    staged = file.with_name(f"{EVENTS_FILE}.new")
    try:
        staged.unlink(missing_ok=True)  # what a killed process left may belong to somebody else
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OF_OWNER)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as writing:
            set_mode(descriptor, staged, _OF_GROUP if shared else _OF_OWNER)
            writing.write(content.getvalue())
            writing.flush()
            sync_descriptor(descriptor)
        replace(staged, file)
    except OSError as error:
        hint = SHARING if isinstance(error, PermissionError) else ""
        raise ShopError(f"{file} cannot be written: {error.strerror}. Nothing was changed.", hint) from None
    finally:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
