"""Which rows are current follows from the log alone: loading again, replacing and undoing in any order."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from load.shop import LINES, ORDERS, Shop
from properties import few
from regulars.vocabulary.errors import UsageError
from regulars.warehouse.log import TableCount, ensure, undo
from warehouse.older import keep_rows_inside

LINE_HEADER = "order_id,line_id,quantity,amount,updated_at\n"


@pytest.mark.parametrize("way", ["in its files", "in the version"])
def test_a_column_that_an_older_log_lacks_is_added(shop: Shop, way: str) -> None:
    shop.orders(order(1, 10))
    if way == "in the version":
        keep_rows_inside(shop.con, without=("person_id", "waiting"))
    else:
        ((name,),) = shop.rows("SELECT name FROM log_files")
        folder = log_folder(shop)
        shop.con.execute(f"COPY (SELECT * EXCLUDE person_id FROM '{folder / name}') TO '{folder}/older.parquet'")
        shop.con.execute(
            "UPDATE log_files SET name = 'older.parquet', columns = list_filter(columns, x -> x <> 'person_id')"
        )
        shop.con.execute("DELETE FROM about WHERE key = 'log'")
    ensure(shop.con)
    header = "order_id,ordered_at,currency,gross,person_id\n"
    shop.load({"later.csv": (header + "2,2024-01-06,GBP,20,p7\n", ORDERS)})
    assert shop.rows("SELECT order_id, person_id FROM orders ORDER BY 1") == [("1", None), ("2", "p7")]
    undo(shop.con, 1)
    shop.orders(order(1, 10), again=True)
    assert shop.rows("SELECT order_id, gross::INT, person_id FROM orders ORDER BY 1") == [
        ("1", 10, None),
        ("2", 20, "p7"),
    ]


def log_folder(shop: Shop) -> Path:
    """Where the log's files lie."""
    return Path(str(shop.rows("SELECT current_setting('file_search_path')")[0][0]))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def order(number: int, gross: int, updated: str = "") -> str:
    return f"{number},2024-01-05,GBP,{gross},,{updated}\n"


def gross(shop: Shop) -> dict[str, int]:
    return {number: int(amount) for number, amount in shop.amounts().items()}


def test_rows_are_inserted_updated_and_left_alone(shop: Shop) -> None:
    assert shop.orders(order(1, 10) + order(2, 20)).tables["orders"] == TableCount(inserted=2)
    assert shop.orders(order(1, 10) + order(2, 21) + order(3, 30)).tables["orders"] == TableCount(1, 1, 1)
    assert gross(shop) == {"1": 10, "2": 21, "3": 30}
    assert shop.rows('SELECT "table", inserted, updated, unchanged FROM load_tables WHERE load_id = 2') == [
        ("orders", 1, 1, 1)
    ]


def test_an_older_row_never_replaces_a_newer_one(shop: Shop) -> None:
    shop.orders(order(1, 10, "2024-03-01"))
    assert shop.orders(order(1, 11, "2024-02-01")).tables["orders"] == TableCount(unchanged=1)
    assert gross(shop) == {"1": 10}
    shop.orders(order(1, 12))
    assert gross(shop) == {"1": 12}, "without a time the later load wins"


def test_the_lines_of_an_order_are_replaced_as_a_set(shop: Shop) -> None:
    shop.load({"a.csv": (LINE_HEADER + "1,1,1,5,\n1,2,1,5,\n2,1,1,5,\n", LINES)})
    counts = shop.load({"b.csv": (LINE_HEADER + "1,2,1,5,\n1,3,1,5,\n", LINES)}).tables["order_lines"]
    assert counts == TableCount(inserted=1, unchanged=1)
    assert shop.rows("SELECT order_id, line_id FROM order_lines ORDER BY ALL") == [("1", "2"), ("1", "3"), ("2", "1")]


def test_the_same_file_twice_changes_nothing_unless_someone_insists(shop: Shop) -> None:
    shop.orders(order(1, 10))
    shop.orders(order(1, 11), "b.csv")
    again = shop.orders(order(1, 10))
    assert (again.unchanged, again.load_id, gross(shop)) == (True, 2, {"1": 11})
    assert "was loaded before (load 1)" in again.warnings[0]
    assert shop.orders(order(1, 10), again=True).load_id == 3
    assert gross(shop) == {"1": 10}


def test_the_same_content_twice_in_one_load_counts_once(shop: Shop) -> None:
    result = shop.load(
        dict.fromkeys(
            ("a.csv", "b.csv"), ("order_id,ordered_at,currency,gross,email\n1,2024-01-05,GBP,1,a@b.c\n", ORDERS)
        )
    )
    assert result.files["b.csv"].read == 0
    assert result.warnings == ["b.csv has the same content as another file of this load."]


def test_replace_makes_the_files_the_whole_truth_of_their_source(shop: Shop) -> None:
    shop.orders(order(1, 10, "2024-03-01") + order(2, 20))
    other = ORDERS.__class__(**{**ORDERS.__dict__, "name": "other"})
    shop.orders(order(9, 90), "other.csv", other)
    assert shop.orders(order(1, 11, "2024-01-01"), "new.csv", replace=True).tables["orders"] == TableCount(updated=1)
    assert gross(shop) == {"1": 11, "9": 90}
    shop.orders(order(1, 10, "2024-03-01") + order(2, 20), replace=True)
    assert gross(shop) == {"1": 10, "2": 20, "9": 90}, "also with a file that was loaded before"


