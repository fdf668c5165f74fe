"""A split with many values: a table shows the largest, and one row of all others, counted together as one set."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from cli.conftest import Command
from regulars.cli import run

CHANNELS = 60
"""Channel 0 has 60 visits and orders, channel 1 one less, and so on."""


def orders() -> list[tuple[str, str, str, float]]:
    """Customer, channel, country and amount; customers order from several channels."""
    return [
        (f"c{(channel + number) % 25}", f"ch{channel:02d}", "DE" if number % 2 else "FR", 1.0 + channel)
        for channel in range(CHANNELS)
        for number in range(CHANNELS - channel)
    ]


def visits() -> list[tuple[str, str]]:
    """Visitor and channel; most visitors came by several channels."""
    return [
        (f"v{number % 40}", f"ch{channel:02d}") for channel in range(CHANNELS) for number in range(CHANNELS - channel)
    ]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    lines = [
        f"{number},{customer},2024-01-{number % 31 + 1:02d} 12:00,GBP,{amount:.2f},{channel},{country}"
        for number, (customer, channel, country, amount) in enumerate(orders())
    ]
    (folder / "orders.csv").write_text(
        "\n".join(["order_id,customer_id,ordered_at,currency,gross,channel,country", *lines, ""])
    )
    seen = [
        f"{number},{visitor},2024-01-{number % 31 + 1:02d} 12:00,{channel}"
        for number, (visitor, channel) in enumerate(visits())
    ]
    (folder / "visits.csv").write_text("\n".join(["visit_id,visitor_id,started_at,channel", *seen, ""]))
    assert run(["init", str(folder / "shop"), "--currency", "GBP", "--timezone", "UTC"]) == 0
    for name in ("orders", "visits"):
        assert run(["load", str(folder / f"{name}.csv"), "--shop", str(folder / "shop")]) == 0
    return folder / "shop"


def rows(out: str) -> list[list[str]]:
    return [re.split(r"  +", line.strip()) for line in out.splitlines() if line.startswith("2024-01")]


def test_the_largest_stand_first_and_the_others_are_one_row(command: Command, many: Path):
    said = command("metric", "net_revenue", "--split", "channel", "--shop", many)
    shown = rows(said.out)
    by_channel: dict[str, float] = {}
    for _, channel, _, amount in orders():
        by_channel[channel] = by_channel.get(channel, 0) + amount
    ranked = sorted(by_channel, key=lambda channel: (-by_channel[channel], channel))
    assert [row[1] for row in shown] == [*ranked[:20], "others (40)"]
    rest = sum(by_channel[channel] for channel in ranked[20:])
    assert shown[-1][2] == f"{rest:,.2f} GBP"
    assert "others: the 40 values of channel after the 20 largest, counted together as one group." in said.out


def test_distinct_visitors_of_the_others_are_counted_once(command: Command, many: Path):
    """As a set: the sum over the other channels would count a visitor of several channels several times."""
    shown = rows(command("metric", "conversion_rate", "--split", "channel", "--limit", "30", "--shop", many).out)
    largest = {row[1] for row in shown[:-1]}
    assert shown[-1][1] == "others (30)" and len(largest) == 30
    visitors = {visitor for visitor, channel in visits() if channel not in largest}
    summed = len({(visitor, channel) for visitor, channel in visits() if channel not in largest})
    placed = sum(channel not in largest for _, channel, *_ in orders())
    assert len(visitors) < summed
    assert shown[-1][-2:] == [str(placed), str(len(visitors))]


def test_customers_are_split_by_their_first_order_and_so_are_the_others(command: Command, many: Path):
    """The customers in the groups and in the others together are all customers, each once."""
    shown = rows(command("metric", "active_buyers", "--split", "channel", "--limit", "3", "--shop", many).out)
    (total,) = rows(command("metric", "active_buyers", "--shop", many).out)
    assert shown[-1][1].startswith("others (")
    assert sum(int(row[2]) for row in shown) == int(total[1]) == 25


def test_combinations_add_up_or_have_no_value(command: Command, many: Path):
    revenue = rows(command("metric", "net_revenue", "--split", "channel,country", "--shop", many).out)
    assert revenue[-1][1].startswith("others (")
    total = sum(amount for *_, amount in orders())
    assert sum(float(row[-2].split()[0].replace(",", "")) for row in revenue) == pytest.approx(total)
    said = command("metric", "time_between_purchases_median", "--split", "channel,country", "--shop", many)
    median = rows(said.out)
    assert median[-1][1].startswith("others (") and "–" in median[-1]
    combinations = len({(channel, country) for _, channel, country, _ in orders()})
    groups = len(list(csv.DictReader(io.StringIO(every_group(command, many)))))
    assert f"others: the {groups - 20} combinations of channel and country after the 20 largest, added up." in said.out
    assert groups <= combinations and "It is – for metrics that do not add up" in said.out
    assert "counted together as one group" not in said.out and "--format csv has all" in said.out


def every_group(command: Command, shop: Path) -> str:
    return command(
        "metric", "time_between_purchases_median", "--split", "channel,country", "--format", "csv", "--shop", shop
    ).out


def test_programs_get_every_group(command: Command, many: Path):
    said = command("metric", "net_revenue", "--split", "channel", "--format", "csv", "--shop", many)
    groups = [row["channel"] for row in csv.DictReader(io.StringIO(said.out))]
    assert len(groups) == CHANNELS and not [name for name in groups if name.startswith("others")]


def test_all_metrics_have_a_row_of_the_others(command: Command, many: Path):
    said = command("metrics", "--split", "channel", "--theme", "value", "--limit", "2", "--shop", many)
    assert said.code == 0 and "counted together as one group" in said.out
    orders_rows = [line for line in said.out.splitlines() if line.startswith("orders ")]
    assert len(orders_rows) == 3 and "others (58)" in orders_rows[-1]


def test_a_condition_that_no_row_meets_is_named(command: Command, many: Path):
    """A slip in a value is told apart from a shop without orders, in every format, and beside the answer."""
    for form in ("table", "csv", "json"):
        said = command("metric", "orders", "--where", "country=Narnia", "--format", form, "--shop", many)
        assert said.code == 0
        assert said.err == (
            "No row of these periods meets --where country=Narnia."
            f" The values of country: regulars metric orders --split country --period all --shop {many}\n"
        )
    assert command("metric", "orders", "--where", "country=DE", "--shop", many).err == ""


def test_few_groups_are_shown_as_they_were(command: Command, many: Path):
    said = command("metric", "net_revenue", "--split", "country", "--shop", many)
    assert [row[1] for row in rows(said.out)] == ["DE", "FR"] and "others" not in said.out
    assert command("metric", "orders", "--split", "country", "--limit", "0", "--shop", many).code == 2
