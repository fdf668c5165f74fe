"""From evidence to verdicts: groups, members, and what is too little to tell."""

from __future__ import annotations

import numpy as np

from regulars.metrics.catalogue import BY_NAME
from regulars.metrics.query_result import VERDICTS, Verdict
from regulars.metrics.verdicts.decide import verdicts
from regulars.metrics.verdicts.evidence import Evidence


def said(p: float, away: bool = True, few: bool = False, chance_only: bool = False) -> Evidence:
    def one(value: object) -> np.ndarray:
        return np.array([[value]])

    nothing = one(np.nan)
    return Evidence(
        nothing,
        nothing,
        nothing,
        nothing,
        one(p),
        one(away),
        one(1),
        one(True),
        one(few),
        one(chance_only),
        one("note"),
    )


def judged(**found: Evidence) -> dict[str, Verdict | None]:
    result = verdicts({BY_NAME[name]: one for name, one in found.items()}, split=False)
    return {metric.name: VERDICTS[one.verdict[0, 0]] for metric, one in result.items()}


def test_a_member_is_real_only_by_its_own_interval() -> None:
    # The group stands by its first member; the other's interval holds 0.
    found = judged(customer_churn_rate=said(0.001), lost_customers=said(0.07, away=False))
    assert found == {"customer_churn_rate": Verdict.REAL, "lost_customers": Verdict.NOISE}


def test_in_a_large_family_a_lone_lucky_change_is_noise() -> None:
    # 0.04 is above 0.1 / 3: among three groups it does not stand.
    found = judged(orders=said(0.04), net_revenue=said(0.5, away=False), active_buyers=said(0.9, away=False))
    assert found["orders"] is Verdict.NOISE
    assert judged(orders=said(0.04))["orders"] is Verdict.REAL


def test_variants_are_one_group_and_do_not_count_twice() -> None:
    """Churn, retention and lost customers say one thing: together with one other group they are a family of two."""
    churn = {name: said(0.045) for name in ("customer_churn_rate", "customer_retention_rate", "lost_customers")}
    found = judged(**churn, orders=said(0.9, away=False))
    assert found["customer_churn_rate"] is Verdict.REAL


def test_what_rests_on_few_customers_is_no_part_of_the_family() -> None:
    found = judged(orders=said(0.06), net_revenue=said(0.9, few=True), active_buyers=said(float("nan")))
    assert found == {"orders": Verdict.REAL, "net_revenue": Verdict.TOO_FEW, "active_buyers": None}


def test_without_a_past_a_change_is_at_most_more_than_chance() -> None:
    assert judged(orders=said(0.001, chance_only=True))["orders"] is Verdict.MORE_THAN_CHANCE


def test_a_change_that_stands_alone_but_not_among_many_says_so() -> None:
    found = {"orders": said(0.04), "net_revenue": said(0.5, away=False), "active_buyers": said(0.9, away=False)}
    result = verdicts({BY_NAME[name]: one for name, one in found.items()}, split=False)
    assert result[BY_NAME["orders"]].notes[0, 0] == "note; among many changes one such is chance"
    assert result[BY_NAME["net_revenue"]].notes[0, 0] == "note"
