"""A survey's answers know nothing but an address: loaded beside a shop's orders they meet its customers."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from cli.conftest import Command
from regulars.services.app import App
from regulars.vocabulary.shop import Shop
from regulars.warehouse.identity import define_identities, with_person
from regulars.warehouse.tables import BY_NAME

SHOPIFY = """\
Name,Email,Financial Status,Created at,Currency,Subtotal,Shipping,Taxes,Total,Lineitem quantity,Lineitem name,Lineitem price
#1,anna@example.com,paid,2024-05-01 09:50:26 +0000,GBP,20.00,0.00,0.00,20.00,1,Soap,20.00
#2,ben@example.com,paid,2024-05-02 09:50:26 +0000,GBP,20.00,0.00,0.00,20.00,1,Soap,20.00
#3,Anna@Example.com,paid,2024-05-03 09:50:26 +0000,GBP,20.00,0.00,0.00,20.00,1,Soap,20.00
"""
ANSWERS = """\
answer_id,survey,kind,score,scale_low,scale_high,high_is,email,answered_at
a1,spring,nps,9,0,10,good, ANNA@example.com ,2024-05-10 12:00
a2,spring,nps,2,0,10,good,ben@example.com,2024-05-10 13:00
a3,spring,nps,7,0,10,good,zoe@example.com,2024-05-10 14:00
a4,spring,nps,7,0,10,good,n/a,2024-05-10 15:00
"""


@pytest.fixture
def folder(command: Command, tmp_path: Path) -> Path:
    assert command("init", tmp_path / "shop", "--currency", "GBP", "--timezone", "Europe/London").code == 0
    (tmp_path / "orders_export.csv").write_text(SHOPIFY)
    (tmp_path / "survey.csv").write_text(ANSWERS)
    return tmp_path


def persons(shop: Path) -> dict[str, set[str]]:
    """The rows of each person, by the address that the person is shown with; of nobody under the empty text."""
    rows = " UNION ALL ".join(
        f"SELECT {key} AS row_, person FROM ({with_person(BY_NAME[table], f'main.{table}')})"
        for table, key in (("orders", "order_id"), ("answers", "answer_id"))
    )
    found: dict[str, set[str]] = defaultdict(set)
    opened = Shop.open(shop)
    with App(opened).warehouse.read() as con:
        define_identities(con, opened.settings)
        for row, email in con.execute(
            f"SELECT row_, email FROM ({rows}) LEFT JOIN facts.persons USING (person)"
        ).fetchall():
            found[email or ""].add(row)
    return dict(found)


BOTH = {"anna@example.com": {"#1", "#3", "a1"}, "ben@example.com": {"#2", "a2"}, "zoe@example.com": {"a3"}, "": {"a4"}}


@pytest.mark.parametrize("loads", [("orders_export.csv", "survey.csv"), ("survey.csv", "orders_export.csv")])
def test_answers_belong_to_who_ordered_with_their_address(command: Command, folder: Path, loads: tuple[str, ...]):
    for name in loads:
        assert command("load", folder / name, "--shop", folder / "shop").code == 0
    assert persons(folder / "shop") == BOTH


def test_one_load_of_both_says_the_same(command: Command, folder: Path):
    said = command("load", folder / "survey.csv", folder / "orders_export.csv", "--shop", folder / "shop")
    assert said.code == 0 and "answers.email: 1 row has a placeholder ('n/a' 1 ×)" in said.out
    assert persons(folder / "shop") == BOTH


def test_answers_that_are_taken_back_leave_the_customers_of_the_orders(command: Command, folder: Path):
    for name in ("orders_export.csv", "survey.csv"):
        assert command("load", folder / name, "--shop", folder / "shop").code == 0
    assert command("undo", 2, "--shop", folder / "shop").code == 0
    assert persons(folder / "shop") == {"anna@example.com": {"#1", "#3"}, "ben@example.com": {"#2"}}


def test_an_answer_with_address_and_number_joins_who_ordered_with_either(command: Command, folder: Path):
    by_phone = "order_id,phone,ordered_at,currency,gross\n9,+44 1632 960961,2024-05-04 10:00,GBP,5\n"
    (folder / "till.csv").write_text(by_phone)
    joining = (
        ANSWERS.splitlines()[0]
        + ",phone\na9,spring,nps,9,0,10,good,anna@example.com,2024-05-11 12:00,0044 1632 960961\n"
    )
    (folder / "joining.csv").write_text(joining)
    for name in ("orders_export.csv", "till.csv", "joining.csv"):
        assert command("load", folder / name, "--shop", folder / "shop").code == 0
    assert persons(folder / "shop")["anna@example.com"] == {"#1", "#3", "9", "a9"}
    assert command("people", "split", "anna@example.com", "+441632960961", "--shop", folder / "shop").code == 0
    assert persons(folder / "shop")["anna@example.com"] == {"#1", "#3", "a9"}
