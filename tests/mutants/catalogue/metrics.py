"""Deliberate faults in metrics/ and forecast/."""

from __future__ import annotations

from mutants.running import Mutant

MUTANTS: tuple[Mutant, ...] = (
    # metrics
    Mutant(
        "the active window is one day short",
        "metrics/compute/sets.py",
        "np.arange(moment - scope.active_window, moment)",
        "np.arange(moment - scope.active_window + 1, moment)",
        ("tests/metrics/test_states.py::test_a_customer_is_active_for_the_whole_window",),
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
        ("tests/metrics/test_intervals.py::test_32_buckets_use_students_t_with_31_degrees_of_freedom",),
    ),
    Mutant(
        "the jackknife has a degree of freedom too many",
        "metrics/compute/intervals.py",
        "bounds(LEVEL, np.maximum(count - 1, 1))",
        "bounds(LEVEL, np.maximum(count, 1))",
        ("tests/metrics/test_intervals.py::test_32_buckets_use_students_t_with_31_degrees_of_freedom",),
    ),
    Mutant(
        "Wilson's interval lacks its shift",
        "metrics/compute/intervals.py",
        "middle = share + _Z**2 / (2 * trials)",
        "middle = share",
        ("tests/metrics/test_intervals.py::test_wilson_as_published",),
    ),
    Mutant(
        "every p value stands alone",
        "metrics/compute/intervals.py",
        "limits = rate * np.arange(1, len(order) + 1) / max(len(order), 1)",
        "limits = rate * np.ones(len(order))",
        ("tests/metrics/test_intervals.py::test_the_false_discovery_rate_of_the_paper",),
    ),
    Mutant(
        "few customers are judged",
        "metrics/compare.py",
        "FEWEST = 30",
        "FEWEST = 0",
        ("tests/metrics/test_compare.py::test_under_30_customers_are_too_few",),
    ),
    Mutant(
        "a change is real without its interval",
        "metrics/compare.py",
        "one.verdict[mine & ((one.low > 0) | (one.high < 0))] = _REAL",
        "one.verdict[mine] = _REAL",
        (
            "tests/metrics/test_compare.py::test_a_change_whose_interval_holds_zero_is_noise_though_its_p_is_below_a_tenth",
        ),
    ),
    # forecast
    Mutant(
        "who never came back may have left",
        "forecast/models/bg_nbd.py",
        "        return x\n\n    def likelihood",
        "        return x + 1\n\n    def likelihood",
        (
            "tests/forecast/test_predictions.py::test_expected_purchases_of_bg_nbd_are_its_equation_10",
            "tests/forecast/test_reference.py::test_fader_and_hardies_sheet_of_bg_nbd",
        ),
    ),
    Mutant(
        "a customer's rate forgets the purchases",
        "forecast/models/bg_nbd.py",
        "return BetaGeometric(r + x, alpha + T,",
        "return BetaGeometric(r, alpha + T,",
        (
            "tests/forecast/test_predictions.py::test_expected_purchases_of_bg_nbd_are_its_equation_10",
            "tests/forecast/test_reference.py::test_fader_and_hardies_sheet_of_bg_nbd",
        ),
    ),
)
