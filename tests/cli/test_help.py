"""`--help`: usage lines and options as other command lines write them, without the types of Python."""

from __future__ import annotations

import re

import pytest

from cli.conftest import Command
from regulars.cli import COMMANDS, GROUPS

NAMES = [name for commands in COMMANDS.values() for name in commands]
NAMES += [f"{group} {name}" for group, (_about, commands) in GROUPS.items() for name in commands]


@pytest.mark.parametrize("name", NAMES)
def test_help_names_no_types_of_python(command: Command, name: str):
    said = command(*name.split(), "--help")
    assert (said.code, said.err) == (0, "")
    assert re.findall(r"<(?:str|int|float|path|list|bool)\b[^>]*>|\bx>=|default: \(", said.out) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_option_that_takes_a_value_names_it(command: Command, name: str):
    """`--limit N`, not `--limit`: a flag and an option with a value must not look alike."""
    limits = [line for line in command(*name.split(), "--help").out.splitlines() if line.strip().startswith("--limit")]
    assert all(line.split()[1] == "N" for line in limits)


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("demo", "Usage: regulars demo [OPTIONS] [FOLDER]"),
        ("init", "Usage: regulars init [OPTIONS] FOLDER"),
        ("load", "Usage: regulars load [OPTIONS] FILE…"),
        ("metric", "Usage: regulars metric [OPTIONS] NAME"),
        ("tables", "Usage: regulars tables [OPTIONS] [NAME]"),
        ("people join", "Usage: regulars people join [OPTIONS] A B"),
        ("events remove", "Usage: regulars events remove [OPTIONS] DAY [TEXT]"),
    ],
)
def test_usage_shows_what_may_be_left_out_in_brackets(command: Command, name: str, usage: str):
    assert command(*name.split(), "--help").out.splitlines()[0] == usage
