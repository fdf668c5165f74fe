"""What the tests of loading share: an empty warehouse, sources in our own column names, and a short way to load text."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from regulars.load.files import expand
from regulars.load.mapping import Mapping, Source
from regulars.load.run import Input, LoadOptions, LoadResult, load
from regulars.vocabulary.shop import Settings
from regulars.warehouse.schema import Kind
from regulars.warehouse.tables import BY_NAME
from warehouse.memory import warehouse_in_memory

SETTINGS = Settings(name="test", currency="GBP", timezone="Europe/London")


def own(table: str, **changes: object) -> Source:
    """A source whose files have the canonical table's own column names."""
    declared = BY_NAME[table]
    needed = frozenset(c.name for c in declared.columns if not c.nullable and c.default is None)
    columns = {c.name: f'"{c.name}"' for c in declared.columns} | {"updated_at": '"updated_at"'}
    kinds = {c.name: c.kind for c in declared.columns} | {"updated_at": Kind.INSTANT}
    settings: dict[str, object] = {
        "name": "regulars",
        "title": f"own {table}",
        "requires": needed,
        "mappings": (Mapping(table, columns),),
        "types": kinds,
        "optional": frozenset(columns) - needed,
    }
    return Source(**(settings | changes))  # type: ignore[arg-type]


ORDERS = own("orders")
LINES = own("order_lines")
RATES = own("exchange_rates")

HEADER = "order_id,ordered_at,currency,gross,email,updated_at\n"


class Shop:
    """A warehouse with a folder of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = warehouse_in_memory()

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(
        self,
        files: Dictionary[str, tuple[str | bytes, Source]],
        settings: Settings = SETTINGS,
        now: datetime | None = None,
        **options: bool,
    ) -> LoadResult:
        """Load files given as {name: (content, source)}, in order; also those of which most rows are rejected."""
        options = {"accept_rejects": True} | options
        inputs = [
            Input(found, source)
            for name, (content, source) in files.items()
            for found in expand([self.file(name, content)])
        ]
        return load(self.con, inputs, settings=settings, command="test", options=LoadOptions(**options), now=now)

    def orders(self, rows: str, name: str = "orders.csv", source: Source = ORDERS, **options: bool) -> LoadResult:
        """Load orders with the usual header."""
        return self.load({name: (HEADER + rows, source)}, **options)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.con.execute(sql).fetchall()

    def amounts(self) -> dict[str, Decimal]:
        """The current orders and their gross amounts."""
        return dict(self.con.execute("SELECT order_id, gross FROM orders").fetchall())

    def times(self) -> dict[str, datetime]:
        return dict(self.con.execute("SELECT order_id, ordered_at FROM orders").fetchall())

    def reasons(self) -> dict[int, list[str]]:
        """Reasons by line, of all rejects."""
        return dict(self.con.execute("SELECT line, reasons FROM rejects ORDER BY load_id, file, line").fetchall())
