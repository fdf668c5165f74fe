"""Every metric's own example is true."""

from __future__ import annotations

import pytest

from metrics.shops import shop_of_example
from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.query import answer
from regulars.metrics.question import Question
from regulars.metrics.shapes import Metric


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_the_example_of(metric: Metric) -> None:
    example = metric.example
    facts = shop_of_example(example).facts
    period = facts.calendar.parse(example.period)
    values = answer(Question((metric,), (period,), active_window=example.active_window), facts)
    value = next(v for v in values if v.split == example.split)
    assert value.value == (None if example.value is None else pytest.approx(float(example.value), abs=1e-12))
