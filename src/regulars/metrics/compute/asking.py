"""Queries put to the facts: compiled once for each kind of question, run with the days that were asked about."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from regulars.metrics.question import Facts

Query = Callable[[Mapping[str, ir.Table]], ir.Table]
"""Builds a query from the tables that are given along."""
_MOST = 512
_compiled: OrderedDict[Hashable, str] = OrderedDict()
_lock = Lock()


def fetch(facts: Facts, key: Hashable, query: Query, given: Mapping[str, pa.Table]) -> pa.Table:
    """The rows of a query. `key` names all that decides its SQL beside the facts' own columns; `given` are tables by name."""
    if facts.run is None:
        return query({name: ibis.memtable(table) for name, table in given.items()}).to_pyarrow()
    return _whole(facts.run(_sql(facts, key, query, given), given))


def _whole(found: pa.Table) -> pa.Table:
    """Engines give sums of whole numbers as decimals without places; they fit into 64 bits."""
    fields = [
        field.with_type(pa.int64()) if pa.types.is_decimal(field.type) and field.type.scale == 0 else field
        for field in found.schema
    ]
    return found.cast(pa.schema(fields))


def _sql(facts: Facts, key: Hashable, query: Query, given: Mapping[str, pa.Table]) -> str:
    whole = (facts.dialect, facts.return_window, key)
    with _lock:
        found = _compiled.get(whole)
        if found is not None:
            _compiled.move_to_end(whole)
            return found
    found = compiled(facts, query, given)
    with _lock:
        _compiled[whole] = found
        while len(_compiled) > _MOST:
            _compiled.popitem(last=False)
    return found


def compiled(facts: Facts, query: Query, given: Mapping[str, pa.Table]) -> str:
    """The query's SQL in the facts' dialect; the given tables stand in it by their names."""
    tables = {name: ibis.table(ibis.Schema.from_pyarrow(table.schema), name=name) for name, table in given.items()}
    return str(ibis.to_sql(query(tables), dialect=facts.dialect))
