"""One load, from files to the log: all or nothing, and every row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Protocol

import duckdb

from regulars.load import rejects
from regulars.load.checks.accounts import FileCount, account, store_counts
from regulars.load.checks.content_ids import add_content_ids
from regulars.load.checks.gift_cards import perhaps_gift_cards
from regulars.load.checks.guests import only_guests
from regulars.load.checks.joining_many import identities_joining_many
from regulars.load.checks.large_amounts import large_amounts
from regulars.load.checks.line_prices import line_prices
from regulars.load.checks.order_totals import order_totals
from regulars.load.checks.overwritten_orders import overwritten_orders
from regulars.load.checks.refusals import FilesRefused, explained, is_refused
from regulars.load.checks.shop_currency import only_foreign_orders
from regulars.load.checks.unusable import unusable_identities
from regulars.load.completion.changed_costs import start_changed_costs
from regulars.load.completion.order_ids import tell_orders_apart
from regulars.load.completion.refund_totals import split_refund_totals
from regulars.load.files import InputFile
from regulars.load.inputs.content import Content, look
from regulars.load.mapping import REJECT_COLUMNS, Source
from regulars.load.parse import Locale
from regulars.load.rows.direct import read_directly
from regulars.load.stage import Plan, Stage, parse_all, planned
from regulars.load.validate import Validation, validate
from regulars.load.waiting import set_waiting, store_waiting, use_complete
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


@dataclass(frozen=True)
class Input:
    """A file, what recognised it, and the account it comes from (empty where the shop has one only)."""

    file: InputFile
    source: Source
    account: str = ""

    @property
    def full_name(self) -> str:
        """The source's name with its account: rows are kept apart by it."""
        return f"{self.source.name}:{self.account}" if self.account else self.source.name


@dataclass(frozen=True)
class LoadOptions:
    """`replace`: the files are all there is of their tables, source by source. `again`: also files loaded before.
    `strict`: refuse the load where anything is rejected. `covers_until`: the last day that the files cover, where the rows
    do not show it. `accept_rejects`: load also files of which many or all rows are rejected. `skip_refused`: leave such files
    and unreadable ones out and load the others; `skip_unreadable`: the latter alone. `parts`: the files are one export cut
    into pieces. `overlap`: rows of two files with equal content ids are the same rows.
    """

    replace: bool = False
    again: bool = False
    strict: bool = False
    covers_until: date | None = None
    accept_rejects: bool = False
    skip_refused: bool = False
    skip_unreadable: bool = False
    parts: bool = False
    overlap: bool = False


@dataclass
class LoadResult:
    """What a load did. `unchanged`: every file was loaded before, so that there is no new load and `load_id` is the last."""

    load_id: int
    files: dict[str, FileCount] = field(default_factory=dict)
    tables: dict[str, TableCount] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unchanged: bool = False
    released: int = 0
    """Rows of earlier loads that waited and are used now."""
    refused: dict[str, str] = field(default_factory=dict)
    """Files that were left out because they cannot be read or too many of their rows are rejected, and why."""
    passed_over: dict[str, str] = field(default_factory=dict)
    """Files that hold no data, and why."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Files that were left out because no source knows them, and why."""
    covered: dict[str, date] = field(default_factory=dict)
    """The last day that each of its tables is covered up to."""

    def leave_out(self, refused: Mapping[str, str]) -> None:
        """Note files that are refused and left out; `refused` maps their names to what is wrong."""
        self.refused |= refused
        self.warnings += [f"Refused and left out: {why}." for why in refused.values()]


class Progress(Protocol):
    """Someone who shows how far a load is."""

    def start(self, step: str, total: int) -> None:
        """A step begins that has `total` parts."""

    def advance(self) -> None:
        """One part is done."""


class Silent:
    """Shows nothing."""

    def start(self, step: str, total: int) -> None: ...

    def advance(self) -> None: ...


SILENT = Silent()

CHECKS: tuple[Callable[[Validation, Settings], list[str]], ...] = (
    unusable_identities,
    identities_joining_many,
    only_guests,
    only_foreign_orders,
    overwritten_orders,
    order_totals,
    line_prices,
    large_amounts,
    perhaps_gift_cards,
)
"""What looks at the rows of a load, once they are stored, after `define_identities` and before the commit. Returns warnings."""

COMPLETIONS: tuple[Callable[[Validation], None], ...] = (tell_orders_apart, split_refund_totals)
"""What changes the rows of a load by what is stored."""


