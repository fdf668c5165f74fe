"""The fact subscriptions: whose, and on which days of the shop's calendar."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from regulars.services.app import App
from regulars.vocabulary.calendar import epoch_day
from regulars.vocabulary.shop import Shop

SUBSCRIPTIONS = """\
subscription_id,customer_id,started_at,ended_at,plan,reason
s1,ana,2024-03-30T23:59:59Z,2024-06-30T23:30:00Z,box,
s2,ana,2024-01-31T12:00:00Z,,,
s3,bob,2024-02-29T12:00:00Z,2199-01-01T00:00:00Z,club,
"""
CUSTOMERS = "customer_id,email\nana,a@x.example\nann,a@x.example\n"
ORDERS = "order_id,customer_id,ordered_at,currency,gross\n1,ann,2024-04-01 12:00,GBP,9\n"


def day(text: str) -> int:
    return epoch_day(date.fromisoformat(text))


def test_each_is_its_persons_with_the_days_of_the_shops_clocks(tmp_path: Path):
    for name, text in {"subscriptions": SUBSCRIPTIONS, "customers": CUSTOMERS, "orders": ORDERS}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    app = App(Shop.create(tmp_path / "shop", currency="GBP", timezone="Europe/London"))
    app.load(sorted(tmp_path.glob("*.csv")))
    with app.warehouse.read() as con:
        rows = con.execute(
            "SELECT subscription_id, plan, day, ended_day FROM facts.subscriptions ORDER BY subscription_id"
        ).fetchall()
        assert rows == [
            ("s1", "box", day("2024-03-30"), day("2024-07-01")),
            ("s2", None, day("2024-01-31"), None),
            ("s3", "club", day("2024-02-29"), None),  # a day so far away is no end
        ]
        # The same person as who ordered under another number with the same address.
        same = "SELECT count(DISTINCT person) FROM (SELECT person FROM facts.orders UNION ALL"
        assert con.execute(
            f"{same} SELECT person FROM facts.subscriptions WHERE subscription_id < 's3')"
        ).fetchone() == (1,)
        assert con.execute("SELECT bool_and(bucket = person % 32) FROM facts.subscriptions").fetchone() == (True,)


def test_a_later_load_ends_it_and_undo_lets_it_run_again(tmp_path: Path):
    file, later, orders = (tmp_path / f"{name}.csv" for name in ("subscriptions", "later", "orders"))
    file.write_text("subscription_id,customer_id,started_at,ended_at,plan\ns1,ana,2024-01-31 12:00,,box\n")
    later.write_text(
        "subscription_id,customer_id,started_at,ended_at,plan\ns1,ana,2024-01-31 12:00,2024-05-05 12:00,box\n"
    )
    orders.write_text(ORDERS)
    app = App(Shop.create(tmp_path / "shop", currency="GBP", timezone="Europe/London"))
    app.load([file, orders])

    def ended() -> list[tuple[int | None]]:
        with app.warehouse.read() as con:
            return con.execute("SELECT ended_day FROM facts.subscriptions").fetchall()

    assert ended() == [(None,)]
    loaded = app.load([later])
    assert ended() == [(day("2024-05-05"),)]
    app.undo(loaded.load_id)
    assert ended() == [(None,)]
