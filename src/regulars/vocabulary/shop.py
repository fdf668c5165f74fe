"""A shop is one folder: regulars.toml with its settings, and warehouse/ with its data."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from regulars.system import shell
from regulars.system.disk import replace, require_file_name
from regulars.vocabulary import machine, money
from regulars.vocabulary.calendar import WEEKDAYS, Calendar
from regulars.vocabulary.errors import ShopError, UsageError
from regulars.vocabulary.machine import ANY, SHARING, Machine
from regulars.vocabulary.safe_text import is_utf8, shown
from regulars.vocabulary.settings.business_hours import BusinessHours
from regulars.vocabulary.settings.checks import Check, each, matching, of, optional, share, text, whole
from regulars.vocabulary.settings.term import EVERY_MONTH, Terms

SETTINGS_FILE = "regulars.toml"
WAREHOUSE = "warehouse"
_REQUIRED = 'Required are name, currency and timezone, a line each, such as: currency = "GBP"'

_TEMPLATE = """\
# The shop's settings. After a change above [machine] the next command derives everything again, and says so.
name = {name}
currency = {currency}          # every amount is shown in it
timezone = {timezone}          # decides which day an order belongs to
week_start = "monday"
fiscal_year_start = 1          # month, 1 to 12
active_window = 365            # days without an order after which a customer counts as lost
return_window = 30             # days customers have to send something back
# call_threshold = 5           # an abandoned call that waited fewer seconds is not counted
lead_window = 90               # days after which a lead that has not ordered will hardly become a customer
# phone_country_code = "44"    # for phone numbers written without one
{shared}   # never make two records one person
# gift_cards = ["Voucher"]     # names, or parts of them, of products that are gift cards
# default_margin = "0.40"      # profit where a product's cost is not known
# subscriptions_renew = "month"   # or by plan: {{ yearly = "year", box = "4 weeks" }}, all others every month

# [business_hours]             # when you answer customers, for response times in business hours
# monday = "09:00-17:00"       # or ["09:00-12:00", "13:00-17:00"]; a day that is not named is closed
# tuesday = "09:00-17:00"
# holidays = ["12-25", "2026-04-06"]   # every year, or once

