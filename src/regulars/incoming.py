"""Which files of a load are read and by which source, and which are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from regulars.vocabulary.errors import InputError, UnknownFile, UnreadableFile, UsageError
from regulars.vocabulary.safe_text import one_line
from regulars.warehouse.load.files import InputFile, expand, is_hidden, is_readable
from regulars.warehouse.load.formats.delimited import is_prose
from regulars.warehouse.load.run import Input

_TEXTS = ("", ".txt", ".md")
"""Endings of files that may be written for people."""


@dataclass
class Incoming:
    """The files of one load. Those left out are given by name, with the reason."""

    inputs: list[Input] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)
    """Files that hold no data: pictures, texts to read."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Files that no source, or not the mapping, knows, or that cannot be read."""


def incoming(paths: Sequence[str | Path], input_of: Callable[[InputFile], Input], skip_unknown: bool) -> Incoming:
    """Find each file's source by `input_of`, which raises InputError where there is none.

    A single file that has no source is refused by its own error. Of several, files without data are passed over, and all unknown
    ones are named in one UnknownFile, unless `skip_unknown` leaves them out. UnknownFile also where no file is left.
    """
    unreadable: dict[str, UnreadableFile] = {}
    files = expand(paths, unreadable)
    count = len(files) + len(unreadable)
    if not count:
        raise UsageError("There is nothing to load.", "Name at least one file or folder.")
    if count == len(unreadable) == 1:
        raise next(iter(unreadable.values()))
    result = Incoming(passed_over=_unread_endings(paths))
    for path, broken in unreadable.items():
        result.unknown[path] = str(broken).removeprefix(f"{path} ").rstrip(".")
    for file in files:
        try:
            result.inputs.append(input_of(file))
        except InputError as error:
            if count == 1:
                raise
            reason = _reason(file, error)
            (result.passed_over if _holds_no_data(file, error) else result.unknown)[file.name] = reason
    if (result.unknown and not skip_unknown) or not result.inputs:
        raise _refusal(result, count)
    return result


def _reason(file: InputFile, error: InputError) -> str:
    """The error's message as what follows the file's name, or `it`, in a sentence."""
    message = str(error).rstrip(".")
    said = message.removeprefix(f"{file.name} ")
    return said if said != message else f"cannot be read: {message}"


def _holds_no_data(file: InputFile, error: InputError) -> bool:
    path = Path(file.member or file.path)
    if isinstance(error, UnreadableFile):
        return not is_readable(path)
    return path.suffix.lower() in _TEXTS and is_prose(file.sample)


def _unread_endings(paths: Sequence[str | Path]) -> dict[str, str]:
    """Files in directories whose ending says that they hold no rows, by name with the reason; hidden ones are not mentioned."""
    found: dict[str, str] = {}
    for given in paths:
        folder = Path(given)
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and not is_hidden(path.relative_to(folder)) and not is_readable(path):
                found[path.name] = _no_rows(path.suffix.lower())
    return found


def _no_rows(ending: str) -> str:
    if ending == ".xls":
        return "is an old Excel file; save it as .xlsx or CSV"
    return f"has the ending {ending}, which Regulars does not read" if ending else "has no ending, such as .csv"


def _refusal(result: Incoming, files: int) -> UnknownFile:
    left = result.unknown or result.passed_over
    count = len(left)
    what = "1 file is" if count == 1 else f"{count} files are"
    message = f"Nothing was loaded: of {files} files, {what} not known."
    skip = "Load the others with --skip-unknown. " if result.inputs else ""
    hint = f"{skip}Of one file, regulars load FILE also says how a mapping file for it begins."
    return UnknownFile(message, hint, "\n".join(one_line(f"  {name}: {reason}") for name, reason in left.items()))
