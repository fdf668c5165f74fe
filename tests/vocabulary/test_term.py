"""How often a subscription renews, as it is written and read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from regulars.vocabulary.errors import ShopError
from regulars.vocabulary.settings.term import Term
from regulars.vocabulary.shop import SETTINGS_FILE, Settings, Shop


@pytest.mark.parametrize(
    ("written", "term", "read"),
    [
        ("month", Term(months=1), "every month"),
        (" Every Month ", Term(months=1), "every month"),
        ("4 weeks", Term(days=28), "every 4 weeks"),
        ("week", Term(days=7), "every week"),
        ("30 days", Term(days=30), "every 30 days"),
        ("every 2 months", Term(months=2), "every 2 months"),
        ("quarter", Term(months=3), "every 3 months"),
        ("year", Term(months=12), "every year"),
        ("24 months", Term(months=24), "every 2 years"),
    ],
)
def test_a_term_is_read_as_people_write_it(written: str, term: Term, read: str):
    assert Term.parse(written) == term
    assert str(term) == read
    assert Term.parse(read) == term


@pytest.mark.parametrize(
    "written", ["", "monthly", "0 days", "1.5 months", "-1 week", "1000 days", 30, None, "daysmonth"]
)
def test_what_is_no_term_is_refused(written: object):
    with pytest.raises(ValueError, match="no time after which"):
        Term.parse(written)


def with_setting(folder: Path, line: str) -> Settings:
    file = Shop.create(folder, currency="GBP", timezone="Europe/London").folder / SETTINGS_FILE
    file.write_text(f"{line}\n{file.read_text()}")
    return Shop.open(folder).settings


def test_subscriptions_renew_every_month_where_nothing_is_said(tmp_path: Path):
    settings = Shop.create(tmp_path, currency="GBP", timezone="Europe/London").settings
    assert settings.subscriptions_renew.of("any") == settings.subscriptions_renew.of(None) == Term(months=1)


def test_one_term_is_that_of_all_plans(tmp_path: Path):
    settings = with_setting(tmp_path, 'subscriptions_renew = "2 weeks"')
    assert settings.subscriptions_renew.of("any") == settings.subscriptions_renew.of(None) == Term(days=14)


def test_each_plan_has_its_own_term_and_all_others_a_month(tmp_path: Path):
    settings = with_setting(tmp_path, 'subscriptions_renew = { yearly = "year", "Veg box" = "week" }')
    terms = settings.subscriptions_renew
    assert [terms.of(plan) for plan in ("yearly", "Veg box", "other", None)] == [
        Term(months=12), Term(days=7), Term(months=1), Term(months=1),
    ]  # fmt: skip
    assert Settings.read(json.loads(settings.that_matter), "JSON") == settings


@pytest.mark.parametrize("line", ['subscriptions_renew = "often"', 'subscriptions_renew = { a = "often" }'])
def test_nonsense_is_named(tmp_path: Path, line: str):
    with pytest.raises(ShopError, match="subscriptions_renew: 'often' is no time after which a subscription renews"):
        with_setting(tmp_path, line)
