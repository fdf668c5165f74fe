"""Which lines are rejected, and why: what cannot be read or breaks a rule, what stands twice, and the rest of its order.

One bad line rejects its whole order: every line with the same order_id in every file of the load from the same source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from regulars.load import evaluate
from regulars.load.mapping import Block
from regulars.load.parse import quoted, shown
from regulars.load.rows.direct import direct_rows
from regulars.load.rows.order_units import guessed_units, units_of
from regulars.load.stage import MOST_TOGETHER, Plan, Stage, failures
from regulars.load.workspace import Workspace, identifier
from regulars.warehouse.schema import Table
from regulars.warehouse.tables import BY_NAME

Completions = Sequence["Callable[[Validation], None]"]
_CURE = "in a mapping, group_by makes one row of several lines, and content() gives lines an id"


@dataclass
class Validation:
    """The load so far: its files, the evaluated rows of each table, and what is rejected."""

    workspace: Workspace
    stages: list[Stage]
    rows: dict[str, str] = field(default_factory=dict)
    """SQL of each canonical table's rows: a temporary table, or a query over those that were made as files were read."""
    queried: set[str] = field(default_factory=set)
    """Canonical tables whose `rows` are a query."""
    rejected: str = ""
    """Table (file, line, unit)."""
    reasons: str = ""
    """Table (file, line, reason)."""
    spoilt: str = ""
    """Table (file, line): lines that are rejected only because another file of the load holds a bad line of their order."""
    repeats: str = ""
    """Table (file, line): lines that say once more what others have said. They make no rows, and are used."""
    waiting: str = ""
    """Table (file, line, source, order_id, reason): lines of orders that wait for an exchange rate."""
    waiting_rows: dict[str, str] = field(default_factory=dict)
    """The temporary table of each canonical table's rows that wait."""
    renamed: str = ""
    """Table (source, file, name, key): orders whose rows have another order_id (`key`) than their lines say (`name`)."""
    with_rejected: set[int] = field(default_factory=set)
    """Numbers of the files that have lines in `rejected`: to ask for each file would be slow for thousands of them."""
    with_repeats: set[int] = field(default_factory=set)
    with_waiting: set[int] = field(default_factory=set)
    identity_values: str = ""  # the table of `checks.unusable.identity_values`, once it is made
    warnings: list[str] = field(default_factory=list)
    """What the owner should know about rows that load."""

    def table_of(self, name: str) -> str:
        """The temporary table of a canonical table's rows, to change them: what is a query in `rows` becomes a table."""
        if name in self.queried:
            table = self.workspace.table(f"rows_{name}")
            self.workspace.con.execute(f"CREATE TEMP TABLE {table} AS FROM {self.rows[name]}")
            self.queried.remove(name)
            self.rows[name] = table
        return self.rows[name]

    def parse_lines(self) -> None:
        """Parse lines left until now where some are rejected or wait: a transaction gives other numbers to rows of its tables."""
        for stage in self.stages:
            if stage.number in self.with_rejected | self.with_waiting:
                stage.parse_now()

    def lines(self, stage: Stage) -> str:
        """SQL: the parsed lines of a file that are not empty, not rejected and no repeats."""
        rows = f'(SELECT * FROM {stage.rows()} WHERE NOT "@empty")'
        for table, files in ((self.rejected, self.with_rejected), (self.repeats, self.with_repeats)):
            if stage.number in files:
                gone = f'(SELECT line AS "@line" FROM {table} WHERE file = {stage.number})'
                rows = f'(SELECT * FROM {rows} ANTI JOIN {gone} USING ("@line"))'
        return rows


