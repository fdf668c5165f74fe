"""The peers' metrics by pandas, written as somebody who knows it well would: one sort, flags by row, one pass of sums."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.measuring import Place, Stopwatch
from bench.peers.answers import UNKNOWN, WINDOW, Answers, Key, assemble, so_far

NAME = "pandas"
FILE = "peers.parquet"
NEVER = np.iinfo(np.int32).max // 2
"""Stands for the day of an order that does not exist, far after all others; its negative, far before."""


def from_parquet(place: Place, watch: Stopwatch) -> None:
    """Read the file, find each order's place in its customer's history, and sum: a script that is run."""
    for _ in watch.runs():
        with watch.timing():
            found = answers(*derive(read(place)))
    place.write_answers(NAME, found)


def in_memory(place: Place, watch: Stopwatch) -> None:
    """The sums alone: every column they need was derived before and is held in memory."""
    orders, people = derive(read(place))
    answers(orders, people)
    for _ in watch.runs():
        with watch.timing():
            found = answers(orders, people)
    place.write_answers(f"{NAME}_in_memory", found)


def read(place: Place) -> pd.DataFrame:
    """The orders, guests included, oldest first."""
    return pd.read_parquet(place.scratch(FILE), columns=["person", "day", "country", "net_revenue"])


def derive(orders: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All orders with their month, and those of known customers with what their neighbours tell."""
    country = orders["country"].fillna(UNKNOWN).astype("category")
    day = pd.to_datetime(orders["day"]).to_numpy().astype("datetime64[D]").astype(np.int64).astype(np.int32)
    orders = orders.assign(country=country, day=day, guest=orders["person"].isna())
    earliest = int(day.min())
    # By day, from two windows before the first one to two behind the last: looking up is faster than computing.
    calendar = np.arange(earliest, int(day.max()) + 2 * WINDOW).astype("datetime64[D]")
    month_of = (calendar.astype("datetime64[M]").astype(np.int64) + 1970 * 12).astype(np.int32)
    orders["month"] = month_of[day - earliest]

    people = orders[~orders["guest"]].sort_values("person", kind="stable", ignore_index=True)
    person, day, month = (people[name].to_numpy() for name in ("person", "day", "month"))
    first = np.ones(len(people), dtype=bool)
    first[1:] = person[1:] != person[:-1]
    row = np.arange(len(people))
    start = np.maximum.accumulate(np.where(first, row, 0))
    number = row - start + 1
    before = np.where(first, -NEVER, np.roll(day, 1))
    before_month = np.where(first, -NEVER, np.roll(month, 1))
    second_before_month = np.where(number < 3, -NEVER, np.roll(month, 2))
    last = np.append(first[1:], True)
    following = np.where(last, NEVER, np.roll(day, -1))
    new_day = before < day
    days = np.cumsum(new_day)
    first_in_month = before_month < month
    again_in_month = before_month == month
    derived = pd.DataFrame(
        {
            "month": month,
            "first_month": month[start],
            "first_country": people["country"].take(start).reset_index(drop=True),
            "first": first,
            "first_in_month": first_in_month,
            "second_in_month": again_in_month & (second_before_month < month),
            "returning": ((number > 1) & first_in_month) | ((number == 2) & again_in_month),
            "returning_by_today": first_in_month & ((number > 1) | ~last),
            "second": number == 2,
            "second_day": new_day & (days - days[start] == 1),
            "gap": np.where(new_day & ~first, day - before, np.nan),
            "gone": month_of[np.minimum(following, day + WINDOW) - earliest],
            "expires": month_of[day + WINDOW - earliest],
            "next_month": np.where(last, NEVER, np.roll(month, -1)),
            "net_revenue": people["net_revenue"],
        }
    )
    return orders, derived


def answers(orders: pd.DataFrame, people: pd.DataFrame) -> Answers:
    """All metrics that peers are asked for."""
    placed = orders.groupby(["month", "country"], observed=True).agg(
        orders=("guest", "size"), net_revenue=("net_revenue", "sum"), guest_orders=("guest", "sum")
    )
    grouped = people.groupby(["month", "first_country"], observed=True)
    flags = ["first", "first_in_month", "second_in_month", "returning", "returning_by_today", "second", "second_day"]
    sums = grouped[[*flags, "gap", "net_revenue"]].sum()
    amounts = _cells(placed) | _cells(
        sums.rename(
            columns={
                "first": "new",
                "first_in_month": "buyers",
                "second_in_month": "twice",
                "gap": "gap_sum",
                "net_revenue": "customer_revenue",
            }
        )
    )
    amounts["customer_orders"] = _cell(grouped.size())
    amounts["gap_count"] = _cell(grouped["gap"].count())
    amounts["gap_median"] = _cell(grouped["gap"].median().dropna())
    amounts["gap_p90"] = _cell(grouped["gap"].quantile(0.9).dropna())
    stays = people.loc[people["gone"] > people["month"], ["month", "gone", "first_country"]]
    joined = _cell(stays.groupby(["month", "first_country"], observed=True).size())
    left = _cell(stays.groupby(["gone", "first_country"], observed=True).size())
    lost = people[(people["expires"] > people["month"]) & (people["next_month"] > people["expires"])]
    amounts["lost"] = _cell(lost.groupby(["expires", "first_country"], observed=True).size())
    months = list(range(int(orders["month"].min()), int(orders["month"].max()) + 1))
    cells = joined.keys() | left.keys()
    # Whoever ordered in a month is a customer at its end, until the month of `gone` is over.
    change = {cell: joined.get(cell, 0) - left.get(cell, 0) for cell in cells}
    amounts["end"] = so_far(change, months)
    amounts["start"] = {(month + 1, country): n for (month, country), n in amounts["end"].items()}
    amounts["customers_so_far"] = so_far(amounts["new"], months)
    amounts["repeated_so_far"] = so_far(amounts.pop("second"), months)
    amounts["repeated_by_days_so_far"] = so_far(amounts.pop("second_day"), months)
    amounts["customer_revenue_so_far"] = so_far(amounts["customer_revenue"], months)
    grid = people[people["first_in_month"]].groupby(["first_month", "month"]).size()
    return assemble(amounts, months, _by_age(grid))


def _cells(sums: pd.DataFrame) -> dict[str, dict[Key, float]]:
    return {name: _cell(sums[name]) for name in sums.columns}


def _cell(sums: pd.Series) -> dict[Key, float]:
    return {(int(month), str(country)): float(n) for month, country, n in sums.reset_index().itertuples(index=False)}


def _by_age(sums: pd.Series) -> dict[tuple[int, int], float]:
    return {(int(unit), int(month - unit)): float(n) for unit, month, n in sums.reset_index().itertuples(index=False)}
