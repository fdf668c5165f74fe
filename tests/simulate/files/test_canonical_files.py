from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from regulars.simulate import TABLES, ShopShape, SimulatedShop, simulate, write_canonical
from regulars.vocabulary.errors import UsageError


def test_parquet_holds_the_rows_and_instants_carry_their_zone(shop: SimulatedShop, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    paths = write_canonical(shop, tmp_path, progress=lambda done, whole: seen.append((done, whole)))
    assert seen[-1] == (shop.bought.size, shop.bought.size)
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


def test_csv_and_parquet_are_the_same_row_by_row(shop: SimulatedShop, tmp_path: Path) -> None:
    pairs = zip(
        write_canonical(shop, tmp_path / "p", "parquet"), write_canonical(shop, tmp_path / "c", "csv"), strict=True
    )
    for parquet, csv in pairs:
        rows = pq.read_table(parquet)
        typed = pa_csv.ConvertOptions(
            column_types=rows.schema, strings_can_be_null=True, quoted_strings_can_be_null=False
        )
        assert pa_csv.read_csv(csv, convert_options=typed).equals(rows), parquet.stem


def test_only_the_tables_asked_for(shop: SimulatedShop, tmp_path: Path) -> None:
    write_canonical(shop, tmp_path)
    paths = write_canonical(shop, tmp_path, tables=["orders", "customers"])
    assert [path.name for path in paths] == ["customers.parquet", "orders.parquet"]
    assert {path.name for path in tmp_path.iterdir()} == {"customers.parquet", "orders.parquet", ".truth"}
    assert pq.read_table(paths[1]).num_rows == shop.bought.size
    with pytest.raises(UsageError, match="no simulated table 'ordrs'"):
        write_canonical(shop, tmp_path, tables=["ordrs"])


def test_the_truth_is_the_same_whatever_is_written(shop: SimulatedShop, exports: Path, tmp_path: Path) -> None:
    write_canonical(shop, tmp_path, tables=["customers"])
    one, other = (json.loads((folder / ".truth" / "truth.json").read_text()) for folder in (exports, tmp_path))
    assert one.pop("files") == ["orders_export.csv", "customers_export.csv"]
    assert other.pop("files") == ["customers.parquet"]
    assert one == other


def test_many_blocks_become_few_row_groups(tmp_path: Path) -> None:
    shop = simulate(ShopShape(orders=300_000), seed=2)
    write_canonical(shop, tmp_path)
    orders = pq.ParquetFile(tmp_path / "orders.parquet").metadata
    assert (orders.num_rows, orders.num_row_groups) == (shop.bought.size, 3)
    assert pq.read_table(tmp_path / "orders.parquet", columns=["order_id"])["order_id"].to_pylist() == [
        f"#{number}" for number in range(1001, 1001 + shop.bought.size)
    ]
