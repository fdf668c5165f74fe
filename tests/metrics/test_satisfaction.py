"""The net promoter score of shops drawn at random, against plain Python: last answers, scales, splits, filters."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from metrics.shops import shop
from metrics.test_splits_and_filters import numbers
from regulars.metrics.catalogue import named
from regulars.metrics.query import Query
from regulars.metrics.run_query import run_query

START = datetime(2024, 2, 1, 12)
SCALES = ((0, 10), (1, 10), (1, 5), (1, 7))
Answer = dict[str, Any]


def drawn(seed: int, count: int = 400) -> list[Answer]:
    """Answers of 60 customers and of nobody, to two surveys, on several scales, some turned around, some without a score."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        low, high = chance.choice(SCALES)
        found.append(
            {
                "answer_id": f"a{number}",
                "survey": chance.choice(("yearly", "parcel")),
                "kind": chance.choice(("nps", "nps", "csat")),
                "score": chance.choice((None, *range(low, high + 1))),
                "scale_low": low,
                "scale_high": high,
                "high_is": chance.choice(("good", "good", "bad")),
                "customer_id": chance.choice((None, *(f"c{one}" for one in range(60)))),
                # By the minute, so that many answers of one customer share an instant: ties go to the higher id.
                "answered_at": START + timedelta(days=chance.randrange(60), minutes=chance.randrange(2)),
            }
        )
    return found


def points(one: Answer) -> int | None:
    if one["kind"] != "nps" or one["score"] is None:
        return None
    score = one["score"]
    if one["high_is"] == "bad":
        score = one["scale_high"] - (score - one["scale_low"])
    match one["scale_low"], one["scale_high"]:
        case ((0 | 1), 10):
            return 100 if score in (9, 10) else -100 if score < 7 else 0
        case 1, 5:
            return 100 if score == 5 else -100 if score < 4 else 0
    return None


def expected(answers: Iterable[Answer]) -> float | None:
    """Of each customer the last answer that has points; of nobody each."""
    last: dict[str, tuple[datetime, str, int]] = {}
    found = []
    for one in answers:
        value = points(one)
        if value is None:
            continue
        if one["customer_id"] is None:
            found.append(value)
            continue
        now = (one["answered_at"], one["answer_id"], value)
        last[one["customer_id"]] = max(now, last.get(one["customer_id"], now))
    found += [value for *_, value in last.values()]
    return sum(found) / len(found) if found else None


def of_month(answers: Iterable[Answer], month: str) -> list[Answer]:
    return [one for one in answers if f"{one['answered_at']:%Y-%m}" == month]


@pytest.mark.parametrize("seed", range(3))
def test_the_score_is_that_of_plain_python(seed: int) -> None:
    answers = drawn(seed)
    made = shop(answers=answers)
    for month in ("2024-02", "2024-03"):
        mine = of_month(answers, month)
        assert numbers(made, "net_promoter_score", month) == {"": pytest.approx(expected(mine))}
        by_survey: dict[str, list[Answer]] = defaultdict(list)
        by_scale: dict[str, list[Answer]] = defaultdict(list)
        for one in mine:
            by_survey[one["survey"]].append(one)
            by_scale[f"{one['scale_low']}-{one['scale_high']}"].append(one)
        for split, groups in (("survey", by_survey), ("scale", by_scale)):
            found = {k: v for k, v in numbers(made, "net_promoter_score", month, (split,)).items() if v is not None}
            assert found == pytest.approx({k: v for k, rows in groups.items() if (v := expected(rows)) is not None})
        assert numbers(made, "net_promoter_score", month, (), ("survey=yearly",)) == {
            "": pytest.approx(expected(by_survey["yearly"]))
        }


def test_it_stays_within_its_bounds_and_counts_whoever_answered() -> None:
    everybody = [
        {"answer_id": f"a{n}", "survey": "s", "kind": "nps", "score": 10 if n else 0, "scale_low": 0, "scale_high": 10,
         "high_is": "good", "answered_at": START + timedelta(hours=n)}
        for n in range(300)
    ]  # fmt: skip
    facts = shop(answers=everybody).facts
    (value,) = run_query(Query((named("net_promoter_score"),), (facts.calendar.parse("2024-02"),)), facts)
    assert (value.value, value.n) == (pytest.approx(100 * 298 / 300), 300)
    assert -100 <= value.low <= value.value <= value.high <= 100


def test_anonymous_answers_are_enough_for_a_verdict() -> None:
    """300 answers a month, of nobody known: from two in three promoters to two in three detractors."""
    answers = [
        {"answer_id": f"{month}-{n}", "survey": "s", "kind": "nps", "score": good if n % 3 else bad, "scale_low": 0,
         "scale_high": 10, "high_is": "good", "answered_at": datetime(2024, month, 1 + n % 28, 12)}
        for month, good, bad in ((2, 10, 0), (3, 0, 10)) for n in range(300)
    ]  # fmt: skip
    facts = shop(
        answers=[*answers, {**answers[0], "answer_id": "last", "answered_at": datetime(2024, 3, 31, 12)}]
    ).facts
    question = Query((named("net_promoter_score"),), (facts.calendar.parse("2024-03"),), compare=True)
    (value,) = run_query(question, facts)
    assert value.change is not None
    assert value.change.verdict == "real"
    assert value.change.difference == pytest.approx(value.value - 100 / 3)


def test_an_answer_of_nobody_known_is_that_of_whom_its_invitation_asked() -> None:
    asked = {"invitation_id": "i1", "survey": "s", "customer_id": "ana", "sent_at": START, "channel": "mail"}
    common = {"survey": "s", "kind": "nps", "scale_low": 0, "scale_high": 10, "high_is": "good"}
    made = shop(
        invitations=[asked],
        answers=[
            {**common, "answer_id": "1", "customer_id": "ana", "score": 0, "answered_at": START},
            {**common, "answer_id": "2", "invitation_id": "i1", "score": 10, "answered_at": START + timedelta(days=1)},
        ],
    )
    assert numbers(made, "net_promoter_score", "2024-02") == {"": 100}
