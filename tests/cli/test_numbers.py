"""Numbers as people read them."""

from __future__ import annotations

import pytest

from regulars.vocabulary import numbers
from regulars.vocabulary.units import Unit


@pytest.mark.parametrize(
    ("value", "unit", "currency", "shown"),
    [
        (0.43333, Unit.SHARE, None, "43.3 %"),
        (-0.0001, Unit.SHARE, None, "0.0 %"),
        (-0.1, Unit.RATE, None, "-10.0 %"),
        (-12.345, Unit.NPS, None, "-12.3"),
        (1234567.5, Unit.MONEY, "GBP", "1,234,567.50 GBP"),
        (1234567.5, Unit.MONEY, "JPY", "1,234,568 JPY"),
        (1.2345, Unit.MONEY, "KWD", "1.234 KWD"),
        (45.657, Unit.DAYS, None, "45.7 days"),
        (12425, Unit.COUNT, None, "12,425"),
        (1.5, Unit.PER_CUSTOMER, None, "1.50"),
        (None, Unit.MONEY, "GBP", "–"),
    ],
)
def test_a_value_in_its_unit(value, unit, currency, shown):
    assert numbers.shown(value, unit, currency) == shown


def test_a_difference_has_its_sign():
    assert numbers.difference(0.016, Unit.SHARE) == "+1.6 points"
    assert numbers.difference(0.016, Unit.RATE) == "+1.6 points"
    assert numbers.difference(-21.02, Unit.MONEY, "GBP") == "-21.02 GBP"
    assert numbers.difference(0, Unit.COUNT) == "0"


def test_programs_get_no_noise():
    assert numbers.exact(0.1 + 0.2) == 0.3
    assert numbers.exact(1065.6000000000001, 2) == 1065.6
    assert repr(numbers.exact(3.0)) == "3"
    assert str(numbers.fixed(120, 2)) == "120.00"