def validate(workspace: Workspace, stages: list[Stage], completions: Completions = ()) -> Validation:
    """Evaluate all files, reject what must be rejected, and leave only good rows, one of each key and source.

    `completions` change good rows by what is stored, while those of every file are there.
    """
    found, con = Validation(workspace, stages), workspace.con
    found.rejected, found.reasons, found.repeats, found.spoilt = (workspace.table("judged") for _ in range(4))
    more = {found.rejected: ", unit VARCHAR", found.reasons: ", reason VARCHAR", found.repeats: "", found.spoilt: ""}
    for name, column in more.items():
        con.execute(f"CREATE TEMP TABLE {name} (file INTEGER, line BIGINT{column})")
    evaluated = _rows_of_files(found)
    none_lost = workspace.table("lost")
    con.execute(f"CREATE TEMP TABLE {none_lost} (line BIGINT, columns VARCHAR[], reasons VARCHAR[])")
    lost = {stage.number: _reject_unreadable(found, stage) if stage.some_bad else none_lost for stage in stages}
    _reject_whole_orders(found)
    if sum(_take_once(found, stage, stage.source.block) for stage in stages if stage.source.block is not None):
        _reject_whole_orders(found)
    for alike in _evaluated_together([stage for stage in stages if not stage.direct]):
        lines = [found.lines(stage) for stage in alike]
        for index, plan in enumerate(alike[0].plans):
            evaluate.insert(workspace, alike, index, evaluated[plan.table.name], lines)
    _remove(found, [stage for stage in stages if stage.direct])
    while _reject_wrong(found, lost) + _reject_duplicates(found):
        _reject_whole_orders(found)
        _remove(found, stages)
    for complete in completions:
        complete(found)
    for name, rows in found.rows.items():
        assert not workspace.count(f'{rows} WHERE "@wrong"'), f"a row of {name} is wrong without a reason"
        _keep_latest_file(found, BY_NAME[name])
    return found


def _rows_of_files(found: Validation) -> dict[str, str]:
    """Set `found.rows`. Returns the empty tables, of each canonical table, for the rows of files that are still to be evaluated."""
    empty: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    for stage in found.stages:
        for plan in stage.plans:
            name = plan.table.name
            if stage.direct:
                parts.setdefault(name, []).append(direct_rows(stage))
                found.queried.add(name)
            elif name not in empty:
                empty[name] = evaluate.create(found.workspace, plan.table)
                parts.setdefault(name, []).append(empty[name])
    for name, each in parts.items():
        found.rows[name] = each[0] if len(each) == 1 else f"({' UNION ALL '.join(f'FROM {part}' for part in each)})"
    return empty


def _evaluated_together(stages: list[Stage]) -> list[list[Stage]]:
    """The files in groups of the same columns and mappings; one alone where a row may come from several of its lines."""
    groups: dict[object, list[Stage]] = {}
    for stage in stages:
        alike: object = stage.number
        if all(plan.by_line for plan in stage.plans):
            alike = (id(stage.plans), stage.full_name, stage.zone, stage.locale, tuple(stage.kinds.items()))
        groups.setdefault(alike, []).append(stage)
    return [
        group[start : start + MOST_TOGETHER]
        for group in groups.values()
        for start in range(0, len(group), MOST_TOGETHER)
    ]


def _reject(found: Validation, sql: str) -> int:
    """Reject the lines of `sql` (file, line, reason). Returns how many were not rejected before."""
    con = found.workspace.con
    con.execute(f"INSERT INTO {found.reasons} SELECT DISTINCT file, line, reason FROM ({sql})")
    con.execute(
        f"INSERT INTO {found.rejected} SELECT DISTINCT file, line, NULL FROM {found.reasons}"
        f" ANTI JOIN {found.rejected} USING (file, line)"
    )
    if count := int(con.fetchall()[0][0]):
        found.with_rejected = found.workspace.files(found.rejected)
    return count


def _reject_unreadable(found: Validation, stage: Stage) -> str:
    """Reject lines with fields that cannot be read, unless every mapping leaves the line out anyway.

    Returns a table (line, columns): which columns of which line are lost.
    """
    workspace, number, lost = found.workspace, stage.number, found.workspace.table("lost")
    workspace.timezone(stage.zone)
    workspace.con.execute(f"CREATE TEMP TABLE {lost} AS FROM {failures(workspace, stage)}")
    # A mapping may leave a line out for reasons that have nothing to do with the field that cannot be read.
    takes = " OR ".join(f"({evaluate.chosen(plan)} OR {_where_is_lost(plan)})" for plan in stage.plans) or "false"
    _reject(
        found,
        f"SELECT {number} AS file, line, unnest(reasons) AS reason FROM"
        f' (SELECT f.line, f.reasons FROM {stage.rows()} l JOIN {lost} f ON f.line = l."@line" WHERE {takes})',
    )
    for index in range(len(stage.plans)):
        some = f'SELECT line AS "@line" FROM {found.rejected} WHERE file = {number}'
        lines = evaluate.whole_groups(stage.plans[index], stage.rows(), some)
        more = evaluate.reasons(workspace, stage, index, lines, lost)
        _reject(
            found,
            f'SELECT {number} AS file, "@line" AS line, unnest(reasons) AS reason FROM ({more})'
            f' SEMI JOIN ({some}) USING ("@line")',
        )
    return lost