# [machine]                    # what Regulars may use of this machine; what stands above goes above
# memory_limit = "4 GB"        # beyond it rows are moved to disk; 80 % of the memory where nothing is said
# spill_limit = "50 GB"        # how much may be moved to disk; 90 % of its free room where nothing is said
# threads = 2                  # all cores where nothing is said
# shared = true                # the folder's group may use the shop too; else its owner alone
"""


def _timezone(value: object) -> str:
    name = text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no timezone {name!r}; use a name such as Europe/London") from None
    return name


def _currency(value: object) -> str:
    try:
        return money.currency(text(value))
    except UsageError as error:
        raise ValueError(f"{error} {error.hint}") from None


_CHECKS: Mapping[str, Check] = {
    "name": text,
    "currency": _currency,
    "timezone": _timezone,
    "week_start": of(WEEKDAYS),
    "fiscal_year_start": whole(1, 12),
    "active_window": whole(1, 20_000),
    "return_window": whole(0, 3_650),
    "lead_window": whole(0, 3_650),
    "call_threshold": whole(0, 3_600),
    "phone_country_code": optional(matching(r"[1-9]\d{0,2}", "country code; write it like 44")),
    "shared_addresses": each(text),
    "default_margin": optional(share),
    "subscriptions_renew": Terms.read,
    "gift_cards": optional(each(matching(r"(?s).+", "name"))),
    "business_hours": BusinessHours.read,
}
_NEEDED = ("name", "currency", "timezone")
_MACHINE = "machine"
"""The section of limits; its settings are checked as a table of their own."""


@dataclass(frozen=True)
class Settings:
    """What a shop decides for itself. Windows are in days; `default_margin` is a share of net product revenue."""

    name: str
    currency: str
    timezone: str
    week_start: str = "monday"
    fiscal_year_start: int = 1
    active_window: int = 365
    return_window: int = 30
    lead_window: int = 90
    call_threshold: int = 5
    """In seconds."""
    phone_country_code: str | None = None
    shared_addresses: tuple[str, ...] = ()
    default_margin: Decimal | None = None
    subscriptions_renew: Terms = EVERY_MONTH
    gift_cards: tuple[str, ...] | None = None
    """Parts of the names of products that are gift cards, beside those that a source knows; () says that there are none."""
    business_hours: BusinessHours | None = None
    machine: Machine = ANY
    """Limits that no answer depends on."""

    @classmethod
    def read(cls, raw: Mapping[str, object], where: str) -> Settings:
        """Check settings as TOML gives them.

        Args:
            raw: The content of the file.
            where: The name of the file, for messages.

        Raises:
            ShopError: A setting is missing, unknown, or has a value that it cannot have.
        """
        limits = raw.get(_MACHINE, {})
        own = {name: value for name, value in raw.items() if name != _MACHINE}
        sections = [("", own, _CHECKS), (f"{_MACHINE}.", limits if isinstance(limits, dict) else {}, machine.CHECKS)]
        _require_known(sections, where)
        if missing := [name for name in _NEEDED if name not in own]:
            raise ShopError(f"The settings of {where} lack {', '.join(missing)}.", _REQUIRED)
        wrong = [] if isinstance(limits, dict) else [f"{_MACHINE}: {limits!r} is no section; write [machine]"]
        read: list[dict[str, Any]] = []
        for section, values, checks in sections:
            read.append({})
            for name, value in values.items():
                try:
                    read[-1][name] = checks[name](value)
                except ValueError as error:
                    wrong.append(f"{section}{name}: {str(error).removesuffix('.')}")
        if wrong:
            raise ShopError(f"The settings of {where} are not valid: {'; '.join(wrong)}.")
        return cls(**read[0], machine=Machine(**read[1]))

    @property
    def that_matter(self) -> str:
        """The settings that results depend on, as JSON: all but the limits of the machine."""
        hours = self.business_hours.written() if self.business_hours else None
        values = asdict(self) | {"subscriptions_renew": self.subscriptions_renew.written(), "business_hours": hours}
        del values[_MACHINE]
        return json.dumps(values, default=str, ensure_ascii=False, separators=(",", ":"))

    @property
    def gift_card_spellings(self) -> tuple[str, ...]:
        """The names of `gift_cards` as written, in small letters, in capitals, and with capitals at the beginning of words."""
        names = self.gift_cards or ()
        return tuple(
            sorted({how(name) for name in names for how in (str, str.lower, str.upper, str.capitalize, str.title)})
        )

    @property
    def calendar(self) -> Calendar:
        """The shop's calendar."""
        return Calendar(self.timezone, WEEKDAYS.index(self.week_start), self.fiscal_year_start)


