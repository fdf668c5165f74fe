"""Input files, options and result of a load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from regulars.load.checks.accounts import FileCount
from regulars.load.files import InputFile
from regulars.load.mapping import Source
from regulars.warehouse.log import TableCount


@dataclass(frozen=True)
class Input:
    """A file to load, with its source.

    Attributes:
        file: The file.
        source: The source that recognised it.
        account: Name of the account it comes from; empty if the shop has one account of the source.
    """

    file: InputFile
    source: Source
    account: str = ""

    @property
    def full_name(self) -> str:
        """Name of the source and its account, such as "shopify:uk"; part of the key of every row."""
        return f"{self.source.name}:{self.account}" if self.account else self.source.name


@dataclass(frozen=True)
class LoadOptions:
    """Options of a load.

    Attributes:
        replace: Delete the rows of each filled table and source that the files do not contain.
        again: Load files that an earlier load contains.
        strict: Refuse the load if any row is rejected.
        covers_until: Last day that the files cover, if it is later than the last row.
        accept_rejects: Load files even if many or all of their rows are rejected.
        skip_refused: Leave out unreadable files and those with too many rejected rows, and load the others.
        skip_unreadable: Leave out unreadable files alone.
        parts: The files are the parts of one export: equal rows are different rows.
        overlap: The files are overlapping exports: rows with equal content ids are the same row.
    """

    replace: bool = False
    again: bool = False
    strict: bool = False
    covers_until: date | None = None
    accept_rejects: bool = False
    skip_refused: bool = False
    skip_unreadable: bool = False
    parts: bool = False
    overlap: bool = False


DEFAULT_OPTIONS = LoadOptions()


@dataclass
class LoadResult:
    """Result of a load: counts per file and table, and warnings.

    Attributes:
        load_id: Number of the load; of the last one if `unchanged`.
        files: Row counts by file name.
        tables: Row counts by canonical table.
        warnings: Sentences for the shop's owner.
        unchanged: Every file was loaded before, so no new load was stored.
        released: Rows of earlier loads that waited for an exchange rate and are used now.
        refused: Files left out as unreadable or with too many rejected rows: name and reason.
        passed_over: Files without data: name and reason.
        unknown: Files left out because no source recognises them: name and reason.
        covered: Last covered day of each filled table.
    """

    load_id: int
    files: dict[str, FileCount] = field(default_factory=dict)
    tables: dict[str, TableCount] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unchanged: bool = False
    released: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    covered: dict[str, date] = field(default_factory=dict)

    def leave_out(self, refused: Mapping[str, str]) -> None:
        """Record refused files, by name with the reason, and warn of each."""
        self.refused |= refused
        self.warnings += [f"Refused and left out: {why}." for why in refused.values()]
