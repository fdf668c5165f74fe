"""CSV text computed by column, several times as fast as by value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

EMPTY = pa.scalar("")

_SPECIAL = tuple(map(ord, ',"\r\n'))


def quoted(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the values as CSV fields, quoted if they contain a comma, a quotation mark or a line break."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    limits, data = _bytes(values)
    special = data == _SPECIAL[0]
    for byte in _SPECIAL[1:]:
        special |= data == byte
    positions = np.flatnonzero(special) + limits[0]
    if not len(positions):
        return values
    rows = np.zeros(len(values), np.bool_)
    rows[np.searchsorted(limits, positions, side="right") - 1] = True
    mark = pa.scalar('"')
    doubled = pc.binary_join_element_wise(mark, pc.replace_substring(values, '"', '""'), mark, "")
    return pc.if_else(pa.array(rows), doubled, values)


def beside(columns: Sequence[pa.Array | pa.Scalar]) -> pa.Array:
    """Join columns of quoted fields by commas; null is an empty field."""
    return pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="")


def ended(rows: pa.Array) -> pa.Array:
    """Return the rows with line ends."""
    return pc.binary_join_element_wise(rows, EMPTY, "\n")


def content(rows: pa.Array) -> memoryview:
    """Return the bytes of all rows without a copy: an Arrow string array stores them in one buffer."""
    return _bytes(rows)[1].data


def _bytes(rows: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return the offset of each row in its buffer, and the bytes of all rows."""
    _, offsets, data = rows.buffers()
    limits = np.frombuffer(offsets, np.int32)[rows.offset : rows.offset + len(rows) + 1]
    return limits, np.frombuffer(data or b"", np.uint8)[limits[0] : limits[-1]]
