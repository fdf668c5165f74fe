"""What cannot be is rejected with its reason: amounts larger than any, and what happened tomorrow or before there were shops."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from load.shop import SETTINGS, Shop
from regulars.load.files import expand
from regulars.load.run import Input, LoadOptions, load
from regulars.services.app import App
from regulars.sources import canonical
from regulars.vocabulary.shop import Shop as Folder
from regulars.warehouse.schema import Kind, Table
from regulars.warehouse.tables import BY_NAME, TABLES

NOW = datetime(2024, 5, 1, 12)
OF_KIND = {
    Kind.ID: "x1",
    Kind.TEXT: "word",
    Kind.INSTANT: "2024-03-01 10:00:00",
    Kind.DAY: "2024-03-01",
    Kind.MONEY: "1",
    Kind.INTEGER: "1",
    Kind.NUMBER: "1",
    Kind.FLAG: "true",
    Kind.JSON: "{}",
}
MOST = {Kind.MONEY: 100_000_000_000, Kind.INTEGER: 1_000_000_000, Kind.NUMBER: 1_000_000_000}
ABSURD = ("99999999999999.9999", "-99999999999999.9999", "100000000001", "441632960000")
"""The last one is a phone number."""


def row_of(table: Table) -> dict[str, str]:
    """A row that loads: what is required, every number, and every instant."""
    row = {
        column.name: column.choices[0] if column.choices else OF_KIND[column.kind]
        for column in table.columns
        if not column.nullable or column.kind in (*MOST, Kind.INSTANT)
    }
    row |= {name: "GBP" for name in ("currency",) if table.has(name)}
    row |= {name: value for name, value in (("scale_low", "0"), ("scale_high", "10")) if table.has(name)}
    return row | {"orders": {"gross": "100", "discount": "0"}, "returns": {"amount": "100"}}.get(table.name, {})


def loaded(shop: Shop, table: Table, rows: list[dict[str, str]], now: datetime = NOW) -> dict[int, list[str]]:
    """Load the rows, each with a key of its own, and return the reasons by line."""
    header = list(rows[0])
    lines = [
        ",".join(f"k{n}" if name == table.key[0] and value == "x1" else value for name, value in row.items())
        for n, row in enumerate(rows)
    ]
    path = shop.file(f"{table.name}.csv", "\n".join((",".join(header), *lines)) + "\n")
    inputs = [Input(file, canonical.source_of(table)) for file in expand([path])]
    options = LoadOptions(accept_rejects=True, again=True)
    load(shop.con, inputs, settings=SETTINGS, command="test", options=options, now=now)
    return shop.reasons()


COUNTED = [table for table in TABLES if any(column.kind in MOST for column in table.columns)]
PAST = [table for table in TABLES if any(column.past for column in table.columns)]


@pytest.mark.parametrize("table", COUNTED, ids=lambda table: table.name)
def test_absurd_numbers_are_rejected_with_the_limit(shop: Shop, table: Table) -> None:
    good = row_of(table)
    changes = [(c, value) for c in table.columns if c.kind in MOST for value in ABSURD]
    reasons = loaded(shop, table, [good, *(good | {column.name: value} for column, value in changes)])
    assert 2 not in reasons, reasons
    for line, (column, value) in enumerate(changes, start=3):
        words = f"{column.name}: '{value}"
        assert any(reason.startswith((words, f"{column.name}: ")) for reason in reasons[line]), (
            column.name,
            value,
            reasons[line],
        )
        if value == "441632960000":
            assert any(f"above the limit of {MOST[column.kind]:,}" in reason for reason in reasons[line])


@pytest.mark.parametrize("table", PAST, ids=lambda table: table.name)
def test_what_happened_lies_between_the_first_shops_and_the_load(shop: Shop, table: Table) -> None:
    good = row_of(table)
    past = [column for column in table.columns if column.past]
    dates = ("2024-05-03T11:59:00Z", "2024-05-03T12:01:00Z", "2042-03-01", "1994-12-31", "1970-01-01", "1995-01-02")
    if any(column.kind is Kind.DAY for column in past):
        dates = ("2024-05-03", "2024-05-04", "2042-03-01", "1994-12-31", "1970-01-01", "1995-01-02")
    changes = [(column, text) for column in past for text in dates]
    reasons = loaded(shop, table, [good, *(good | {column.name: text} for column, text in changes)])
    for line, (column, text) in enumerate(changes, start=2):
        told = [r for r in reasons.get(line + 1, []) if "in the future" in r or "no online shops" in r]
        if text in (dates[0], dates[-1]):
            assert told == [], (column.name, text)
        else:
            why = "is before 1995" if text < "1995" else "lies in the future: this load is of 2024-05-01"
            assert len(told) == 1 and told[0].startswith(f"{column.name}: '{text[:10]}' {why}"), (column.name, text)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_row_was_changed_in_the_future(shop: Shop, table: Table) -> None:
    """A row of the year 2042 would be replaced by no later one."""
    good = row_of(table)
    reasons = loaded(shop, table, [good | {"updated_at": day} for day in ("2024-05-03", "2042-03-01", "1994-12-31")])
    own_reasons = {line: [why for why in reasons.get(line, []) if why.startswith("updated_at")] for line in (2, 3, 4)}
    assert own_reasons == {
        2: [],
        3: ["updated_at: '2042-03-01' lies in the future: this load is of 2024-05-01"],
        4: ["updated_at: '1994-12-31' is before 1995, when there were no online shops"],
    }


def test_a_rate_of_2042_is_rejected(shop: Shop) -> None:
    """It would cover the shop's days until then."""
    rates = BY_NAME["exchange_rates"]
    rows = [{"day": day, "currency": "USD", "rate": "0.8"} for day in ("2024-05-01", "2042-03-01")]
    assert loaded(shop, rates, rows) == {3: ["day: '2042-03-01' lies in the future: this load is of 2024-05-01"]}


