"""Customer satisfaction from surveys."""

from __future__ import annotations

from regulars.metrics.deferred import _
from regulars.metrics.examples import Example
from regulars.metrics.measures import fact_of, within
from regulars.metrics.shapes import Length, Metric, Nature, Ratio
from regulars.vocabulary.units import Better, Unit
from regulars.warehouse.fact_table import PERSON
from regulars.warehouse.facts import answers

ANSWERS = fact_of(answers.ANSWERS)
_SCORED = _.promoter_points.notnull()

SATISFACTION: tuple[Metric, ...] = (
    Ratio(
        name="net_promoter_score",
        title="Net promoter score",
        question="How many more customers would recommend us than warn of us?",
        formula="100 × (promoters − detractors) / customers, by each customer's last answer in the period",
        fact=ANSWERS,
        of=_.promoter_points,
        where=_SCORED,
        latest=PERSON,
        customers=within(ANSWERS, 1, _SCORED, latest=PERSON),
        group="net_promoter_score",
        nature=Nature.FLOW,
        length=Length.NONE,
        unit=Unit.NPS,
        better=Better.HIGHER,
        caveat="Promoters gave 9 or 10 of 10, detractors 6 or less; of 5, which is no standard scale, 5 and at most 3: --split"
        " scale shows them apart. Anonymous answers count one by one. Values by survey, stage, aspect or scale overlap, and do"
        " not add up.",
        example=Example(
            rows={
                "answers": (
                    {"customer_id": "ana", "answered_at": "2024-03-02", "score": 2},
                    {"customer_id": "ana", "answered_at": "2024-03-20", "score": 9},
                    {"customer_id": "ben", "answered_at": "2024-03-05", "score": 7},
                    {"answered_at": "2024-03-05", "score": 10},
                    {"answered_at": "2024-03-06", "score": 3},
                )
            },
            value=25,
        ),
    ),
)
