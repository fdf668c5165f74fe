"""Loads one random input into an empty warehouse, and says what did not hold.

Whatever the input: it ends in rows and rejects that add up, or in a refusal; never in another exception. Where Python's own
CSV reader in strict mode can read a delimited file, Regulars has read as many records. No expression of a mapping reads or
writes a file.
"""

from __future__ import annotations

import csv
import io
import traceback
from collections.abc import Iterator
from pathlib import Path

from fuzz.files import Case
from regulars.load.files import InputFile, expand
from regulars.load.run import Input, LoadOptions, LoadResult, load
from regulars.sources import catalogue, mapping_file
from regulars.vocabulary.errors import RegularsError
from regulars.vocabulary.shop import Settings
from regulars.warehouse.log import ensure
from regulars.warehouse.versions.connection import connect

SETTINGS = Settings(name="fuzzed", currency="EUR", timezone="Europe/Berlin")
SECRET_TEXT = "a secret that no expression may read"
LONGEST_MESSAGE = 4_000
"""Characters of a refusal, its hint included."""


def findings(case: Case, folder: Path) -> list[str]:
    """What did not hold for this input; `folder` is empty and takes its files."""
    file = folder / case.name
    file.write_bytes(case.content)
    (folder / "secret.csv").write_text(SECRET_TEXT)
    try:
        inputs = [Input(found, _source(found, case, folder)) for found in expand([file])]
        with connect(folder / "fuzzed.duckdb", read_only=False, reads=[file]) as con:
            ensure(con)
            result = load(con, inputs, settings=SETTINGS, command="fuzz", options=LoadOptions(accept_rejects=True))
            stored = {
                name: int(con.execute(f"SELECT count(*) FROM main.{name}").fetchall()[0][0]) for name in result.tables
            }
            rejected = int(con.execute("SELECT count(*) FROM main.rejects").fetchall()[0][0])
            words = str(con.execute("FROM main.orders").fetchall()) + str(con.execute("FROM main.rejects").fetchall())
    except RegularsError as refusal:
        words = f"{refusal} {refusal.hint}"
        return [f"the refusal has {len(words):,} characters"] if len(words) > LONGEST_MESSAGE else []
    except Exception:
        return [traceback.format_exc()]
    return [*_not_adding_up(result, stored, rejected), *_miscounted(case, result), *_leaked(words, folder, case.name)]


def _source(file: InputFile, case: Case, folder: Path):  # type: ignore[no-untyped-def]
    if not case.mapping:
        return catalogue.recognise(file.name, file.header())
    path = folder / "mapping.toml"
    path.write_text(case.mapping.replace("@folder@", str(folder)), encoding="utf-8")
    return mapping_file.read(path)


def _not_adding_up(result: LoadResult, stored: dict[str, int], rejected: int) -> Iterator[str]:
    for name, count in result.files.items():
        if count.read != count.used + count.waiting + count.rejected + count.skipped:
            yield f"{name} does not add up: {count}"
    if rejected != sum(count.rejected for count in result.files.values()):
        yield f"{rejected} rejects are stored, but {result.files} are counted"
    for name, count in result.tables.items():
        if count.inserted != stored[name]:
            yield f"{name}: {count} stored in an empty shop, but it holds {stored[name]}"


def _leaked(words: str, folder: Path, name: str) -> Iterator[str]:
    if SECRET_TEXT in words:
        yield "an expression has read a file"
    known = (name, "secret.csv", "mapping.toml", "fuzzed.duckdb", "log")
    if others := [path.name for path in folder.iterdir() if not path.name.startswith(known)]:
        yield f"files were left: {others}"


def _miscounted(case: Case, result: LoadResult) -> Iterator[str]:
    """Hold the number of records against the csv module's, for files that it reads without an objection."""
    count = result.files.get(case.name)
    records = _records(case.content) if case.name.endswith(".csv") else None
    if count is not None and records is not None and records != count.read:
        yield f"{case.name}: Python's csv module reads {records} records, Regulars {count.read}"


def _records(content: bytes) -> int | None:
    """Records below the header, or None where the file is anything but plain CSV."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    plain = text.isprintable() or all(mark.isprintable() or mark == "\n" for mark in text)
    delimiter = max(",;\t|", key=text.partition("\n")[0].count)
    if not plain or "\\" in text or text.startswith("\n"):
        return None
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    if not rows or any(len(row) != len(rows[0]) for row in rows) or not all(any(row) for row in rows):
        return None
    return len(rows) - 1
