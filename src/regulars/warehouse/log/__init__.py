"""The log: every row of every load is kept, and which of them are current follows from the log alone.

    row_files.py       the rows of a load, written once as a Parquet file for each table; the views that read them
    version_tables.py  the tables in which a version lists its loads, the files of its log and their hidden rows
    winners.py         which rows are current
    merge.py           a load's rows are added
    undo.py            a load is taken back
    compact.py         many small files become one
    upgrade.py         a version of an older Regulars, which held the rows itself

A version lists the files it rests on (`main.log_files`) and the rows in them that are not current (`main.log_hidden`, by file
and row number). Views `log.<table>` show all rows with `current` and `waiting`, views `main.<table>` the current ones.

Of each version key (per source) one load is current: the one with the newest `updated_at` (unknown counts as the newest
known), then the latest load; loads before the newest `--replace` of that source and table do not count, nor do rows that
wait (`waiting`) for what other rows must bring. Undoing a load is therefore forgetting its files and asking again who is
current.
"""

from regulars.warehouse.log.compact import compact
from regulars.warehouse.log.merge import keep_waiting, merge, use_waiting
from regulars.warehouse.log.row_files import stored_columns, tables_with_rows
from regulars.warehouse.log.undo import undo
from regulars.warehouse.log.upgrade import ensure
from regulars.warehouse.log.version_tables import TableCount, book, is_complete

__all__ = [
    "TableCount",
    "book",
    "compact",
    "ensure",
    "is_complete",
    "keep_waiting",
    "merge",
    "stored_columns",
    "tables_with_rows",
    "undo",
    "use_waiting",
]
