"""Storage, listing and export of rejected lines, with all their fields and reasons."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from regulars.load import evaluate
from regulars.load.formats.csv_records import guessed_fields
from regulars.load.mapping import REJECT_COLUMNS
from regulars.load.parse import quoted
from regulars.load.rows.validation import Validation
from regulars.load.stage import Stage
from regulars.load.workspace import Workspace
from regulars.system.disk import require_file_name
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.safe_text import without_formula

UNPARSED = "@text"
"""Key in `raw` of the text of a line that could not be split into fields."""
SIZE, DIGEST = "@size", "@sha256"
"""Keys in `raw` of the size and the SHA-256 of a too long line, of which only the start is stored."""


@dataclass(frozen=True)
class Reject:
    """A rejected line.

    Attributes:
        load_id: Number of the load.
        file: Name of the file.
        line: Line number.
        source: Full name of the source.
        unit: Order id of the line, if known.
        reasons: Reject reasons.
        fields: Text of each column of the file.
        settled: A later load contains that order, by `source_order_id` if both have one, else by order_id.
    """

    load_id: int
    file: str
    line: int
    source: str
    unit: str | None
    reasons: list[str]
    fields: dict[str, str | None]
    settled: bool


def store(validation: Validation, load_id: int, stage: Stage) -> int:
    """Store a file's rejected lines in `main.rejects`. Returns how many."""
    con, lines = validation.workspace.con, stage.lines
    here = f"file = {stage.number}"
    start = f"SELECT {load_id}, {quoted(stage.file.name)}, "
    if lines.broken:
        con.execute(
            f"INSERT INTO main.rejects {start} line, {quoted(stage.full_name)}, NULL, [reason],"
            f" CASE WHEN size IS NULL THEN json_object('{UNPARSED}', text)"
            f" ELSE json_object('{UNPARSED}', text, '{SIZE}', size::VARCHAR, '{DIGEST}', sha256) END::VARCHAR, NULL"
            f" FROM {lines.unreadable} ORDER BY line"
        )
    if stage.number not in validation.with_rejected:
        return lines.broken
    wanted = f'SELECT line AS "@line" FROM {validation.rejected} WHERE {here}'
    raw = _texts(validation.workspace, stage, wanted)
    fields = ", ".join(f'{quoted(name)}, "@raw"[{position}]' for position, name in enumerate(lines.names, start=1))
    con.execute(
        f"""
        INSERT INTO main.rejects {start} r.line, {quoted(stage.full_name)}, r.unit, w.reasons, raw.fields, o.id
        FROM (SELECT line, unit FROM {validation.rejected} WHERE {here}) r
        JOIN (SELECT line, list(DISTINCT reason ORDER BY reason) AS reasons FROM {validation.reasons} WHERE {here} GROUP BY line) w
            ON w.line = r.line
        JOIN (SELECT "@line", json_object({fields})::VARCHAR AS fields FROM {raw}) raw ON raw."@line" = r.line
        LEFT JOIN ({_source_order_ids(stage)}) o USING (unit)
        ORDER BY r.line"""
    )
    return lines.broken + int(con.fetchall()[0][0])


def _source_order_ids(stage: Stage) -> str:
    """Return SQL (unit, id) of the `source_order_id` of each order of the file, if a mapping fills it."""
    parts = ["SELECT NULL::VARCHAR AS unit, NULL::VARCHAR AS id WHERE false"]
    for plan in stage.plans:
        if plan.table.name != "orders" or "source_order_id" not in plan.columns:
            continue
        order, number = (plan.columns[name] for name in ("order_id", "source_order_id"))
        lines = f'(SELECT * FROM {stage.rows()} WHERE "@bad" OR {evaluate.chosen(plan)})'
        if plan.group_by:
            keys = ", ".join(f"({key.sql})" for key in plan.group_by)
            values = f"{evaluate.first_value(order)}::VARCHAR AS unit, {evaluate.first_value(number)}::VARCHAR AS id"
            parts.append(f"SELECT {values} FROM {lines} GROUP BY {keys}")
        else:
            parts.append(f"SELECT ({order.sql})::VARCHAR AS unit, ({number.sql})::VARCHAR AS id FROM {lines}")
    return f"SELECT unit, min(id) AS id FROM ({' UNION ALL '.join(parts)}) GROUP BY unit HAVING count(DISTINCT id) = 1"


