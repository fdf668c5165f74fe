"""All sources, and recognition of a file's source by its header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import PurePath

from regulars.load.mapping import REJECT_COLUMNS, Source
from regulars.sources import canonical
from regulars.sources.shops.shopify_customers import shopify_customers
from regulars.sources.shops.shopify_orders import shopify_orders
from regulars.sources.shops.woocommerce_customers import woocommerce_customers
from regulars.sources.suggest import IDENTITY, means, suggest
from regulars.sources.value_shapes import described, looks_like_data, names_columns
from regulars.vocabulary.errors import MappingError, UnknownFile
from regulars.vocabulary.spelling import closest
from regulars.warehouse.tables import BY_NAME

SOURCES: tuple[Source, ...] = (
    shopify_orders,
    shopify_customers,
    woocommerce_customers,
    *canonical.SOURCES,
)

_DISTINCTIVE = 2
"""Distinctive columns (not in IDENTITY) that a file with Regulars' own columns needs to be recognised."""

_MAPPING = "Map its columns in a mapping file (docs/mapping-files.md) and load it with --mapping."
_HEADER = (
    'Name its columns in a mapping file (docs/mapping-files.md), in their order: header = ["…", "…"] under [read].'
)
_NO_VALUES: Mapping[str, Sequence[str]] = {}
_KNOWN_NAMES = 2
"""Known column names that make a line a header."""


def recognise(
    file: str,
    header: Iterable[str],
    values: Mapping[str, Sequence[str]] = _NO_VALUES,
    currency: str = "",
) -> Source:
    """Return the source of a file: of those whose required columns it has, the one that knows most of its columns.

    A file with Regulars' own columns also needs two distinctive columns and at least half of its columns known; if it has
    the name of its table (orders.csv), one of both conditions suffices.

    Args:
        file: Name of the file.
        header: Its column names.
        values: Some values of each column; empty if the format itself names the columns.
        currency: Currency of the shop, for suggestions.

    Raises:
        UnknownFile: No source has these columns; the message suggests a mapping.
    """
    header = list(header)
    columns = _names(header)
    for source in canonical.SOURCES:
        if source.mappings[0].table == _stem(file) and _is_own(source, columns, named=True):
            return source
    best = max(SOURCES, key=lambda s: (len(_known(s) & columns), not _missing(s, columns), len(s.requires)))
    if _is_own(best, columns) if best in canonical.SOURCES else not _missing(best, columns):
        return best
    raise _unknown(file, header, values, currency)


def require_columns(
    source: Source, file: str, header: Iterable[str], values: Mapping[str, Sequence[str]] = _NO_VALUES
) -> None:
    """Raise MappingError if the file lacks columns that the mapping of `--mapping` uses; `values` as for `recognise`."""
    header = list(header)
    if missing := _missing(source, _names(header)):
        if looks_like_data(header) or not (_known(source) & _names(header) or _is_header(header, values)):
            raise MappingError(*_no_header(file, header))
        raise MappingError(
            f"{file} lacks columns that the mapping {source.name} uses: {_with_guesses(source, missing, header)}.",
            f"The file has: {', '.join(header)}. List columns that only some files have under `optional`;"
            " write a constant text in quotes of its own, such as currency = \"'GBP'\".",
        )


def recognised_by(source: Source) -> str:
    """Return a list, as text, of the columns that a file of the source must have."""
    required = sorted(source.requires)
    distinctive = len(source.requires - IDENTITY)
    if source not in canonical.SOURCES or distinctive >= _DISTINCTIVE:
        return ", ".join(required)
    more = sorted(source.optional - IDENTITY - {"updated_at"})
    return f"{', '.join(required)} and {_DISTINCTIVE - distinctive} of {', '.join(more)}"


