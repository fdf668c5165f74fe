"""Rejected lines: kept whole with every reason, listed, counted, and written back as files that can be loaded after a fix."""

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
from regulars.load.stage import Stage
from regulars.load.validate import Validation
from regulars.load.workspace import Workspace
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.safe_text import without_formula

UNPARSED = "@text"
"""Name, in `raw`, of a line that could not be told apart into fields."""
SIZE, DIGEST = "@size", "@sha256"
"""Names, in `raw`, of the bytes and the SHA-256 of a line that was too long to be kept: its text is the start only."""


@dataclass(frozen=True)
class Reject:
    """One rejected line. `fields` maps the file's columns to their text; `unit` is the order it belongs to, where known.

    `settled`: a later load brought that order: the one with its `source_order_id` where both have one, else with its order_id.
    """

    load_id: int
    file: str
    line: int
    source: str
    unit: str | None
    reasons: list[str]
    fields: dict[str, str | None]
    settled: bool


def store(found: Validation, load_id: int, stage: Stage) -> int:
    """Write a file's rejected lines to `main.rejects`. Returns how many."""
    con, lines = found.workspace.con, stage.lines
    here = f"file = {stage.number}"
    start = f"SELECT {load_id}, {quoted(stage.file.name)}, "
    if lines.broken:
        con.execute(
            f"INSERT INTO main.rejects {start} line, {quoted(stage.full_name)}, NULL, [reason],"
            f" CASE WHEN size IS NULL THEN json_object('{UNPARSED}', text)"
            f" ELSE json_object('{UNPARSED}', text, '{SIZE}', size::VARCHAR, '{DIGEST}', sha256) END::VARCHAR, NULL"
            f" FROM {lines.unreadable} ORDER BY line"
        )
    if stage.number not in found.with_rejected:
        return lines.broken
    wanted = f'SELECT line AS "@line" FROM {found.rejected} WHERE {here}'
    raw = _texts(found.workspace, stage, wanted)
    fields = ", ".join(f'{quoted(name)}, "@raw"[{position}]' for position, name in enumerate(lines.names, start=1))
    con.execute(
        f"""
        INSERT INTO main.rejects {start} r.line, {quoted(stage.full_name)}, r.unit, w.reasons, raw.fields, o.id
        FROM (SELECT line, unit FROM {found.rejected} WHERE {here}) r
        JOIN (SELECT line, list(DISTINCT reason ORDER BY reason) AS reasons FROM {found.reasons} WHERE {here} GROUP BY line) w
            ON w.line = r.line
        JOIN (SELECT "@line", json_object({fields})::VARCHAR AS fields FROM {raw}) raw ON raw."@line" = r.line
        LEFT JOIN ({_source_order_ids(stage)}) o USING (unit)
        ORDER BY r.line"""
    )
    return lines.broken + int(con.fetchall()[0][0])


def _source_order_ids(stage: Stage) -> str:
    """SQL (unit, id): the `source_order_id` of each order of the file, for mappings that know one."""
    found = ["SELECT NULL::VARCHAR AS unit, NULL::VARCHAR AS id WHERE false"]
    for plan in stage.plans:
        if plan.table.name != "orders" or "source_order_id" not in plan.columns:
            continue
        order, number = (plan.columns[name] for name in ("order_id", "source_order_id"))
        lines = f'(SELECT * FROM {stage.rows()} WHERE "@bad" OR {evaluate.chosen(plan)})'
        if plan.group_by:
            keys = ", ".join(f"({key.sql})" for key in plan.group_by)
            values = f"{evaluate.first_value(order)}::VARCHAR AS unit, {evaluate.first_value(number)}::VARCHAR AS id"
            found.append(f"SELECT {values} FROM {lines} GROUP BY {keys}")
        else:
            found.append(f"SELECT ({order.sql})::VARCHAR AS unit, ({number.sql})::VARCHAR AS id FROM {lines}")
    return f"SELECT unit, min(id) AS id FROM ({' UNION ALL '.join(found)}) GROUP BY unit HAVING count(DISTINCT id) = 1"