def _texts(workspace: Workspace, stage: Stage, wanted: str) -> str:
    """Create a table (`@line`, `@raw`) of the fields, as text, of the lines in `wanted` (SQL of `@line`s).

    Texts that the typed table does not keep are read from the file again, by position: few rows are rejected after they were
    parsed (duplicate keys, other lines of a rejected order), and keeping every row's text is slower than a second pass.

    Returns:
        Name of the table.

    Raises:
        UnreadableFile: The file changed meanwhile.
    """
    texts, places, lines = workspace.table("texts"), workspace.table("places"), stage.lines
    rows = lines.numbered(f'(SELECT rowid AS "@row", "@raw" FROM {stage.typed})', 'r."@row"')
    workspace.con.execute(f'CREATE TEMP TABLE {places} AS SELECT * FROM {rows} SEMI JOIN ({wanted}) USING ("@line")')
    workspace.con.execute(f'CREATE TEMP TABLE {texts} AS SELECT "@line", "@raw" FROM {places} WHERE "@raw" IS NOT NULL')
    if not workspace.count(f'{places} WHERE "@raw" IS NULL'):
        return texts
    fields = ", ".join(f"c{position}" for position in range(len(lines.names)))
    # row_number() without ORDER BY numbers the rows in the order of the scan, which is the file's.
    numbered = f'(SELECT row_number() OVER () - 1 AS "@row", [{fields}]::VARCHAR[] AS texts FROM {lines.again()})'
    changed = lines.content.changed_meanwhile()
    try:
        workspace.con.execute(
            f'INSERT INTO {texts} SELECT p."@line", n.texts FROM {numbered} n'
            f' JOIN (SELECT * FROM {places} WHERE "@raw" IS NULL) p USING ("@row")'
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        raise changed from None
    if lines.content.changed() or workspace.count(texts) != workspace.count(places):
        raise changed
    return texts


def listed(
    con: duckdb.DuckDBPyConnection,
    *,
    load_id: int | None = None,
    file: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Reject]:
    """Return rejected lines, the newest load first, by file and line."""
    rows = con.execute(
        "SELECT load_id, file, line, source, unit, reasons, raw,"
        " EXISTS (FROM main.orders o WHERE o.source = r.source AND o.source_order_id = r.source_order_id"
        " AND o.load_id > r.load_id)"
        " OR EXISTS (FROM main.orders o WHERE o.source = r.source AND o.order_id = r.unit AND o.load_id > r.load_id"
        " AND (o.source_order_id IS NULL OR r.source_order_id IS NULL)) FROM main.rejects r"
        " WHERE ($load IS NULL OR load_id = $load) AND ($file IS NULL OR file = $file)"
        " ORDER BY load_id DESC, file, line LIMIT $limit OFFSET $offset",
        {"load": load_id, "file": file, "limit": limit, "offset": offset},
    ).fetchall()
    return [
        Reject(load, name, line, source, unit, reasons, json.loads(raw), settled)
        for load, name, line, source, unit, reasons, raw, settled in rows
    ]


def summary(
    con: duckdb.DuckDBPyConnection, *, load_id: int | None = None, file: str | None = None
) -> list[tuple[str, int, str]]:
    """Return reject reasons with the number of lines and the place of an example, the most frequent first.

    Values that differ between lines are replaced by "…".
    """
    return [
        (str(reason), int(count), str(example))
        for reason, count, example in con.execute(
            r"""
            SELECT CASE WHEN min(alike) = max(alike) THEN min(alike) ELSE kind END AS kind,
                   count(*) AS lines, arg_min(file || ' line ' || line, (file, line))
            FROM (SELECT *, regexp_replace(reason, ' [(](from )?lines [0-9, ]*[)]', '') AS alike,
                         regexp_replace(alike, '''[^'']*''', '''…''', 'g') AS kind
            FROM (SELECT file, line, unnest(reasons) AS reason FROM main.rejects
                  WHERE ($load IS NULL OR load_id = $load) AND ($file IS NULL OR file = $file))) rejected
            GROUP BY rejected.kind ORDER BY lines DESC, rejected.kind""",
            {"load": load_id, "file": file},
        ).fetchall()
    ]


def export(con: duckdb.DuckDBPyConnection, path: Path, *, load_id: int | None = None) -> list[Path]:
    """Write rejected lines as CSV files with their original columns, to be corrected and loaded again.

    Fields that a spreadsheet would run as a formula get a leading apostrophe, which loading removes.

    Args:
        con: Connection to the warehouse.
        path: File to write; lines of files with other columns are written to further files (`rejects-2.csv`).
        load_id: Number of the load; None for the newest load with rejected lines.

    Returns:
        The paths of the files.

    Raises:
        UsageError: There are no rejected lines, or a file of that name exists.
    """
    if load_id is None:
        load_id = con.execute("SELECT max(load_id) FROM main.rejects").fetchall()[0][0]
    layouts: dict[tuple[str, ...], list[str]] = {}
    for file, names in _layouts(con, load_id):
        layouts.setdefault(names, []).append(file)
    if not layouts:
        raise UsageError("Nothing was rejected." if load_id is None else f"Load {load_id} rejected nothing.")
    targets = [path, *(path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(2, len(layouts) + 1))]
    for target in targets:
        require_file_name(target)
        if target.exists():
            raise UsageError(f"{target} exists already.", "Choose another name, or delete the file.")
    for target, (names, files) in zip(targets, layouts.items(), strict=True):
        with target.open("x", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([*names, *REJECT_COLUMNS])
            rows = con.execute(
                "SELECT file, line, reasons, raw FROM main.rejects WHERE load_id = ? AND file IN (SELECT unnest(?::VARCHAR[]))"
                " ORDER BY file, line",
                [load_id, files],
            )
            while batch := rows.fetchmany(10_000):
                for file, line, reasons, raw in batch:
                    fields = (*_fields(json.loads(raw), names), file, str(line), "; ".join(reasons))
                    writer.writerow([without_formula(field) for field in fields])
    return targets


def _layouts(con: duckdb.DuckDBPyConnection, load_id: int | None) -> list[tuple[str, tuple[str, ...]]]:
    """Return each file of the load with rejected lines, and its columns."""
    rows = con.execute(
        "SELECT r.file, any_value(f.columns) FROM main.rejects r"
        " LEFT JOIN main.load_files f ON f.load_id = r.load_id AND f.name = r.file"
        " WHERE r.load_id = ? GROUP BY r.file ORDER BY min(f.file_no), r.file",
        [load_id],
    ).fetchall()
    return [(str(file), tuple(columns or [UNPARSED])) for file, columns in rows]


def _fields(raw: dict[str, str | None], names: tuple[str, ...]) -> list[str]:
    """Return the line's fields in the file's order; of a broken line its likely fields."""
    if UNPARSED in raw and UNPARSED not in names:
        text = raw[UNPARSED] or ""
        if DIGEST in raw:
            # The start of a too long line is not split, so that it cannot be loaded as a complete line.
            return [text] + [""] * (len(names) - 1)
        delimiter = max((",", ";", "\t", "|"), key=text.count)
        fields = guessed_fields(text, delimiter)
        # Fields beyond the last column are appended to it.
        head, rest = fields[: len(names) - 1], fields[len(names) - 1 :]
        return head + [delimiter.join(rest)] + [""] * (len(names) - len(head) - 1)
    return [raw.get(name) or "" for name in names]
