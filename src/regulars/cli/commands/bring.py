"""Bringing data: init, load, simulate."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from regulars.cli.options import AsLayout, Layout, ShopFolder
from regulars.cli.output import say, tell, write_json
from regulars.cli.progress import bar
from regulars.cli.shops import HERE, changed, naming
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.shop import SETTINGS_FILE, Shop

_LATEST = datetime(2025, 12, 31)
_DAY = ["%Y-%m-%d"]


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The shop's folder; made where it is missing.", show_default=False)
    ],
    currency: Annotated[
        str,
        typer.Option("--currency", metavar="CODE", help="Every amount is shown in it: GBP, EUR …", show_default=False),
    ],
    timezone: Annotated[
        str,
        typer.Option(
            "--timezone",
            metavar="ZONE",
            help="Decides which day an order belongs to: Europe/London …",
            show_default=False,
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="What the shop is called; else as its folder.", show_default=False)
    ] = None,
    shared_address: Annotated[
        list[str] | None,
        typer.Option(
            "--shared-address",
            metavar="PATTERN",
            show_default=False,
            help="Address or number of many people, such as '*@marketplace.example.com': never makes two records one person."
            " May be repeated.",
        ),
    ] = None,
) -> None:
    """Make a new shop: a folder with its settings.

    Examples:
      regulars init myshop --currency GBP --timezone Europe/London
      regulars init myshop --currency EUR --timezone Europe/Berlin --shared-address '*@marketplace.example.com'
    """
    Shop.create(folder, currency=currency, timezone=timezone, name=name, shared_addresses=tuple(shared_address or ()))
    say(f"Made {folder / SETTINGS_FILE}; look through its settings.")
    say(f"Next: regulars load FILE… --shop {folder}")


def load(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…",
            help="Files, folders, zip archives, or patterns such as 'exports/*.csv'.",
            show_default=False,
        ),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            metavar="TOML",
            help="Says what the files' columns mean (docs/mapping-files.md).",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--source", metavar="NAME", help="Whose ids files in our own column names use.", show_default=False
        ),
    ] = "",
    account: Annotated[
        str,
        typer.Option(
            "--account", metavar="NAME", help="Keeps apart what two accounts of one source bring.", show_default=False
        ),
    ] = "",
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="For each table they fill, these files are all that their source has: earlier rows go."
        ),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also load files that were loaded before.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the load where any row would be rejected.")] = False,
    covers_until: Annotated[
        datetime | None,
        typer.Option(
            "--covers-until",
            metavar="DATE",
            formats=_DAY,
            show_default=False,
            help="The last day that the files cover, where their rows do not show it.",
        ),
    ] = None,
    format: AsLayout = Layout.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Load files into the shop, all or nothing, and say what became of every row.

    Known exports are recognised by their headers (regulars sources); others need a mapping file. A file that was loaded
    before changes nothing.

    Examples:
      regulars load orders_export.csv customers_export.csv --shop myshop
      regulars load exports/ --shop myshop
      regulars load online_retail.csv.gz --mapping examples/online_retail.toml --shop retail
    """  # fmt: skip
    from regulars.cli.accounting import as_json, describe
    from regulars.warehouse.load.run import LoadOptions

    app = changed(shop)
    options = LoadOptions(replace, again, strict, covers_until.date() if covers_until else None)
    with bar() as progress:
        result = app.load(files, mapping=mapping, source=source, account=account, options=options, progress=progress)
    version = app.warehouse.number
    if format is Layout.JSON:
        write_json(as_json(result, version))
        for warning in result.warnings:
            tell(warning)
        return
    with app.warehouse.read() as con:
        describe(con, result, version, naming(shop))


def simulate(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the exports are written.", show_default=False)
    ],
    customers: Annotated[int, typer.Option("--customers", min=1, help="How many people buy.")] = 20_000,
    months: Annotated[int, typer.Option("--months", min=1, help="How many months the shop has existed.")] = 30,
    until: Annotated[
        datetime,
        typer.Option(
            "--until",
            metavar="DATE",
            formats=_DAY,
            show_default=False,
            help=f"The last day; whole months up to it. [default: {_LATEST:%Y-%m-%d}]",
        ),
    ] = _LATEST,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same shop.")] = 1,
) -> None:
    """Write the exports of an invented shop whose truth is known, as Shopify would write them.

    Examples:
      regulars simulate exports
      regulars simulate exports --customers 200000 --months 48 --seed 7
    """
    from regulars.simulate import ShopShape, write_shopify
    from regulars.simulate import simulate as draw

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder.")
    shape = ShopShape(customers=customers, months=months, until=until.date())
    with bar() as progress:
        progress.start("orders", 0)
        written = write_shopify(draw(shape, seed), folder, progress.reach)
    for path in written:
        say(f"Wrote {path}")
    say(f"{customers:,} customers, {shape.first_day} to {shape.last_day}; the truth stands in {folder / 'truth.json'}.")
