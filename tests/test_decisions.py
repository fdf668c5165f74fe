"""The records of decisions have one form: short, numbered without gaps, and listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "decisions"
RECORDS = sorted(file for file in FOLDER.glob("*.md") if file.name != "README.md")
LONGEST = 40
STATUS = re.compile(r"proposed|accepted|replaced by \d+")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_has_status_context_decision_and_consequences(record: Path):
    lines = record.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST
    assert lines[0].startswith(f"# {int(record.name[:4])}. ")
    assert STATUS.fullmatch(lines[2].removeprefix("Status: "))
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]


def test_records_are_numbered_without_gaps():
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_the_index_lists_every_record():
    listed = re.findall(r"\]\((\d{4}[^)]+)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert listed == [record.name for record in RECORDS]
