"""Options that many commands share, with the words that explain them."""

from __future__ import annotations

import os
import re
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from regulars.vocabulary.calendar import Grain


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class Layout(StrEnum):
    """How an answer that is more than one list is written."""

    TABLE = "table"
    JSON = "json"


class Drawing(StrEnum):
    """As what a chart is written."""

    SVG = "svg"
    PNG = "png"
    PDF = "pdf"
    HTML = "html"
    JSON = "json"


class Exports(StrEnum):
    """In whose columns, and how, a simulated shop is written."""

    SHOPIFY = "shopify"
    CSV = "csv"
    PARQUET = "parquet"


class PurchaseModel(StrEnum):
    """How purchases are taken to come about."""

    PARETO = "pareto"
    MBG = "mbg"
    BG = "bg"
    NBD = "nbd"


_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def whole_number(text: str) -> int:
    """A whole number above 0 as people write it: 10000000, 10_000_000, 10,000,000, 10M, 2.5k. Raises BadParameter."""
    match = re.fullmatch(r"(\d{1,24}(?:\.\d{1,9})?)([km]?)", text.strip().lower().replace("_", "").replace(",", ""))
    number = Decimal(match[1]) * _TIMES[match[2]] if match else Decimal(0)
    if number < 1 or number % 1:
        raise typer.BadParameter(f"{text!r} is no whole number above 0, such as 200000, 200_000, 200k or 10M.")
    return int(number)


def day(text: str | date) -> date:
    """A day as 2011-10-31. Raises BadParameter."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day such as 2011-10-31.") from None


ShopFolder = Annotated[
    Path,
    typer.Option(
        "--shop",
        envvar="REGULARS_SHOP",
        metavar="DIR",
        show_default=False,
        show_envvar=False,
        help="The shop's folder. By default the environment variable REGULARS_SHOP, or the current folder.",
    ),
]
As = Annotated[Format, typer.Option("--format", help="The output format.")]
AsLayout = Annotated[Layout, typer.Option("--format", help="The output format.")]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The metric; regulars metrics --list shows all.", show_default=False)
]
OfGrain = Annotated[
    Grain | None,
    typer.Option("--grain", help="Length of the periods; months by default.", show_default=False),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DAY", help="First day, such as 2011-10-01, 2011-10 or 2011.", show_default=False),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DAY", help="Last day, such as 2011-10-31, 2011-10 or 2011.", show_default=False),
]
InPeriod = Annotated[
    str | None,
    typer.Option(
        "--period",
        metavar="PERIOD",
        show_default=False,
        help="One period: 2011-10-05, 2011-W40, 2011-10, 2011-Q4, 2011, FY2012, a range such as 2011-10-01..2011-10-31 or"
        " 2011-W40..2011-W43, last-month, last-90-days (ending with the data), this-year or all."
        " With --grain, the periods inside it.",
    ),
]
Splits = Annotated[
    list[str] | None,
    typer.Option(
        "--split",
        metavar="SPLIT",
        show_default=False,
        help="Split by this, such as country. Several: --split country,channel.",
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        show_default=False,
        help='Only orders that meet this: country=DE, country=DE,AT, channel!=web, "net_revenue>=50".'
        " May be repeated; all must hold.",
    ),
]
WhereCustomers = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        show_default=False,
        help="Only customers that meet this: first_country=DE, first_channel!=ads, customer_city=Berlin."
        " May be repeated; all must hold.",
    ),
]
ActiveWindow = Annotated[
    int | None,
    typer.Option(
        "--active-window",
        metavar="DAYS",
        show_default=False,
        help="Days without an order after which a customer counts as lost. By default the shop's setting.",
    ),
]
Groups = Annotated[
    int,
    typer.Option(
        "--limit",
        metavar="N",
        min=1,
        help='How many values of a split a table shows, the largest first; the rest is one row "others". CSV and JSON have all.',
    ),
]
MOST_GROUPS = 20
"""How many values of a split a table shows by themselves by default."""
Compare = Annotated[
    bool, typer.Option("--compare", help="Add the change against the period before, and whether it is real.")
]


class QuickCommand(TyperCommand):
    """A command that takes plain words as they are. Typer 0.29 checks even these with pydantic, which takes 70 ms to import.

    Its help names what to type, without the types of Python.
    """

    def get_params(self, context: Any) -> list[Any]:
        """Called by Typer for each command line."""
        return plain_words(super().get_params(context))

    def collect_usage_pieces(self, context: Any) -> list[str]:
        """Called by Typer for the line `Usage: …`: [OPTIONS], then the arguments."""
        arguments = [parameter for parameter in self.get_params(context) if parameter.param_type_name == "argument"]
        names = (argument.metavar or argument.name for argument in arguments)
        return [
            "[OPTIONS]",
            *(name if argument.required else f"[{name}]" for name, argument in zip(names, arguments, strict=True)),
        ]

    def format_options(self, context: Any, formatter: Any) -> None:
        """Called by Typer for the lists of arguments and options."""
        for kind in ("argument", "option"):
            records = help_records(self, context, kind)
            if records:
                with formatter.section(f"{kind.title()}s"):
                    formatter.write_dl(records)


def help_records(command: TyperCommand, context: Any, kind: str) -> list[tuple[str, str]]:
    """Return the arguments or options of a command as (what to type, what it means)."""
    parameters = (parameter for parameter in command.get_params(context) if parameter.param_type_name == kind)
    records = filter(None, (parameter.get_help_record(context) for parameter in parameters))
    return [
        (re.sub(r" <(str|path|int|list\[str\])>", "", names), re.sub(r"\bx>=(\d+)", r"at least \1", meaning))
        for names, meaning in records
    ]


def plain_words(parameters: list[Any]) -> list[Any]:
    """The parameters of a command, each taking plain words as they are."""
    for parameter in parameters:
        if (
            getattr(parameter, "_runtime_param", ...) is None
        ):  # another Typer has no such attribute and is left as it is
            parameter._runtime_param = PlainWords()
    return parameters


class PlainWords:
    """Stands in for what Typer checks a parameter's value with, and makes way for it where the value is no plain word."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Called by Typer. The value as the command's function takes it."""
        kind, about = param.type_descriptor.annotation, param.type_descriptor.parameter_info
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if (
            kind == list[str]
            and several
            and isinstance(value, list | tuple)
            and all(type(item) is str for item in value)
        ):
            return list(value)
        if isinstance(kind, type) and not several:
            if type(value) is kind or (kind is Path and isinstance(value, Path)):
                return value
            if issubclass(kind, Enum) and type(value) is str and value in [item.value for item in kind]:
                return kind(value)
            if kind is int and type(value) is str and re.fullmatch("[0-9]{1,9}", value) and not _is_limited(about):
                return int(value)
            if (
                kind is Path
                and type(value) is str
                and not about.exists
                and (not Path(value).exists() or os.access(value, os.R_OK))
            ):
                return Path(value)
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def _is_limited(about: Any) -> bool:
    return about.parser is not None or about.min is not None or about.max is not None