@dataclass(frozen=True)
class _Context:
    """What every step of one load needs."""

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
    options: LoadOptions = LoadOptions(),
    progress: Progress = SILENT,
    changes: Changes | None = None,
    now: datetime | None = None,
    refused: Mapping[str, str] = MappingProxyType({}),
) -> LoadResult:
    """Load files into the warehouse behind `con`, whose schema `log.ensure` has made. `changes` is told what they change.
    `now` is the moment of the load, in UTC without zone (default: the machine's). `refused` are further files that cannot be
    loaded, by name with what is wrong: the load then only judges its files, leaves none out and raises FilesRefused for all.

    Raises UnreadableFile for a single file, MappingError, and LoadRefused where the accounts do not add up, an order would
    lose its exchange rate, a file is refused (checks/refusals.py) or `strict` finds rejects. Nothing is changed then.
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
                result.warnings.append("--covers-until changes nothing without a new file; --again loads these again.")
            return result
        while True:
            try:
                return _store(context, stages, {} if result.refused else unreadable, result)
            except FilesRefused as error:
                # A file refused for another's sake alone gets a second chance without that one.
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
    """Check the rows of the files and store them. Returns `result` with what was done; on an error nothing is stored.

    Raises FilesRefused for `unreadable` files, together with those of too many rejected rows.
    """
    con, progress = context.workspace.con, context.progress
    progress.start("checking", 1)
    completions = COMPLETIONS if context.options.replace else (*COMPLETIONS, start_changed_costs)
    found = validate(context.workspace, [stage for stage, _ in stages], completions)
    set_waiting(found, context.settings)
    found.parse_lines()
    progress.advance()
    result = replace(result, files=dict(result.files), warnings=[*result.warnings, *found.warnings])
    con.execute("BEGIN")
    try:
        _write(context, found, stages, unreadable, result)
        con.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.TransactionException):  # a commit that failed has ended the transaction itself
            con.execute("ROLLBACK")
        raise
    return result


def _last_load(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT coalesce(max(load_id), 0) FROM main.loads").fetchall()[0][0])


def _read(
    context: _Context, inputs: Sequence[Input], result: LoadResult
) -> tuple[list[tuple[Stage, str]], dict[str, UnreadableFile]]:
    """Read and parse every file that was not loaded before.

    Returns each with its digest, and of those that cannot be read what is wrong, by name.
    """
    workspace, options, progress = context.workspace, context.options, context.progress
    files: list[tuple[Stage, Content]] = []
    digests: dict[str, int] = {}
    unreadable: dict[str, UnreadableFile] = {}
    loaded = loaded_before(workspace.con)
    made: dict[str, tuple[Plan, ...]] = {}
    progress.start("reading", len(inputs))
    for given in inputs:
        try:
            content = look(workspace, given.file)
        except UnreadableFile as error:
            unreadable[given.file.name] = error
            progress.advance()
            continue
        digest = content.digest_with(given.source, given.full_name)
        before = loaded.get(digest)
        if before is not None and not (options.again or options.replace or options.parts):
            result.files[given.file.name] = FileCount()
            result.warnings.append(
                f"{given.file.name} was loaded before (load {before}) and changes nothing; --again insists."
                + _still_waiting(workspace.con, before, given.file.name)
            )
        elif digest in digests:
            result.files[given.file.name] = FileCount()
            result.warnings.append(f"{given.file.name} has the same content as another file of this load.")
        else:
            stage = Stage(
                number=len(files),
                file=given.file,
                source=given.source,
                full_name=given.full_name,
                zone=given.source.timezone or context.settings.timezone,
                locale=Locale(given.source.decimal, given.source.date_order),
                now=context.now,
                plans=planned(workspace.con, given.source, made),
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
    """A sentence about the rows of a file loaded before that still wait; empty where there are none."""
    sql = "SELECT coalesce(sum(rows), 0)::BIGINT FROM main.waiting WHERE load_id = ? AND file = ?"
    rows = int(con.execute(sql, [load_id, file]).fetchall()[0][0])
    what = "1 row of it still waits" if rows == 1 else f"{rows:,} rows of it still wait"
    return f" {what} for exchange rates: regulars rejects --waiting." if rows else ""


def _write(
    context: _Context,
    found: Validation,
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
    context.progress.start("storing", len(stages) + len(found.rows))
    refused: dict[str, str] = {}
    own: set[str] = set()
    counts = account(found, load_id, [stage for stage, _ in stages])
    for (stage, _), (count, blank) in zip(stages, counts, strict=True):
        result.files[stage.file.name] = count
        kept = count.used + count.waiting
        # --strict names the files of rejected rows together with those that cannot be read.
        strictly = bool(options.strict and unreadable and count.rejected)
        if strictly or is_refused(read=count.read, blank=blank, kept=kept, rejected=count.rejected):
            reasons = rejects.summary(con, load_id=load_id, file=stage.file.name)
            refused[stage.file.name] = explained(stage.file.name, count.read, count.rejected, reasons)
            spoilt = found.workspace.count(f"{found.spoilt} WHERE file = {stage.number}")
            if is_refused(read=count.read, blank=blank, kept=kept + spoilt, rejected=count.rejected - spoilt):
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
            f"{rejected:,} rows were rejected and {waiting:,} wait; with --replace their earlier versions are gone too."
        )
    filled = {
        name: {s.full_name for s, _ in stages for plan in s.plans if plan.table.name == name} for name in found.rows
    }
    for name, rows in found.rows.items():
        before = context.workspace.count(f"main.{name}") if options.replace else 0
        sources = filled[name] if options.replace else ()
        done = sum(merge(con, BY_NAME[name], load_id, rows, sources, context.changes).values(), TableCount())
        if options.replace and (gone := before + done.inserted - context.workspace.count(f"main.{name}")):
            rows_are = "1 row that the files no longer hold is", f"{gone:,} rows that the files no longer hold are"
            result.warnings.append(f"{name}: {rows_are[gone > 1]} gone.")
        if done != TableCount():
            result.tables[name] = done
        context.progress.advance()
    if options.covers_until is not None:
        result.warnings += cover(con, load_id, filled, options.covers_until, settings.timezone)
    result.warnings += store_waiting(found, load_id, settings)
    result.released, released = use_complete(found, settings, context.changes)
    result.warnings += released
    define_identities(con, settings)
    for warn in CHECKS:
        result.warnings += warn(found, settings)
    missing_rates.require_rates(con, settings)
    for check, full_name in {(stage.source.check, stage.full_name): None for stage, _ in stages}:
        if check is not None:
            result.warnings += check(con, full_name)


def _first_reasons(con: duckdb.DuckDBPyConnection, load_id: int) -> str:
    return "; ".join(
        f"{reason} ({count:,}, {example})" for reason, count, example in rejects.summary(con, load_id=load_id)[:3]
    )
