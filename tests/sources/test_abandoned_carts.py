"""A source that lists abandoned carts alone says so, and the table holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.services.app import App
from regulars.vocabulary.shop import Shop

MAPPING = """
name = "recovery"

[carts.columns]
cart_id = "Id"
email = "Email"
opened_at = "Created"
updated_at = "Changed"
items = "Pieces"
"""
ROWS = "Id,Email,Created,Changed,Pieces\n1,ann@example.com,2024-03-01 10:00,2024-03-01 10:05,2\n"


@pytest.mark.parametrize(("said", "expected"), [("", False), ("only_abandoned = true\n", True)])
def test_a_mapping_says_that_its_carts_are_the_abandoned_ones(tmp_path: Path, said: str, expected: bool) -> None:
    app = App(Shop.create(tmp_path / "shop", currency="EUR", timezone="UTC", name=None, shared_addresses=()))
    (tmp_path / "carts.csv").write_text(ROWS)
    (tmp_path / "recovery.toml").write_text(MAPPING + said)
    app.load([tmp_path / "carts.csv"], mapping=tmp_path / "recovery.toml")
    with app.warehouse.read() as con:
        assert con.execute("SELECT cart_id, only_abandoned FROM main.carts").fetchall() == [("1", expected)]