@dataclass(frozen=True)
class Shop:
    """An opened shop: its folder and its settings."""

    folder: Path
    settings: Settings

    @property
    def warehouse(self) -> Path:
        """Where the versions of its data lie."""
        return self.folder / WAREHOUSE

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        currency: str,
        timezone: str,
        name: str | None = None,
        shared_addresses: tuple[str, ...] = (),
    ) -> Shop:
        """Write the settings of a new shop.

        Args:
            folder: The shop's folder; made where it is missing.
            currency: The code of the currency of all reports, such as GBP.
            timezone: The name of the timezone that days are cut by, such as Europe/London.
            name: What the shop is called; the folder's name where None.
            shared_addresses: Addresses and numbers, or patterns of them, that do not identify one person.

        Raises:
            ShopError: The folder holds a shop already, or a setting has a value that it cannot have.
            OSError: The folder or the file cannot be written.
        """
        _require_utf8(folder)
        require_file_name(folder)
        file = folder / SETTINGS_FILE
        if file.exists():
            raise ShopError(f"There is a shop in {_named(folder)} already.", f"Change its settings in {file}.")
        for address in shared_addresses:
            _require_address(address)
        name = name or folder.resolve().name
        values: dict[str, object] = {
            "name": name,
            "currency": currency,
            "timezone": timezone,
            "shared_addresses": shared_addresses,
        }
        settings = Settings.read(values, "the new shop")
        text = _TEMPLATE.format(
            name=_quoted(settings.name),
            currency=_quoted(settings.currency),
            timezone=_quoted(settings.timezone),
            shared=("" if settings.shared_addresses else "# ") + _shared(settings.shared_addresses or _FOR_EXAMPLE),
        )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_whole(file, text)
        return cls(folder, settings)

    @classmethod
    def open(cls, folder: Path) -> Shop:
        """Open the shop in this folder.

        Raises:
            ShopError: There is no shop in the folder, or its settings cannot be read or used.
        """
        _require_utf8(folder)
        file = folder / SETTINGS_FILE
        try:
            text = file.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            make = f"regulars init {shell.quoted(str(folder))} --currency GBP --timezone Europe/London"
            if (folder / WAREHOUSE).is_dir():
                raise ShopError(
                    f"The data of a shop are in {_named(folder)}, but its settings, {SETTINGS_FILE}, are missing.",
                    f"Write them again, with its own currency and timezone; the data stay: {make}",
                ) from None
            raise ShopError(f"There is no shop in {_named(folder)}.", f"Make one: {make}") from None
        except UnicodeDecodeError:
            raise ShopError(f"{file} cannot be read: it is not text in UTF-8.", _REQUIRED) from None
        except PermissionError as error:
            raise ShopError(f"{file} cannot be read: {error.strerror}.", SHARING) from None
        except OSError as error:
            raise ShopError(f"{file} cannot be read: {error.strerror}.") from None
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ShopError(f"{file} is not valid TOML: {error}.", _REQUIRED) from None
        return cls(folder, Settings.read(raw, str(file)))


def _write_whole(file: Path, text: str) -> None:
    """Write a new file, or nothing: on a full disk not even an empty one stays."""
    staged = file.with_name(f"{file.name}.new")
    try:
        staged.touch(mode=0o600)
        staged.write_text(text, encoding="utf-8")
        replace(staged, file)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


_FOR_EXAMPLE = ("*@marketplace.example.com", "+441234567890")


def _shared(addresses: tuple[str, ...]) -> str:
    return f"shared_addresses = [{', '.join(_quoted(address) for address in addresses)}]"


def _quoted(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _named(folder: Path) -> str:
    """How a sentence names the folder."""
    return "this folder" if folder == Path() else str(folder)


def _require_utf8(folder: Path) -> None:
    if not is_utf8(folder.absolute()):
        raise ShopError(
            f"The shop's folder {shown(folder)} has a name that is not UTF-8, or the system's locale is not.",
            "Rename the folder, or set a locale such as C.UTF-8: export LC_ALL=C.UTF-8",
        )


def _require_address(entry: str) -> None:
    """Raises ShopError for what is no address, domain or number, or a pattern of one."""
    domain = re.fullmatch(r"[\w*-]+(\.[\w*-]+)+", entry.strip()) and re.search(r"[^\W\d]", entry)
    digits = len(re.sub(r"\D", "", entry))
    number = re.fullmatch(r"[+\d\s()./*-]+", entry) and digits >= (3 if "*" in entry else 7)
    if not ("@" in entry.strip("@ ") or domain or number):
        raise ShopError(
            f"The shared address {entry!r} is neither an address or a pattern of addresses nor a phone number.",
            'Write it like orders@example.com, "*@marketplace.example.com" or +441632960961.',
        )


def _require_known(sections: list[tuple[str, dict[str, object], Mapping[str, Check]]], where: str) -> None:
    """Raises ShopError for a setting that there is not: before what seems missing, as it may be meant."""
    for section, values, checks in sections:
        for name in values:
            if name in checks:
                continue
            (others,) = (other for _, _, other in sections if other is not checks)
            close = get_close_matches(name, checks, n=1, cutoff=0.6)
            meant = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(checks)}."
            if name in others:
                meant = f"Write it {'above' if section else 'below'} the line [machine]."
            raise ShopError(f"There is no setting {section + name!r} in {where}.", meant)
