"""The log: all rows of all loads. Which rows are current follows from the log alone.

    data_files.py       the rows of a load as Parquet files, one per table, and the views that read them
    metadata_tables.py  the tables that list loads, the files of the log and their hidden rows
    current_rows.py     the rule for the current rows
    merge.py            adding the rows of a load
    undo.py             undoing a load
    compact.py          merging many small files
    upgrade.py          upgrading versions of older releases

A version lists its files (`main.log_files`) and the rows in them that are not current (`main.log_hidden`, by file and
row number, like deletion vectors). Views `log.<table>` have all rows, with `current` and `waiting`; views
`main.<table>` have the current ones.

Of each version key and source, the rows of one load are current: of the load with the newest `updated_at` (unknown
counts as the newest known), then of the latest load. Loads before the newest `--replace` of that source and table do
not count, nor do rows that wait (`waiting`) for a missing exchange rate. So undoing a load is unlisting its files and
applying the rule again.
"""

from regulars.warehouse.log.compact import compact
from regulars.warehouse.log.data_files import stored_columns, tables_with_rows
from regulars.warehouse.log.merge import append_waiting, merge, release_waiting
from regulars.warehouse.log.metadata_tables import TableCount, add_counts, is_complete
from regulars.warehouse.log.undo import undo
from regulars.warehouse.log.upgrade import ensure

__all__ = [
    "TableCount",
    "add_counts",
    "append_waiting",
    "compact",
    "ensure",
    "is_complete",
    "merge",
    "release_waiting",
    "stored_columns",
    "tables_with_rows",
    "undo",
]
