"""Deliberate faults in what the warehouse derives and keeps: facts, rates, the log."""

from __future__ import annotations

from mutants.running import Mutant

_MONEY = ("tests/metrics/test_money_of_orders.py", "tests/warehouse/facts")
_LOG = ("tests/warehouse/test_log.py", "tests/warehouse/test_log_model.py")

MUTANTS: tuple[Mutant, ...] = (
    # warehouse: facts
    Mutant(
        "the local day begins a second late",
        "warehouse/facts/days.py",
        "ibis.cases((local >= _DAY, 1)",
        "ibis.cases((local > _DAY, 1)",
        ("tests/warehouse/facts/test_days.py::test_days_follow_the_clocks_of_the_zone",),
    ),
    Mutant(
        "a fact that reads orders by person is not derived again when they change",
        "warehouse/derive/incremental_by_key.py",
        "if read.table != fact.table.name and (name := OF_TABLE[read.table].name) in changed_facts:",
        "if read.table == fact.table.name and (name := OF_TABLE[read.table].name) in changed_facts:",
        ("tests/metrics/test_leads.py::test_an_order_after_the_lead_makes_a_customer",),
    ),
    Mutant(
        "a rate of eight days ago is taken",
        "warehouse/missing_rates.py",
        "MOST_DAYS = 7",
        "MOST_DAYS = 8",
        ("tests/load/test_waiting.py::test_foreign_orders_wait_for_a_rate_of_their_day_or_the_week_before",),
    ),
    Mutant(
        "refunds are added to net revenue",
        "warehouse/facts/orders/orders.py",
        "net_revenue = (rows.net_before_refunds - rows.refunds)",
        "net_revenue = (rows.net_before_refunds + rows.refunds)",
        _MONEY,
    ),
    Mutant(
        "profit forgets the goods that came back",
        "warehouse/facts/orders/orders.py",
        "+ cost_of_returns - shipping_cost",
        "- shipping_cost",
        _MONEY,
    ),
    Mutant(
        "payment fees are no cost",
        "warehouse/facts/orders/orders.py",
        "- shipping_cost - payment_fee)",
        "- shipping_cost)",
        ("tests/warehouse/facts/test_order_money.py::test_every_order_comes_to_what_fractions_say",),
    ),
    Mutant(
        "an order's first line is its dearest",
        "warehouse/facts/orders/orders.py",
        "[lines.amount.desc(), lines.line_id.asc()]",
        "[lines.line_id.asc()]",
        ("tests/warehouse/facts/test_order_money.py::test_the_product_of_an_order_is_that_of_its_dearest_line",),
    ),
    Mutant(
        "the third order counts as the second",
        "warehouse/facts/orders/gaps.py",
        "return smaller(number, ibis.literal(3))",
        "return smaller(number, ibis.literal(2))",
        ("tests/warehouse/facts/test_history.py",),
    ),
    # warehouse: log
    Mutant(
        "of equal times the earlier load wins",
        "warehouse/log/current_rows.py",
        "DESC NULLS LAST, load_id DESC) = 1)",
        "DESC NULLS LAST, load_id) = 1)",
        _LOG,
    ),
    Mutant(
        "a replaced source's older rows come back",
        "warehouse/log/current_rows.py",
        "WHERE r.load_id >= coalesce(p.since, 0)",
        "WHERE r.load_id >= 0",
        _LOG,
    ),
    Mutant(
        "undo leaves the rejects of its load",
        "warehouse/log/undo.py",
        'con.execute("DELETE FROM main.rejects WHERE load_id = ?", [load_id])',
        "pass",
        (*_LOG, "tests/cli/test_loading.py"),
    ),
    Mutant(
        "the digest of a file of the log is not compared",
        "warehouse/versions/log_folder.py",
        "path.stat().st_size == file.bytes and digest_of(path) == file.digest",
        "path.stat().st_size == file.bytes",
        ("tests/cli/test_checking.py::test_a_file_of_the_log_that_is_not_whole_is_named_with_the_remedy",),
    ),
    Mutant(
        "merged files forget where the rows of each begin",
        "warehouse/log/compact.py",
        "before += file.rows",
        "before += 0",
        ("tests/warehouse/test_log_model.py::test_current_rows_are_those_that_plain_python_finds",),
    ),
    Mutant(
        "rows behind those of a load that is taken back keep their numbers",
        "warehouse/log/compact.py",
        "THEN {count} ELSE 0 END",
        "THEN 0 ELSE 0 END",
        (
            "tests/warehouse/test_log_model.py::test_many_files_become_one_by_year_and_every_load_in_them_can_be_taken_back",
        ),
    ),
    Mutant(
        "new files of the log are not synced",
        "warehouse/versions/warehouse.py",
        "self._log.seal(listed_now - listed_before)",
        "pass",
        ("tests/warehouse/test_log_on_disk.py::test_after_a_power_cut_at_any_step_every_listed_file_is_there",),
    ),
)
