"""All sources, and how a file finds its own: by its header."""

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

_TELLING = 2
"""How many columns that tell (not those of IDENTITY) a file in Regulars' own columns needs to be recognised."""

_MAPPING = "Say what its columns mean in a mapping file (docs/mapping-files.md) and load it with --mapping."
_HEADER = (
    'Name its columns in a mapping file (docs/mapping-files.md), in their order: header = ["…", "…"] under [read].'
)
_NO_VALUES: Mapping[str, Sequence[str]] = {}
_KNOWN_NAMES = 2
"""How many names that Regulars knows show that a line is a header."""


def recognise(
    file: str,
    header: Iterable[str],
    values: Mapping[str, Sequence[str]] = _NO_VALUES,
    currency: str = "",
) -> Source:
    """The source whose columns are the file's: the one that knows most of them, if all that it requires are there.

    A file in Regulars' own columns also needs two columns that tell, and may hold few that are unknown; where it is named like its
    table (orders.csv), one of the two will do. `values` are some values of each column, empty where the format itself names
    the columns; `currency` is the shop's, for suggestions. Raises UnknownFile, which says what the columns may be.
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


def insist(source: Source, file: str, header: Iterable[str], values: Mapping[str, Sequence[str]] = _NO_VALUES) -> None:
    """Raise MappingError where the file lacks columns that the mapping (of `--mapping`) uses; `values` as in `recognise`."""
    header = list(header)
    if missing := _missing(source, _names(header)):
        if looks_like_data(header) or not (_known(source) & _names(header) or _is_header(header, values)):
            raise MappingError(*_headless(file, header))
        raise MappingError(
            f"{file} lacks columns that the mapping {source.name} uses: {_with_guesses(source, missing, header)}.",
            f"The file has: {', '.join(header)}. Columns that only some files have are named under `optional`;"
            " a constant text has quotes of its own, such as currency = \"'GBP'\".",
        )


def recognised_by(source: Source) -> str:
    """The columns that a file must have to be taken for the source's, in words."""
    required = sorted(source.requires)
    telling = len(source.requires - IDENTITY)
    if source not in canonical.SOURCES or telling >= _TELLING:
        return ", ".join(required)
    more = sorted(source.optional - IDENTITY - {"updated_at"})
    return f"{', '.join(required)} and {_TELLING - telling} of {', '.join(more)}"


def _unknown(file: str, header: list[str], values: Mapping[str, Sequence[str]], currency: str) -> UnknownFile:
    if looks_like_data(header):
        return UnknownFile(*_headless(file, header))
    if near := _nearly(header):
        missing = _with_guesses(near, _missing(near, _names(header)), header)
        return UnknownFile(
            f"{file} looks like “{near.title}”, but lacks: {missing}.",
            f"Export it with all columns, or {_MAPPING[0].lower()}{_MAPPING[1:]}",
        )
    suggestion = suggest(header, values)
    if suggestion is None:
        if not _is_header(header, values):
            return UnknownFile(*_headless(file, header))
        return UnknownFile(f"{file} is no export that Regulars knows. Its columns are: {_some(header)}.", _MAPPING)
    return UnknownFile(
        f"{file} is no export that Regulars knows. It may hold {suggestion.table.name}: {suggestion.words}.",
        "Where that is right, write these lines to a mapping file (docs/mapping-files.md), complete them, and load the file with"
        " --mapping:",
        suggestion.mapping(file, currency or "GBP"),
    )


def _is_header(header: list[str], values: Mapping[str, Sequence[str]]) -> bool:
    """Whether a file's first line may be shown: it names columns, by the format itself, by its words or by what is below it."""
    if not values:
        return True
    known = [name for name in header if any(means(name, table) for table in BY_NAME.values())]
    return len(known) >= _KNOWN_NAMES or names_columns(header, values)


def _headless(file: str, header: list[str]) -> tuple[str, str]:
    """Message and hint for a file whose first line holds values. They may be somebody's: only their shapes are shown."""
    return f"{file} seems to have no line of column names: its first line holds {described(header)}.", _HEADER


def _nearly(header: list[str]) -> Source | None:
    """The source whose file it is but for a few columns: it has most of those required, two of them telling."""
    columns = _names(header)

    def share(source: Source) -> tuple[float, int]:
        return (len(_names(source.requires) & columns) / len(source.requires), len(_known(source) & columns))

    lacking = (source for source in SOURCES if _tells(source, columns) and 0.5 < share(source)[0] < 1)
    return max(lacking, key=share, default=None)


def _with_guesses(source: Source, missing: list[str], header: list[str]) -> str:
    """The missing columns, each with the column of the file that may be it."""
    used = {name.lower() for name in source.requires | source.optional}
    free = [name for name in header if name.lower() not in used]
    guesses = {name: _guess(name, free) for name in missing}
    return ", ".join(f"{name} (is it “{guess}”?)" if guess else name for name, guess in guesses.items())


def _guess(name: str, header: list[str]) -> str | None:
    """The file's column that is spelled nearly like this one, or that means the same column of some table."""
    if close := closest(name, header):
        return close
    meant = {table.name: means(name, table) for table in BY_NAME.values()}
    return next(
        (other for other in header if any(meant[table.name] & means(other, table) for table in BY_NAME.values())), None
    )


def _some(header: list[str], most: int = 8) -> str:
    more = f" and {len(header) - most} more" if len(header) > most else ""
    return ", ".join(header[:most]) + more


def _is_own(source: Source, columns: set[str], named: bool = False) -> bool:
    """Whether a file with these columns is one in Regulars' own; `named`: it is called like the table."""
    if _missing(source, columns):
        return False
    signs = (_tells(source, columns), _mostly_known(source, columns))
    return any(signs) if named else all(signs)


def _tells(source: Source, columns: set[str]) -> bool:
    return len(_known(source) & columns - IDENTITY) >= _TELLING


def _mostly_known(source: Source, columns: set[str]) -> bool:
    others = columns - set(REJECT_COLUMNS)
    return len(_known(source) & others) * 2 >= len(others)


def _names(header: Iterable[str]) -> set[str]:
    """Column names as they are compared: the case does not matter, since it does not in SQL."""
    return {name.strip().lower() for name in header}


def _missing(source: Source, columns: set[str]) -> list[str]:
    return sorted(name for name in source.requires if name.lower() not in columns)


def _known(source: Source) -> frozenset[str]:
    return _lowered(source.requires | source.optional)


@cache
def _lowered(names: frozenset[str]) -> frozenset[str]:
    """As `_names`: what the sources know is compared for each of thousands of files."""
    return frozenset(_names(names))


def _stem(file: str) -> str:
    """orders, of exports/Orders.csv.gz or of exports.zip/orders.csv."""
    return PurePath(file).name.split(".")[0].lower()
