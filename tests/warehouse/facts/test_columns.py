"""Facts have no column that nobody reads: each costs every load its time, and every version its bytes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import regulars
from regulars.vocabulary.shop import Settings
from regulars.warehouse.derive.statements import statements
from regulars.warehouse.fact_table import FactTable
from regulars.warehouse.facts import FACT_TABLES

SETTINGS = Settings(name="test", currency="GBP", timezone="UTC")
_VALUE, _RETURNS, _REPEAT = (f"metrics/catalogue/{name}.py" for name in ("value", "returned_goods", "repeat_purchases"))
_TIMES, _SERVICE = (f"metrics/catalogue/{name}.py" for name in ("response_times", "requests_and_calls"))
_ACQUISITION = "metrics/catalogue/acquisition.py"
_SPENDING, _HISTORY = "forecast/purchases/monetary_value.py", "warehouse/facts/orders/sequence.py"
READERS = {
    "orders": {
        "gross_revenue": _VALUE, "discounts": _VALUE, "refunds": _VALUE, "covered_revenue": _VALUE, "profit": _VALUE,
        "cost_estimated": _SPENDING, "returned": _RETURNS, "at": _HISTORY,
        "previous_day": _REPEAT, "second_previous_day": _REPEAT, "next_day": _REPEAT, "first_day": "metrics/relations.py",
        **dict.fromkeys(("first_channel", "first_country", "first_coupon", "first_product"), "forecast/purchases/scoring.py"),
    },
    "lines": {"quantity": _RETURNS, "net_revenue": _VALUE},
    "returns": {
        "order_id": "warehouse/derive/incremental_orders.py", "order_day": _RETURNS, "linked": _RETURNS, "quantity": _RETURNS,
        "amount": _VALUE, "cost_back": "warehouse/facts/orders/orders.py",
    },
    "spend": {"amount": "metrics/catalogue/predictions.py"},
    "answers": {"promoter_points": "metrics/catalogue/satisfaction.py"},
    "tickets": {
        **dict.fromkeys(("first_response", "first_resolution", "resolution", "to_solution", "from_first_visit"), _TIMES),
        **dict.fromkeys(("first_response_business", "first_resolution_business", "resolution_business"), _TIMES),
        **dict.fromkeys(("contacts", "resolved", "at_first_contact", "diagnosed_at_first", "closed", "success"), _SERVICE),
        "solutions_offered": _SERVICE,
    },
    "calls": dict.fromkeys(("wait", "called_again", "calls_before", "answered_before", "solved"), _SERVICE),
    "leads": {"became_customer": _ACQUISITION, "qualified": _ACQUISITION},
}  # fmt: skip
"""The columns of each fact that its declaration does not name, and a file that reads them."""


def columns(fact: FactTable) -> set[str]:
    (written,) = (one for one in statements(SETTINGS, fact.group_name) if one.name == fact.name and one.columns)
    return set(re.findall(r'(?:^|, )"?(\w+)"? [A-Z]', written.columns))


@pytest.mark.parametrize("fact", FACT_TABLES, ids=lambda fact: fact.name)
def test_every_column_of_a_fact_is_read(fact: FactTable) -> None:
    shared = [name for names in fact.several.values() for name in names]
    declared = {*fact.key, "day", "bucket", *fact.days.values(), *fact.entities, *fact.sequence, *shared}
    readers = READERS.get(fact.name, {})
    assert columns(fact) - declared - {*fact.splits, *fact.filters} == set(readers)
    for column, file in readers.items():
        source = (Path(regulars.__file__).parent / file).read_text(encoding="utf-8")
        assert re.search(rf"""(?:\.|["' ]){column}\b""", source), f"{file} does not read {fact.name}.{column}"
