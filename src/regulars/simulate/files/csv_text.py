"""CSV text made of whole columns: several times as fast as a writer that goes from value to value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

EMPTY = pa.scalar("")

_SPECIAL = tuple(map(ord, ',"\r\n'))


def quoted(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Text as it stands in CSV: in quotation marks where it holds a comma, a quotation mark or a line break."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    limits, data = _bytes(values)
    special = data == _SPECIAL[0]
    for byte in _SPECIAL[1:]:
        special |= data == byte
    found = np.flatnonzero(special) + limits[0]
    if not len(found):
        return values
    rows = np.zeros(len(values), np.bool_)
    rows[np.searchsorted(limits, found, side="right") - 1] = True
    mark = pa.scalar('"')
    doubled = pc.binary_join_element_wise(mark, pc.replace_substring(values, '"', '""'), mark, "")
    return pc.if_else(pa.array(rows), doubled, values)


def beside(columns: Sequence[pa.Array | pa.Scalar]) -> pa.Array:
    """The columns, text already quoted, one after the other with commas between them; nothing where a value is null."""
    return pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="")


def ended(rows: pa.Array) -> pa.Array:
    """The rows with their line's end."""
    return pc.binary_join_element_wise(rows, EMPTY, "\n")


def content(rows: pa.Array) -> memoryview:
    """The bytes of all rows, one after the other: text lies in memory like that already."""
    return _bytes(rows)[1].data


def _bytes(rows: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Where each row begins in its buffer, and the bytes of all."""
    _, offsets, data = rows.buffers()
    limits = np.frombuffer(offsets, np.int32)[rows.offset : rows.offset + len(rows) + 1]
    return limits, np.frombuffer(data or b"", np.uint8)[limits[0] : limits[-1]]