def _take_once(found: Validation, stage: Stage, block: Block) -> int:
    """An order that stands twice in a file (two exports in one): equal blocks are taken once, others rejected."""
    workspace, number = found.workspace, stage.number
    workspace.timezone(stage.zone)
    rows = found.lines(stage)
    twice = f"SELECT {block.of} AS unit FROM {rows} WHERE {block.starts} GROUP BY unit HAVING count(*) > 1"
    if not workspace.count(f"({twice})"):
        return 0
    lines, blocks = workspace.table("block_lines"), workspace.table("blocks")
    content = ", ".join(f"f{i} := {identifier(name)}" for i, name in enumerate(stage.kinds))
    workspace.con.execute(
        f'CREATE TEMP TABLE {lines} AS SELECT "@line" AS line, unit, struct_pack({content}) AS content,'
        f' count(*) FILTER ({block.starts}) OVER (PARTITION BY unit ORDER BY "@line") AS nth'
        f" FROM {rows} JOIN ({twice}) t ON t.unit = {block.of}"
    )
    workspace.con.execute(
        f"CREATE TEMP TABLE {blocks} AS SELECT unit, nth, min(line) AS first, list(content ORDER BY line) AS content"
        f" FROM {lines} GROUP BY unit, nth"
    )
    unlike = (
        f"SELECT unit, list_sort(list(first)) AS places FROM {blocks} GROUP BY unit HAVING count(DISTINCT content) > 1"
    )
    workspace.con.execute(
        f"INSERT INTO {found.repeats} SELECT {number}, line FROM {lines} ANTI JOIN ({unlike}) USING (unit) WHERE nth > 1"
    )
    found.with_repeats = workspace.files(found.repeats)
    where = quoted(" stands twice in the file and not alike (from lines ")
    return _reject(
        found,
        f"SELECT {number} AS file, line, 'order ' || {shown('unit')} || {where} || array_to_string(places[:5], ', ')"
        f" || '); keep one of the two' AS reason FROM {lines} JOIN ({unlike}) USING (unit)",
    )


def _where_is_lost(plan: Plan) -> str:
    if plan.where is None:
        return "true"
    names = ", ".join(quoted(name) for name in sorted(plan.where.names))
    return f"list_has_any(f.columns, [{names}]::VARCHAR[])"


def _reject_wrong(found: Validation, lost: Mapping[int, str]) -> int:
    """Reject the lines behind rows that break the declaration."""
    workspace = found.workspace
    some = {name for name, rows in found.rows.items() if workspace.count(f'{rows} WHERE "@wrong"')}
    reasons = workspace.table("wrong")
    workspace.con.execute(f"CREATE TEMP TABLE {reasons} (file INTEGER, line BIGINT, reason VARCHAR)")
    for stage in found.stages:
        for index, plan in enumerate(stage.plans):
            if plan.table.name not in some:
                continue
            wrong = f'{found.rows[plan.table.name]} WHERE "@wrong" AND "@file" = {stage.number} AND "@plan" = {index}'
            if not workspace.count(wrong):
                continue
            lines = evaluate.whole_groups(plan, found.lines(stage), f'SELECT "@line" FROM {wrong}')
            why = evaluate.reasons(workspace, stage, index, lines, lost[stage.number])
            workspace.con.execute(f'INSERT INTO {reasons} SELECT {stage.number}, "@line", unnest(reasons) FROM ({why})')
    # All at once: a line that one mapping rejects still hears what another has to say.
    return _reject(found, f"FROM {reasons}")


