"""Bringing data: init, load, simulate."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from regulars.cli.options import AsLayout, Exports, Layout, ShopFolder, day, whole_number
from regulars.cli.output import say, tell, write_json
from regulars.cli.progress import bar
from regulars.cli.shops import HERE, naming, open_for_write
from regulars.cli.signals import reporting
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.shop import SETTINGS_FILE, Shop

DONE, PARTLY = 0, 3
"""Exit statuses of a load: all files, and all but those that options left out."""

_LATEST = date(2025, 12, 31)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The shop's folder; made where it is missing.", show_default=False)
    ],
    currency: Annotated[
        str,
        typer.Option("--currency", metavar="CODE", help="The currency of all reports: GBP, EUR …", show_default=False),
    ],
    timezone: Annotated[
        str,
        typer.Option(
            "--timezone",
            metavar="ZONE",
            help="The timezone of the shop's days: Europe/London …",
            show_default=False,
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="TEXT", help="The shop's name; by default its folder's name.", show_default=False
        ),
    ] = None,
    shared_address: Annotated[
        list[str] | None,
        typer.Option(
            "--shared-address",
            metavar="PATTERN",
            show_default=False,
            help='Email address or phone number that many people share, such as "*@marketplace.example.com": it never joins two'
            " records to one person."
            " May be repeated.",
        ),
    ] = None,
) -> None:
    """Make a new shop: a folder with its settings.

    Examples:
      regulars init myshop --currency GBP --timezone Europe/London
      regulars init myshop --currency EUR --timezone Europe/Berlin --shared-address "*@marketplace.example.com"
    """
    Shop.create(folder, currency=currency, timezone=timezone, name=name, shared_addresses=tuple(shared_address or ()))
    with reporting("The shop"):
        say(f"Made {folder / SETTINGS_FILE}; look through its settings.")
        say(f"Next: regulars load FILE…{naming(folder)}")


def load(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…",
            help='Files, folders, zip archives, or patterns such as "exports/*.csv".',
            show_default=False,
        ),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            metavar="TOML",
            help="A mapping file: what the files' columns mean (docs/mapping-files.md).",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--source",
            metavar="NAME",
            help="For files with Regulars' column names: the system whose ids they hold, such as shopify. Small letters, digits"
            " and _.",
            show_default=False,
        ),
    ] = "",
    account: Annotated[
        str,
        typer.Option(
            "--account",
            metavar="NAME",
            help="A name for each of several accounts of one source, so that their ids are kept apart. Letters, digits, _, -"
            " and .",
            show_default=False,
        ),
    ] = "",
    dates: Annotated[
        Literal["dmy", "mdy", "ymd"] | None,
        typer.Option(
            "--dates",
            show_default=False,
            help="Order of day, month and year in the files' dates, such as 03/04/2024.",
        ),
    ] = None,
    decimal: Annotated[
        Literal[",", "."] | None,
        typer.Option("--decimal", show_default=False, help="The decimal separator of the files' numbers."),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="These files hold everything their source has: earlier rows of it are removed from the tables they fill.",
        ),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also load files that were loaded before.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the load if any row would be rejected.")] = False,
    accept_rejects: Annotated[
        bool, typer.Option("--accept-rejects", help="Also load files of which many rows, or all, are rejected.")
    ] = False,
    skip_refused: Annotated[
        bool,
        typer.Option(
            "--skip-refused",
            help="Leave out files that cannot be read, or of which many rows, or all, are rejected; load the others.",
        ),
    ] = False,
    parts: Annotated[
        bool,
        typer.Option(
            "--parts",
            help="The files are one export in several parts: equal rows without ids are different rows.",
        ),
    ] = False,
    overlap: Annotated[
        bool,
        typer.Option("--overlap", help="The files are exports that overlap: equal rows without ids are the same rows."),
    ] = False,
    skip_unknown: Annotated[
        bool,
        typer.Option(
            "--skip-unknown", help="Leave out files that are not recognised, or cannot be read; load the others."
        ),
    ] = False,
    covers_until: Annotated[
        date | None,
        typer.Option(
            "--covers-until",
            metavar="DATE",
            parser=day,
            show_default=False,
            help="The last day that the files cover, if their rows do not show it.",
        ),
    ] = None,
    format: AsLayout = Layout.TABLE,
    shop: ShopFolder = HERE,
) -> int:
    """Load files into the shop, all or nothing, and show how many rows were used or rejected.

    Known exports are recognised by their headers (regulars sources); others need a mapping file. A file that was loaded
    before changes nothing. The whole load is refused if a file cannot be read to its end, or none of its rows would be used,
    or more than 20 of its rows and more than 5 % of them would be rejected. The exit status is 3 if --skip-unknown or
    --skip-refused left out a file.

    Examples:
      regulars load orders_export.csv customers_export.csv --shop myshop
      regulars load exports/ --shop myshop
      regulars load resaved_by_excel.csv --dates dmy --decimal , --shop myshop
      regulars load online_retail.csv.gz --mapping examples/online_retail.toml --shop retail
    """  # fmt: skip
    from regulars.cli.accounting import describe, left_out
    from regulars.load.load_options import LoadOptions
    from regulars.load.mapping import ReadOptions
    from regulars.services import serializer

    if parts and overlap:
        raise UsageError("--parts and --overlap exclude each other.", "Use the one that is true of these files.")
    app = open_for_write(shop)
    written = ReadOptions(decimal, dates)
    options = LoadOptions(
        replace=replace,
        again=again,
        strict=strict,
        covers_until=covers_until,
        accept_rejects=accept_rejects,
        skip_refused=skip_refused,
        parts=parts,
        overlap=overlap,
    )
    with bar() as progress:
        result = app.load(
            files, mapping=mapping, source=source, account=account, written=written, skip_unknown=skip_unknown,
            options=options, progress=progress,
        )  # fmt: skip
    version = app.warehouse.number
    code = PARTLY if result.unknown or result.refused else DONE
    with nullcontext() if result.unchanged else reporting("The load"):
        if format is Layout.JSON:
            write_json(serializer.load(result, version))
            for warning in (*left_out(result), *result.warnings):
                tell(warning)
        else:
            describe(app.warehouse.read, result, version, naming(shop), covers_until is not None)
    return code


def simulate(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the exports are written.", show_default=False)
    ],
    customers: Annotated[
        int | None,
        typer.Option(
            "--customers",
            parser=whole_number,
            metavar="N",
            show_default=False,
            help="How many people buy: 20000, 20_000 or 20k. [default: 20k]",
        ),
    ] = None,
    orders: Annotated[
        int | None,
        typer.Option(
            "--orders",
            parser=whole_number,
            metavar="N",
            show_default=False,
            help="Instead: how many orders they place, 10_000_000 or 10M. It ends with all orders of the last customer, so a"
            " few more than N; their number is printed.",
        ),
    ] = None,
    months: Annotated[
        int, typer.Option("--months", metavar="N", min=1, help="How many months the shop has existed.")
    ] = 30,
    until: Annotated[
        date,
        typer.Option(
            "--until",
            metavar="DATE",
            parser=day,
            show_default=False,
            help=f"The last day; whole months up to it. [default: {_LATEST:%Y-%m-%d}]",
        ),
    ] = _LATEST,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed gives the same shop.")] = 1,
    format: Annotated[
        Exports,
        typer.Option(
            "--format",
            help="Shopify's exports, or Regulars' own tables as CSV or Parquet (Parquet is the smallest and the fastest to"
            " load).",
        ),
    ] = Exports.SHOPIFY,
    tables: Annotated[
        list[str] | None,
        typer.Option(
            "--tables",
            metavar="TABLE,…",
            show_default=False,
            help="With csv and parquet, only these of customers, orders, order_lines and returns.",
        ),
    ] = None,
    costs: Annotated[
        bool,
        typer.Option(
            "--costs",
            help="With shopify, also product_costs.csv, what each product costs the shop: load it with --source shopify.",
        ),
    ] = False,
) -> None:
    """Write the exports of a simulated shop of any size, to try things out or to choose a computer.

    The files appear in the folder when all are written.

    Examples:
      regulars simulate exports
      regulars simulate exports --costs
      regulars simulate exports --customers 200k --months 48 --seed 7
      regulars simulate large --orders 10_000_000 --format parquet
    """
    from regulars.simulate import TABLES, ShopShape, write_canonical, write_shopify
    from regulars.simulate import simulate as draw

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder.")
    if customers is not None and orders is not None:
        raise UsageError("--customers and --orders each say how large the shop is.", "Give one of them.")
    if tables and format is Exports.SHOPIFY:
        raise UsageError(
            "Shopify's exports are always customers and orders.", "--tables goes with --format parquet or csv."
        )
    if costs and format is not Exports.SHOPIFY:
        raise UsageError("The table order_lines holds the costs already.", "--costs goes with --format shopify.")
    shape = ShopShape(customers=20_000 if customers is None else customers, orders=orders, months=months, until=until)
    with bar() as progress:
        progress.start("customers", 0)
        shop = draw(shape, seed, progress.reach)
        progress.start("orders", 0)
        if format is Exports.SHOPIFY:
            written = write_shopify(shop, folder, progress.reach, costs=costs)
        else:
            kind: Literal["parquet", "csv"] = "parquet" if format is Exports.PARQUET else "csv"
            chosen = [name.strip() for names in tables or TABLES for name in names.split(",")]
            written = write_canonical(shop, folder, kind, chosen, progress.reach)
    with reporting("The simulated shop"):
        for path in written:
            say(f"Wrote {path}")
        say(f"{shop.bought.size:,} orders of {shop.people.size:,} customers, {shape.first_day} to {shape.last_day}.")
        say(f"The true values are in {folder / '.truth'}.")
