"""Content ids (`content()` in a mapping): a digest of a row's parsed values and the number of equal rows before it.

They do not depend on a row's position among other rows, so a later export of the same rows gives the same ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regulars.load.mapping import REJECT_COLUMNS, ContentId
from regulars.load.parse import stripped
from regulars.load.stage import Stage
from regulars.load.workspace import Workspace, identifier
from regulars.vocabulary.errors import LoadRefused
from regulars.warehouse.schema import Kind

_DIGITS = 20
"""Hexadecimal digits of the digest in an id: 80 bits."""


def add_content_ids(workspace: Workspace, stages: Sequence[Stage], *, parts: bool, overlap: bool) -> list[str]:
    """Add the columns of content ids to each file's typed table.

    Args:
        workspace: The load's workspace.
        stages: The files.
        parts: The files are the parts of one export: equal rows are numbered over all of them.
        overlap: Equal ids of two files mean the same row.

    Returns:
        Warnings about rows that only their order tells apart.

    Raises:
        LoadRefused: Two files have equal ids, and neither `parts` nor `overlap` is set.
    """
    con = workspace.con
    ids, warnings, shared = workspace.table("content_ids"), [], []
    if not any(stage.source.contents for stage in stages):
        return []
    con.execute(f"CREATE TEMP TABLE {ids} (file INTEGER, source VARCHAR, name VARCHAR, digest VARCHAR, id VARCHAR)")
    for stage in stages:
        for name, content in stage.source.contents.items():
            _add(workspace, stage, name, content, ids, parts=parts)
            warnings += _ambiguous_rows(workspace, stage, name, content)
            shared += _shared_ids(workspace, stages, stage, name, ids)
    if shared and not overlap:
        raise LoadRefused(
            f"{'; '.join(shared)}.",
            "Load with --parts where these files are one export cut into pieces (these are further rows), or with --overlap"
            " where exports overlap (these are the same rows).",
        )
    return warnings


def _add(workspace: Workspace, stage: Stage, name: str, content: ContentId, ids: str, *, parts: bool) -> None:
    """Replace the file's typed table by one with the column of ids. Rows keep their order: line numbers follow from rowid."""
    con, typed = workspace.con, workspace.table("typed")
    workspace.timezone(stage.zone)
    values = ", ".join(_values(stage, content))
    digest = f"left(md5(json_array({values})::VARCHAR), {_DIGITS})"
    place = [stage.full_name, name]
    before = f"(SELECT digest, count(*) AS n FROM {ids} WHERE source = ? AND name = ? AND {str(parts).lower()} GROUP BY digest)"
    con.execute(
        f"CREATE TEMP TABLE {typed} AS SELECT t.* EXCLUDE (digest, place), t.digest || '-' ||"
        f" (row_number() OVER (PARTITION BY t.digest ORDER BY t.place) + coalesce(b.n, 0)) AS {identifier(name)}"
        f" FROM (SELECT {digest} AS digest, rowid AS place, * FROM {stage.typed}) t LEFT JOIN {before} b USING (digest)"
        " ORDER BY t.place",
        place,
    )
    con.execute(f"DROP TABLE {stage.typed}")
    stage.typed = typed
    con.execute(
        f"INSERT INTO {ids} SELECT {stage.number}, ?, ?, split_part({identifier(name)}, '-', 1), {identifier(name)}"
        f' FROM {typed} WHERE NOT "@empty"',
        place,
    )


def _columns(stage: Stage, content: ContentId) -> list[str]:
    """Return the file's columns that make up the content, in lower case: the listed ones, else all but the excluded ones."""
    if content.columns:
        return [column.lower() for column in content.columns]
    excluded = content.excluded | set(REJECT_COLUMNS)
    return [name.lower() for name in stage.lines.names if name.lower() not in excluded]


def _values(stage: Stage, content: ContentId) -> Iterator[str]:
    """Yield SQL of each value as text: the parsed value if a mapping uses the column, else the field of the file."""
    positions = {name.lower(): position for position, name in enumerate(stage.lines.names)}
    absent = set(stage.absent())
    for column in _columns(stage, content):
        match stage.kinds.get(column):
            case _ if column in absent:
                yield "NULL"
            case None:
                yield stripped(f'"@raw"[{positions[column] + 1}]')
            case Kind.INSTANT:
                yield f"epoch_us({identifier(column)})::VARCHAR"
            case _:
                yield f"{identifier(column)}::VARCHAR"


def _ambiguous_rows(workspace: Workspace, stage: Stage, name: str, content: ContentId) -> list[str]:
    """Return a warning if rows with equal content differ in other columns: their ids depend on their order alone."""
    used = set(_columns(stage, content))
    others = [identifier(column) for column in stage.kinds if column not in used]
    if not others:
        return []
    digest = f"split_part({identifier(name)}, '-', 1)"
    content_of_others = ", ".join(f"f{i} := {column}" for i, column in enumerate(others))
    rows, lines = workspace.con.execute(
        'SELECT coalesce(sum(n), 0)::BIGINT, min(lines) FROM (SELECT count(*) AS n, list_sort(list("@line"))[:2] AS lines'
        f' FROM {stage.rows()} WHERE NOT "@empty" GROUP BY {digest}'
        f" HAVING count(*) > 1 AND count(DISTINCT struct_pack({content_of_others})) > 1)"
    ).fetchall()[0]
    if not rows:
        return []
    return [
        f"{stage.file.name}: {rows:,} rows are equal in the columns of {name.removeprefix('@')} and differ in others, such as"
        f" lines {lines[0]} and {lines[1]}; only their order tells them apart. Name more columns in content()."
    ]


def _shared_ids(workspace: Workspace, stages: Sequence[Stage], stage: Stage, name: str, ids: str) -> list[str]:
    """Return, for each earlier file of the load with equal ids, a sentence that counts them."""
    counts = workspace.con.execute(
        f"SELECT o.file, count(*) FROM {ids} m JOIN {ids} o USING (source, name, id)"
        " WHERE m.file = ? AND m.name = ? AND o.file < m.file GROUP BY o.file ORDER BY o.file",
        [stage.number, name],
    ).fetchall()
    return [
        f"{count:,} rows of {stage.file.name} have the same content ids as rows of {stages[number].file.name}"
        for number, count in counts
    ]
