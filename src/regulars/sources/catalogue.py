"""All sources, and how a file finds its own: by its header."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from regulars.sources import own
from regulars.sources.shops.shopify_customers import shopify_customers
from regulars.sources.shops.shopify_orders import shopify_orders
from regulars.sources.shops.woocommerce_customers import woocommerce_customers
from regulars.sources.spelling import closest, plain
from regulars.vocabulary.errors import MappingError, UnknownFile
from regulars.warehouse.load.mapping import Source

SOURCES: tuple[Source, ...] = (
    shopify_orders,
    shopify_customers,
    woocommerce_customers,
    *own.SOURCES,
)


def recognise(file: str, header: Iterable[str]) -> Source:
    """The source whose columns are the file's: the one that knows most of them, if all that it requires are there.

    A file of our own columns that is named like its table (orders.csv) is taken at its word. Raises UnknownFile with
    the closest source and what the file lacks for it.
    """
    header = list(header)
    columns = _names(header)
    for source in own.SOURCES:
        if source.mappings[0].table == _stem(file) and not _missing(source, columns):
            return source
    best = max(SOURCES, key=lambda s: (len(_known(s) & columns), not _missing(s, columns), len(s.requires)))
    if _known(best) & columns and not _missing(best, columns):
        return best
    raise _unknown(file, header)


def insist(source: Source, file: str, header: Iterable[str]) -> None:
    """Raise MappingError where the file lacks columns that the mapping (of `--mapping`) uses."""
    header = list(header)
    if missing := _missing(source, _names(header)):
        raise MappingError(
            f"{file} lacks columns that the mapping {source.name} uses: {_with_guesses(missing, header)}.",
            f"The file has: {', '.join(header)}. Columns that only some files have are named under `optional`;"
            " a constant text has quotes of its own, such as currency = \"'GBP'\".",
        )


def _unknown(file: str, header: list[str]) -> UnknownFile:
    # Here 'Order ID' is near enough to order_id: the owner shall see what the file could become.
    spelled = {plain(name) for name in header}
    near = max(SOURCES, key=lambda s: len({plain(name) for name in _known(s)} & spelled))
    mapping = "say what its columns mean in a mapping file (docs/mapping-files.md) and load it with --mapping"
    if not {plain(name) for name in _known(near)} & spelled:
        return UnknownFile(f"No source knows any column of {file}: {', '.join(header)}.", f"You can {mapping}.")
    missing = _with_guesses(_missing(near, _names(header)), header)
    return UnknownFile(
        f"{file} is of no known source. The closest is “{near.title}”, but the file lacks: {missing}.",
        f"Export it with these columns, or {mapping}.",
    )


def _with_guesses(missing: list[str], header: list[str]) -> str:
    """The missing columns, each with the column of the file that may be it."""
    guesses = {name: closest(name, header) for name in missing}
    return ", ".join(f"{name} (is it “{guess}”?)" if guess else name for name, guess in guesses.items())


def _names(header: Iterable[str]) -> set[str]:
    """Column names as they are compared: the case does not matter, since it does not in SQL."""
    return {name.strip().lower() for name in header}


def _missing(source: Source, columns: set[str]) -> list[str]:
    return sorted(name for name in source.requires if name.lower() not in columns)


def _known(source: Source) -> set[str]:
    return _names(source.requires | source.optional)


def _stem(file: str) -> str:
    """orders, of exports/Orders.csv.gz or of exports.zip/orders.csv."""
    return PurePath(file).name.split(".")[0].lower()
