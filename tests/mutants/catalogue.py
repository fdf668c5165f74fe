"""The deliberate faults, by the folder of the source that they are in."""

from __future__ import annotations

from mutants.running import Mutant

_STATES = ("tests/metrics/test_states.py",)
_INTERVALS = ("tests/metrics/test_intervals.py",)
_MONEY = ("tests/metrics/test_money_of_orders.py", "tests/warehouse/facts")
_LOG = ("tests/warehouse/test_log.py",)
_DISK = (
    "tests/warehouse/test_disk.py::test_each_thing_is_on_disk_before_what_names_it",
    "tests/warehouse/test_disk.py::test_a_version_that_is_not_what_was_written_is_not_published",
    "tests/warehouse/test_disk.py::test_after_a_power_cut_at_any_step_the_shop_opens",
)

MUTANTS: tuple[Mutant, ...] = (
    # vocabulary
    Mutant(
        "the fiscal year starts a month late",
        "vocabulary/calendar.py",
        "if day.month >= self.fiscal_year_start else",
        "if day.month > self.fiscal_year_start else",
        ("tests/vocabulary/test_calendar.py",),
    ),
    Mutant(
        "a week is named by its first day's year",
        "vocabulary/calendar.py",
        "(start + timedelta(days=3)).isocalendar()",
        "start.isocalendar()",
        ("tests/vocabulary/test_calendar.py",),
    ),
    Mutant(
        "amounts are rounded half up",
        "vocabulary/money.py",
        "rounding=ROUND_HALF_EVEN",
        'rounding="ROUND_HALF_UP"',
        ("tests/vocabulary/test_money.py",),
    ),
    # warehouse: versions
    Mutant(
        "a published version is not synced",
        "warehouse/versions/folder.py",
        "        _sync(built)\n",
        "        pass\n",
        _DISK,
    ),
    Mutant(
        "the pointer is not synced before it replaces",
        "warehouse/versions/folder.py",
        "        _sync(file)\n",
        "        pass\n",
        _DISK,
    ),
    Mutant(
        "the name of a version is not synced before the pointer names it",
        "warehouse/versions/folder.py",
        "        built.rename(self.file(number))\n        _sync(self.path)\n",
        "        built.rename(self.file(number))\n",
        _DISK,
    ),
    Mutant(
        "a new version is published unchecked",
        "warehouse/versions/folder.py",
        "        check(self.file(number), number)\n",
        "        pass\n",
        _DISK,
    ),
    Mutant(
        "a new version's blocks are not read before it is published",
        "warehouse/versions/verify.py",
        "if damaged := damaged_block(file):",
        'if damaged := "":',
        _DISK,
    ),
    Mutant(
        "connections reach what lies outside",
        "warehouse/versions/connection.py",
        '"enable_external_access": False',
        '"enable_external_access": True',
        ("tests/warehouse/test_connection.py",),
    ),
    Mutant(
        "the digest of the log forgets the rows' content",
        "warehouse/integrity.py",
        "bit_xor(hash({columns})) AS digest",
        "bit_xor(hash(load_id)) AS digest",
        ("tests/cli/test_checking.py",),
    ),
    # warehouse: facts
    Mutant(
        "the local day begins a second late",
        "warehouse/facts/days.py",
        "ibis.cases((local >= _DAY, 1)",
        "ibis.cases((local > _DAY, 1)",
        ("tests/warehouse/facts",),
    ),
    Mutant(
        "a rate of eight days ago is taken",
        "warehouse/rates.py",
        "MOST_DAYS = 7",
        "MOST_DAYS = 8",
        ("tests/warehouse/load/test_rejecting.py", "tests/warehouse/facts"),
    ),
    Mutant(
        "refunds are added to net revenue",
        "warehouse/facts/orders.py",
        "net = (rows.net_before_refunds - rows.refunds)",
        "net = (rows.net_before_refunds + rows.refunds)",
        _MONEY,
    ),
    Mutant(
        "profit forgets the goods that came back",
        "warehouse/facts/orders.py",
        "- rows.goods_cost + back_cost - sending",
        "- rows.goods_cost - sending",
        _MONEY,
    ),
    Mutant(
        "payment fees are no cost",
        "warehouse/facts/orders.py",
        "- sending - fees)",
        "- sending)",
        _MONEY,
    ),
    Mutant(
        "an order's first line is its dearest",
        "warehouse/facts/orders.py",
        "[lines.amount.desc(), lines.line_id.asc()]",
        "[lines.line_id.asc()]",
        ("tests/warehouse/facts/test_order_money.py",),
    ),
    Mutant(
        "the third order counts as the second",
        "warehouse/facts/gaps.py",
        "return smaller(number, ibis.literal(3))",
        "return smaller(number, ibis.literal(2))",
        (*_STATES, "tests/warehouse/facts"),
    ),
    # warehouse: log
    Mutant(
        "of equal times the earlier load wins",
        "warehouse/log.py",
        "DESC NULLS LAST, load_id DESC) = 1)",
        "DESC NULLS LAST, load_id) = 1)",
        _LOG,
    ),
    Mutant(
        "a replaced source's older rows come back",
        "warehouse/log.py",
        "WHERE r.load_id >= coalesce(p.since, 0)",
        "WHERE r.load_id >= 0",
        _LOG,
    ),
    Mutant(
        "undo leaves the rejects of its load",
        "warehouse/log.py",
        'con.execute("DELETE FROM main.rejects WHERE load_id = ?", [load_id])',
        "pass",
        (*_LOG, "tests/cli/test_loading.py"),
    ),
    # metrics
    Mutant(
        "the active window is one day short",
        "metrics/compute/sets.py",
        "np.arange(moment - scope.active_window, moment)",
        "np.arange(moment - scope.active_window + 1, moment)",
        _STATES,
    ),
    Mutant(
        "the return window matures a day early",
        "metrics/query.py",
        "times.beyond + facts.return_window - 1 <=",
        "times.beyond + facts.return_window - 2 <=",
        ("tests/metrics/test_maturity.py",),
    ),
    Mutant(
        "the return window matures a day late",
        "metrics/query.py",
        "times.beyond + facts.return_window - 1 <=",
        "times.beyond + facts.return_window <=",
        ("tests/metrics/test_maturity.py",),
    ),
    Mutant(
        "churn matures a day early",
        "metrics/query.py",
        "times.first - active_window >= epoch_day(covered[0])",
        "times.first - active_window + 1 >= epoch_day(covered[0])",
        ("tests/metrics/test_maturity.py",),
    ),
    Mutant(
        "the jackknife forgets its factor",
        "metrics/compute/intervals.py",
        "np.sqrt((count - 1) / count * squares)",
        "np.sqrt(squares)",
        _INTERVALS,
    ),
    Mutant(
        "the jackknife has a degree of freedom too many",
        "metrics/compute/intervals.py",
        "bounds(LEVEL, np.maximum(count - 1, 1))",
        "bounds(LEVEL, np.maximum(count, 1))",
        _INTERVALS,
    ),
    Mutant(
        "Wilson's interval lacks its shift",
        "metrics/compute/intervals.py",
        "middle = share + _Z**2 / (2 * trials)",
        "middle = share",
        _INTERVALS,
    ),
    Mutant(
        "every p value stands alone",
        "metrics/compute/intervals.py",
        "limits = rate * np.arange(1, len(order) + 1) / max(len(order), 1)",
        "limits = rate * np.ones(len(order))",
        _INTERVALS,
    ),
    Mutant(
        "few customers are judged",
        "metrics/compare.py",
        "FEWEST = 30",
        "FEWEST = 0",
        ("tests/metrics/test_compare.py",),
    ),
    Mutant(
        "a change is real without its interval",
        "metrics/compare.py",
        "one.verdict[mine & ((one.low > 0) | (one.high < 0))] = _REAL",
        "one.verdict[mine] = _REAL",
        ("tests/metrics/test_compare.py",),
    ),
    # forecast
    Mutant(
        "who never came back may have left",
        "forecast/models/bg_nbd.py",
        "        return x\n\n    def likelihood",
        "        return x + 1\n\n    def likelihood",
        ("tests/forecast/test_reference.py", "tests/forecast/test_predictions.py"),
    ),
    Mutant(
        "a customer's rate forgets the purchases",
        "forecast/models/bg_nbd.py",
        "return BetaGeometric(r + x, alpha + T,",
        "return BetaGeometric(r, alpha + T,",
        ("tests/forecast/test_reference.py", "tests/forecast/test_predictions.py"),
    ),
)
"""What must be caught."""
