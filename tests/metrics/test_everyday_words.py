"""Metrics are found by the words that owners use."""

from __future__ import annotations

import pytest

from metrics.test_declarations import PLANNED
from regulars.metrics.catalogue import BY_NAME, named
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.synonyms import METRICS, NOT_COMPUTED, also_called


def hint(name: str) -> str:
    with pytest.raises(UsageError) as refused:
        named(name)
    return refused.value.hint


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("churn", "customer_churn_rate"),
        ("Churn Rate", "customer_churn_rate"),
        ("monthly churn", "customer_churn_rate"),
        ("CAC", "lifetime_value_to_acquisition_cost"),
        ("ltv/cac", "lifetime_value_to_acquisition_cost"),
        ("LTV", "customer_lifetime_value"),
        ("clv", "customer_lifetime_value"),
        ("aov", "average_order_value"),
        ("basket size", "average_order_value"),
        ("retention", "customer_retention_rate"),
        ("retention rate", "customer_retention_rate"),
        ("repeat-rate", "repeat_purchase_rate"),
        ("cohort", "cohort_retention_rate"),
        ("return rate", "product_return_rate"),
        ("revenue", "net_revenue"),
        ("net_revenu", "net_revenue"),
        ("customer_churnrate", "customer_churn_rate"),
        ("conversion", "conversion_rate"),
        ("NPS", "net_promoter_score"),
        ("predicted value", "predicted_lifetime_value"),
    ],
)
def test_everyday_words_and_slips_lead_to_the_metric(words: str, first: str):
    assert hint(words).removeprefix("Did you mean ").split(", ")[0].rstrip("?") == first


@pytest.mark.parametrize("words", ["csat", "customer effort", "ROAS", "Cart-abandonment"])
def test_what_is_not_computed_is_said_and_nothing_else_offered(words: str):
    assert "is not among Regulars' metrics" in hint(words)


@pytest.mark.parametrize("words", ["weather", "", " ", "x", "!", "sum"])
def test_words_that_mean_nothing_lead_to_the_list(words: str):
    assert hint(words) == "`regulars metrics --list` shows all."


def test_the_table_names_metrics_that_there_are_and_no_word_twice():
    assert {metric for metrics, _ in METRICS for metric in metrics} <= {*BY_NAME, *PLANNED}
    phrases = [phrase.lower() for _, phrases in METRICS for phrase in phrases]
    phrases += [phrase.lower() for phrases in NOT_COMPUTED.values() for phrase in phrases]
    assert len(set(phrases)) == len(phrases)
    assert also_called("customer_churn_rate") == ("churn", "churn rate", "attrition")
