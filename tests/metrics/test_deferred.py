"""Deferred expressions are read, and mean, what Ibis's own do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ibis
import pytest

from regulars.metrics.catalogue import CATALOGUE, SHOWN_BESIDE
from regulars.metrics.deferred import Deferred, _
from regulars.metrics.measures import ORDERS, Measure
from regulars.metrics.query import over_lines
from regulars.metrics.shapes import Grid, LargestShare, Quantile

EXPRESSIONS: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda _: 1 - (_.a + 2) * -_.b,
    "right": lambda _: 2 * (3 + _.a),
    "comparison": lambda _: ((_.a < 2) | (_.b >= _.a)) & ~(_.a == 3),
    "order": lambda _: (_.a <= 1) & (_.a != _.b) & (_.b > 0),
    "calls": lambda _: (_.a + _.b).nullif(3).fill_null(_.a),
    "named": lambda _: _.a.clip(lower=2, upper=_.b),
    "items": lambda _: _["a"].cast("string").length(),
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_an_expression_reads_and_counts_like_ibis_own(expression: Callable[[Any], Any]) -> None:
    rows = ibis.memtable({"a": [1, 2, 3], "b": [3, 1, 3]})
    own, ibis_own = expression(_), expression(ibis._)
    assert repr(own) == repr(ibis_own)
    found = rows.select(own=own.resolve(rows), ibis_own=ibis_own.resolve(rows)).to_pyarrow()
    assert found["own"].to_pylist() == found["ibis_own"].to_pylist()


def expressions() -> Iterator[Deferred]:
    """All that the catalogue declares."""
    for metric in (*CATALOGUE, *SHOWN_BESIDE, *filter(None, map(over_lines, CATALOGUE))):
        measures: list[Measure | Quantile | LargestShare] = [metric.cell] if isinstance(metric, Grid) else []
        measures += [metric] if isinstance(metric, Quantile | LargestShare) else []
        for amount in filter(
            None, (metric.numerator, metric.denominator, metric.rows, metric.sample_size, metric.omitted_rows)
        ):
            measures += [term.measure for term in amount.terms]
        for one in measures:
            yield from (value for value in (one.of, one.where) if isinstance(value, Deferred))


def test_every_expression_of_the_catalogue_reads_like_ibis_own() -> None:
    found = list(expressions())
    assert len(found) > 50
    assert [repr(one.resolve(ibis._)) for one in found] == [repr(one) for one in found]


@pytest.mark.parametrize("declared", [{"of": ibis._.units}, {"where": ibis._.units > 1}], ids=["of", "where"])
def test_a_measure_takes_no_other_expressions(declared: dict[str, Any]) -> None:
    """A condition of another library would be taken for none."""
    with pytest.raises(TypeError, match=r"import _ from regulars\.metrics\.deferred"):
        Measure(ORDERS, **declared)


def test_an_expression_is_neither_true_nor_a_list() -> None:
    with pytest.raises(TypeError, match="write &"):
        bool(_.a > 1)
    with pytest.raises(TypeError, match="iterated"):
        list(_.a)
