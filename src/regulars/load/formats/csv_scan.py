"""SQL that reads a delimited file of a known dialect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from regulars.load.parse import quoted


@dataclass(frozen=True)
class CsvScan:
    """A file, its delimiter and its number of columns; `padding` adds empty fields to short records."""

    path: Path
    delimiter: str
    width: int
    header: bool = True
    padding: bool = False
    parallel: bool = True

    def relation(self, rejects: str = "", scan: str = "") -> str:
        """Return SQL of the file's columns c0, c1, … as text.

        Args:
            rejects: Name of a table that receives lines that cannot be parsed; without it they are errors.
            scan: Name of a table that receives the parameters of the scan.
        """
        columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(self.width))
        keep = f", store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{scan}'" if rejects else ""
        return (
            f"read_csv({quoted(str(self.path))}, auto_detect = false, header = {self.header},"
            f" delim = {quoted(self.delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}},"
            f" null_padding = {self.padding}, parallel = {self.parallel}{keep})"
        )
