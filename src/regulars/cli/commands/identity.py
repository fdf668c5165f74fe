"""Commands of identity: merges, join, split, list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regulars.cli.options import As, Format, ShopFolder
from regulars.cli.output import say, write
from regulars.cli.progress import bar
from regulars.cli.shops import HERE, open_for_query, open_for_write
from regulars.cli.signals import reporting
from regulars.services.tables import Table
from regulars.vocabulary.numbers import count, counted
from regulars.vocabulary.shop import Settings

if TYPE_CHECKING:
    from regulars.warehouse.changes import Changes
    from regulars.warehouse.identity import Correction

Identity = Annotated[
    str,
    typer.Argument(
        metavar="A", help="An email address, a phone number, a customer id, or source:id.", show_default=False
    ),
]
OtherIdentity = Annotated[
    str, typer.Argument(metavar="B", help="The other record, written in the same way.", show_default=False)
]
Note = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="The reason; regulars people list shows it.", show_default=False)
]


def merges(
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many people to show.")] = 50,
    format: As = Format.TABLE,
    shop: ShopFolder = HERE,
) -> None:
    """Show people made of several records, those of most records first, and what links them.

    Many records in one person often mean an address that many people share: list it under shared_addresses in the
    shop's settings.

    Example:
      regulars people merges --shop myshop
    """
    from regulars.warehouse.identity import count_merges, display_identity
    from regulars.warehouse.identity import merges as merged

    with open_for_query(shop).reading() as con:
        people, total = merged(con, limit), count_merges(con)
    records = [
        {
            "person": person.person,
            "customer": person.customer,
            "name": person.name,
            "records": person.records,
            "identities": [display_identity(identity) for identity in person.identities],
        }
        for person in people
    ]
    sheet = Table(["customer", "name", "records", "known as"], numbers=frozenset(["records"]))
    for person in people:
        known = ", ".join(display_identity(identity) for identity in person.identities[:6])
        more = len(person.identities) - 6
        sheet.rows.append(
            [
                person.customer,
                person.name or "",
                count(person.records),
                known + (f" and {more} more" if more > 0 else ""),
            ]
        )
    sheet.notes.append(f"{counted(total, 'person is', 'people are')} made of several records.")
    write(records, format, sheet, ("person", "customer", "name", "records", "identities"))


def join(a: Identity, b: OtherIdentity, note: Note = "", shop: ShopFolder = HERE) -> None:
    """Say that two records are one person.

    Example:
      regulars people join ann@example.com ann@work.example.com --note "asked her"
    """
    from regulars.warehouse.identity import join as joined

    made = _correct(shop, f"people join {a} {b}", lambda changes, settings: joined(changes, settings, a, b, note))
    with reporting("The change"):
        say(f"{_pair(made)} are one person now.")


def split(a: Identity, b: OtherIdentity, note: Note = "", shop: ShopFolder = HERE) -> None:
    """Remove the link between two records: they are two people.

    Example:
      regulars people split ann@example.com +441632960961
    """
    from regulars.warehouse.identity import display_identity
    from regulars.warehouse.identity import split as parted

    made = _correct(shop, f"people split {a} {b}", lambda changes, settings: parted(changes, settings, a, b, note))
    with reporting("The change"):
        if made.through:
            way = ", ".join(display_identity(identity) for identity in made.through)
            say(f"{_pair(made)} have no direct link any more, but are still one person through {way}.")
        else:
            say(f"{_pair(made)} are two people now.")


def corrections(format: As = Format.TABLE, shop: ShopFolder = HERE) -> None:
    """List what was joined and split by hand, oldest first. Of several corrections of the same two records the last one
    counts.

    Example:
      regulars people list --shop myshop
    """
    from regulars.warehouse.identity import corrections as made
    from regulars.warehouse.identity import display_identity

    with open_for_query(shop).reading() as con:
        corrected = made(con)
    sheet = Table(["correction", "at (UTC)", "record", "other record", "note"])
    for correction in corrected:
        word = "joined" if correction.joined else "split"
        sheet.rows.append(
            [
                word,
                f"{correction.at:%Y-%m-%d %H:%M}",
                display_identity(correction.a),
                display_identity(correction.b),
                correction.note,
            ]
        )
    if not corrected:
        sheet.notes.append("Nothing was corrected yet. Next: regulars people join A B, or regulars people split A B")
    from regulars.services.serializer import records

    kept = [{name: value for name, value in record.items() if name != "through"} for record in records(corrected)]
    write(kept, format, sheet, ("seq", "a", "b", "joined", "at", "note"))


def _correct(shop: Path, purpose: str, act: Callable[[Changes, Settings], Correction]) -> Correction:
    """Make a correction, and derive persons and facts again."""
    app = open_for_write(shop)
    made: list[Correction] = []
    with bar() as progress:
        app.change(purpose, lambda changes: made.append(act(changes, app.shop.settings)), progress)
    return made[0]


def _pair(made: Correction) -> str:
    from regulars.warehouse.identity import display_identity

    return f"{display_identity(made.a)} and {display_identity(made.b)}"
