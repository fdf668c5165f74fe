"""Every declared fact, derived by difference, equals the same fact derived from nothing, whatever its tables hold.

Rows are drawn from the declarations of the tables alone (declared_rows.py). No fact can be declared without being tested here.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from properties import few
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts import FACT_TABLES
from warehouse.declared_rows import happen, history
from warehouse.test_difference import Shop


@pytest.mark.parametrize("fact", FACT_TABLES, ids=lambda fact: fact.name)
@settings(max_examples=few(3), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_fact_by_difference_is_the_fact_from_nothing(fact: FactTable, data: st.DataObject) -> None:
    shop = Shop()
    happen(shop, data.draw(history(fact)))
    shop.check()
