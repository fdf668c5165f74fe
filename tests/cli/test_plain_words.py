"""Options take plain words as Typer's own check takes them, without waiting for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from regulars.cli import application
from regulars.cli.options import PlainWords

VALUES: tuple[Any, ...] = (
    None, "", "x", "0", "5", "-1", "1.5", "1e3", "٣", "month", "Month", "json", "svg", "2024-01-31", "/", "no/such", "dmy", True,
    [], ["a"], ["a", "b"], ("country",), [1],
)  # fmt: skip


def parameters(group: Any) -> Iterator[tuple[Any, Any]]:
    """All parameters of all commands, with a context for each."""
    context = typer.Context(group)
    for one in group.commands.values() if hasattr(group, "commands") else ():
        yield from parameters(one)
    for parameter in group.get_params(context):
        yield context, parameter


def outcome(coerce: Any, value: Any, parameter: Any, context: Any) -> Any:
    try:
        found = coerce(value, param=parameter, ctx=context)
    except Exception as error:  # whatever is raised must be the same
        return type(error), str(error)
    return type(found), found


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_words_are_what_typer_makes_of_them(value: Any) -> None:
    every = [(context, one) for context, one in parameters(typer.main.get_command(application())) if one.expose_value]
    assert len(every) > 100
    for context, one in every:
        one._runtime_param = None
        typers_own = outcome(one.get_runtime_param().coerce, value, one, context)
        assert outcome(PlainWords().coerce, value, one, context) == typers_own, one.name


def test_a_path_that_may_not_be_read_is_left_to_typer(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    context, shop = next(pair for pair in parameters(typer.main.get_command(application())) if pair[1].name == "shop")
    shop._runtime_param = None
    typers_own = outcome(shop.get_runtime_param().coerce, str(tmp_path / "closed"), shop, context)
    assert outcome(PlainWords().coerce, str(tmp_path / "closed"), shop, context) == typers_own
