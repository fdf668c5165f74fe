"""The statements of most shops, compiled beforehand: to compile them takes longer than to load a small shop.

They lie in statements.json, a template each: with the time zone, the currency and its decimal places left open. `make statements`
writes the file anew. It counts as long as it was made from the same declarations; without it, statements are compiled when needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from regulars.vocabulary import money
from regulars.vocabulary.shop import Settings
from regulars.warehouse import changes, fact_table, portable, schema
from regulars.warehouse.derive import statements as compiling
from regulars.warehouse.derive.statements import EVERYTHING, GROUPS, TOUCHED, Place, Statement, names_statement
from regulars.warehouse.facts_version import of_sources

FILE = Path(__file__).with_name("statements.json")
_PLACES = {"everything": EVERYTHING, "touched": TOUCHED}
_ZONE, _CURRENCY, _DIGITS, _UNIT = "<timezone>", "<currency>", "<digits>", "<unit>"
_SAMPLES = {2: "GBP", 3: "KWD"}
"""Currencies by their decimal places: where the statements of the two differ, there are digits or a smallest unit."""


def shipped(settings: Settings, group: str, place: Place) -> tuple[Statement, ...] | None:
    """`statements`, where they were compiled beforehand; None for a shop with rules of its own."""
    known = _content()
    if not known or settings.default_margin is not None or settings.gift_card_spellings:
        return None
    name = next((name for name, one in _PLACES.items() if one == place), None)
    if name is None:
        return None
    digits = money.digits(settings.currency)
    values = {
        _ZONE: settings.timezone.replace("'", "''"), _CURRENCY: settings.currency, _DIGITS: str(digits), _UNIT: _unit(digits)
    }  # fmt: skip
    return tuple(Statement(**{**one, "sql": _filled(one["sql"], values)}) for one in known["groups"][group][name])


def shipped_names() -> str | None:
    """`names_statement`, where it was compiled beforehand."""
    known = _content()
    return known["product names"] if known else None


def content() -> str:
    """What the file should hold. Compiles every statement twice."""
    groups = {group: {name: list(_templates(group, place)) for name, place in _PLACES.items()} for group in GROUPS}
    return json.dumps({"made from": _digest(), "groups": groups, "product names": names_statement(TOUCHED)}, indent=1)


def _templates(group: str, place: Place) -> Iterator[dict[str, str]]:
    both = (
        compiling.statements(Settings(name="", currency=currency, timezone=_ZONE), group, place)
        for currency in _SAMPLES.values()
    )
    for one, other in zip(*both, strict=True):
        yield {**vars(one), "sql": _template(one.sql, other.sql)}


def _template(one: str, other: str) -> str:
    """The text that two statements have in common, with names of values where they differ."""
    open_values = {
        pair: name
        for name, pair in (
            (_CURRENCY, tuple(_SAMPLES.values())),
            (_DIGITS, tuple(map(str, _SAMPLES))),
            (_UNIT, tuple(map(_unit, _SAMPLES))),
        )
    }
    words = zip(re.split(r"([^\w.]+)", one), re.split(r"([^\w.]+)", other), strict=True)
    return "".join(word if word == as_well else open_values[word, as_well] for word, as_well in words)


def _filled(template: str, values: dict[str, str]) -> str:
    return re.sub("|".join(values), lambda found: values[found[0]], template)


def _unit(digits: int) -> str:
    """The smallest unit of a currency, as statements write it."""
    return f"{10.0**-digits:.4f}"


@cache
def _content() -> Any:
    """The file's content; None where it was made from other declarations than there are now."""
    try:
        found = json.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found if found["made from"] == _digest() else None


def _digest() -> str:
    """Names all that statements follow from besides settings."""
    modules = (Path(str(one.__file__)) for one in (changes, compiling, fact_table, portable, schema))
    folders = (Path(__file__).parents[1] / name for name in ("facts", "tables"))
    return of_sources([*modules, *(file for folder in folders for file in folder.rglob("*.py"))])
