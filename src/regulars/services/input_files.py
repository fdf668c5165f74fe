"""Which files of a load are read and by which source, and which are left out."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from regulars.load.files import InputFile, expand, is_hidden, is_readable, named
from regulars.load.formats.delimited import is_prose
from regulars.load.run import Input
from regulars.vocabulary.errors import InputError, UnknownFile, UnreadableFile, UsageError
from regulars.vocabulary.safe_text import one_line

_TEXTS = ("", ".txt", ".md")
"""Endings of files that may be written for people."""


@dataclass
class Incoming:
    """The files of one load. Those left out are given by name, with the reason as what follows `it` in a sentence."""

    count: int
    """All files of the load, the ones left out too."""
    inputs: list[Input] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)
    """Files that hold no data: pictures, texts to read."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Files that no source, or not the mapping, knows."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Files that cannot be read, such as broken archives; each reason is a sentence with the file's name."""
    refused: dict[str, str] = field(default_factory=dict)
    """Those of `unknown` and `unreadable` where no option leaves them out: nothing can be loaded."""


def incoming(
    paths: Sequence[str | Path], input_of: Callable[[InputFile], Input], *, skip_unknown: bool, skip_unreadable: bool
) -> Incoming:
    """Find each file's source by `input_of`, which raises InputError where there is none.

    A single file that has no source is refused by its own error. Of several, files without data are passed over, and all
    others are `refused`, unless `skip_unknown` and `skip_unreadable` leave them out. Raises UnknownFile where no file is left.
    """
    unopened: dict[str, UnreadableFile] = {}
    files = expand(paths, unopened)
    count = len(files) + len(unopened)
    if not count:
        raise UsageError("There is nothing to load.", "Name at least one file or folder.")
    if count == len(unopened) == 1:
        raise next(iter(unopened.values()))
    result = Incoming(count, passed_over=_unread_endings(paths, files))
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
    if (result.unknown and not skip_unknown) or (result.unreadable and not skip_unreadable):
        result.refused = result.unknown | result.unreadable
    if not result.inputs:
        raise refusal(result)
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


def refusal(
    found: Incoming,
    unreadable: Mapping[str, str] = MappingProxyType({}),
    rejected: Mapping[str, str] = MappingProxyType({}),
    own: Collection[str] = (),
) -> UnknownFile:
    """One error that names every refused file of a load and what is wrong with it.

    The load found `unreadable` and, for their rows, `rejected` ones, as in FilesRefused. `own` are those of the latter that
    are refused whatever the other files hold; all are where it is empty.
    """
    late = {name: reason for name, reason in unreadable.items() if name not in found.refused}
    broken = {name: reason.removeprefix(f"{name} ") for name, reason in (found.unreadable | late).items()}
    wrong = {name: reason.removeprefix(f"{name}: ") for name, reason in rejected.items()}
    counts = [
        (len(found.unknown), "is not known", "are not known"),
        (len(broken), "cannot be read", "cannot be read"),
        (len(wrong), "is refused for its rows", "are refused for their rows"),
    ]
    kinds = [f"1 file {one}" if count == 1 else f"{count} files {several}" for count, one, several in counts if count]
    what = " and ".join(part for part in (", ".join(kinds[:-1]), kinds[-1]) if part) if kinds else "none holds data"
    message = f"Nothing was loaded: of {found.count} files, {what}."
    options = ["--skip-unknown"] if found.unknown else []
    if wrong or not options:
        options.append("--skip-refused")
    left = len(found.inputs) - len(late) - len(own or wrong)
    hints = [f"Load the others with {' '.join(options)}."] if left else []
    if found.unknown:
        hints.append("Of one file, regulars load FILE also says how a mapping file for it begins.")
    elif broken:
        hints.append("Export or copy again what cannot be read.")
    named_files = found.unknown | broken | wrong or found.passed_over
    lines = (one_line(f"  {name}: {reason}") for name, reason in named_files.items())
    return UnknownFile(message, " ".join(hints), "\n".join(lines))
