"""Queries put to the facts: compiled once for each kind of question, run with the days that were asked about."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from regulars.metrics.query import Facts
from regulars.warehouse.lazy_imports import ibis, pa

if TYPE_CHECKING:
    import ibis.expr.types as ir

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")
Query: TypeAlias = "Callable[[Mapping[str, ir.Table]], ir.Table]"
"""Builds a query from the tables that are given along."""


class LRUCache(Generic[Key, Found]):
    """The last so many things found, by what they were asked by. Askers in several threads may find one twice, never wrongly."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Key, Found] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key, find: Callable[[], Found]) -> Found:
        """What was found for the key, now or before."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = find()
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return found


_compiled: LRUCache[Hashable, str] = LRUCache(512)


def fetch(facts: Facts, key: Hashable, query: Query, given: Mapping[str, pa.Table]) -> pa.Table:
    """The rows of a query. `key` names all that decides its SQL beside the facts; `given` are tables by name."""
    if facts.run is None:
        return query({name: ibis.memtable(table) for name, table in given.items()}).to_pyarrow()
    sql = _compiled.get((facts.dialect, key), lambda: compiled(facts, query, given))
    return _whole(facts.run(sql, given))


def _whole(found: pa.Table) -> pa.Table:
    """Engines give sums of whole numbers as decimals without places; they fit into 64 bits."""
    fields = [
        field.with_type(pa.int64()) if pa.types.is_decimal(field.type) and field.type.scale == 0 else field
        for field in found.schema
    ]
    return found.cast(pa.schema(fields))


def compiled(facts: Facts, query: Query, given: Mapping[str, pa.Table]) -> str:
    """The query's SQL in the facts' dialect; the given tables stand in it by their names."""
    tables = {name: ibis.table(ibis.Schema.from_pyarrow(table.schema), name=name) for name, table in given.items()}
    return str(ibis.to_sql(query(tables), dialect=facts.dialect))
