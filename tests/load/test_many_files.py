"""Small files are read together, and nothing tells: rows, counts, line numbers and reasons are those of each file alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load.shop import HEADER, ORDERS, Shop
from properties import few
from regulars.load.run import FileCount

GOOD = ['{n},2024-01-05,GBP,{n}.50,"a,b@example.com",', "{n},2024-01-06,GBP,1", '{n},2024-01-07,GBP,2,"x\ny",', ",,,,,"]
BAD = ["{n},2024-01-05,GBP,x,,", "{n},2024-01-05,GBP,1,,,more", '{n},2024-01-05,GBP,1,"open,', "", "1,2024-01-05,GBP,3"]


SPELLINGS = ["email", "Email", "EMAIL", "eMail"]


@settings(max_examples=few(4), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(GOOD * 4 + BAD), max_size=4), min_size=2, max_size=4))
def test_files_read_together_give_what_each_gives_alone(tmp_path: Path, files: list[list[str]]) -> None:
    texts = {}
    for number, lines in enumerate(files):
        rows = [line.format(n=10 * number + place + 2) for place, line in enumerate(lines)]
        texts[f"{number}.csv"] = HEADER + "\n".join([f"{number + 500},2024-01-05,GBP,1,,", *rows]) + "\n"
    # The case of a name makes no difference but that such files are not read together.
    alone = {name: text.replace("email", SPELLINGS[number], 1) for number, (name, text) in enumerate(texts.items())}
    together, apart = Shop(tmp_path / "together"), Shop(tmp_path / "apart")
    for shop, contents in ((together, texts), (apart, alone)):
        shop.load({name: (text, ORDERS) for name, text in contents.items()})
    for sql in (
        "SELECT order_id, ordered_at, gross, email FROM orders ORDER BY ALL",
        "SELECT file_no, name, read, used, rejected, skipped FROM load_files ORDER BY file_no",
        "SELECT file, line, len(reasons) FROM rejects ORDER BY ALL",
    ):
        assert together.rows(sql) == apart.rows(sql)


def test_the_later_of_two_small_files_wins_and_lines_count_from_each_file_s_top(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    first = HEADER + "1,2024-01-05,GBP,1,,\n2,2024-01-05,GBP,1,,\n"
    second = HEADER + "2,2024-01-05,GBP,9,,\n3,2024-01-05,GBP,x,,\n"
    third = HEADER + "3,2024-01-05,GBP,4,,\n4,2024-01-05,GBP,x,,\n"
    files = {"a.csv": (first, ORDERS), "b.csv": (second, ORDERS), "c.csv": (third, ORDERS)}
    result = shop.load(files)
    assert result.files == {
        "a.csv": FileCount(read=2, used=2),
        "b.csv": FileCount(read=2, used=1, rejected=1),
        "c.csv": FileCount(read=2, used=0, rejected=2),
    }
    assert shop.rows("SELECT order_id, gross::INTEGER FROM orders ORDER BY 1") == [("1", 1), ("2", 9)]
    assert shop.rows("SELECT file, line FROM rejects ORDER BY ALL") == [("b.csv", 3), ("c.csv", 2), ("c.csv", 3)]


def test_each_of_many_small_files_is_counted_by_its_own_lines(tmp_path: Path) -> None:
    """Whole files, and some with blank, rejected, waiting or left out lines, in any order beside each other."""
    (mapping,) = ORDERS.mappings
    paid = replace(ORDERS, mappings=(replace(mapping, where='"gross" > 0'),))
    kinds = {
        "whole": (ORDERS, "{n}1,2024-01-05,GBP,1,,\n{n}2,2024-01-05,GBP,1,,\n", FileCount(read=2, used=2)),
        "blank": (ORDERS, "{n}1,2024-01-05,GBP,1,,\n,,,,,\n", FileCount(read=2, used=1, skipped=1)),
        "bad": (ORDERS, "{n}1,2024-01-05,GBP,1,,\n{n}2,never,GBP,1,,\n", FileCount(read=2, used=1, rejected=1)),
        "waits": (ORDERS, "{n}1,2024-01-05,GBP,1,,\n{n}2,2024-01-05,USD,1,,\n", FileCount(read=2, used=1, waiting=1)),
        "left out": (paid, "{n}1,2024-01-05,GBP,1,,\n{n}2,2024-01-05,GBP,0,,\n", FileCount(read=2, used=1, skipped=1)),
        "all": (paid, "{n}1,2024-01-05,GBP,1,,\n{n}2,2024-01-05,GBP,2,,\n", FileCount(read=2, used=2)),
    }
    files, expected = {}, {}
    for n in range(1, 70):
        source, rows, expected[f"{n}.csv"] = kinds[list(kinds)[(n + n // 6) % len(kinds)]]
        files[f"{n}.csv"] = (HEADER + rows.format(n=n * 10), source)
    shop = Shop(tmp_path)
    assert shop.load(files).files == expected
    stored = shop.rows("SELECT name, read, used, waiting, rejected, skipped FROM load_files ORDER BY file_no")
    counts = [(c.read, c.used, c.waiting, c.rejected, c.skipped) for c in expected.values()]
    assert stored == [(name, *count) for name, count in zip(expected, counts, strict=True)]
    assert shop.rows("SELECT DISTINCT reasons FROM rejects") == [(["ordered_at: 'never' is not a date and time"],)]