def test_what_is_promised_may_lie_in_the_future(shop: Shop) -> None:
    table = BY_NAME["deliveries"]
    assert loaded(shop, table, [row_of(table) | {"promised_at": "2042-03-01"}]) == {}


def test_an_order_in_2042_among_twenty_of_2024(shop: Shop) -> None:
    table = BY_NAME["orders"]
    rows = [row_of(table) | {"ordered_at": f"2024-0{1 + n % 4}-10", "cancelled_at": ""} for n in range(20)]
    late = rows[0] | {"ordered_at": "2042-03-01"}
    assert loaded(shop, table, [*rows, late]) == {
        22: ["ordered_at: '2042-03-01' lies in the future: this load is of 2024-05-01"]
    }
    assert shop.rows("SELECT count(*), max(ordered_at) FROM orders") == [(20, datetime(2024, 4, 9, 23))]
    assert shop.rows('SELECT "at" FROM loads') == [(NOW,)]


def test_an_absurd_amount_among_good_orders(shop: Shop) -> None:
    """The case reliability/huge_amount.csv."""
    shop.orders("X0,2024-01-05,GBP,99999999999999.9999,,\nX1,2024-01-05,GBP,10,,\n", accept_rejects=True)
    assert list(shop.amounts()) == ["X1"]
    (reason,) = shop.reasons()[2]
    assert "99999999999999.9999" in reason and "100,000,000,000" in reason


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(Folder.create(tmp_path / "shop", currency="GBP", timezone="Europe/London"))


@pytest.mark.parametrize("table", [table for table in COUNTED if table.name != "exchange_rates"], ids=lambda t: t.name)
def test_numbers_at_their_limit_are_loaded_or_refused_in_words(app: App, tmp_path: Path, table: Table) -> None:
    """No amount within its limit ends in an error of the database, neither alone nor with all others."""
    row = row_of(table) | {c.name: str(MOST[c.kind]) for c in table.columns if c.kind in MOST}
    row |= {"discount": "0", "tax": "0"} if table.name in ("orders", "returns") else {}
    row = {name: value for name, value in row.items() if table.has(name)}
    (tmp_path / f"{table.name}.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    files = [tmp_path / f"{table.name}.csv"]
    if table.name in ("order_lines", "returns", "product_costs"):
        order = row_of(BY_NAME["orders"]) | {"cancelled_at": ""}
        (tmp_path / "orders.csv").write_text(",".join(order) + "\n" + ",".join(order.values()) + "\n")
        files.append(tmp_path / "orders.csv")
    app.load(files, options=LoadOptions(accept_rejects=True))
