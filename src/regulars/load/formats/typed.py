"""Parquet and JSON: column names, and SQL of their typed values as text for the parser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb

from regulars.load.formats.delimited import unique
from regulars.vocabulary.errors import UnreadableFile

_JSON_HEADER_RECORDS = 1_000


def parquet_columns(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> list[tuple[str, str]]:
    """Return name and DuckDB type of each column. Raises UnreadableFile if the file is broken."""
    try:
        described = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    except duckdb.Error as error:
        raise UnreadableFile(f"{name} is a broken Parquet file: {_first_line(error)}.", "Export it again.") from None
    return [(str(column), str(sql)) for column, sql, *_ in described]


def parquet_text(column: str, sql: str, decimal: str) -> str:
    """Return SQL of a Parquet column as text."""
    if sql in ("DOUBLE", "FLOAT"):
        # The significant digits of the type: 0.1 + 0.2 is stored as 0.30000000000000004.
        digits = 15 if sql == "DOUBLE" else 7
        text = f"CASE WHEN {column} IS NOT NULL THEN printf('%.{digits}g', {column}::DOUBLE) END"
        return f"replace({text}, '.', '{decimal}')"
    if sql.startswith("DECIMAL"):
        return f"replace({column}::VARCHAR, '.', '{decimal}')"
    if sql.endswith("]") or sql.startswith(("STRUCT", "MAP", "UNION")):
        return f"to_json({column})::VARCHAR"
    return f"{column}::VARCHAR"


def json_sample(start: bytes, size: int, chunks: Iterator[bytes]) -> bytes:
    """Return the first `size` bytes, without the first line if it does not end in `start`, a sample of that size."""
    if len(start) < size or b"\n" in start or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return start
    lines = b""
    for chunk in chunks:
        lines += chunk if lines else chunk[chunk.find(b"\n") :] if b"\n" in chunk else b""
        if len(lines) >= size:
            break
    return lines[:size] or start


def json_header(sample: bytes, name: str, whole: bool) -> tuple[str, ...]:
    """Return all keys of the sample's records. Raises UnreadableFile if it has none."""
    text = sample.decode("utf-8-sig", errors="replace").lstrip()
    names: dict[str, None] = {}
    records = _array_records(text) if text.startswith("[") else _line_records(text, whole)
    for record in records[:_JSON_HEADER_RECORDS]:
        names.update(dict.fromkeys(str(key) for key in record))
    if not names:
        raise UnreadableFile(
            f"{name} holds no JSON records.", "Regulars reads one JSON object per line, or an array of them."
        )
    return unique(list(names))


def _line_records(text: str, whole: bool) -> list[dict[str, object]]:
    lines = text.splitlines() if whole else text.splitlines()[:-1]
    return [record for line in lines if isinstance(record := _loaded(line), dict)]


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _array_records(text: str) -> list[dict[str, object]]:
    """Return the objects of an array that may be truncated."""
    decoder, position = json.JSONDecoder(), 1
    records: list[dict[str, object]] = []
    while len(records) < _JSON_HEADER_RECORDS:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        try:
            record, position = decoder.raw_decode(text, position)
        except ValueError:
            break
        if isinstance(record, dict):
            records.append(record)
    return records


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".")
