"""Precompiled statements of most shops: compiling them takes longer than loading a small shop.

statements.json holds a template of each, with placeholders for timezone, currency and decimal places. `make
statements` writes it. It is used only while the declarations are those it was made from; else statements are compiled
when needed.
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
from regulars.warehouse.derive.statements import (
    FULL_REFRESH,
    GROUPS,
    INCREMENTAL,
    Statement,
    Target,
    product_names_statement,
)
from regulars.warehouse.fact_table import FactSettings
from regulars.warehouse.facts_version import of_sources

FILE = Path(__file__).with_name("statements.json")
_TARGETS = {"everything": FULL_REFRESH, "touched": INCREMENTAL}
_ZONE, _CURRENCY, _DIGITS, _UNIT = "<timezone>", "<currency>", "<digits>", "<unit>"
_SAMPLES = {2: "GBP", 3: "KWD"}
"""Currencies by decimal places: where their statements differ, there is a number of digits or a smallest unit."""


def precompiled_statements(settings: Settings, group: str, target: Target) -> tuple[Statement, ...] | None:
    """Return `statements` from the file; None for a shop with settings of its own, or where the file is outdated."""
    content = _file_content()
    if not content or not FactSettings.of(settings).are_usual:
        return None
    name = next((name for name, known in _TARGETS.items() if known == target), None)
    if name is None:
        return None
    digits = money.digits(settings.currency)
    values = {
        _ZONE: settings.timezone.replace("'", "''"), _CURRENCY: settings.currency, _DIGITS: str(digits), _UNIT: _unit(digits)
    }  # fmt: skip
    return tuple(
        Statement(**{**template, "sql": _fill_template(template["sql"], values)})
        for template in content["groups"][group][name]
    )


def precompiled_product_names() -> str | None:
    """Return `product_names_statement` from the file; None where it is outdated."""
    content = _file_content()
    return content["product names"] if content else None


def file_content() -> str:
    """Return the content that the file should have. Compiles every statement twice."""
    groups = {group: {name: list(_templates(group, target)) for name, target in _TARGETS.items()} for group in GROUPS}
    return json.dumps(
        {"made from": _digest(), "groups": groups, "product names": product_names_statement(INCREMENTAL)}, indent=1
    )


def _templates(group: str, target: Target) -> Iterator[dict[str, str]]:
    compiled = (
        compiling.statements(Settings(name="", currency=currency, timezone=_ZONE), group, target)
        for currency in _SAMPLES.values()
    )
    for first, second in zip(*compiled, strict=True):
        yield {**vars(first), "sql": _template(first.sql, second.sql)}


def _template(first: str, second: str) -> str:
    """The common text of two statements, with placeholders where they differ."""
    placeholders = {
        pair: name
        for name, pair in (
            (_CURRENCY, tuple(_SAMPLES.values())),
            (_DIGITS, tuple(map(str, _SAMPLES))),
            (_UNIT, tuple(map(_unit, _SAMPLES))),
        )
    }
    words = zip(re.split(r"([^\w.]+)", first), re.split(r"([^\w.]+)", second), strict=True)
    return "".join(word if word == second_word else placeholders[word, second_word] for word, second_word in words)


def _fill_template(template: str, values: dict[str, str]) -> str:
    return re.sub("|".join(values), lambda match: values[match[0]], template)


def _unit(digits: int) -> str:
    """The smallest unit of a currency, as in statements."""
    return f"{10.0**-digits:.4f}"


@cache
def _file_content() -> Any:
    """The file's content; None where it was made from other declarations than the present ones."""
    try:
        content = json.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return content if content["made from"] == _digest() else None


def _digest() -> str:
    """The digest of all code that statements follow from."""
    modules = (Path(str(module.__file__)) for module in (changes, compiling, fact_table, portable, schema))
    folders = (Path(__file__).parents[1] / name for name in ("facts", "tables"))
    return of_sources([*modules, *(file for folder in folders for file in folder.rglob("*.py"))])
