"""The orders as the peers get them: one cleaned Parquet file, so that they need not find out who is who."""

from __future__ import annotations

from pyarrow import parquet

from bench.measuring import Place, Stopwatch
from regulars.services.app import App
from regulars.vocabulary.shop import Shop

FILE = "peers.parquet"
_ROWS = 100_000


def write(place: Place, watch: Stopwatch) -> None:
    """Columns: id, person (null for a guest), day (date), country, net_revenue (double); oldest first."""
    with App(Shop.open(place.shop)).warehouse.read() as con, watch.timing():
        # A reader of a shop writes no file itself.
        rows = con.execute(
            "SELECT row_number() OVER (ORDER BY \"at\", order_id) AS id, person, DATE '1970-01-01' + day AS day,"
            " country, net_revenue::DOUBLE AS net_revenue FROM facts.orders ORDER BY id"
        ).to_arrow_reader(_ROWS)
        with parquet.ParquetWriter(place.scratch(FILE), rows.schema) as file:
            for batch in rows:
                file.write_batch(batch)
