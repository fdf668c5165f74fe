"""The answers of the whole catalogue as a reference: for a change that must change none of them.

    .venv/bin/python scripts/answers.py write SHOP FILE [METRIC ...]
    .venv/bin/python scripts/answers.py compare BEFORE AFTER

`write` asks every metric (or those named) in the WAYS below, through the command line, and writes a line of JSON per question:
what was asked, the exit code, and all fields of the values, or the message. `compare` names each field that differs and each
question that only one file has; its exit code is 1 where there is any. To compare two versions of the code, write with each, from
the same shop's files loaded by each.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regulars.cli import run
from regulars.metrics.catalogue import CATALOGUE

WAYS = (
    ("--grain", "month", "--compare"),
    ("--grain", "all"),
    ("--grain", "week"),
    ("--grain", "year", "--split", "first_country"),
    ("--grain", "quarter", "--split", "channel", "--compare"),
    ("--grain", "month", "--split", "product"),
    ("--grain", "month", "--where", "country=DE"),
)
"""Periods, splits and conditions that rollups answer, and some that only rows do. A metric that lacks one says so."""

SHOWN = 100
"""How many differences are printed."""


def main(arguments: list[str]) -> int:
    """Runs one of the two commands. Returns the exit code."""
    match arguments:
        case ["write", shop, file, *names]:
            with Path(file).open("w", encoding="utf-8") as opened:
                for name in names or [metric.name for metric in CATALOGUE]:
                    opened.writelines(json.dumps(answer) + "\n" for answer in asked(shop, name))
            return 0
        case ["compare", before, after]:
            found = list(differences(read(Path(before)), read(Path(after))))
            for one in found[:SHOWN]:
                print(one)
            print(
                f"{len(found):,} {'difference' if len(found) == 1 else 'differences'}",
                f"({SHOWN} shown)" * (len(found) > SHOWN),
            )
            return 1 if found else 0
    print(__doc__)
    return 2


def asked(shop: str, name: str) -> Iterator[dict[str, Any]]:
    """What the command line answers about one metric."""
    for way in WAYS:
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            code = run(["metric", name, *way, "--format", "json", "--shop", shop])
        values = json.loads(out.getvalue()) if code == 0 else []
        yield {
            "question": " ".join((name, *way)),
            "exit": code,
            "message": errors.getvalue().replace(str(shop), "SHOP"),
            "values": values,
        }


def read(file: Path) -> dict[str, dict[str, Any]]:
    """The answers of a file by question."""
    with file.open(encoding="utf-8") as opened:
        return {answer["question"]: answer for answer in map(json.loads, opened)}


def differences(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A line per field that differs."""
    for question in dict.fromkeys((*before, *after)):
        if question not in before or question not in after:
            yield f"{question}: only {'before' if question in before else 'after'}"
            continue
        yield from (f"{question}: {one}" for one in differing("", before[question], after[question]))


def differing(place: str, before: object, after: object) -> Iterator[str]:
    """Where two JSON values differ, and how."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from differing(f"{place}.{key}".lstrip("."), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differing(f"{place}[{number}]", one, other)
    elif before != after:
        yield f"{place} was {json.dumps(before)[:200]}, is {json.dumps(after)[:200]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
