"""A shop is one folder: regulars.toml with its settings, and warehouse/ with its data."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from regulars.vocabulary import money
from regulars.vocabulary.calendar import WEEKDAYS, Calendar
from regulars.vocabulary.errors import ShopError, UsageError
from regulars.vocabulary.machine import SHARING, Machine
from regulars.vocabulary.safe_text import is_utf8, shown
from regulars.vocabulary.term import SettingOfTerms, Terms

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
# phone_country_code = "44"    # for phone numbers written without one
{shared}   # never make two records one person
# gift_cards = ["Voucher"]     # names, or parts of them, of products that are gift cards
# default_margin = "0.40"      # profit where a product's cost is not known
# subscriptions_renew = "month"   # or by plan: {{ yearly = "year", box = "4 weeks" }}, all others every month

# [machine]                    # what Regulars may use of this machine; what stands above goes above
# memory_limit = "4 GB"        # beyond it rows are moved to disk; 80 % of the memory where nothing is said
# spill_limit = "50 GB"        # how much may be moved to disk; 90 % of its free room where nothing is said
# threads = 2                  # all cores where nothing is said
# shared = true                # the folder's group may use the shop too; else its owner alone
"""


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no timezone {name!r}; use a name such as Europe/London") from None
    return name


def _known_currency(code: str) -> str:
    try:
        return money.currency(code)
    except UsageError as error:
        raise ValueError(f"{error} {error.hint}") from None


class Settings(BaseModel):
    """What a shop decides for itself. Windows are in days; `default_margin` is a share of net product revenue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    currency: Annotated[str, AfterValidator(_known_currency)]
    timezone: Annotated[str, AfterValidator(_known_timezone)]
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    active_window: int = Field(default=365, ge=1, le=20_000)
    return_window: int = Field(default=30, ge=0, le=3_650)
    phone_country_code: str | None = Field(default=None, pattern=r"^[1-9]\d{0,2}$")
    shared_addresses: tuple[str, ...] = ()
    default_margin: Decimal | None = Field(default=None, ge=0, le=1)
    subscriptions_renew: SettingOfTerms = Terms()
    gift_cards: tuple[Annotated[str, Field(min_length=1)], ...] | None = None
    """Parts of the names of products that are gift cards, beside those that a source knows; () says that there are none."""
    machine: Machine = Machine()
    """Limits that no answer depends on."""

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
        """Write a new shop's settings. Raises ShopError where one exists or a setting makes no sense."""
        _insist_on_utf8(folder)
        file = folder / SETTINGS_FILE
        if file.exists():
            raise ShopError(f"There is a shop in {_named(folder)} already.", f"Change its settings in {file}.")
        for address in shared_addresses:
            _insist_on_address(address)
        name = name or folder.resolve().name
        given: dict[str, object] = {
            "name": name,
            "currency": currency,
            "timezone": timezone,
            "shared_addresses": shared_addresses,
        }
        settings = _validated(given, "the new shop")
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
        """Open the shop in this folder. Raises ShopError where there is none or its settings make no sense."""
        _insist_on_utf8(folder)
        file = folder / SETTINGS_FILE
        try:
            text = file.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            make = f"regulars init {shlex.quote(str(folder))} --currency GBP --timezone Europe/London"
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
        return cls(folder, _validated(raw, str(file)))


def _write_whole(file: Path, text: str) -> None:
    """Write a new file, or nothing: on a full disk not even an empty one stays."""
    staged = file.with_name(f"{file.name}.new")
    try:
        staged.touch(mode=0o600)
        staged.write_text(text, encoding="utf-8")
        staged.replace(file)
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


def _insist_on_utf8(folder: Path) -> None:
    if not is_utf8(folder.absolute()):
        raise ShopError(
            f"The shop's folder {shown(folder)} has a name that is not UTF-8, or the system's locale is not.",
            "Rename the folder, or set a locale such as C.UTF-8: export LC_ALL=C.UTF-8",
        )


def _insist_on_address(entry: str) -> None:
    """Raises ShopError for what is no address, domain or number, or a pattern of one."""
    domain = re.fullmatch(r"[\w*-]+(\.[\w*-]+)+", entry.strip()) and re.search(r"[^\W\d]", entry)
    digits = len(re.sub(r"\D", "", entry))
    number = re.fullmatch(r"[+\d\s()./*-]+", entry) and digits >= (3 if "*" in entry else 7)
    if not ("@" in entry.strip("@ ") or domain or number):
        raise ShopError(
            f"The shared address {entry!r} is neither an address or a pattern of addresses nor a phone number.",
            "Write it like orders@example.com, '*@marketplace.example.com' or +441632960961.",
        )


def _validated(raw: dict[str, object], where: str) -> Settings:
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise _refused(error, where) from None


def _refused(refused: ValidationError, where: str) -> ShopError:
    """Unknown settings first: the wrong name of one makes it seem missing, too."""
    problems = [(".".join(str(part) for part in e["loc"]), e["type"], e["msg"]) for e in refused.errors()]
    below, above = tuple(Machine.model_fields), tuple(name for name in Settings.model_fields if name != "machine")
    unknown = [name for name, kind, _ in problems if kind == "extra_forbidden"]
    if unknown:
        section, _, name = unknown[0].rpartition(".")
        names, others = (below, above) if section else (above, below)
        close = get_close_matches(name, names, n=1, cutoff=0.6)
        meant = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(names)}."
        if name in others:
            meant = f"Write it {'above' if section else 'below'} the line [machine]."
        return ShopError(f"There is no setting {unknown[0]!r} in {where}.", meant)
    missing = [name for name, kind, _ in problems if kind == "missing"]
    if missing:
        return ShopError(f"The settings of {where} lack {', '.join(missing)}.", _REQUIRED)
    wrong = "; ".join(f"{name}: {said.removeprefix('Value error, ').removesuffix('.')}" for name, _, said in problems)
    return ShopError(f"The settings of {where} do not make sense: {wrong}.")
