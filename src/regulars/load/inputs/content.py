"""One pass over all bytes of a file: digest, profile, and an unpacked copy if needed."""

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
    """A file's digest, size and profile, and the path of its unpacked content."""

    file: InputFile
    path: Path
    digest: str
    size: int
    profile: normalize.FileProfile | None = None
    notes: list[str] = field(default_factory=list)
    """Warnings about how the file was read: its sheet, header and encoding."""

    stamp: tuple[int, ...] = ()
    """Identity, size and time of a file that is read without a copy, before it was read. Empty for a copy."""

    def changed(self) -> bool:
        """Whether the file was written since it was first read."""
        return bool(self.stamp) and self.stamp != _stamp(self.path)

    def changed_meanwhile(self) -> UnreadableFile:
        """Return the error for a file that was written while it was loaded."""
        return UnreadableFile(f"{self.file.name} was changed while it was loaded.", "Load it again.")

    def digest_with(self, source: Source, full_name: str) -> str:
        """Return a digest of the content together with the mapping, so that another mapping of the same file is a new load."""
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


def read_content(workspace: Workspace, file: InputFile) -> Content:
    """Read all bytes once: compute the digest and the profile, and unpack the file. Raises UnreadableFile."""
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
        profile = normalize.profile_bytes(file.chunks(), file.sample, each)
    except UnreadableFile:
        if copy is not None:
            path.unlink()  # frees disk space for the rest of the load
        raise
    finally:
        if copy is not None:
            copy.close()
    delimited_profile = profile if kind in (Format.DELIMITED, Format.JSON) else None
    return Content(file, path, digest.hexdigest(), profile.size, delimited_profile, layout_notes(file), stamp)


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return (0,)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
