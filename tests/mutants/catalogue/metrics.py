"""Deliberate faults in metrics/ and forecast/."""

from __future__ import annotations

from mutants.running import Mutant

MUTANTS: tuple[Mutant, ...] = (
    # metrics
    Mutant(
        "the active window is one day short",
        "metrics/compute/from_rows.py",
        "np.arange(moment - scope.active_window, moment)",
        "np.arange(moment - scope.active_window + 1, moment)",
        ("tests/metrics/test_states.py::test_a_customer_is_active_for_the_whole_window",),
    ),
    Mutant(
        "the return window matures a day early",
        "metrics/run_query.py",
        "times.beyond + after - 1 <=",
        "times.beyond + after - 2 <=",
        ("tests/metrics/test_maturity.py",),
    ),
    Mutant(
        "the return window matures a day late",
        "metrics/run_query.py",
        "times.beyond + after - 1 <=",
        "times.beyond + after <=",
        ("tests/metrics/test_maturity.py",),
    ),
    Mutant(
        "churn matures a day early",
        "metrics/run_query.py",
        "times.first - before >= first",
        "times.first - before + 1 >= first",
        ("tests/metrics/test_maturity.py",),
    ),
    Mutant(
        "the jackknife forgets its factor",
        "metrics/inference/intervals.py",
        "np.sqrt((count - 1) / count * squares)",
        "np.sqrt(squares)",
        ("tests/metrics/test_intervals.py::test_32_buckets_use_students_t_with_31_degrees_of_freedom",),
    ),
    Mutant(
        "the jackknife has a degree of freedom too many",
        "metrics/inference/intervals.py",
        "bounds(LEVEL, np.maximum(count - 1, 1))",
        "bounds(LEVEL, np.maximum(count, 1))",
        ("tests/metrics/test_intervals.py::test_32_buckets_use_students_t_with_31_degrees_of_freedom",),
    ),
    Mutant(
        "the interval of a quantile is put about the share of ties",
        "metrics/inference/intervals.py",
        "np.maximum(q - (share - low), 0)",
        "np.maximum(low, 0)",
        (
            "tests/metrics/test_quantiles.py::test_the_interval_lies_about_the_quantile_and_not_about_the_share_of_rows_up_to_it",
        ),
    ),
    Mutant(
        "money is estimated on the plain scale",
        "vocabulary/units.py",
        "_ON_LOG_SCALE = frozenset((Unit.MONEY, Unit.DAYS, Unit.SECONDS))",
        "_ON_LOG_SCALE = frozenset((Unit.DAYS, Unit.SECONDS))",
        (
            "tests/metrics/test_intervals.py::test_intervals_of_money_never_reach_below_zero_where_the_value_is_positive",
        ),
    ),
    Mutant(
        "an interval leaves the bounds of its unit",
        "metrics/compute/estimates.py",
        "np.minimum(np.maximum(low, least), value)",
        "np.minimum(low, value)",
        ("tests/metrics/test_intervals.py::test_the_interval_of_a_bounded_unit_stays_inside_its_bounds",),
    ),
    Mutant(
        "spend alone is asked for its unknown share",
        "metrics/compute/estimates.py",
        "whole += values.sum(axis=1)",
        "whole = values.sum(axis=1)",
        ("tests/metrics/test_unknown.py::test_a_fifth_is_of_the_whole_numerator_not_of_the_spend_in_it",),
    ),
    Mutant(
        "Wilson's interval lacks its shift",
        "metrics/inference/intervals.py",
        "middle = share + _Z**2 / (2 * trials)",
        "middle = share",
        ("tests/metrics/test_intervals.py::test_wilson_as_published",),
    ),
    Mutant(
        "every p value stands alone",
        "metrics/verdicts/decide.py",
        "passed = ordered <= rate * rank / np.maximum(family, 1)",
        "passed = ordered <= rate",
        ("tests/metrics/verdicts/test_multiple_tests.py::test_each_comparison_is_a_family_of_its_own",),
    ),
    Mutant(
        "few customers are judged",
        "metrics/verdicts/evidence.py",
        "FEWEST = 30",
        "FEWEST = 0",
        ("tests/metrics/test_compare.py::test_under_30_customers_are_too_few",),
    ),
    Mutant(
        "a change is real without its interval",
        "metrics/verdicts/decide.py",
        "apart = (verdict == _NOISE) & standing & evidence.away",
        "apart = (verdict == _NOISE) & standing",
        ("tests/metrics/verdicts/test_decide.py::test_a_member_is_real_only_by_its_own_interval",),
    ),
    Mutant(
        "a group counts its most certain member alone",
        "metrics/verdicts/decide.py",
        "scaled = ordered * members / np.arange(1, p.shape[-1] + 1)",
        "scaled = ordered / np.arange(1, p.shape[-1] + 1)",
        ("tests/metrics/verdicts/test_multiple_tests.py::test_simes_is_the_least_of_m_p_over_rank",),
    ),
    Mutant(
        "the season is taken for news",
        "metrics/verdicts/noise.py",
        "usual, factor, season_known = means[season], 1 + 1 / len(alike), True",
        "usual, factor, season_known = 0.0, 1 + 1 / len(alike), True",
        (
            "tests/metrics/verdicts/test_noise.py::test_from_two_years_on_a_change_is_measured_against_those_of_its_month",
        ),
    ),
    Mutant(
        "a marked event is taken for usual",
        "metrics/verdicts/history.py",
        "return not touched and bool(",
        "return bool(",
        ("tests/metrics/verdicts/test_one_verdict.py::test_a_december_like_those_before_is_as_usual",),
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
