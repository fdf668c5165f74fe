"""A damaged file ends in a refusal that names it, or in rows; never in another error."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load.shop import ORDERS, Shop
from properties import few
from regulars.vocabulary.errors import InputError, UnreadableFile

ROWS = [[str(n), f"2024-01-{1 + n % 28:02d}", "GBP", n + 0.25, f"c{n}@example.com"] for n in range(1, 60)]
NAMES = ["order_id", "ordered_at", "currency", "gross", "email"]


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [NAMES, *ROWS]:
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def parquet(folder: Path) -> bytes:
    values = ", ".join(f"({', '.join(repr(value) for value in row)})" for row in ROWS)
    path = folder / "made.parquet"
    duckdb.sql(f"FROM (VALUES {values}) AS orders({', '.join(NAMES)})").write_parquet(str(path))
    return path.read_bytes()


def damaged(content: bytes, seed: int) -> bytes:
    """The content with a few bytes changed, cut out or doubled."""
    changed, chance = bytearray(content), random.Random(seed)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at : at + 4] = chance.randbytes(4)
            case 2:
                del changed[at : at + chance.randint(1, 40)]
            case _:
                changed[at:at] = changed[at : at + chance.randint(1, 40)]
    return bytes(changed)


def damaged_inside(content: bytes, seed: int) -> bytes:
    """A workbook of which one part is damaged before it is packed, so that no checksum tells."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        victim = random.Random(seed).choice([name for name in old.namelist() if name != "[Content_Types].xml"])
        for name in old.namelist():
            new.writestr(name, damaged(old.read(name), seed) if name == victim else old.read(name))
    return packed.getvalue()


def assert_loads_or_is_refused(folder: Path, name: str, content: bytes) -> None:
    shop, refusal = Shop(folder), None
    try:
        shop.load({name: (content, ORDERS)})
    except InputError as error:
        refusal = error
    if refusal is not None:
        assert name in str(refusal)
        assert refusal.hint
        assert shop.rows("SELECT count(*) FROM orders") == [(0,)]


@settings(max_examples=few(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_workbook_with_other_bytes(tmp_path: Path, seed: int) -> None:
    assert_loads_or_is_refused(tmp_path, "o.xlsx", damaged(workbook(), seed))


@settings(max_examples=few(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_workbook_with_damaged_parts(tmp_path: Path, seed: int) -> None:
    assert_loads_or_is_refused(tmp_path, "o.xlsx", damaged_inside(workbook(), seed))


@settings(max_examples=few(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_parquet_file_with_other_bytes(tmp_path: Path, seed: int) -> None:
    assert_loads_or_is_refused(tmp_path, "o.parquet", damaged(parquet(tmp_path), seed))


def test_a_parquet_page_of_an_unknown_type(tmp_path: Path) -> None:
    content = parquet(tmp_path)
    # The first page's header is Thrift: its fields get a type that does not exist.
    broken = content[:4] + bytes([0x1F, 0x0F, 0x7F]) + content[7:]
    with pytest.raises(UnreadableFile, match=r"o\.parquet is broken"):
        Shop(tmp_path).load({"o.parquet": (broken, ORDERS)})


def test_a_row_number_beyond_the_last_row_of_a_sheet(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<row r="9"', b'<row r="99999999999"'))
    with pytest.raises(UnreadableFile, match="a row below"):
        Shop(tmp_path).load({"o.xlsx": (packed.getvalue(), ORDERS)})
