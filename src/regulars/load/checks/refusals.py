"""Files that a load refuses: unreadable ones, and those with too many rejected rows or without any used row."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.vocabulary.errors import LoadRefused

ALLOWED_ROWS = 20
"""Rejected rows that are allowed in any file with used rows."""
ALLOWED_SHARE = 0.05
"""Allowed share of rejected rows. A file above this and ALLOWED_ROWS is refused."""
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
"""Hints by (some file is unreadable, some file has too many rejected rows)."""

Reasons = list[tuple[str, int, str]]
"""Reject reasons with the number of rows and the place of an example (rejects.summary)."""


class FilesRefused(LoadRefused):
    """Some files of the load are refused.

    Attributes:
        unreadable: Unreadable files: name and reason, which includes the name.
        rejected: Files with too many rejected rows: name and reason.
        own: Names of `rejected` files that are refused because of their own rows, not those of other files.
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


def is_refused(*, read: int, blank: int, accepted: int, rejected: int) -> bool:
    """Whether a file is refused, by its counts of rows; `accepted`: used or waiting; `blank`: without any value."""
    if read == blank:
        return False
    return accepted == 0 or (rejected > ALLOWED_ROWS and rejected > ALLOWED_SHARE * read)


def refusal_text(file: str, read: int, rejected: int, reasons: Reasons) -> str:
    """Return why a file is refused: counts, and the most frequent reasons with an example each."""
    if not rejected:
        return f"{file}: none of its {read:,} rows is used; the mapping leaves out all of them"
    parts = [f"{reason} ({count:,}, such as {example})" for reason, count, example in reasons[:_SHOWN]]
    if len(reasons) > _SHOWN:
        parts.append(f"{len(reasons) - _SHOWN} more reasons")
    return f"{file}: {rejected:,} of {read:,} rows would be rejected: {'; '.join(parts)}"
