"""Files that a load refuses: they cannot be read, too many of their rows would be rejected, or none would be used."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.vocabulary.errors import LoadRefused

ALLOWED_ROWS = 20
"""So many rejected rows never refuse a file of which other rows are used."""
ALLOWED_SHARE = 0.05
"""Share of a file's rows; more rejected rows than this and than ALLOWED_ROWS refuse the file."""
_SHOWN = 3

_HINTS = {
    (True, False): "Export or copy again what cannot be read, or load with --skip-refused (the other files only).",
    (
        False,
        True,
    ): "Correct the files or their mapping; or load with --accept-rejects (regulars rejects then shows every row)"
    " or --skip-refused (the other files only).",
    (True, True): "Export or copy again what cannot be read, and correct the other files or their mapping; or load with"
    " --skip-refused (the other files only).",
}
"""What to do, by whether some file cannot be read and whether some file has too many rejected rows."""

Reasons = list[tuple[str, int, str]]
"""Reasons with the number of rows and one place as an example (rejects.summary)."""


class FilesRefused(LoadRefused):
    """Some files of the load are refused: `unreadable` maps the names of those that cannot be read to their end, `rejected` of
    those of too many rejected rows, to what is wrong with each, its name included.

    `own`: names of the latter that are refused whatever the other files of the load hold.
    """

    def __init__(
        self, unreadable: Mapping[str, str], rejected: Mapping[str, str], own: frozenset[str] = frozenset()
    ) -> None:
        self.unreadable, self.rejected, self.own = dict(unreadable), dict(rejected), own
        files = {**unreadable, **rejected}
        which = "1 file is" if len(files) == 1 else f"{len(files)} files are"
        super().__init__(
            f"{which} refused and nothing was changed: {' — '.join(files.values())}.",
            _HINTS[bool(unreadable), bool(rejected)],
        )


def is_refused(*, read: int, blank: int, kept: int, rejected: int) -> bool:
    """Whether a file is refused. `kept`: rows that are used or wait; `blank`: rows with nothing in them."""
    if read == blank:
        return False
    return kept == 0 or (rejected > ALLOWED_ROWS and rejected > ALLOWED_SHARE * read)


def explained(file: str, read: int, rejected: int, reasons: Reasons) -> str:
    """What is wrong with a refused file: counts, and the most frequent reasons with one sample each."""
    if not rejected:
        return f"{file}: none of its {read:,} rows is used, all are left out by the mapping"
    parts = [f"{reason} ({count:,}, such as {example})" for reason, count, example in reasons[:_SHOWN]]
    if len(reasons) > _SHOWN:
        parts.append(f"{len(reasons) - _SHOWN} more reasons")
    return f"{file}: {rejected:,} of {read:,} rows would be rejected: {'; '.join(parts)}"
