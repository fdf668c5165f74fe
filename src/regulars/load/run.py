"""Run one load in one transaction and count every row of its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

import duckdb

from regulars.load import rejects
from regulars.load.checks import CHECKS
from regulars.load.checks.accounts import FileCount, count_records, store_counts
from regulars.load.checks.content_ids import add_content_ids
from regulars.load.checks.refusals import FilesRefused, is_refused, refusal_text
from regulars.load.completion.changed_costs import start_changed_costs
from regulars.load.completion.order_ids import resolve_order_ids
from regulars.load.completion.refund_totals import split_refund_totals
from regulars.load.inputs.content import Content, read_content
from regulars.load.load_options import DEFAULT_OPTIONS, Input, LoadOptions, LoadResult
from regulars.load.mapping import REJECT_COLUMNS
from regulars.load.parse import Locale
from regulars.load.rows.direct import read_directly
from regulars.load.rows.validation import Validation
from regulars.load.rows.waiting import set_waiting, store_waiting, use_complete
from regulars.load.stage import Plan, Stage, compile_plans, parse_all
from regulars.load.validate import validate
from regulars.load.workspace import Workspace
from regulars.vocabulary.errors import LoadRefused, UnreadableFile, UsageError
from regulars.vocabulary.shop import Settings
from regulars.warehouse import missing_rates
from regulars.warehouse.changes import Changes
from regulars.warehouse.covers_until import cover, require_past
from regulars.warehouse.identity import define_identities
from regulars.warehouse.load_history import loaded_before
from regulars.warehouse.log import TableCount, merge
from regulars.warehouse.tables import BY_NAME


class Progress(Protocol):
    """Receiver of progress messages."""

    def start(self, step: str, total: int) -> None:
        """Begin a step of `total` parts."""

    def advance(self) -> None:
        """Finish one part of the step."""


class Silent:
    """Ignore progress messages."""

    def start(self, step: str, total: int) -> None: ...

    def advance(self) -> None: ...


SILENT = Silent()

COMPLETIONS: tuple[Callable[[Validation], None], ...] = (resolve_order_ids, split_refund_totals)
"""Steps that change a load's rows by what earlier loads stored."""


@dataclass(frozen=True)
class _Context:
    """Parameters that all steps of one load share."""

    workspace: Workspace
    settings: Settings
    command: str
    options: LoadOptions
    progress: Progress
    changes: Changes | None
    now: datetime


def load(
    con: duckdb.DuckDBPyConnection,
    inputs: Sequence[Input],
    *,
    settings: Settings,
    command: str,
    options: LoadOptions = DEFAULT_OPTIONS,
    progress: Progress = SILENT,
    changes: Changes | None = None,
    now: datetime | None = None,
    refused: Mapping[str, str] = MappingProxyType({}),
) -> LoadResult:
    """Load files into the warehouse, all of them or none.

    Args:
        con: Connection to a warehouse with the schema of `log.ensure`.
        inputs: The files; at least one.
        settings: The shop's settings.
        command: Text stored with the load, shown by `regulars loads`.
        options: Options of the load.
        progress: Receiver of progress messages.
        changes: Collects which rows change, for incremental derivation.
        now: Moment of the load, UTC without zone; default: the system clock.
        refused: Further files that cannot be loaded, by name with the reason. If there are any, no file is left out and
            FilesRefused is raised for all refused files together.

    Returns:
        Counts and warnings.

    Raises:
        UnreadableFile: The only file cannot be read.
        MappingError: A mapping does not fit its table or file.
        LoadRefused: The counts do not add up, an order would lose its exchange rate, a file is refused
            (checks/refusals.py), or `strict` is set and a row is rejected. The warehouse is unchanged.
    """
    if not inputs:
        raise UsageError("There is nothing to load.", "Name at least one file.")
    if options.covers_until is not None:
        require_past(options.covers_until, now)
    if refused:
        options = replace(options, skip_refused=False, skip_unreadable=False)
    with Workspace(con) as workspace:
        result = LoadResult(load_id=_last_load(con))
        moment = now or datetime.now(UTC).replace(tzinfo=None)
        context = _Context(workspace, settings, command, options, progress, changes, moment)
        stages, failed = _read(context, inputs, result)
        if len(inputs) == len(failed) == 1 and not refused:
            raise next(iter(failed.values()))
        unreadable = {**refused, **{name: str(error).rstrip(".") for name, error in failed.items()}}
        if unreadable and (options.skip_refused or options.skip_unreadable) and len(unreadable) < len(inputs):
            result.leave_out(unreadable)
        if not stages:
            if unreadable and not result.refused:
                raise FilesRefused(unreadable, {})
            result.unchanged = True
            if options.covers_until is not None:
                result.warnings.append(
                    "--covers-until has no effect without a new file. To load these files again, add --again."
                )
            return result
        while True:
            try:
                return _store(context, stages, {} if result.refused else unreadable, result)
            except FilesRefused as error:
                # A file that is refused only because of another file's rows is tried again without that file.
                left_out = error.own or error.rejected.keys()
                if not options.skip_refused or len(left_out) == len(stages):
                    earlier = {name: why for name, why in result.refused.items() if name not in unreadable}
                    raise FilesRefused(unreadable, earlier | error.rejected, error.own) from None
                whys = {name: why for name, why in error.rejected.items() if name in left_out}
            stages = [each for each in stages if each[0].file.name not in left_out]
            _renumber(stages)
            result.leave_out(whys)