def _reject_rows(found: Validation, sql: str) -> int:
    """Reject all lines behind rows: `sql` gives (`@file`, `@plan`, `@line`, reason)."""
    doomed = found.workspace.table("doomed")
    found.workspace.con.execute(f"CREATE TEMP TABLE {doomed} AS {sql}")
    count = 0
    for number, index in found.workspace.con.execute(f'SELECT DISTINCT "@file", "@plan" FROM {doomed}').fetchall():
        stage = found.stages[number]
        plan = stage.plans[index]
        here = f'{doomed} WHERE "@file" = {number} AND "@plan" = {index}'
        if not plan.group_by:
            count += _reject(found, f'SELECT "@file" AS file, "@line" AS line, reason FROM {here}')
            continue
        keys = ", ".join(f"({key.sql})" for key in plan.group_by)
        good = f"(SELECT * FROM {found.lines(stage)} WHERE {evaluate.chosen(plan)})"
        groups = f'(SELECT *, min("@line") OVER (PARTITION BY {keys}) AS "@first" FROM {good})'
        count += _reject(
            found,
            f'SELECT {number} AS file, g."@line" AS line, d.reason FROM {groups} g'
            f' JOIN (SELECT * FROM {here}) d ON d."@line" = g."@first"',
        )
    return count


def _reject_duplicates(found: Validation) -> int:
    """The same key twice in one file: equal rows collapse, a strictly newer one wins, else all are rejected."""
    count = 0
    for name, rows in found.rows.items():
        table = BY_NAME[name]
        key = ["source", '"@file"', *(identifier(column) for column in table.key)]
        same = ", ".join(key)
        duplicates = found.workspace.table("duplicates")
        found.workspace.con.execute(
            f'CREATE TEMP TABLE {duplicates} AS SELECT {same} FROM {rows} WHERE NOT "@wrong" GROUP BY {same} HAVING count(*) > 1'
        )
        if not found.workspace.count(duplicates):
            continue
        rows = found.table_of(name)
        among = f"(SELECT rowid AS row, * FROM {rows} SEMI JOIN {duplicates} USING ({same}))"
        content = ", ".join([*key, *(identifier(column.name) for column in evaluate.carried(table)), "zone"])
        place = f'row_number() OVER (PARTITION BY {content} ORDER BY "@line", "@plan")'
        equal = f"SELECT row FROM {among} QUALIFY {place} > 1"
        found.workspace.con.execute(f"DELETE FROM {rows} WHERE rowid IN ({equal})")
        newest = (
            f"SELECT {same}, max(updated_at) AS newest FROM {among} GROUP BY {same}"
            " HAVING count(*) > 1 AND count(*) = count(updated_at) AND max(updated_at, 2)[1] > max(updated_at, 2)[2]"
        )
        older = f"SELECT row FROM {among} JOIN ({newest}) USING ({same}) WHERE updated_at < newest"
        found.workspace.con.execute(f"DELETE FROM {rows} WHERE rowid IN ({older})")
        values = " || ', ' || ".join(f"{identifier(column)}::VARCHAR" for column in table.key)
        title, where = quoted(", ".join(table.key) + " "), quoted(f" stands more than once in {name} (lines ")
        what, cure = f"{title} || {shown(f'({values})')} || {where}", quoted(f"); {_CURE}")
        places = 'list_sort(list("@line" ORDER BY "@line") OVER (PARTITION BY ' + same + "))"
        count += _reject_rows(
            found,
            f'SELECT "@file", "@plan", "@line", {what} || array_to_string({places}[:5], \', \') || {cure} AS reason'
            f" FROM {among} QUALIFY count(*) OVER (PARTITION BY {same}) > 1",
        )
    return count


