"""Which files of a load are read and by which source, and which are left out."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from regulars.vocabulary.errors import InputError, UnknownFile, UnreadableFile, UsageError
from regulars.vocabulary.safe_text import one_line
from regulars.warehouse.load.files import InputFile, expand, is_hidden, is_readable, named
from regulars.warehouse.load.formats.delimited import is_prose
from regulars.warehouse.load.run import Input

_TEXTS = ("", ".txt", ".md")
"""Endings of files that may be written for people."""


@dataclass
class Incoming:
    """The files of one load. Those left out are given by name, with the reason as what follows `it` in a sentence."""

    inputs: list[Input] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)
    """Files that hold no data: pictures, texts to read."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Files that no source, or not the mapping, knows."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Files that cannot be read, such as broken archives; each reason is a sentence with the file's name."""


def incoming(
    paths: Sequence[str | Path], input_of: Callable[[InputFile], Input], *, skip_unknown: bool, skip_unreadable: bool
) -> Incoming:
    """Find each file's source by `input_of`, which raises InputError where there is none.

    A single file that has no source is refused by its own error. Of several, files without data are passed over, and all
    others are named in one UnknownFile, unless `skip_unknown` and `skip_unreadable` leave them out. UnknownFile also where no
    file is left.
    """
    unopened: dict[str, UnreadableFile] = {}
    files = expand(paths, unopened)
    count = len(files) + len(unopened)
    if not count:
        raise UsageError("There is nothing to load.", "Name at least one file or folder.")
    if count == len(unopened) == 1:
        raise next(iter(unopened.values()))
    result = Incoming(passed_over=_unread_endings(paths, files))
    result.unreadable = {name: _sentence(error) for name, error in unopened.items()}
    for file in files:
        try:
            result.inputs.append(input_of(file))
        except InputError as error:
            if count == 1:
                raise
            if _holds_no_data(file, error):
                result.passed_over[file.name] = _reason(file.name, error)
            elif isinstance(error, UnreadableFile):
                result.unreadable[file.name] = _sentence(error)
            else:
                result.unknown[file.name] = _reason(file.name, error)
    refused = (result.unknown and not skip_unknown) or (result.unreadable and not skip_unreadable)
    if refused or not result.inputs:
        raise _refusal(result, count)
    return result


def _sentence(error: InputError) -> str:
    """The error's message without its full stop."""
    return str(error).rstrip(".")


def _reason(name: str, error: InputError) -> str:
    """The error's message as what follows the file's name, or `it`, in a sentence."""
    message = _sentence(error)
    said = message.removeprefix(f"{name} ")
    return said if said != message else f"cannot be read: {message}"


def _holds_no_data(file: InputFile, error: InputError) -> bool:
    path = Path(file.member or file.path)
    if isinstance(error, UnreadableFile):
        return not is_readable(path)
    return path.suffix.lower() in _TEXTS and is_prose(file.sample)


def _unread_endings(paths: Sequence[str | Path], files: Sequence[InputFile]) -> dict[str, str]:
    """Files in folders and archives whose ending says that they hold no rows, by name with the reason; not hidden ones.

    `files` are those that are read.
    """
    found: dict[tuple[Path, str | None], None] = {}
    for folder in (Path(given) for given in paths if Path(given).is_dir()):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and _has_unread_ending(path.relative_to(folder)):
                found[path, None] = None
    for archive in dict.fromkeys(file.path for file in files if file.member is not None):
        with zipfile.ZipFile(archive) as opened:
            members = sorted(member.filename for member in opened.infolist() if not member.is_dir())
        found.update(((archive, name), None) for name in members if _has_unread_ending(Path(name)))
    return {file.name: _no_rows(Path(file.member or file.path).suffix.lower()) for file in named(list(found))}


def _has_unread_ending(path: Path) -> bool:
    return not is_hidden(path) and not is_readable(path)


def _no_rows(ending: str) -> str:
    if ending == ".xls":
        return "is an old Excel file; save it as .xlsx or CSV"
    return f"has the ending {ending}, which Regulars does not read" if ending else "has no ending, such as .csv"


def _refusal(result: Incoming, files: int) -> UnknownFile:
    unreadable = {name: reason.removeprefix(f"{name} ") for name, reason in result.unreadable.items()}
    left = {**result.unknown, **unreadable} or result.passed_over
    counts = [
        (len(result.unknown), "is not known", "are not known"),
        (len(unreadable), "cannot be read", "cannot be read"),
    ]
    what = [f"1 file {one}" if count == 1 else f"{count} files {several}" for count, one, several in counts if count]
    message = f"Nothing was loaded: of {files} files, {' and '.join(what) or 'none holds data'}."
    option = "--skip-unknown" if result.unknown else "--skip-refused"
    hints = [f"Load the others with {option}."] if result.inputs else []
    if result.unknown:
        hints.append("Of one file, regulars load FILE also says how a mapping file for it begins.")
    elif unreadable:
        hints.append("Export or copy again what cannot be read.")
    hint = " ".join(hints)
    return UnknownFile(message, hint, "\n".join(one_line(f"  {name}: {reason}") for name, reason in left.items()))
