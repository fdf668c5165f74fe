"""The peers' metrics by polars, written as somebody who knows it well would: one sort, flags by row, one pass of sums."""

from __future__ import annotations

import polars as pl

from bench.measuring import Place, Stopwatch
from bench.peers.answers import UNKNOWN, WINDOW, Answers, Key, assemble, so_far

NAME = "polars"
FILE = "peers.parquet"


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


def read(place: Place) -> pl.DataFrame:
    """The orders, guests included, oldest first."""
    return pl.read_parquet(place.scratch(FILE))


def _month(day: pl.Expr) -> pl.Expr:
    return day.dt.year() * 12 + day.dt.month().cast(pl.Int32) - 1


def derive(orders: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All orders with their month, and those of known customers with what their neighbours tell."""
    day, country = pl.col("day"), pl.col("country")
    orders = orders.with_columns(month=_month(day), country=country.fill_null(UNKNOWN).cast(pl.Categorical))
    people = orders.filter(pl.col("person").is_not_null()).sort("person", maintain_order=True)
    first = (pl.col("person") != pl.col("person").shift(1)).fill_null(value=True)
    people = people.with_columns(first=first, row=pl.int_range(pl.len()))
    starts = pl.when("first").then("row").forward_fill()
    people = people.with_columns(
        start=starts,
        before=pl.when(~pl.col("first")).then(day.shift(1)),
        next=pl.when(~pl.col("first").shift(-1, fill_value=True)).then(day.shift(-1)),
    )
    people = people.with_columns(
        number=pl.col("row") - pl.col("start") + 1,
        second_before=pl.when(pl.col("row") - pl.col("start") >= 2).then(day.shift(2)),
        new_day=pl.col("before").is_null() | (pl.col("before") < day),
        first_country=pl.col("country").gather(pl.col("start")),
        first_month=pl.col("month").gather(pl.col("start")),
    )
    days = pl.col("new_day").cast(pl.Int32).cum_sum()
    expires = day + pl.duration(days=WINDOW)
    month, before = pl.col("month"), _month(pl.col("before"))
    first_in_month = before.is_null() | (before < month)
    second_in_month = (before == month) & (pl.col("number").eq(2) | (_month(pl.col("second_before")) < month))
    came_back = pl.col("number") > 1
    return orders, people.select(
        "month", "first_month", "first_country", "first", "net_revenue",
        first_in_month=first_in_month,
        second_in_month=second_in_month.fill_null(value=False),
        returning=(came_back & first_in_month) | (pl.col("number").eq(2) & (before == month).fill_null(value=False)),
        returning_by_today=first_in_month & (came_back | pl.col("next").is_not_null()),
        second=pl.col("number").eq(2),
        second_day=pl.col("new_day") & (days - days.gather(pl.col("start")) == 1),
        gap=pl.when("new_day").then((day - pl.col("before")).dt.total_days()),
        gone=_month(pl.min_horizontal(pl.col("next"), expires)),
        expires=_month(expires),
        next_month=_month(pl.col("next")),
    )  # fmt: skip


def answers(orders: pl.DataFrame, people: pl.DataFrame) -> Answers:
    """All metrics that peers are asked for."""
    placed = orders.group_by("month", "country").agg(
        orders=pl.len(), net_revenue=pl.col("net_revenue").sum(), guest_orders=pl.col("person").is_null().sum()
    )
    sums = people.group_by("month", "first_country").agg(
        new=pl.col("first").sum(),
        buyers=pl.col("first_in_month").sum(),
        twice=pl.col("second_in_month").sum(),
        returning=pl.col("returning").sum(),
        returning_by_today=pl.col("returning_by_today").sum(),
        second=pl.col("second").sum(),
        second_day=pl.col("second_day").sum(),
        gap_sum=pl.col("gap").sum(),
        gap_count=pl.col("gap").count(),
        gap_median=pl.col("gap").median(),
        gap_p90=pl.col("gap").quantile(0.9, "linear"),
        customer_orders=pl.len(),
        customer_revenue=pl.col("net_revenue").sum(),
    )
    stays = people.filter(pl.col("gone") > pl.col("month"))
    comes = stays.group_by(pl.col("month") + 1, "first_country").agg(number=pl.len())
    goes = stays.group_by(pl.col("gone") + 1, "first_country").agg(number=pl.len())
    gone_for_good = (pl.col("next_month") > pl.col("expires")).fill_null(value=True)
    lost = people.filter((pl.col("expires") > pl.col("month")) & gone_for_good)
    grid = people.group_by("first_month", pl.col("month") - pl.col("first_month")).agg(
        number=pl.col("first_in_month").sum()
    )
    amounts = _cells(placed) | _cells(sums)
    amounts["lost"] = _cells(lost.group_by("expires", "first_country").agg(number=pl.len()))["number"]
    months = list(range(orders["month"].min(), orders["month"].max() + 1))
    joined, left = _cells(comes)["number"], _cells(goes)["number"]
    change = {cell: joined.get(cell, 0) - left.get(cell, 0) for cell in joined.keys() | left.keys()}
    amounts["start"] = so_far(change, months)
    amounts["end"] = {
        (month - 1, country): n for (month, country), n in so_far(change, [*months, months[-1] + 1]).items()
    }
    amounts["customers_so_far"] = so_far(amounts["new"], months)
    amounts["repeated_so_far"] = so_far(amounts.pop("second"), months)
    amounts["repeated_by_days_so_far"] = so_far(amounts.pop("second_day"), months)
    amounts["customer_revenue_so_far"] = so_far(amounts["customer_revenue"], months)
    return assemble(amounts, months, {(month, age): n for month, age, n in grid.iter_rows()})


def _cells(sums: pl.DataFrame) -> dict[str, dict[Key, float]]:
    """The first two columns are month and country, each further one an amount."""
    cells = list(zip(sums.to_series(0), sums.to_series(1).cast(pl.String), strict=True))
    return {
        name: {cell: n for cell, n in zip(cells, sums[name], strict=True) if n is not None} for name in sums.columns[2:]
    }
