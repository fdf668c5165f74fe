"""The command line: one table of commands, and one place where every refusal becomes a line or two."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from regulars.cli import signals
from regulars.cli.commands import demo, forecast, identity, load, manage, marking, metrics, reference
from regulars.cli.options import QuickCommand, plain_words
from regulars.cli.output import hush, tell, tell_lines
from regulars.cli.shops import OWN
from regulars.system.streams import is_broken_pipe, prepare_output
from regulars.version import __version__
from regulars.vocabulary.errors import RegularsError, StoredButFailed, UsageError
from regulars.warehouse.lazy_imports import refuse_pandas

DONE, REFUSED, WRONG_USAGE, STORED, STOPPED, BROKEN_PIPE = 0, 1, 2, 4, 128, 141
"""Exit codes. STORED: the data were changed, then something failed. A signal's number is added to STOPPED (130 after Ctrl-C);
BROKEN_PIPE is that of a program that a closed pipe ended."""

COMMANDS: dict[str, dict[str, Callable[..., Any]]] = {
    "Load": {"demo": demo.demo, "init": load.init, "load": load.load, "simulate": load.simulate},
    "Metrics": {
        "metrics": metrics.metrics,
        "metric": metrics.metric,
        "explain": reference.explain,
        "drill-down": metrics.drill_down,
        "suggest-window": metrics.suggest_window,
    },
    "Forecast": {"forecast": forecast.forecast, "segments": forecast.segments},
    "Manage data": {
        "rejects": manage.rejects,
        "loads": manage.loads,
        "undo": manage.undo,
        "versions": manage.versions,
        "check": manage.check,
        "rollback": manage.rollback,
    },
    "Reference": {"sources": reference.sources, "tables": reference.tables},
}
GROUP_TITLES = {"people": "Identity", "events": "Events"}
"""The headings of groups of commands in help and docs, by their first word."""
GROUPS: dict[str, tuple[str, dict[str, Callable[..., Any]]]] = {
    "people": (
        "See and correct which records are one person.",
        {"merges": identity.merges, "join": identity.join, "split": identity.split, "list": identity.corrections},
    ),
    "events": (
        "Mark days on which something happened that explains a change, such as a new checkout.",
        {"add": marking.add, "list": marking.list_, "remove": marking.remove},
    ),
}
"""Commands of two words: by the first one, its help and its commands by the second one."""


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"regulars {__version__}")
        raise typer.Exit


def _top(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Customer metrics for online shops: who comes back, who is leaving, what they are worth.

    Examples:
      regulars init myshop --currency GBP --timezone Europe/London
      regulars load orders_export.csv customers_export.csv --shop myshop
      regulars metrics --shop myshop
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def _help(command: Callable[..., Any]) -> str:
    """A command's docstring; its examples keep their lines (a backspace says so to Typer)."""
    return cleandoc(command.__doc__ or "").replace("\n\nExample", "\n\n\b\nExample")


class _Quick(TyperGroup):
    """A group whose options take plain words as they are."""

    def get_params(self, *arguments: Any) -> list[Any]:
        """Called by Typer for each command line."""
        return plain_words(super().get_params(*arguments))


class _Grouped(_Quick):
    """Lists the commands by what they are for."""

    def format_commands(self, *arguments: Any) -> None:
        """Called by Typer with the context and the formatter."""
        formatter = arguments[-1]
        groups = {title: (name,) for name, title in GROUP_TITLES.items()}
        for title, names in {**{title: tuple(commands) for title, commands in COMMANDS.items()}, **groups}.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(200)) for name in names])


def application() -> typer.Typer:
    """All commands. Help is plain text, the same in a terminal, a pipe and the docs."""
    app = typer.Typer(cls=_Grouped, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    app.callback(invoke_without_command=True, help=_help(_top))(_top)
    for commands in COMMANDS.values():
        for name, command in commands.items():
            app.command(name, cls=QuickCommand, help=_help(command))(command)
    for group, (about, commands) in GROUPS.items():
        inner = typer.Typer(cls=_Quick, rich_markup_mode=None, no_args_is_help=True)
        for name, command in commands.items():
            inner.command(name, cls=QuickCommand, help=_help(command))(command)
        app.add_typer(inner, name=group, help=about)
    return app


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; every refusal is one or two lines on stderr."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        prepare_output(stream)  # a character that the terminal's encoding lacks must not stop an answer
    umask = os.umask(OWN)
    with signals.listening() as listener:
        try:
            return _run(arguments)
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            if isinstance(error, StoredButFailed):
                hush()
                return _refuse(str(error), error.hint, STORED)
            if listener.pressed or isinstance(error, KeyboardInterrupt | typer.Abort):
                return _refuse(signals.STOPPED, "", STOPPED + (listener.pressed or signal.SIGINT))
            return _refused(error)
        finally:
            os.umask(umask)


def _open_closed_streams() -> None:
    """Let an output that the caller closed (`>&-`) swallow what is written: Python has no stream there at all."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the process ends
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


def _run(arguments: Sequence[str] | None) -> int:
    code = application()(
        args=None if arguments is None else list(arguments), prog_name="regulars", standalone_mode=False
    )
    if code == STOPPED + signal.SIGINT:  # Typer caught Ctrl-C, and has no words for it
        raise KeyboardInterrupt
    sys.stdout.flush()
    return code if isinstance(code, int) else DONE


def _refused(error: BaseException) -> int:
    match error:
        case RegularsError():
            code = WRONG_USAGE if isinstance(error, UsageError) else REFUSED
            return _refuse(str(error), error.hint, code, error.details)
        case SystemExit():  # how Typer says that the reader of the output is gone
            hush()
            return BROKEN_PIPE
        case OSError() if is_broken_pipe(error):
            hush()
            return BROKEN_PIPE
        case OSError():
            return _refuse(f"{error.filename or 'The system'}: {error.strerror or error}.", "", REFUSED)
    return _refused_by_typer(error)


def _refused_by_typer(error: BaseException) -> int:
    """What Typer itself refuses knows its own words; anything else is a mistake of ours and shall be seen whole."""
    words = getattr(error, "format_message", None)
    if words is None:
        raise error
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(context.get_help() if context else words())
        return DONE
    command = context.command_path if context is not None else "regulars"
    return _refuse(
        " ".join(words().replace("Value error, ", "").split()),
        f"See: {command} --help",
        getattr(error, "exit_code", WRONG_USAGE),
    )


def _refuse(message: str, hint: str, code: int, details: str = "") -> int:
    tell(" ".join(message.split("\n")))
    if hint:
        tell(" ".join(hint.split("\n")))
    if details:
        tell_lines(details)
    return code


def main() -> None:
    """The entry point of `regulars` and `python -m regulars`."""
    refuse_pandas(everywhere=True)
    code = run()
    # Nothing is left to do: what Python tears down at its end costs a tenth of a second.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
