"""Deliberate faults in what a load makes of a file's fields and rows."""

from __future__ import annotations

from mutants.running import Mutant

_LOAD = "tests/load"
_NOTHING = "test_nothing_that_can_be_wrong_with_a_row_passes"
_COUNTED = "test_each_of_many_small_files_is_counted_by_its_own_lines"

MUTANTS: tuple[Mutant, ...] = (
    # fields
    Mutant(
        "the year 72 is 2072",
        "load/fields/dates.py",
        "{taken}.y >= '70'",
        "{taken}.y > '72'",
        (f"{_LOAD}/test_parse.py::test_times",),
    ),
    Mutant(
        "twelve at noon is midnight of the next day",
        "load/fields/dates.py",
        "{hour} % 12 + CASE",
        "{hour} + CASE",
        (f"{_LOAD}/test_parse.py::test_times",),
    ),
    Mutant(
        "a text may be extended without limit",
        "load/fields/allowed.py",
        "if not isinstance(value, int) or value > WIDEST:",
        "if not isinstance(value, int):",
        (f"{_LOAD}/test_allowed.py",),
    ),
    Mutant(
        "the apostrophe against formulas stays in a field",
        "load/fields/fragments.py",
        "THEN substr({text}, 2) ELSE",
        "THEN substr({text}, 1) ELSE",
        (f"{_LOAD}/test_parse.py",),
    ),
    Mutant(
        "a quote in a text ends the SQL string",
        "load/fields/fragments.py",
        """text.replace("'", "''")""",
        "text",
        (f"{_LOAD}/test_parse.py",),
    ),
    Mutant(
        "an amount in parentheses is positive",
        "load/parse.py",
        " OR bare LIKE '(%'",
        "",
        (f"{_LOAD}/test_parse.py::test_amounts",),
    ),
    Mutant(
        "a fraction is rounded to a whole number",
        "load/parse.py",
        "CASE WHEN number = trunc(number) THEN TRY_CAST(number AS BIGINT) END",
        "TRY_CAST(number AS BIGINT)",
        (f"{_LOAD}/test_parse.py::test_whole_numbers",),
    ),
    # mappings
    Mutant(
        "under group_by a column is its last value",
        "load/evaluate.py",
        "arg_min({expression.sql}, ",
        "arg_max({expression.sql}, ",
        (f"{_LOAD}/test_mapping.py::test_order_fields_stand_on_the_first_line_only",),
    ),
    Mutant(
        "an amount of exactly the lowest allowed is rejected",
        "load/evaluate.py",
        'f"{name} >= {column.low}"',
        'f"{name} > {column.low}"',
        (f"{_LOAD}/test_plausible.py", f"{_LOAD}/test_rejecting.py"),
    ),
    Mutant(
        "the parameter of a lambda is a column of the file",
        "load/fields/expressions.py",
        " if name not in lambda_parameters)",
        ")",
        (f"{_LOAD}/test_mapping.py::test_the_parameter_of_a_lambda_is_no_column",),
    ),
    Mutant(
        "a window runs over the lines of several files",
        "load/fields/expressions.py",
        'node["class"] == "WINDOW"',
        'node["class"] == "NONE"',
        (f"{_LOAD}/test_mapping.py::test_a_window_runs_over_the_lines_of_its_own_file",),
    ),
    Mutant(
        "one column of several that is there explains those that are not",
        "load/mapping.py",
        "if not any(name.lower() in present for name in columns)",
        "if not all(name.lower() in present for name in columns)",
        ("tests/sources/test_shopify.py::test_a_shop_hears_what_missing_amounts_mean_for_net_revenue",),
    ),
    Mutant(
        "a mapping's types do not change those of its source",
        "load/mapping.py",
        "types=source.types | types",
        "types=types | source.types",
        ("tests/sources/test_mapping_file.py::test_it_may_change_what_a_column_holds",),
    ),
    # what is rejected
    Mutant(
        "a rejected line rejects only lines of its own file",
        "load/validate.py",
        "WHERE u.guessed OR r.line IS NOT NULL GROUP BY ALL",
        "WHERE u.guessed GROUP BY ALL",
        (f"{_LOAD}/test_rejecting.py::test_a_bad_line_rejects_its_whole_order_in_every_file",),
    ),
    Mutant(
        "repeated orders of a file are evaluated twice",
        "load/rows/validation.py",
        "((self.rejected, self.with_rejected), (self.repeats, self.with_repeats))",
        "((self.rejected, self.with_rejected),)",
        ("tests/sources/test_shopify.py::test_the_same_order_twice_in_one_file_is_taken_once",),
    ),
    Mutant(
        "rows of two accounts have one key",
        "load/load_options.py",
        "if self.account else self.source.name",
        "if not self.account else self.source.name",
        ("tests/sources/test_shopify.py::test_a_second_shop_that_numbers_its_orders_alike_is_noticed",),
    ),
    Mutant(
        "of two files the earlier one wins",
        "load/rows/duplicates.py",
        'DESC NULLS LAST, "@file" DESC)',
        'DESC NULLS LAST, "@file")',
        (f"{_LOAD}/test_rejecting.py::test_the_same_key_in_two_files_takes_the_later_file_unless_the_other_is_newer",),
    ),
    Mutant(
        "rejects are exported with their formulas",
        "load/rejects.py",
        "[without_formula(field) for field in fields]",
        "list(fields)",
        ("tests/cli/test_untrusted_text.py::test_exported_rejects_hold_no_formula_and_load_as_they_were",),
    ),
    Mutant(
        "an undone load still counts as loaded before",
        "warehouse/load_history.py",
        "USING (load_id) WHERE undone_at IS NULL",
        "USING (load_id)",
        ("tests/warehouse/test_log.py::test_undo_takes_back_rows_and_rejects_and_the_file_can_be_loaded_again",),
    ),
    Mutant(
        "rates that stored orders need can be taken away",
        "load/run.py",
        "    missing_rates.require_rates(con, settings)\n",
        "",
        (f"{_LOAD}/test_rejecting.py::test_rates_that_stored_orders_need_cannot_be_taken_away",),
    ),
    Mutant(
        "a rejected line is counted as used",
        "load/checks/accounts.py",
        "count(*) FILTER (taken AND NOT waits)",
        "count(*) FILTER (NOT waits)",
        (f"{_LOAD}/test_mapping.py",),
    ),
    # completion
    Mutant(
        "a changed cost without a day holds since ever",
        "load/completion/changed_costs.py",
        "CASE WHEN k.changed THEN {day} ELSE k.since END",
        "k.since",
        (f"{_LOAD}/test_changed_costs.py::test_a_changed_cost_starts_on_the_day_of_its_load_and_is_told",),
    ),
    Mutant(
        "an order takes the number of another one stored before",
        "load/completion/order_ids.py",
        "ON t.source = g.source AND t.name = o.name",
        "ON t.source = g.source AND t.name = o.name AND false",
        (f"{_LOAD}/test_order_ids.py",),
    ),
    Mutant(
        "a renamed order takes its new number",
        "load/completion/order_ids.py",
        "CASE WHEN k.key IS NOT NULL THEN k.key WHEN",
        "CASE WHEN k.key IS NULL THEN k.key WHEN",
        (f"{_LOAD}/test_order_ids.py",),
    ),
    Mutant(
        "what is given back later is dated as what was given back before",
        "load/completion/refund_totals.py",
        "THEN greatest(returned_at, latest) ELSE",
        "THEN returned_at ELSE",
        (f"{_LOAD}/test_refund_totals.py",),
    ),
    Mutant(
        "a refund total counts beside its earlier parts",
        "load/completion/refund_totals.py",
        "coalesce(lag(t.upto) OVER up, 0)",
        "0",
        (f"{_LOAD}/test_refund_totals.py",),
    ),
    # waiting
    Mutant(
        "rates of the load itself do not count",
        "load/rows/waiting.py",
        'if "exchange_rates" in validation.rows:',
        'if "exchange_rates" not in validation.rows and validation.rows.get("exchange_rates"):',
        (f"{_LOAD}/test_waiting.py",),
    ),
    Mutant(
        "rows that are used go on waiting in the counts",
        "load/rows/waiting.py",
        "waiting = f.waiting - d.rows FROM",
        "waiting = f.waiting FROM",
        (f"{_LOAD}/test_waiting.py::test_an_order_waits_with_its_lines_in_every_file_and_returns_with_them",),
    ),
    # rows rejected late
    Mutant(
        "a row that is rejected late is looked up one line further",
        "load/rejects.py",
        'row_number() OVER () - 1 AS "@row"',
        'row_number() OVER () AS "@row"',
        (f"{_LOAD}/test_typed_reading.py::test_a_row_that_is_rejected_late_is_kept_as_it_stood",),
    ),
    Mutant(
        "rows that are rejected late are looked up by another reader",
        "load/read.py",
        'return csv.relation(workspace.table("refused"), workspace.table("refused_scan"))',
        "return csv.relation()",
        (f"{_LOAD}/test_typed_reading.py::test_a_row_that_is_rejected_late_is_kept_as_it_stood",),
    ),
    # plausible days
    Mutant(
        "a row may have been changed in the future",
        "warehouse/schema.py",
        "        nullable=True,\n        past=True,\n",
        "        nullable=True,\n",
        (f"{_LOAD}/test_plausible.py::test_no_row_was_changed_in_the_future",),
    ),
    Mutant(
        "a rate may be of any day",
        "warehouse/tables/costs.py",
        'past=True),\n        Column("currency", Kind.TEXT, "three-letter code", example="GBP"),\n        Column("rate"',
        '),\n        Column("currency", Kind.TEXT, "three-letter code", example="GBP"),\n        Column("rate"',
        (f"{_LOAD}/test_plausible.py::test_a_rate_of_2042_is_rejected",),
    ),
    # files counted together
    Mutant(
        "blank lines of small files are used",
        "load/checks/accounts.py",
        'count(*) - count(*) FILTER ("@empty"), 0,',
        "count(*), 0,",
        (f"{_LOAD}/test_many_files.py::{_COUNTED}",),
    ),
    Mutant(
        "every line of a file whose mappings choose lines is used",
        "load/checks/accounts.py",
        "any(plan.where is None for plan in stage.plans)",
        "True",
        (f"{_LOAD}/test_many_files.py::{_COUNTED}",),
    ),
    Mutant(
        "a file read with others has no line that cannot be read",
        "load/stage.py",
        "stage.some_bad = some_bad and _some_bad(workspace, typed)",
        "stage.some_bad = False",
        (f"{_LOAD}/test_many_files.py::{_COUNTED}",),
    ),
    # rows made as a file is read
    Mutant(
        "a field that cannot be read is an empty one, where rows are made as their file is read",
        "load/rows/direct.py",
        'WHEN "@bad" OR "@empty" THEN',
        'WHEN "@empty" THEN',
        (f"{_LOAD}/test_direct.py::{_NOTHING}[orders]",),
    ),
    Mutant(
        "a row that breaks a rule is made as its file is read",
        "load/rows/direct.py",
        'WHEN "@wrong" OR "@line" IS NOT NULL THEN',
        'WHEN "@line" IS NOT NULL THEN',
        (f"{_LOAD}/test_direct.py::{_NOTHING}[orders]",),
    ),
    Mutant(
        "rows that are made as their file is read are numbered without its header",
        "load/rows/direct.py",
        "rowid + {stage.lines.first} AS",
        "rowid AS",
        (f"{_LOAD}/test_direct.py::test_a_file_ends_as_by_the_careful_way[-a key twice]",),
    ),
    Mutant(
        "lines are no part of their order",
        "load/rows/order_units.py",
        '"orders", "order_lines", "returns"',
        '"orders", "returns"',
        (f"{_LOAD}/test_rejecting.py::test_a_bad_line_rejects_its_whole_order_in_every_file",),
    ),
)
