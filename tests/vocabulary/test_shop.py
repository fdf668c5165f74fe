"""A shop's folder and its settings."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from regulars.vocabulary.errors import ShopError
from regulars.vocabulary.machine import Machine
from regulars.vocabulary.shop import SETTINGS_FILE, Shop


def made(folder: Path, **given: str) -> Shop:
    return Shop.create(folder, **{"currency": "GBP", "timezone": "Europe/London", **given})


def with_line(folder: Path, line: str) -> Shop:
    made(folder)
    file = folder / SETTINGS_FILE
    file.write_text(f"{line}\n" + file.read_text())
    return Shop.open(folder)


def replaced(folder: Path, old: str, new: str) -> Shop:
    made(folder)
    file = folder / SETTINGS_FILE
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return Shop.open(folder)


def test_what_is_made_can_be_opened(tmp_path: Path) -> None:
    shop = made(tmp_path / "new" / "shop", currency="eur")
    assert Shop.open(tmp_path / "new" / "shop") == shop
    assert (shop.settings.name, shop.settings.currency, shop.settings.active_window) == ("shop", "EUR", 365)
    assert (shop.warehouse, shop.settings.calendar.week_start) == (tmp_path / "new" / "shop" / "warehouse", 0)


@pytest.mark.parametrize(
    "name", ['Anna\'s "best" hats', "C:\\shop", "Bücher & Kaffee ☕", "tab\there", "# not a comment"]
)
def test_any_name_survives_the_file(tmp_path: Path, name: str) -> None:
    made(tmp_path, name=name)
    assert Shop.open(tmp_path).settings.name == name


def test_a_shop_is_not_made_twice(tmp_path: Path) -> None:
    made(tmp_path)
    before = (tmp_path / SETTINGS_FILE).read_text()
    with pytest.raises(ShopError, match="already"):
        made(tmp_path, currency="EUR")
    assert (tmp_path / SETTINGS_FILE).read_text() == before


def test_no_shop_here_says_how_to_make_one(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ShopError) as refused:
            Shop.open(folder)
        assert "regulars init" in refused.value.hint


@pytest.mark.parametrize(
    ("given", "told"),
    [({"currency": "GBX1"}, "no currency"), ({"timezone": "Europe/Londres"}, "Europe/Londres"), ({"timezone": ""}, "timezone"),
     ({"timezone": "../etc/passwd"}, "timezone")],
)  # fmt: skip
def test_nonsense_makes_no_shop(tmp_path: Path, given: dict[str, str], told: str) -> None:
    with pytest.raises(ShopError, match=told):
        made(tmp_path / "shop", **given)
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("actve_window = 90", "actve_window"),
        ('default_margin = "1.5"', "default_margin"),
        ('default_margin = "-0.1"', "default_margin"),
        ('phone_country_code = "+44"', "phone_country_code"),
        ('phone_country_code = "044"', "phone_country_code"),
        ('memory_limit = "4 GB"', "memory_limit"),  # outside its section
        ("currency =", "not valid TOML"),
        ('currency = "EUR"', "not valid TOML"),  # named twice
    ],
)
def test_nonsense_in_the_file_is_named(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ShopError, match=told.replace("+", r"\+")):
        with_line(tmp_path, line)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("active_window = 365", "active_window = 0", "active_window"),
        ("active_window = 365", 'active_window = "a year"', "active_window"),
        ("return_window = 30", "return_window = -1", "return_window"),
        ("fiscal_year_start = 1", "fiscal_year_start = 13", "fiscal_year_start"),
        ('week_start = "monday"', 'week_start = "Mo"', "week_start"),
        ('currency = "GBP"', 'currency = "POUNDS"', "POUNDS"),
    ],
)
def test_a_setting_out_of_range_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ShopError, match=told):
        replaced(tmp_path, old, new)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ShopError, match="cannot be read"):
        Shop.open(tmp_path)


def test_settings_of_every_kind(tmp_path: Path) -> None:
    settings = with_line(
        tmp_path, 'default_margin = "0.40"\nshared_addresses = ["*@marketplace.example.com"]\nphone_country_code = "44"'
    ).settings
    assert (settings.default_margin, settings.phone_country_code) == (Decimal("0.40"), "44")
    assert settings.shared_addresses == ("*@marketplace.example.com",)
    (tmp_path / "other").mkdir()
    assert (
        replaced(
            tmp_path / "other" / "x", 'week_start = "monday"', 'week_start = "sunday"'
        ).settings.calendar.week_start
        == 6
    )


def with_machine(folder: Path, *lines: str) -> Shop:
    made(folder)
    file = folder / SETTINGS_FILE
    file.write_text("\n".join((file.read_text(), "[machine]", *lines)))
    return Shop.open(folder)


def test_limits_of_the_machine(tmp_path: Path) -> None:
    assert (
        made(tmp_path / "new").settings.machine
        == Machine()
        == Machine(memory_limit=None, spill_limit=None, threads=None)
    )
    machine = with_machine(tmp_path, 'memory_limit = "1.5GiB"', 'spill_limit = " 0 mb"', "threads = 3").settings.machine
    assert (machine.memory_limit, machine.spill_limit, machine.threads) == ("1.5GiB", "0 mb", 3)


def test_the_limits_in_a_new_shops_file_need_only_be_uncommented(tmp_path: Path) -> None:
    made(tmp_path)
    file = tmp_path / SETTINGS_FILE
    before, section = file.read_text().split("# [machine]")
    file.write_text(before + "[machine]" + section.replace("\n# ", "\n"))
    machine = Shop.open(tmp_path).settings.machine
    assert (machine.memory_limit, machine.spill_limit, machine.threads) == ("4 GB", "50 GB", 2)


@pytest.mark.parametrize(
    ("line", "told", "meant"),
    [
        ('memory_limit = "4 bananas"', "machine.memory_limit: '4 bananas' is no size; write it like 500 MB", ""),
        ('memory_limit = "-4 GB"', "no size", ""),
        ('memory_limit = "80%"', "no size", ""),
        ('memory_limit = ""', "no size", ""),
        ("memory_limit = 4", "machine.memory_limit", ""),
        ('memory_limit = "5 MB"', "at least 100 MB", ""),
        ('spill_limit = "much"', "machine.spill_limit: 'much' is no size", ""),
        ("threads = 0", "machine.threads", ""),
        ("threads = 1.5", "machine.threads", ""),
        ('memory = "4 GB"', "no setting 'machine.memory'", "Did you mean memory_limit?"),
        ("active_window = 90", "no setting 'machine.active_window'", "above the line [machine]"),
        ("colour = 1", "no setting 'machine.colour'", "There are: memory_limit, spill_limit, threads, shared."),
    ],
)
def test_limits_that_make_no_sense_are_named(tmp_path: Path, line: str, told: str, meant: str) -> None:
    with pytest.raises(ShopError, match=re.escape(told)) as refused:
        with_machine(tmp_path, line)
    assert meant in refused.value.hint


def test_a_limit_outside_its_section_is_sent_there(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match="no setting 'threads'") as refused:
        with_line(tmp_path, "threads = 2")
    assert refused.value.hint == "Write it below the line [machine]."
