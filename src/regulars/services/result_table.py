"""The table that a query of an opened shop returns: rows for pandas, polars and DuckDB, and text for people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from regulars.metrics.shapes import Metric, Total
from regulars.services import serializer
from regulars.services.metric_tables import (
    AGE,
    Beside,
    alone,
    beside_before,
    footnotes,
    marked,
    side_by_side,
    without_verdict,
)
from regulars.services.serializer import Record, json_text, plain
from regulars.services.tables import Table, html, text_lines
from regulars.vocabulary import money, numbers
from regulars.vocabulary.errors import LibraryMissing
from regulars.vocabulary.units import Unit
from regulars.warehouse.lazy_imports import pa

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from regulars.metrics.query_result import Value


class Kind(StrEnum):
    """Type of a column; each may be null."""

    TEXT = "text"
    TEXTS = "texts"
    DAY = "day"
    FLAG = "flag"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"


@dataclass(frozen=True)
class Column:
    """A column of a result: name, type, and decimal places of decimals."""

    name: str
    kind: Kind = Kind.TEXT
    places: int = 4

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type: decimals are decimal128 of 38 digits, days are date32, text is string."""
        match self.kind:
            case Kind.TEXTS:
                return pa.list_(pa.string())
            case Kind.DAY:
                return pa.date32()
            case Kind.FLAG:
                return pa.bool_()
            case Kind.INTEGER:
                return pa.int64()
            case Kind.NUMBER:
                return pa.float64()
            case Kind.DECIMAL:
                return pa.decimal128(38, self.places)
        return pa.string()

    def value(self, cell: object) -> object:
        """Return a cell of a record as the column's Python type; None stays None."""
        if cell is None:
            return None
        match self.kind:
            case Kind.DAY:
                return date.fromisoformat(cell) if isinstance(cell, str) else cell
            case Kind.INTEGER:
                return int(str(cell))
            case Kind.NUMBER:
                return float(str(cell))
            case Kind.DECIMAL:
                return Decimal(str(cell)).quantize(Decimal(1).scaleb(-self.places))
            case Kind.TEXT:
                return str(cell)
        return cell


@dataclass(frozen=True, eq=False, repr=False)
class ResultTable:
    """Rows of named columns, as of the time of the query.

    pandas, polars, pyarrow and DuckDB read it directly (`__arrow_c_stream__`); `to_pandas()`, `to_polars()` and `to_arrow()`
    convert it. Money is decimal, days are dates, and unknown values are null.
    """

    columns: tuple[Column, ...]
    rows: tuple[Record, ...]
    """One record a row, by the columns' names; cells as in the CSV of the command line."""
    content: object
    """The same result as the command line writes it as JSON."""
    notes: tuple[str, ...] = ()
    """Notes for the reader, such as a stale forecast."""
    title: str = ""
    _table: Callable[[], Table] | None = field(default=None)
    """Returns the table for people; None for one of all columns."""

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        """The rows as dicts of Python values: dates, Decimals, floats, None."""
        return ({column.name: column.value(row[column.name]) for column in self.columns} for row in self.rows)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface, by which other libraries read the table."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> pa.Table:
        """The rows as a pyarrow.Table."""
        return self._arrow

    @cached_property
    def _arrow(self) -> pa.Table:
        arrays = {
            column.name: pa.array([column.value(row[column.name]) for row in self.rows], column.arrow_type)
            for column in self.columns
        }
        return pa.table(arrays)

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a pandas.DataFrame without an index of its own; days are datetime64, decimals are objects.

        Raises:
            LibraryMissing: pandas is not installed.
        """
        table = self.to_arrow()  # first: pyarrow must be there before pandas is asked for
        _imported("pandas", "to_pandas")
        frame: pd.DataFrame = table.to_pandas(date_as_object=False)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """The rows as a polars.DataFrame.

        Raises:
            LibraryMissing: polars is not installed.
        """
        frame: pl.DataFrame = _imported("polars", "to_polars").DataFrame(self.to_arrow())
        return frame

    def to_json(self) -> str:
        """The result as `--format json` of the command line writes it."""
        return json_text(self.content)

    def __repr__(self) -> str:
        """The table as plain text, as the command line writes it."""
        return "\n".join(text_lines(self._shown))

    def _repr_html_(self) -> str:
        """The table in a notebook."""
        return html(self._shown)

    @cached_property
    def _shown(self) -> Table:
        table = self._plain_table() if self._table is None else self._table()
        table.notes += self.notes
        return table

    def _plain_table(self) -> Table:
        """A table of all columns; cells as in CSV, numbers with thousands separators."""
        to_the_right = {column.name for column in self.columns if column.kind in _NUMBERS}
        cells = [[_text(column, row[column.name]) for column in self.columns] for row in self.rows]
        return Table([column.name for column in self.columns], cells, self.title, frozenset(to_the_right))


_NUMBERS = (Kind.INTEGER, Kind.NUMBER, Kind.DECIMAL)


def _text(column: Column, cell: object) -> str:
    value = column.value(cell)
    if value is None:
        return numbers.NOTHING
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else numbers.plain(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f"{value:,}"
    return "; ".join(value) if isinstance(value, list) else plain(value)


def _imported(library: str, method: str) -> Any:
    """Import an optional library. Raises LibraryMissing, with how to install it."""
    try:
        return import_module(library)
    except ModuleNotFoundError:
        raise LibraryMissing(
            f"{method}() needs {library}, which is not installed.",
            f"Install it: pip install {library}. to_arrow() and `for row in result` work without it.",
        ) from None


# The columns of answers ----------------------------------------------------------------------------------------------

CUSTOMERS = (
    *map(Column, ("customer", "name", "email", "country")),
    Column("orders", Kind.INTEGER),
    *(Column(name, Kind.DAY) for name in ("first_order", "last_order")),
    *(Column(name, Kind.DECIMAL) for name in ("numerator", "denominator")),
)
SEGMENT_SIZES = (
    Column("segment"),
    Column("as_of", Kind.DAY),
    Column("customers", Kind.INTEGER),
    Column("buyers_90", Kind.NUMBER),
    *(Column(name, Kind.DECIMAL) for name in ("value", "value_at_risk")),
    *map(Column, ("currency", "rule", "advice")),
)
SEGMENT_MEMBERS = (
    *map(Column, ("customer", "name", "email", "country")),
    Column("purchase_days", Kind.INTEGER),
    Column("last_purchase", Kind.DAY),
    Column("revenue_to_date", Kind.DECIMAL),
    Column("probability_purchase_90d", Kind.NUMBER),
    *(Column(name, Kind.DECIMAL) for name in ("value", "value_at_risk")),
    Column("median_days", Kind.NUMBER),
)
FILES = (
    Column("file"),
    *(Column(name, Kind.INTEGER) for name in ("read", "used", "waiting", "rejected", "skipped")),
)
TOTALS = (
    Column("forecast"),
    Column("as_of", Kind.DAY),
    Column("quantity"),
    Column("days", Kind.INTEGER),
    *(Column(name, Kind.DECIMAL) for name in ("expected", "low", "high")),
    *map(Column, ("unit", "currency")),
)
_KINDS = {
    "start": Kind.DAY,
    "end": Kind.DAY,
    "complete": Kind.FLAG,
    "mature": Kind.FLAG,
    "n": Kind.INTEGER,
    AGE: Kind.INTEGER,
    "numerator": Kind.DECIMAL,
    "denominator": Kind.DECIMAL,
    "events": Kind.TEXTS,
    "year_earlier_events": Kind.TEXTS,
}
"""Types of the columns of values that are neither text nor in the metric's unit."""
_IN_ITS_UNIT = serializer.MONEY_COLUMNS - {"numerator"} | {"low", "high"}
AVERAGE_PLACES = 10
"""Decimal places of amounts of money that are no sums, such as averages."""