def _reject_whole_orders(found: Validation) -> None:
    """Reject the other lines of every order that has a rejected line."""
    workspace = found.workspace
    if not found.with_rejected and not any(stage.lines.broken for stage in found.stages):
        return
    units = workspace.table("units")
    parts = [
        f"SELECT {quoted(stage.full_name)} AS source, {stage.number} AS file, {quoted(stage.file.name)} AS name,"
        f" line, unit, {guessed} AS guessed FROM ({sql})"
        for stage in found.stages
        for guessed, orders in (("false", units_of(stage)), ("true", guessed_units(stage)))
        for sql in orders
    ]
    if not parts:
        return
    workspace.con.execute(
        f"CREATE TEMP TABLE {units} AS SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)}) WHERE unit IS NOT NULL"
    )
    while True:
        first = (
            "SELECT u.source, u.unit, arg_min(u.name || ' line ' || u.line, (u.file, u.line)) AS because,"
            f" list(DISTINCT u.file) AS files FROM {units} u LEFT JOIN {found.rejected} r ON r.file = u.file AND r.line = u.line"
            " WHERE u.guessed OR r.line IS NOT NULL GROUP BY ALL"
        )
        others = (
            f"(SELECT * FROM {units} u ANTI JOIN {found.rejected} r ON r.file = u.file AND r.line = u.line"
            " WHERE NOT u.guessed)"
        )
        doomed = workspace.table("spread")
        workspace.con.execute(
            f"CREATE TEMP TABLE {doomed} AS SELECT o.file, o.line, NOT list_contains(b.files, o.file) AS spoilt,"
            f" 'order ' || {shown('o.unit')} || ' has a rejected line: ' || {shown('b.because')} AS reason"
            f" FROM {others} o JOIN ({first}) b USING (source, unit)"
        )
        workspace.con.execute(
            f"INSERT INTO {found.spoilt} SELECT file, line FROM {doomed} GROUP BY ALL HAVING bool_and(spoilt)"
        )
        if not _reject(found, f"SELECT file, line, reason FROM {doomed}"):
            break
    workspace.con.execute(
        f"UPDATE {found.rejected} AS r SET unit = u.unit FROM (SELECT file, line, min(unit) AS unit FROM {units} GROUP BY ALL) u"
        " WHERE u.file = r.file AND u.line = r.line AND r.unit IS NULL"
    )


def _remove(found: Validation, stages: Sequence[Stage]) -> None:
    """Take the rows of rejected lines away; rows that come from several lines are evaluated again from the good ones."""
    for stage in stages:
        if stage.number not in found.with_rejected:
            continue
        for index, plan in enumerate(stage.plans):
            rows = found.table_of(plan.table.name)
            here = f'"@file" = {stage.number} AND "@plan" = {index}'
            if plan.group_by:
                found.workspace.con.execute(f"DELETE FROM {rows} WHERE {here}")
                evaluate.insert(found.workspace, [stage], index, rows, [found.lines(stage)])
            else:
                gone = f"SELECT line FROM {found.rejected} WHERE file = {stage.number}"
                found.workspace.con.execute(f'DELETE FROM {rows} WHERE {here} AND "@line" IN ({gone})')


def _keep_latest_file(found: Validation, table: Table) -> None:
    """The same key in two files of one load: the newer `updated_at` wins, else the later file. Sets win as a whole."""
    if sum(plan.table is table for stage in found.stages for plan in stage.plans) < 2:
        return
    con, rows = found.workspace.con, found.rows[table.name]
    key = ", ".join(["source", *(identifier(column) for column in table.version_key)])
    contested = f'SELECT {key} FROM {rows} GROUP BY {key} HAVING min("@file") <> max("@file")'
    # An unknown time counts as the newest known one, so that then the later file wins.
    files = f'SELECT {key}, "@file", max(updated_at) AS newest FROM {rows} SEMI JOIN ({contested}) USING ({key}) GROUP BY ALL'
    ranked = f"SELECT *, max(newest) OVER (PARTITION BY {key}) AS known FROM ({files})"
    order = f'(PARTITION BY {key} ORDER BY coalesce(newest, known) DESC NULLS LAST, "@file" DESC)'
    losing = found.workspace.table("losing")
    con.execute(
        f'CREATE TEMP TABLE {losing} AS SELECT {key}, "@file", first_value("@file") OVER {order} AS winner'
        f" FROM ({ranked}) QUALIFY row_number() OVER {order} > 1"
    )
    replaced = con.execute(
        f'SELECT winner, "@file", count(*) FROM {rows} JOIN {losing} USING ({key}, "@file") GROUP BY ALL ORDER BY ALL'
    ).fetchall()
    for winner, loser, count in replaced:
        new, old = (found.stages[number].file.name for number in (winner, loser))
        what = "1 row" if count == 1 else f"{count:,} rows"
        found.warnings.append(
            f"{table.name}: {what} of {old} {'is' if count == 1 else 'are'} replaced by rows of {new} with the same"
            f" {', '.join(table.version_key)}."
        )
    if replaced:
        rows = found.table_of(table.name)
        con.execute(
            f'DELETE FROM {rows} WHERE rowid IN (SELECT rowid FROM {rows} SEMI JOIN {losing} USING ({key}, "@file"))'
        )
