from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from regulars.simulate import SimulatedShop, write_canonical
from regulars.simulate.shop import TABLES


def test_parquet_holds_the_rows_and_instants_carry_their_zone(shop: SimulatedShop, tmp_path: Path) -> None:
    paths = write_canonical(shop, tmp_path)
    assert [path.name for path in paths] == [f"{table}.parquet" for table in TABLES]
    for path, rows in zip(paths, shop.tables().values(), strict=True):
        assert pq.read_table(path).cast(rows.schema).equals(rows)
    assert str(pq.read_schema(tmp_path / "orders.parquet").field("ordered_at").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize("table", TABLES)
def test_csv_holds_the_same_rows(shop: SimulatedShop, tmp_path: Path, table: str) -> None:
    write_canonical(shop, tmp_path, "csv")
    rows = shop.tables()[table]
    with duckdb.connect() as con:
        con.register("rows", rows)
        con.execute("SET timezone = 'UTC'")
        con.execute("CREATE TABLE canonical AS FROM rows")
        con.execute("CREATE TABLE again AS FROM canonical LIMIT 0")
        con.execute(
            "INSERT INTO again FROM read_csv($path, all_varchar = true)", {"path": str(tmp_path / f"{table}.csv")}
        )
        differences = con.execute("SELECT count(*) FROM (FROM canonical EXCEPT ALL FROM again)").fetchone()
    assert differences == (0,)
