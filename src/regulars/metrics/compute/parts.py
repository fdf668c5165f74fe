"""What was found of one measure: an array, and the groups its second axis stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from regulars.metrics.inference.intervals import Array

Groups = list[tuple[str, ...]]


@dataclass
class Part:
    """Sums of one measure: shape (periods, groups, buckets), one bucket where they were not kept apart."""

    splits: tuple[str, ...]
    groups: Groups
    values: Array
    money: bool
    """Whether they are in ten-thousandths of the currency."""


def codes(columns: Sequence[pa.ChunkedArray], rows: int) -> tuple[Groups, npt.NDArray[np.int64]]:
    """The distinct groups that the columns of split values name, and each row's place among them."""
    if not columns:
        return [()], np.zeros(rows, dtype=np.int64)
    if rows == 0:
        return [], np.zeros(0, dtype=np.int64)
    code = np.zeros(rows, dtype=np.int64)
    words: list[list[str]] = []
    for column in columns:
        text = column if pa.types.is_string(column.type) else pc.fill_null(pc.cast(column, pa.string()), "")
        encoded = text.combine_chunks().dictionary_encode()
        words.append(["" if word is None else word for word in encoded.dictionary.to_pylist()])
        code = code * len(words[-1]) + encoded.indices.to_numpy()
    distinct, place = np.unique(code, return_inverse=True)
    places = []
    for known in reversed(words):
        places.append(distinct % len(known))
        distinct = distinct // len(known)
    columns_ = [[known[number] for number in where] for known, where in zip(words, reversed(places), strict=True)]
    return list(zip(*columns_, strict=True)), place.reshape(-1)
