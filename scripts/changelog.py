"""Assembles CHANGELOG.md from the files in changes/, one for each change.

    .venv/bin/python scripts/changelog.py show                 what the next release's section holds so far
    .venv/bin/python scripts/changelog.py release 0.1.0 [DAY]  write that section into CHANGELOG.md and remove the files

A file is called NAME.KIND.md, with a KIND of KINDS. It holds one change as it should stand in the changelog: whole sentences,
without a heading or a list mark. Lines that stand under *Unreleased* in CHANGELOG.md itself go before those of the files.
"""

from __future__ import annotations

import re
import sys
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path

KINDS = ("added", "changed", "fixed", "removed")
WIDTH = 100
UNRELEASED = "## [Unreleased]"

_NAME = re.compile(rf"[a-z0-9]+(?:-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md")
_RELEASE = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
_NO_SENTENCE = ("#", "-", "*", "<", "|")


def fault(name: str, text: str) -> str:
    """What is wrong with a file in changes/; empty where it can be assembled."""
    if not _NAME.fullmatch(name):
        return f"{name}: call it NAME.KIND.md, NAME in lower case with hyphens, KIND one of {', '.join(KINDS)}."
    if not text.strip():
        return f"{name}: it is empty. Write one or two sentences."
    if "\n\n" in text.strip() or text.lstrip().startswith(_NO_SENTENCE):
        return f"{name}: write one paragraph without a heading or a list mark."
    if not text.rstrip().endswith("."):
        return f"{name}: end the last sentence with a full stop."
    return ""


def fragments(folder: Path) -> dict[Path, str]:
    """The files in a folder with their text, by name. Raises ValueError naming each file that cannot be assembled."""
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*")) if file.name != "README.md"}
    faults = [wrong for file, text in texts.items() if (wrong := fault(file.name, text))]
    if faults:
        raise ValueError("\n".join(faults))
    return texts


def assembled(section: str, texts: dict[Path, str]) -> str:
    """A release's section, without its heading: the lines that it has, and the changes of the files below them, by kind."""
    before, *rest = re.split(r"^### (.+)\n", section.strip("\n"), flags=re.MULTILINE)
    lines = {title.lower(): body.strip("\n") for title, body in zip(rest[::2], rest[1::2], strict=True)}
    for file, text in texts.items():
        kind = file.name.split(".")[1]
        item = textwrap.fill(
            " ".join(text.split()), WIDTH, initial_indent="- ", subsequent_indent="  ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        lines[kind] = "\n".join(filter(None, (lines.get(kind, ""), item)))
    parts = [f"### {kind.capitalize()}\n\n{body}" for kind, body in lines.items() if body]
    return "\n\n".join(filter(None, (before.strip("\n"), *parts)))


def _parts(changelog: str) -> tuple[str, str, str]:
    """What stands before the section *Unreleased*, its lines, and what follows. Raises ValueError where there is none."""
    head, found, rest = changelog.partition(f"{UNRELEASED}\n")
    if not found:
        raise ValueError(f"CHANGELOG.md has no line {UNRELEASED!r}.")
    section, next_release, older = rest.partition("\n## ")
    return head, section, next_release + older


def release(root: Path, version: str, day: date) -> None:
    """Write the section of a version into CHANGELOG.md in `root`, and remove the files. Raises ValueError, changing nothing."""
    if not _RELEASE.fullmatch(version):
        raise ValueError(f"{version!r} is no version such as 0.1.0 or 0.2.0rc1.")
    changelog, texts = root / "CHANGELOG.md", fragments(root / "changes")
    head, section, older = _parts(changelog.read_text(encoding="utf-8"))
    text = assembled(section, texts)
    if not text:
        raise ValueError("There is nothing to release: no file in changes/, and no line under Unreleased.")
    written = f"{head}{UNRELEASED}\n\n## [{version}] - {day.isoformat()}\n\n{text}\n{older}"
    changelog.write_text(written, encoding="utf-8")
    for file in texts:
        file.unlink()


def main(arguments: list[str], root: Path) -> int:
    """Returns the exit code; what is wrong is said on stderr."""
    try:
        match arguments:
            case ["show"]:
                _, section, _ = _parts((root / "CHANGELOG.md").read_text(encoding="utf-8"))
                print(assembled(section, fragments(root / "changes")))
            case ["release", version, *day] if len(day) < 2:
                release(root, version, date.fromisoformat(day[0]) if day else datetime.now(UTC).date())
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parents[1]))