def of_values(
    values: Sequence[Value],
    splits: Sequence[str],
    compared: bool,
    beside: Beside,
    notes: tuple[str, ...],
    table: Callable[[], Table],
) -> ResultTable:
    """Return the values of metrics as a table.

    Args:
        values: The values, in order.
        splits: Names of the splits.
        compared: Whether the values have changes.
        beside: The values of companion metrics.
        notes: Notes for the reader.
        table: Returns the table for people.
    """
    amount = _amount({value.metric for value in values}, values)
    names = serializer.columns(splits, compared)
    columns = [
        replace(amount, name=name) if name in _IN_ITS_UNIT else Column(name, _KINDS.get(name, Kind.TEXT))
        for name in names
    ]
    columns += [replace(_amount({metric}, values), name=name) for name, metric in beside.columns.items()]
    content = [serializer.record(value, compared) | beside.record(value) for value in values]
    rows = tuple(
        serializer.flat(value, splits, compared) | beside.record(value) | {"numerator": record["numerator"]}
        for value, record in zip(values, content, strict=True)
    )
    return ResultTable(tuple(columns), rows, content, notes, "", table)


def _amount(metrics: Collection[Metric], values: Sequence[Value]) -> Column:
    """The column type of values of these metrics: decimal if all are money, with the currency's places if all are sums."""
    if not metrics or any(metric.unit is not Unit.MONEY for metric in metrics):
        return Column("", Kind.NUMBER)
    currency = next((value.currency for value in values if value.currency), "")
    is_sum = all(isinstance(metric, Total) for metric in metrics)
    return Column("", Kind.DECIMAL, money.digits(currency) if is_sum else AVERAGE_PLACES)


def of_several(values: Sequence[Value], splits: Sequence[str], compared: bool) -> Table:
    """Return the table for people of several metrics: with the period before, alone, or a column for each period."""
    periods = sorted({value.period for value in values})
    if len(periods) > 1 or not periods:
        table = side_by_side(values, splits, [period.label for period in periods], "")
    else:
        before = next((value.change.period.label for value in values if value.change is not None), "before")
        compared_table = beside_before(values, splits, periods[0].label, before, "") if compared else None
        table = compared_table or alone(values, splits, periods[0].label, "")
    table.notes += [*footnotes(values), *without_verdict(values), *marked(values, year_earlier=False)]
    return table
