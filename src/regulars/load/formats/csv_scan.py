"""How DuckDB is told to read a delimited file whose dialect is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from regulars.load.parse import quoted


@dataclass(frozen=True)
class CsvScan:
    """One file, its delimiter and the number of its columns; `padding` fills up records that are too short."""

    path: Path
    delimiter: str
    width: int
    header: bool = True
    padding: bool = False
    parallel: bool = True

    def relation(self, rejects: str = "", scan: str = "") -> str:
        """SQL of the columns c0, c1, … as text. `rejects` names a table for lines that cannot be parsed, else they fail; `scan`
        one for what DuckDB says of the file.
        """
        columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(self.width))
        keep = f", store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{scan}'" if rejects else ""
        return (
            f"read_csv({quoted(str(self.path))}, auto_detect = false, header = {self.header},"
            f" delim = {quoted(self.delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}},"
            f" null_padding = {self.padding}, parallel = {self.parallel}{keep})"
        )
