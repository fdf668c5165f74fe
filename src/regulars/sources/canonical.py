"""Sources of files with Regulars' own column names: one per canonical table, built from its declaration."""

from __future__ import annotations

from regulars.load.mapping import Mapping, Source
from regulars.warehouse.schema import METADATA_COLUMNS, Kind, Table
from regulars.warehouse.tables import TABLES

NAME = "regulars"
"""Name of all these sources: ids are scoped by source name, and orders refer to ids of the customers file."""

_UPDATED_AT = next(column for column in METADATA_COLUMNS if column.name == "updated_at")


def source_of(table: Table) -> Source:
    """Return the source of files whose columns are those of the table, and optionally `updated_at`."""
    columns = {column.name: column for column in (*table.columns, _UPDATED_AT)}
    required = frozenset(column.name for column in table.columns if not column.nullable and column.default is None)
    return Source(
        name=NAME,
        title=f"{table.name}, in Regulars' own columns",
        requires=required,
        optional=frozenset(columns) - required,
        types={name: column.kind for name, column in columns.items() if column.kind is not Kind.TEXT},
        mappings=(Mapping(table.name, {name: f'"{name}"' for name in columns}),),
        closed=True,
    )


SOURCES: tuple[Source, ...] = tuple(source_of(table) for table in TABLES)
