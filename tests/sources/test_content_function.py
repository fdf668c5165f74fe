"""Ids made of a row's content: the same for the same rows wherever they stand, in one file or in several."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.load.files import expand
from regulars.load.run import Input, LoadOptions, LoadResult, load
from regulars.sources import mapping_file
from regulars.vocabulary.errors import LoadRefused, MappingError
from regulars.vocabulary.shop import Settings
from warehouse.memory import warehouse_in_memory

MAPPING = """
name = "tickets"

[orders.columns]
order_id = 'content({columns})'
ordered_at = "day"
gross = "amount"
customer_id = "buyer"
currency = "'EUR'"
status = "CASE state WHEN 'ok' THEN 'counted' ELSE 'cancelled' END"
"""
NAMED = '"day", "buyer", amount'
HEADER = "day,buyer,amount,state\n"


class Shop:
    def __init__(self, folder: Path, columns: str = NAMED) -> None:
        self.folder, self.mapping = folder, mapping_file.parse(MAPPING.format(columns=columns), "tickets.toml")
        self.con = warehouse_in_memory()

    def load(self, files: dict[str, list[str]], header: str = HEADER, **options: bool) -> LoadResult:
        for name, rows in files.items():
            (self.folder / name).write_text(header + "".join(f"{row}\n" for row in rows))
        inputs = [Input(file, self.mapping) for name in files for file in expand([self.folder / name])]
        shop = Settings(name="shop", currency="EUR", timezone="UTC")
        return load(self.con, inputs, settings=shop, command="load", options=LoadOptions(**options))

    def ids(self) -> set[str]:
        return {row[0] for row in self.con.execute("SELECT order_id FROM orders").fetchall()}

    def orders(self) -> Counter[tuple[str, str, str]]:
        sql = "SELECT strftime(ordered_at, '%Y-%m-%d'), customer_id, gross::DECIMAL(9, 0)::VARCHAR FROM orders"
        return Counter(self.con.execute(sql).fetchall())


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


ROWS = ["2024-01-05,ann,5,ok", "2024-01-06,ben,5,ok", "2024-01-05,ann,5,ok", "2024-01-07,ann,7,ok"]


def test_an_export_cut_in_two_keeps_every_row(shop: Shop) -> None:
    rows = [f"2024-01-{1 + n % 28:02},buyer{n},{n % 7},ok" for n in range(200)]
    result = shop.load({"a.csv": rows[:100], "b.csv": rows[100:]})
    assert result.tables["orders"].inserted == 200


def test_the_ids_follow_neither_from_the_order_of_rows_nor_from_how_values_are_written(shop: Shop) -> None:
    shop.load({"a.csv": ROWS})
    assert len(shop.ids()) == 4
    other = ["2024-01-07,ann,7.00,ok", " 2024-01-05 00:00 ,ann,5.0,ok", "2024-01-05,ann,5,ok", "2024-01-06,ben,5,ok"]
    result = shop.load({"b.csv": other})
    assert (result.tables["orders"].inserted, result.tables["orders"].unchanged) == (0, 4)


def test_equal_ids_of_two_files_need_a_word(shop: Shop) -> None:
    files = {"a.csv": ROWS[:2], "b.csv": ROWS[2:]}
    with pytest.raises(LoadRefused, match=r"1 rows of b\.csv have the same content ids as rows of a\.csv") as caught:
        shop.load(files)
    assert "--parts" in caught.value.hint and "--overlap" in caught.value.hint
    assert shop.ids() == set()
    assert shop.load(files, overlap=True).tables["orders"].inserted == 3


def test_parts_give_the_ids_of_the_whole(shop: Shop, tmp_path: Path) -> None:
    shop.load({"a.csv": ROWS[:2], "b.csv": ROWS[2:]}, parts=True)
    assert len(shop.ids()) == 4
    whole = Shop(tmp_path)
    whole.load({"all.csv": ROWS})
    assert whole.ids() == shop.ids()
    shop.load({"a.csv": ROWS[:2], "c.csv": [*ROWS[2:], "2024-01-05,ann,5,ok"]}, parts=True)
    assert len(shop.ids()) == 5


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ab"), st.integers(1, 2)), min_size=1, max_size=12),
    st.integers(0, 12),
)
def test_parts_hold_every_row_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, int]], cut: int
) -> None:
    shop = Shop(tmp_path_factory.mktemp("parts"))
    lines = [f"2024-01-0{day},{buyer},{amount},ok" for day, buyer, amount in rows]
    parts = {name: part for name, part in (("a.csv", lines[:cut]), ("b.csv", lines[cut:])) if part}
    if parts.get("a.csv") == parts.get("b.csv"):
        return  # the same file twice is one file
    shop.load(parts, parts=True)
    assert shop.orders() == Counter((f"2024-01-0{day}", buyer, str(amount)) for day, buyer, amount in rows)


def test_without_columns_all_but_the_status_count(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "")
    header = "day,buyer,amount,state,seat\n"
    shop.load({"a.csv": ["2024-01-05,ann,5,ok,A1", "2024-01-05,ann,5,ok,A2"]}, header)
    before = shop.ids()
    result = shop.load({"b.csv": ["2024-01-05,ann,5,ok,A2", "2024-01-05,ann,5,off,A1"]}, header)
    assert (shop.ids(), result.tables["orders"].updated) == (before, 1)
    shop.load({"c.csv": ["2024-01-05,ann,5,ok,A3"]}, header)
    assert len(shop.ids()) == 3


def test_rows_that_differ_only_elsewhere_are_warned_of(shop: Shop) -> None:
    result = shop.load({"a.csv": ["2024-01-05,ann,5,ok", "2024-01-06,ann,5,ok", "2024-01-05,ann,5,off"]})
    (warning,) = (text for text in result.warnings if "content" in text)
    assert (
        "a.csv: 2 rows are equal in the columns of content(day, buyer, amount)" in warning
        and "lines 2 and 4" in warning
    )


def test_the_line_number_is_no_id() -> None:
    with pytest.raises(MappingError, match="line number alone") as caught:
        mapping_file.parse(MAPPING.replace("'content({columns})'", '"line"'), "tickets.toml")
    assert "content()" in caught.value.hint


@pytest.mark.parametrize("inside", ["day || buyer", "'day'", '"day",', "1 + 2"])
def test_only_names_of_columns_stand_in_content(inside: str) -> None:
    text = MAPPING.replace("'content({columns})'", f'''"""content({inside})"""''')
    with pytest.raises(MappingError, match="content"):
        mapping_file.parse(text, "tickets.toml")


def test_the_file_must_have_the_columns_of_content(shop: Shop) -> None:
    assert {"day", "buyer", "amount"} <= shop.mapping.requires
