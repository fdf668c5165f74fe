"""Seasons in plain words: which months count most and least, and why they are used or not."""

from __future__ import annotations

from regulars.cli.forecasts.seasons import in_words, sheet

FACTORS = [0.9, 0.72, 0.95, 1.0, 1.0, 1.0, 0.8, 1.0, 1.0, 1.05, 1.3, 1.82]


def seasons(**changes: object) -> dict[str, object]:
    return {"factors": FACTORS, "taken": True, "gain": 0.00961, "error": 0.00108, "periods": 3} | changes


def test_the_months_that_count_most_and_least_are_named():
    (said,) = in_words(seasons())
    assert said == (
        "The shop's own seasons are part of it: December counts 1.8 times, November counts 1.3 times, July counts 0.8 times,"
        " February counts 0.7 times as much as an average month."
    )
    assert in_words(seasons(factors=[1.01] * 12)) == [
        "The shop's own seasons are part of it; all months count nearly alike."
    ]


def test_nothing_is_said_where_no_season_is_part_of_it():
    assert in_words(None) == [] == in_words(seasons(taken=False))


def test_the_report_has_all_twelve_and_says_why():
    found = sheet(seasons())
    assert [row[0] for row in found.rows][:2] == ["January", "February"] and found.rows[11] == ["December", "1.82"]
    assert found.notes == [
        "They are used: in the backtest, the 3 periods with two years of data before gained +0.00961 in log score per customer"
        " (standard error 0.00108)."
    ]
    (why,) = sheet(seasons(taken=False, gain=-0.0001, error=0.0002, periods=1)).notes
    assert why.startswith("They are not used: in the backtest, the period with") and "not enough to be sure" in why
    (why,) = sheet(seasons(taken=False, gain=0.0, error=0.0, periods=0)).notes
    assert why.startswith("They are not used: no backtest period")


def test_less_than_two_years_tell_no_season():
    found = sheet(None)
    assert not found.rows and found.notes == ["Seasons are not known: two years of data are needed before they show."]
