"""One look at all bytes of a file: its digest, its encoding, what is unusual; unpacked on the way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from regulars.load.files import Format, InputFile
from regulars.load.formats import normalize
from regulars.load.inputs.header import layout_notes
from regulars.load.mapping import Source
from regulars.load.workspace import Workspace
from regulars.vocabulary.errors import UnreadableFile


@dataclass
class Content:
    """A file that was looked at once: its digest, its size, and where it lies unpacked."""

    file: InputFile
    path: Path
    digest: str
    size: int
    facts: normalize.FileProfile | None = None
    notes: list[str] = field(default_factory=list)
    """How the file was read, where that was a choice: whole sentences about it, for the load's warnings."""

    stamp: tuple[int, ...] = ()
    """What the file system said of a file that is read where it lies, before it was looked at. Empty for a copy."""

    def changed(self) -> bool:
        """Whether the file was written since it was looked at."""
        return bool(self.stamp) and self.stamp != _stamp(self.path)

    def changed_meanwhile(self) -> UnreadableFile:
        """The refusal for a file that was written while it was loaded."""
        return UnreadableFile(f"{self.file.name} was changed while it was loaded.", "Load it again.")

    def digest_with(self, source: Source, full_name: str) -> str:
        """What was loaded how: the same content through another mapping is something new."""
        how = (
            full_name,
            [(m.table, sorted(m.columns.items()), m.where, m.group_by, m.having) for m in source.mappings],
            sorted((name, kind.value) for name, kind in source.types.items()),
            source.decimal,
            source.date_order,
            source.timezone,
            *((source.header_line, source.header) if source.header_line or source.header else ()),
        )
        return hashlib.sha256(f"{self.digest} {how!r}".encode()).hexdigest()


def look(workspace: Workspace, file: InputFile) -> Content:
    """Look at all bytes once: digest, encoding, what is unusual; unpack on the way. Raises UnreadableFile."""
    kind = file.format
    digest = hashlib.sha256()
    if file.plain:
        path, copy = workspace.reachable(file.path), None
    else:
        path = workspace.path(".unpacked")
        copy = path.open("wb")

    def each(chunk: bytes) -> None:
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)

    stamp = () if copy else _stamp(path)
    try:
        facts = normalize.look(file.chunks(), file.sample, each)
    except UnreadableFile:
        if copy is not None:
            path.unlink()  # the rest of a load may need the room
        raise
    finally:
        if copy is not None:
            copy.close()
    kept = facts if kind in (Format.DELIMITED, Format.JSON) else None
    return Content(file, path, digest.hexdigest(), facts.size, kept, layout_notes(file), stamp)


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return (0,)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
