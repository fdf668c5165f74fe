"""Commands that manage data: rejects, loads, undo, versions, check, rollback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regulars.cli.options import As, Format, ShopFolder
from regulars.cli.output import say, show, tell, write
from regulars.cli.progress import bar
from regulars.cli.shops import HERE, load_history, naming, open_for_write, open_shop, stored
from regulars.cli.signals import reporting
from regulars.services.tables import Table
from regulars.system.shell import quoted
from regulars.vocabulary.errors import REPAIR, NothingLoaded, UsageError
from regulars.vocabulary.numbers import count
from regulars.vocabulary.shop import WAREHOUSE

_ALL = 2**62


def rejects(
    load: Annotated[
        int | None, typer.Option("--load", metavar="N", help="Only those of this load.", show_default=False)
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="NAME", help="Only those of this file.", show_default=False)
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            show_default=False,
            help="Write the rejected lines of a load (the newest that has some) as CSV, to be corrected and loaded again.",
        ),
    ] = None,
    waiting: Annotated[
        bool,
        typer.Option(
            "--waiting", help="Show the orders that wait for an exchange rate instead. They need no correction."
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Lines in a table; CSV and JSON have all.")
    ] = 20,
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Show rejected lines with every reason, or write them to a file that loads again once it is corrected.

    Examples:
      regulars rejects --shop myshop
      regulars rejects --load 3 --file orders.csv --format json
      regulars rejects --export rejects.csv
      regulars rejects --waiting
    """  # fmt: skip
    from regulars.load import rejects as kept
    from regulars.warehouse.load_history import waiting_rows

    if waiting and export is not None:
        raise UsageError("Orders that wait need no correction.", "Load the exchange rates that they lack.")
    if waiting:
        _show_waiting(load, file, limit, format, shop)
        return
    if export is not None and file is not None:
        raise UsageError("--export writes all rejected lines of a load.", "Leave out --file, or choose with --load.")
    with load_history(shop) as con:
        if export is not None:
            paths = kept.export(con, export, load_id=load)
            with reporting("The file of rejected lines"):
                for path in paths:
                    say(f"Wrote {path}")
                say(f"Correct the lines, then: regulars load {quoted(str(export))}{naming(shop)}")
            return
        rejected = kept.listed(con, load_id=load, file=file, limit=limit if format is Format.TABLE else _ALL)
        reasons = kept.summary(con, load_id=load, file=file) if format is Format.TABLE else []
        wait = waiting_rows(con)
    if format is Format.TABLE and wait:
        what = "1 row waits" if wait == 1 else f"{count(wait)} rows wait"
        say(f"{what} for an exchange rate: regulars rejects --waiting{naming(shop)}")
    if format is Format.TABLE and not rejected:
        say("Nothing was rejected.")
        return
    if reasons:
        by_reason = [[count(lines), reason, example] for reason, lines, example in reasons]
        show(Table(["lines", "reason", "for example"], by_reason, numbers=frozenset(["lines"])))
        say()
    sheet = Table(["load", "file", "line", "reasons", "fields"], numbers=frozenset(["load", "line"]))
    for line in rejected:
        fields = ", ".join(f"{name}={value}" for name, value in line.fields.items() if value)
        why = "; ".join(line.reasons) + (" (its order was loaded since)" if line.settled else "")
        sheet.rows.append([str(line.load_id), line.file, str(line.line), why, _short(fields)])
    sheet.notes.append(f"Write them to a file: regulars rejects --export rejects.csv{naming(shop)}")
    write(
        rejected,
        format,
        sheet,
        ("load_id", "file", "line", "source", "unit", "reasons", "fields"),
    )


def _show_waiting(load: int | None, file: str | None, limit: int, format: Format, shop: Path) -> None:
    from regulars.warehouse.load_history import waiting

    with load_history(shop) as con:
        rows = waiting(con, load_id=load, file=file, limit=limit if format is Format.TABLE else _ALL)
    if format is Format.TABLE and not rows:
        say("Nothing waits.")
        return
    sheet = Table(["load", "file", "line", "order", "rows", "lacks"], numbers=frozenset(["load", "line", "rows"]))
    for row in rows:
        sheet.rows.append([str(row.load_id), row.file, str(row.line), row.order_id, count(row.rows), row.reason])
    sheet.notes.append("They are used when a load brings the exchange rates (table exchange_rates).")
    names = ("load_id", "file", "line", "source", "order_id", "rows", "reason")
    write(rows, format, sheet, names)


