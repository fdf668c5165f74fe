"""Damages a shop's warehouse at random, and says what did not hold when the shop is used.

Whatever the damage: a command answers as it did before, or refuses in two lines; a question never gives another number.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
import traceback
from decimal import Decimal
from pathlib import Path

from regulars.cli import run

QUESTION = ("metric", "net_revenue", "--period", "2024", "--format", "json")
ROWS = "order_id,customer_id,email,ordered_at,currency,gross\n"


def shop(folder: Path) -> Path:
    """A shop with 400 orders of 2024, loaded as two versions."""
    made = folder / "shop"
    _said("init", str(made), "--currency", "EUR", "--timezone", "Europe/Berlin")
    for part in range(2):
        rows = (
            f"{n},c{n % 40},c{n % 40}@shop.example,2024-{n % 12 + 1:02}-{n % 28 + 1:02},EUR,{_amount(n)}\n"
            for n in range(part, 400, 2)
        )
        (folder / f"part{part}.csv").write_text(ROWS + "".join(rows))
        code, _, errors = _said("load", str(folder / f"part{part}.csv"), "--shop", str(made))
        assert code == 0, errors
    return made


def _amount(order: int) -> Decimal:
    return Decimal(order % 90) + Decimal("0.50")


_FIRST, _BOTH = (sum((_amount(n) for n in range(0, 400, step)), Decimal(0)) for step in (2, 1))
_MORE = Decimal("1.00")
RIGHT = frozenset(total + more for total in (_FIRST, _BOTH) for more in (0, _MORE))
"""Net revenue of 2024 in either version, with or without the order that is loaded after the damage."""


def findings(whole: Path, seed: int, folder: Path) -> list[str]:
    """What did not hold in a damaged copy of the shop `whole`; `folder` is empty and takes the copy."""
    copy = Path(shutil.copytree(whole, folder / "damaged"))
    damage = _damage(copy, random.Random(f"warehouse {seed}"))
    more = folder / "more.csv"
    more.write_text(f"{ROWS}x1,c1,,2024-05-05,EUR,{_MORE}\n")
    wrong = []
    for command in (QUESTION, ("check",), ("load", str(more)), ("versions",), ("rollback",), QUESTION):
        called = f"{damage}: regulars {' '.join(command)}"
        try:
            code, said, errors = _said(*command, "--shop", str(copy))
        except Exception:
            wrong.append(f"{called}: {traceback.format_exc()}")
            continue
        if code not in (0, 1) or (code and errors.strip().count("\n") > 1):
            wrong.append(f"{called} ends with {code}: {errors}")
        if command == QUESTION and code == 0 and (value := _value(said)) not in RIGHT:
            wrong.append(f"{called} answers {value}")
    return wrong


def _value(answer: str) -> Decimal:
    """The one value in the JSON of an answer."""
    (row,) = json.loads(answer, parse_float=Decimal)
    return Decimal(row["value"])


def _damage(shop: Path, draw: random.Random) -> str:
    """Damage one file of the warehouse. Returns what was done, for the report."""
    files = sorted(path for path in (shop / "warehouse").rglob("*") if path.is_file())
    file = draw.choice(files)
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    what = draw.choice(("overwrite", "overwrite", "overwrite", "cut", "empty", "remove", "text"))
    match what:
        case "overwrite":
            at = draw.randrange(max(1, len(content)))
            content[at : at + draw.choice((1, 40, 4096))] = draw.randbytes(draw.choice((1, 40)))
        case "cut":
            del content[draw.randrange(max(1, len(content))) :]
        case "empty":
            content.clear()
        case "text":
            content[:] = b"nothing here"
    if what == "remove":
        file.unlink()
    else:
        file.write_bytes(content)
    return f"{what} {file.name}"


def _said(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    return code, out.getvalue(), err.getvalue()