def _texts(workspace: Workspace, stage: Stage, wanted: str) -> str:
    """A table (`@line`, `@raw`) of the fields of the lines in `wanted` (SQL of `@line`s) as they stand in the file.

    What the typed table did not keep is looked up in the file by its position. Few rows are rejected only after they were typed
    (a key that stands twice, the rest of an order); to keep the text of every row costs more than to pass over the file again.
    Raises UnreadableFile where the file was changed in between.
    """
    kept, places, lines = workspace.table("texts"), workspace.table("places"), stage.lines
    rows = lines.numbered(f'(SELECT rowid AS "@row", "@raw" FROM {stage.typed})', 'r."@row"')
    workspace.con.execute(f'CREATE TEMP TABLE {places} AS SELECT * FROM {rows} SEMI JOIN ({wanted}) USING ("@line")')
    workspace.con.execute(f'CREATE TEMP TABLE {kept} AS SELECT "@line", "@raw" FROM {places} WHERE "@raw" IS NOT NULL')
    if not workspace.count(f'{places} WHERE "@raw" IS NULL'):
        return kept
    fields = ", ".join(f"c{position}" for position in range(len(lines.names)))
    # Without a partition the rows are numbered as they come, in the file's order.
    numbered = f'(SELECT row_number() OVER () - 1 AS "@row", [{fields}]::VARCHAR[] AS texts FROM {lines.again()})'
    changed = lines.content.changed_meanwhile()
    try:
        workspace.con.execute(
            f'INSERT INTO {kept} SELECT p."@line", n.texts FROM {numbered} n'
            f' JOIN (SELECT * FROM {places} WHERE "@raw" IS NULL) p USING ("@row")'
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        raise changed from None
    if lines.content.changed() or workspace.count(kept) != workspace.count(places):
        raise changed
    return kept


def listed(
    con: duckdb.DuckDBPyConnection,
    *,
    load_id: int | None = None,
    file: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Reject]:
    """Rejected lines, those of the newest load first, in the order of their files."""
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
    """Reasons with how many lines they reject and one place as an example; the most frequent first.

    Values that differ from line to line are left out.
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
    """Write rejected lines as CSV with their original columns, so that they load again after a fix.

    A field that a spreadsheet would run as a formula gets an apostrophe in front, which loading takes away again.
    Takes the newest load that has rejects where `load_id` is None. Lines of files with other columns go to a file of their own
    (`rejects-2.csv`). Returns the paths. Raises UsageError where there is nothing to write, or a file
    of that name exists.
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
        if target.exists():
            raise UsageError(f"{target} exists already.", "Choose another name: nothing is overwritten.")
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
    """Each file of the load that has rejects, with its columns."""
    rows = con.execute(
        "SELECT r.file, any_value(f.columns) FROM main.rejects r"
        " LEFT JOIN main.load_files f ON f.load_id = r.load_id AND f.name = r.file"
        " WHERE r.load_id = ? GROUP BY r.file ORDER BY min(f.file_no), r.file",
        [load_id],
    ).fetchall()
    return [(str(file), tuple(columns or [UNPARSED])) for file, columns in rows]


def _fields(raw: dict[str, str | None], names: tuple[str, ...]) -> list[str]:
    """The line's fields in the file's order; a line that was never told apart is, as well as it goes."""
    if UNPARSED in raw and UNPARSED not in names:
        text = raw[UNPARSED] or ""
        if DIGEST in raw:
            # Told apart, the start of a line could be loaded as if it were all of it.
            return [text] + [""] * (len(names) - 1)
        delimiter = max((",", ";", "\t", "|"), key=text.count)
        fields = guessed_fields(text, delimiter)
        # Fields beyond the last column are kept in it, for someone to sort out.
        head, rest = fields[: len(names) - 1], fields[len(names) - 1 :]
        return head + [delimiter.join(rest)] + [""] * (len(names) - len(head) - 1)
    return [raw.get(name) or "" for name in names]
