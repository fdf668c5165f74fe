"""Names are close by whole words or by a slip, not by letters that they happen to share."""

from __future__ import annotations

import pytest

from regulars.vocabulary.spelling import closest, words_of


@pytest.mark.parametrize(
    ("name", "known", "close"),
    [
        ("order_id", ["Order ID", "id"], "Order ID"),
        ("custmer_id", ["customer_id", "order_id"], "customer_id"),
        ("gross", ["gross_total", "net"], "gross_total"),
        ("Email", ["voicemail"], None),
        ("Created at", ["curated"], None),
        ("Parcel weight", ["parcel_sender"], None),
        ("customer_id", ["userfield"], None),
        ("ordered_at", ["order_id", "order_purchase_timestamp"], None),
        ("nps", ["units"], None),
    ],
)
def test_what_is_close(name: str, known: list[str], close: str | None):
    assert closest(name, known) == close


def test_words_are_the_same_however_they_are_joined():
    assert {words_of(name) for name in ("orderID", "Order ID", "order-id", "ORDER_ID", "OrderId")} == {("order", "id")}
    assert words_of("E-Mail (Käufer)") == ("e", "mail", "käufer")