def _unknown(file: str, header: list[str], values: Mapping[str, Sequence[str]], currency: str) -> UnknownFile:
    if looks_like_data(header):
        return UnknownFile(*_no_header(file, header))
    if near := _closest_source(header):
        missing = _with_guesses(near, _missing(near, _names(header)), header)
        return UnknownFile(
            f"{file} looks like “{near.title}”, but lacks: {missing}.",
            f"Export it with all columns, or {_MAPPING[0].lower()}{_MAPPING[1:]}",
        )
    suggestion = suggest(header, values)
    if suggestion is None:
        if not _is_header(header, values):
            return UnknownFile(*_no_header(file, header))
        return UnknownFile(f"{file} is not a known export. Its columns are: {_some(header)}.", _MAPPING)
    return UnknownFile(
        f"{file} is not a known export. It may contain {suggestion.table.name}: {suggestion.words}.",
        "If so, write these lines to a mapping file (docs/mapping-files.md), complete them, and load the file with --mapping:",
        suggestion.mapping(file, currency or "GBP"),
    )


def _is_header(header: list[str], values: Mapping[str, Sequence[str]]) -> bool:
    """Whether a file's first line is a header, by its format, its words or the values below; only headers are shown."""
    if not values:
        return True
    known = [name for name in header if any(means(name, table) for table in BY_NAME.values())]
    return len(known) >= _KNOWN_NAMES or names_columns(header, values)


def _no_header(file: str, header: list[str]) -> tuple[str, str]:
    """Return message and hint for a file without a header. Only the shapes of its values are shown: they may be personal."""
    return f"{file} seems to have no header: its first line has {described(header)}.", _HEADER


def _closest_source(header: list[str]) -> Source | None:
    """Return the source of which the file has most required columns, two of them distinctive; None if there is none."""
    columns = _names(header)

    def share(source: Source) -> tuple[float, int]:
        return (len(_names(source.requires) & columns) / len(source.requires), len(_known(source) & columns))

    lacking = (source for source in SOURCES if _is_distinctive(source, columns) and 0.5 < share(source)[0] < 1)
    return max(lacking, key=share, default=None)


def _with_guesses(source: Source, missing: list[str], header: list[str]) -> str:
    """Return the missing columns as text, each with the similar column of the file."""
    used = {name.lower() for name in source.requires | source.optional}
    free = [name for name in header if name.lower() not in used]
    guesses = {name: _guess(name, free) for name in missing}
    return ", ".join(f"{name} (is it “{guess}”?)" if guess else name for name, guess in guesses.items())


def _guess(name: str, header: list[str]) -> str | None:
    """Return the file's column with a similar name, or with the same meaning in a canonical table."""
    if close := closest(name, header):
        return close
    meanings = {table.name: means(name, table) for table in BY_NAME.values()}
    return next(
        (other for other in header if any(meanings[table.name] & means(other, table) for table in BY_NAME.values())),
        None,
    )


def _some(header: list[str], most: int = 8) -> str:
    more = f" and {len(header) - most} more" if len(header) > most else ""
    return ", ".join(header[:most]) + more


def _is_own(source: Source, columns: set[str], named: bool = False) -> bool:
    """Whether a file has Regulars' own columns; `named`: it has the name of the table."""
    if _missing(source, columns):
        return False
    signs = (_is_distinctive(source, columns), _mostly_known(source, columns))
    return any(signs) if named else all(signs)


def _is_distinctive(source: Source, columns: set[str]) -> bool:
    return len(_known(source) & columns - IDENTITY) >= _DISTINCTIVE


def _mostly_known(source: Source, columns: set[str]) -> bool:
    others = columns - set(REJECT_COLUMNS)
    return len(_known(source) & others) * 2 >= len(others)


def _names(header: Iterable[str]) -> set[str]:
    """Return column names in lower case, in which they are compared, as in SQL."""
    return {name.strip().lower() for name in header}


def _missing(source: Source, columns: set[str]) -> list[str]:
    return sorted(name for name in source.requires if name.lower() not in columns)


def _known(source: Source) -> frozenset[str]:
    return _lowered(source.requires | source.optional)


@cache
def _lowered(names: frozenset[str]) -> frozenset[str]:
    """Return `_names` of a source's columns, cached for loads of thousands of files."""
    return frozenset(_names(names))


def _stem(file: str) -> str:
    """Return "orders" for exports/Orders.csv.gz or exports.zip/orders.csv."""
    return PurePath(file).name.split(".")[0].lower()
