"""Every declared fact, derived by difference, equals the same fact derived from nothing, whatever its tables hold.

Rows are drawn from the declarations of the tables alone (declared_rows.py). No fact can be declared without being tested here.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from properties import few
from regulars.vocabulary.shop import Settings
from regulars.warehouse.derive.statements import GROUPS, SOURCE_TABLES, statements
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts import FACT_TABLES
from warehouse.declared_rows import happen, history
from warehouse.test_difference import Shop


@pytest.mark.parametrize("fact", FACT_TABLES, ids=lambda fact: fact.name)
@settings(max_examples=few(2), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_fact_by_difference_is_the_fact_from_nothing(fact: FactTable, data: st.DataObject) -> None:
    shop = Shop()
    happen(shop, data.draw(history(fact)))
    shop.check()
    for entity in fact.entities:
        known = f'FROM facts.{fact.name} WHERE "{entity}" IS NOT NULL'
        in_several = f'SELECT "{entity}" {known} GROUP BY ALL HAVING count(DISTINCT bucket) > 1'
        assert shop.con.execute(in_several).fetchall() == [], f"rows of one {entity} lie in several buckets"


READING = [
    name
    for name, facts in GROUPS.items()
    if {read.table for fact in facts for read in fact.reads} - SOURCE_TABLES[name]
]


@pytest.mark.parametrize("group", READING)
def test_facts_read_no_table_that_they_do_not_declare(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they would stay as they are when that table is loaded."""
    monkeypatch.setitem(GROUPS, group, tuple(replace(fact, reads=()) for fact in GROUPS[group]))
    settings_ = Settings(
        name="Shop", currency="NOK", timezone="Europe/Oslo"
    )  # of no other test: statements are remembered
    with pytest.raises(KeyError, match="Declare it: Read"):
        statements(settings_, group)
