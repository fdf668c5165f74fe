"""Sums of one measure as an array, with the groups of its second axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.metrics.inference.intervals import Array
from regulars.warehouse.lazy_imports import pa, pc

Groups = list[tuple[str, ...]]


@dataclass
class Part:
    """Sums of one measure: shape (periods, groups, buckets), with one bucket if they are not by bucket."""

    splits: tuple[str, ...]
    groups: Groups
    values: Array
    money: bool
    """Whether the sums are in ten-thousandths of the currency."""


@dataclass(frozen=True)
class Labels:
    """Dictionary-encoded values of one split: `words[code]` is the value of a row."""

    words: list[str]
    code: npt.NDArray[np.integer]


def encode(values: Iterable[str]) -> Labels:
    """Return a column of text as labels."""
    place: dict[str, int] = {}
    code = np.array([place.setdefault(value, len(place)) for value in values], dtype=np.int64)
    return Labels(list(place), code)


def distinct(values: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the distinct values, ascending, and the index of each value among them."""
    # np.unique would do it too, and imports numpy.ma: a fortieth of the start of a command.
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    place = np.empty(len(ordered), dtype=np.int64)
    place[order] = np.cumsum(first) - 1
    return ordered[first].astype(np.int64), place


def encode_arrow(column: pa.ChunkedArray) -> Labels:
    """Return an Arrow column as labels; null becomes an empty text."""
    text = column if pa.types.is_string(column.type) else pc.fill_null(pc.cast(column, pa.string()), "")
    encoded = text.combine_chunks().dictionary_encode()
    words = ["" if word is None else word for word in encoded.dictionary.to_pylist()]
    return Labels(words, encoded.indices.to_numpy())


def grouped(labels: Sequence[Labels], rows: int) -> tuple[Groups, npt.NDArray[np.int64]]:
    """Return the distinct groups of the labels of all splits, and the index of each row's group."""
    if not labels:
        return [()], np.zeros(rows, dtype=np.int64)
    if rows == 0:
        return [], np.zeros(0, dtype=np.int64)
    code = np.zeros(rows, dtype=np.int64)
    for label in labels:
        code = code * len(label.words) + label.code
    named, place = distinct(code)
    places = []
    for label in reversed(labels):
        places.append(named % len(label.words))
        named = named // len(label.words)
    columns = [[label.words[number] for number in where] for label, where in zip(labels, reversed(places), strict=True)]
    return list(zip(*columns, strict=True)), place