def _renumber(stages: Sequence[tuple[Stage, object]]) -> None:
    for number, (stage, _) in enumerate(stages):
        stage.number = number


def _store(
    context: _Context, stages: list[tuple[Stage, str]], unreadable: Mapping[str, str], result: LoadResult
) -> LoadResult:
    """Check the rows of the files and store them in one transaction.

    Returns:
        A copy of `result` with the counts and warnings of the stored rows.

    Raises:
        FilesRefused: There are `unreadable` files, or files with too many rejected rows.
    """
    con, progress = context.workspace.con, context.progress
    progress.start("checking", 1)
    completions = COMPLETIONS if context.options.replace else (*COMPLETIONS, start_changed_costs)
    validation = validate(context.workspace, [stage for stage, _ in stages], completions)
    set_waiting(validation, context.settings)
    validation.parse_lines()
    progress.advance()
    result = replace(result, files=dict(result.files), warnings=[*result.warnings, *validation.warnings])
    con.execute("BEGIN")
    try:
        _write(context, validation, stages, unreadable, result)
        con.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.TransactionException):  # a failed commit has ended the transaction already
            con.execute("ROLLBACK")
        raise
    return result


def _last_load(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT coalesce(max(load_id), 0) FROM main.loads").fetchall()[0][0])


def _read(
    context: _Context, inputs: Sequence[Input], result: LoadResult
) -> tuple[list[tuple[Stage, str]], dict[str, UnreadableFile]]:
    """Read and parse every file that was not loaded before.

    Returns:
        The files with their digests, and the errors of unreadable files by name.
    """
    workspace, options, progress = context.workspace, context.options, context.progress
    files: list[tuple[Stage, Content]] = []
    digests: dict[str, int] = {}
    unreadable: dict[str, UnreadableFile] = {}
    loaded = loaded_before(workspace.con)
    compiled: dict[str, tuple[Plan, ...]] = {}
    progress.start("reading", len(inputs))
    for load_input in inputs:
        try:
            content = read_content(workspace, load_input.file)
        except UnreadableFile as error:
            unreadable[load_input.file.name] = error
            progress.advance()
            continue
        digest = content.digest_with(load_input.source, load_input.full_name)
        before = loaded.get(digest)
        if before is not None and not (options.again or options.replace or options.parts):
            result.files[load_input.file.name] = FileCount()
            result.warnings.append(
                f"{load_input.file.name} was loaded before (load {before}) and changes nothing. To load it again, add --again."
                + _still_waiting(workspace.con, before, load_input.file.name)
            )
        elif digest in digests:
            result.files[load_input.file.name] = FileCount()
            result.warnings.append(f"{load_input.file.name} has the same content as another file of this load.")
        else:
            stage = Stage(
                number=len(files),
                file=load_input.file,
                source=load_input.source,
                full_name=load_input.full_name,
                zone=load_input.source.timezone or context.settings.timezone,
                locale=Locale(load_input.source.decimal, load_input.source.date_order),
                now=context.now,
                plans=compile_plans(workspace.con, load_input.source, compiled),
                size=content.size,
            )
            digests[digest] = stage.number
            files.append((stage, content))
            continue
        progress.advance()
    failed = parse_all(workspace, files, progress.advance, read_directly)
    unreadable |= {stage.file.name: failed[stage.number] for stage, _ in files if stage.number in failed}
    read = [(stage, digest) for (stage, _), digest in zip(files, digests, strict=True) if stage.number not in failed]
    files = [(stage, content) for stage, content in files if stage.number not in failed]
    _renumber(read)
    for stage, content in files:
        result.warnings += content.notes
        if stage.lines.read == 0:
            result.warnings.append(f"{stage.file.name} holds a header and no rows.")
        own = [name for name in stage.lines.names if name.lower() not in REJECT_COLUMNS]
        result.warnings += stage.source.remarks(stage.file.name, own)
    stages = [stage for stage, _ in files]
    result.warnings += add_content_ids(workspace, stages, parts=options.parts, overlap=options.overlap)
    return read, unreadable


def _still_waiting(con: duckdb.DuckDBPyConnection, load_id: int, file: str) -> str:
    """Return a sentence about rows of an earlier load of the file that still wait, or an empty text."""
    sql = "SELECT coalesce(sum(rows), 0)::BIGINT FROM main.waiting WHERE load_id = ? AND file = ?"
    rows = int(con.execute(sql, [load_id, file]).fetchall()[0][0])
    what = "1 row of it still waits" if rows == 1 else f"{rows:,} rows of it still wait"
    return f" {what} for exchange rates: regulars rejects --waiting." if rows else ""


def _write(
    context: _Context,
    validation: Validation,
    stages: list[tuple[Stage, str]],
    unreadable: Mapping[str, str],
    result: LoadResult,
) -> None:
    con, settings, options = context.workspace.con, context.settings, context.options
    load_id = result.load_id = _last_load(con) + 1
    names = sorted({stage.full_name for stage, _ in stages})
    con.execute(
        "INSERT INTO main.loads VALUES (?, ?, ?, ?, ?, ?, NULL)",
        [load_id, context.now, context.command, ", ".join(names), options.replace, options.covers_until],
    )
    context.progress.start("storing", len(stages) + len(validation.rows))
    refused: dict[str, str] = {}
    own: set[str] = set()
    counts = count_records(validation, load_id, [stage for stage, _ in stages])
    for (stage, _), (count, blank) in zip(stages, counts, strict=True):
        result.files[stage.file.name] = count
        accepted = count.used + count.waiting
        # With --strict, files with rejected rows are listed together with unreadable files.
        strictly = bool(options.strict and unreadable and count.rejected)
        if strictly or is_refused(read=count.read, blank=blank, accepted=accepted, rejected=count.rejected):
            reasons = rejects.summary(con, load_id=load_id, file=stage.file.name)
            refused[stage.file.name] = refusal_text(stage.file.name, count.read, count.rejected, reasons)
            rejected_elsewhere = validation.workspace.count(
                f"{validation.rejected_elsewhere} WHERE file = {stage.number}"
            )
            if is_refused(
                read=count.read,
                blank=blank,
                accepted=accepted + rejected_elsewhere,
                rejected=count.rejected - rejected_elsewhere,
            ):
                own.add(stage.file.name)
        context.progress.advance()
    store_counts(con, load_id, stages, counts)
    rejected = sum(count.rejected for count in result.files.values())
    if rejected and options.strict and not unreadable:
        raise LoadRefused(
            f"{rejected:,} {'row' if rejected == 1 else 'rows'} would be rejected, and --strict allows none.",
            _first_reasons(con, load_id),
        )
    if options.accept_rejects and not options.strict:
        refused = {}
    if refused or unreadable:
        raise FilesRefused(unreadable, refused, frozenset(own))
    waiting = sum(count.waiting for count in result.files.values())
    if (rejected or waiting) and options.replace:
        result.warnings.append(
            f"{rejected:,} rows were rejected and {waiting:,} wait; with --replace their earlier versions are deleted too."
        )
    filled = {
        name: {s.full_name for s, _ in stages for plan in s.plans if plan.table.name == name}
        for name in validation.rows
    }
    for name, rows in validation.rows.items():
        before = context.workspace.count(f"main.{name}") if options.replace else 0
        sources = filled[name] if options.replace else ()
        done = sum(merge(con, BY_NAME[name], load_id, rows, sources, context.changes).values(), TableCount())
        if options.replace and (removed := before + done.inserted - context.workspace.count(f"main.{name}")):
            rows_are = "1 row that the files do not contain was", f"{removed:,} rows that the files do not contain were"
            result.warnings.append(f"{name}: {rows_are[removed > 1]} deleted.")
        if done != TableCount():
            result.tables[name] = done
        context.progress.advance()
    if options.covers_until is not None:
        result.warnings += cover(con, load_id, filled, options.covers_until, settings.timezone)
    result.warnings += store_waiting(validation, load_id, settings)
    result.released, released = use_complete(validation, settings, context.changes)
    result.warnings += released
    define_identities(con, settings)
    for warn in CHECKS:
        result.warnings += warn(validation, settings)
    missing_rates.require_rates(con, settings)
    for check, full_name in {(stage.source.check, stage.full_name): None for stage, _ in stages}:
        if check is not None:
            result.warnings += check(con, full_name)


def _first_reasons(con: duckdb.DuckDBPyConnection, load_id: int) -> str:
    return "; ".join(
        f"{reason} ({count:,}, {example})" for reason, count, example in rejects.summary(con, load_id=load_id)[:3]
    )