def test_replace_with_an_empty_file_leaves_nothing(shop: Shop) -> None:
    shop.orders(order(1, 10))
    result = shop.orders("", "empty.csv", replace=True)
    assert gross(shop) == {}
    undo(shop.con, result.load_id)
    assert gross(shop) == {"1": 10}


def test_undo_takes_back_rows_and_rejects_and_the_file_can_be_loaded_again(shop: Shop) -> None:
    shop.orders(order(1, 10))
    shop.orders(order(1, 11) + "2,2024-01-05,GBP,x,,\n", "b.csv")
    undo(shop.con, 2)
    assert gross(shop) == {"1": 10}
    assert shop.rows("SELECT count(*) FROM rejects") == [(0,)]
    assert shop.rows("SELECT load_id, undone_at IS NOT NULL FROM loads ORDER BY 1") == [(1, False), (2, True)]
    shop.orders(order(1, 11) + "2,2024-01-05,GBP,x,,\n", "b.csv")
    assert gross(shop) == {"1": 11}


def test_undo_refuses_what_there_is_not(shop: Shop) -> None:
    with pytest.raises(UsageError, match="There is no load 1"):
        undo(shop.con, 1)
    shop.orders(order(1, 10))
    undo(shop.con, 1)
    with pytest.raises(UsageError, match="already undone"):
        undo(shop.con, 1)


ROW = st.tuples(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.sampled_from(["", "2024-02-01", "2024-02-02"])
)
LOAD = st.tuples(st.lists(ROW, max_size=5, unique_by=lambda row: row[:2]), st.booleans())


def play(shop: Shop, loads: list[tuple[list[tuple[int, int, int, str]], bool]]) -> None:
    """Load each as lines (a set per order) and as orders (one for each pair), so that both ways of replacing are tried."""
    for number, (rows, replace) in enumerate(loads):
        lines = "".join(f"{a},{b},1,{c},{updated}\n" for a, b, c, updated in rows)
        orders = "".join(order(10 * a + b, c, updated) for a, b, c, updated in rows)
        head = "order_id,ordered_at,currency,gross,email,updated_at\n"
        shop.load(
            {f"l{number}.csv": (LINE_HEADER + lines, LINES), f"o{number}.csv": (head + orders, ORDERS)},
            again=True,
            replace=replace,
        )


def content(shop: Shop) -> list[tuple[object, ...]]:
    lines = shop.rows("SELECT * EXCLUDE load_id FROM order_lines ORDER BY ALL")
    return lines + shop.rows("SELECT * EXCLUDE load_id FROM orders ORDER BY ALL")


def expected(loads: list[tuple[list[tuple[int, int, int, str]], bool]]) -> dict[str, int]:
    """The orders that must be current, worked out with dictionaries."""
    since = max((number for number, (_, replace) in enumerate(loads) if replace), default=0)
    seen: dict[str, list[tuple[str, int, int]]] = {}
    for number, (rows, _) in enumerate(loads):
        for a, b, c, updated in rows if number >= since else []:
            seen.setdefault(str(10 * a + b), []).append((updated, number, c))
    current = {}
    for key, versions in seen.items():
        newest = max(updated for updated, _, _ in versions)
        current[key] = max((updated or newest, number, c) for updated, number, c in versions)[2]
    return current


@settings(max_examples=few(6), deadline=None)
@given(st.lists(LOAD, min_size=3, max_size=4), st.data())
def test_undo_of_any_load_equals_never_having_loaded_it(
    loads: list[tuple[list[tuple[int, int, int, str]], bool]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole, fresh = Shop(Path(folder)), Shop(Path(folder))
        play(whole, loads)
        assert gross(whole) == expected(loads)
        gone = data.draw(st.integers(0, len(loads) - 1))
        undo(whole.con, gone + 1)
        rest = loads[:gone] + loads[gone + 1 :]
        play(fresh, rest)
        assert content(whole) == content(fresh)
        assert gross(fresh) == expected(rest)


def test_a_replacing_load_says_what_it_took_away(shop: Shop) -> None:
    shop.orders("1,2024-01-05,GBP,1,a@b.c,\n2,2024-01-05,GBP,1,a@b.c,\n3,2024-01-05,GBP,1,a@b.c,\n")
    result = shop.orders("2,2024-01-05,GBP,1,a@b.c,\n4,2024-01-05,GBP,1,a@b.c,\n", replace=True)
    assert result.warnings == ["orders: 2 rows that the files do not contain were deleted."]
    result = shop.orders("4,2024-01-05,GBP,1,a@b.c,\n", replace=True)
    assert result.warnings == ["orders: 1 row that the files do not contain was deleted."]


def test_a_table_to_which_a_file_brings_nothing_is_not_counted(shop: Shop) -> None:
    assert shop.orders("").tables == {}
