"""Commands of reference: explain, sources, tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regulars.cli.options import (
    ActiveWindow,
    As,
    AsLayout,
    Compare,
    Format,
    InPeriod,
    Layout,
    Name,
    OfGrain,
    Since,
    Splits,
    Until,
    Where,
)
from regulars.cli.output import write, write_json
from regulars.cli.shops import HERE, open_for_query
from regulars.services.tables import Table
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.spelling import KEYWORD, closest


def explain(
    name: Name,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show the query plan for the other options; needs a shop.")
    ] = False,
    grain: OfGrain = None,
    since: Since = None,
    until: Until = None,
    period: InPeriod = None,
    split: Splits = None,
    where: Where = None,
    active_window: ActiveWindow = None,
    compare: Compare = False,
    format: AsLayout = Layout.TABLE,
    shop: Annotated[
        Path | None,
        typer.Option(
            "--shop",
            envvar="REGULARS_SHOP",
            metavar="DIR",
            show_default=False,
            show_envvar=False,
            help="Also show the SQL, and what is missing in this shop's data. Needed only for that.",
        ),
    ] = None,
) -> None:
    """Explain a metric: definition, formula, variants, example, the tables it needs, and its SQL if there is a shop.

    Examples:
      regulars explain customer_churn_rate
      regulars explain net_revenue --shop myshop --format json
      regulars explain net_revenue --shop myshop --plan --grain week --split country
    """  # fmt: skip
    from regulars.cli.explaining import as_json, describe, explained
    from regulars.metrics.catalogue import named

    wanted = named(name)
    if plan:
        from regulars.cli.explaining import tell_plan
        from regulars.metrics.run_query import planned
        from regulars.services import serializer
        from regulars.services.queries import Options, query_of

        options = Options.parse(
            grain=grain, since=since, until=until, period=period,
            split=split, where=where, active_window=active_window, compare=compare,
        )  # fmt: skip
        query = query_of(name, options)
        reading = open_for_query(shop or HERE)
        with reading.facts() as facts:
            steps = planned(query.query(facts), facts)
        if format is Layout.JSON:
            write_json(serializer.query_plan(wanted, steps))
        else:
            tell_plan(wanted, steps)
        return
    explanation = explained(wanted, shop)
    if format is Layout.JSON:
        write_json(as_json(explanation))
    else:
        describe(explanation)


def sources(format: As = Format.TABLE) -> None:
    """List the exports that are recognised by their headers. Any other file is loaded with a mapping file.

    Example:
      regulars sources
    """
    from regulars.sources.catalogue import SOURCES, recognised_by

    records = [
        {
            "source": source.name,
            "title": source.title,
            "tables": [mapping.table for mapping in source.mappings],
            "requires": sorted(source.requires),
            "optional": sorted(source.optional),
        }
        for source in SOURCES
    ]
    sheet = Table(["source", "what", "fills", "recognised by"])
    for source in SOURCES:
        fills = ", ".join(dict.fromkeys(mapping.table for mapping in source.mappings))
        sheet.rows.append([source.name, source.title, fills, recognised_by(source)])
    sheet.notes.append("Any other file: say what its columns mean in a mapping file (docs/mapping-files.md).")
    write(records, format, sheet)


def tables(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this table's columns and rules.", show_default=False)
    ] = None,
    format: As = Format.TABLE,
) -> None:
    """List the tables that files fill, or the columns of one.

    Examples:
      regulars tables
      regulars tables orders
    """
    from regulars.warehouse.tables import BY_NAME, TABLES

    if name is None:
        listed = [{"table": table.name, "about": table.about, "key": list(table.key)} for table in TABLES]
        rows = [[table.name, table.about, ", ".join(table.key)] for table in TABLES]
        write(
            listed, format, Table(["table", "about", "key"], rows, notes=["The columns of one: regulars tables NAME"])
        )
        return
    table = BY_NAME.get(name.strip().lower())
    if table is None:
        close = closest(name, BY_NAME, KEYWORD)
        hint = f"Did you mean {close}?" if close else "regulars tables lists them."
        raise UsageError(f"There is no table {name!r}.", hint)
    records = [
        {
            "column": column.name,
            "kind": column.kind.value,
            "required": not column.nullable and column.default is None,
            "about": column.about,
            "choices": list(column.choices),
            "default": column.default,
            "low": column.low,
        }
        for column in table.columns
    ]
    sheet = Table(["column", "kind", "", "about"], title=f"{table.name}: {table.about}")
    for column in table.columns:
        need = "" if column.nullable else f"else {column.default}" if column.default is not None else "required"
        about = column.about + (f" ({', '.join(column.choices)})" if column.choices else "")
        about += f"; not below {column.low}" if column.low is not None else ""
        sheet.rows.append([column.name, column.kind.value, need, about])
    sheet.notes.append(f"Key: {', '.join(table.key)}")
    sheet.notes += [f"Rejected where {rule.broken}: {rule.reason}" for rule in table.rules]
    write(records, format, sheet)