def _short(text: str, longest: int = 120) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def loads(format: As = Format.TABLE, shop: ShopFolder = HERE) -> None:
    """List all loads: when, which files, and how many of their rows were used or rejected.

    Example:
      regulars loads --shop myshop
    """
    from regulars.warehouse.load_history import loads as booked

    with load_history(shop) as con:
        listed = booked(con)
    counts = ("read", "used", "waiting", "rejected", "skipped")
    columns = ["load", "at (UTC)", "source", "files", *counts, "note"]
    sheet = Table(columns, numbers=frozenset(["load", *counts]))
    for load in listed:
        states = [
            f"undone {load.undone_at:%Y-%m-%d}" if load.undone_at else "replaced all before" if load.replaced else "",
            f"covers until {load.covers_until}" if load.covers_until else "",
        ]
        state = ", ".join(filter(None, states))
        numbers = (count(n) for n in (load.read, load.used, load.waiting, load.rejected, load.skipped))
        sheet.rows.append(
            [str(load.load_id), f"{load.at:%Y-%m-%d %H:%M}", load.source, ", ".join(load.files), *numbers, state]
        )
    names = (
        "load_id",
        "at",
        "source",
        "files",
        *counts,
        "replaced",
        "covers_until",
        "undone_at",
    )
    write(listed, format, sheet, names)


def undo(
    load: Annotated[
        int, typer.Argument(metavar="LOAD", help="Its number; regulars loads shows it.", show_default=False)
    ],
    shop: ShopFolder = HERE,
) -> None:
    """Undo one load, as if its files had never been loaded.

    Example:
      regulars undo 3 --shop myshop
    """
    app = open_for_write(shop)
    with bar() as progress:
        app.undo(load, progress)
    with reporting("The change"):
        say(f"Load {load} is undone (version {app.warehouse.number}).")


def versions(format: As = Format.TABLE, shop: ShopFolder = HERE) -> None:
    """List the stored versions of the shop's data (the last three), and whether one is damaged.

    Example:
      regulars versions --shop myshop
    """
    kept = stored(shop).versions(check=True)
    sheet = Table(["version", "at (UTC)", "made by", "note"], numbers=frozenset(["version"]))
    for version in kept:
        state = ", ".join(
            filter(None, ["current" if version.current else "", version.fault and f"damaged: {version.fault}"])
        )
        sheet.rows.append([str(version.number), f"{version.at:%Y-%m-%d %H:%M}", version.purpose, state])
    if not kept:
        sheet.notes.append("Nothing has been loaded into this shop yet.")
    names = ("number", "at", "purpose", "current", "based_on", "regulars", "fault")
    write(kept, format, sheet, names)


def check(
    every: Annotated[
        bool, typer.Option("--all", help="All versions that are kept, not the current one alone.")
    ] = False,
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> int:
    """Check the shop's data for damage: read every block, and recompute its sums.

    This recomputes the row counts of each load (read = used + waiting + rejected + skipped), the SHA-256 of its data files,
    and a sample of metrics from rows instead of rollups. The exit status is 1 if anything is damaged.

    Examples:
      regulars check --shop myshop
      regulars check --all --format json
    """
    from regulars.services.check import check as checked

    opened, warehouse = open_shop(shop), stored(shop)
    warehouse.clear_spilled()
    kept = [version.number for version in warehouse.versions() if every or version.current]
    if not kept:
        raise NothingLoaded("Nothing has been loaded into this shop yet.", "Load its files: regulars load FILE…")
    findings = [finding for number in kept for finding in checked(opened, number)]
    sheet = Table(["version", "part", "state"], numbers=frozenset(["version"]))
    for finding in findings:
        state = f"not checked: {finding.skipped}" if finding.skipped else "; ".join(finding.faults) or "ok"
        sheet.rows.append([str(finding.version), finding.part, state])
    write(findings, format, sheet, ("version", "part", "faults", "skipped"))
    if not any(finding.faults for finding in findings):
        return 0
    tell(f"{shop / WAREHOUSE} is damaged. {REPAIR}")
    return 1


def rollback(
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="VERSION",
            help="The version to go back to; by default the one before the current.",
            show_default=False,
        ),
    ] = None,
    shop: ShopFolder = HERE,
) -> None:
    """Go back to an earlier version of the shop's data. Nothing is removed: going forward again works the same way.

    Examples:
      regulars rollback --shop myshop
      regulars rollback 7 --shop myshop
    """
    version = stored(shop).rollback(number)
    with reporting("The change"):
        say(f"Version {version.number} is current again: {version.purpose}, {version.at:%Y-%m-%d %H:%M} UTC.")
