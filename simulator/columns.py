"""Arrow columns from plain arrays, without a Python object a row: codes, numbers, money, times, identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from records.contract import Table
from simulator.catalogue import Array

_MANY = 1000
_MINUTE = 60_000_000


def arrow_type(table: Table, name: str) -> Any:
    """The Arrow type of a contract column."""
    column = table.column(name)
    if column.kind == "decimal":
        digits, scale = column.type[8:-1].split(",")
        return pa.decimal128(int(digits), int(scale))
    kinds = {"string": pa.string(), "date": pa.date32(), "datetime": pa.timestamp("us"), "int8": pa.int8(),
             "int16": pa.int16(), "int32": pa.int32(), "double": pa.float64()}  # fmt: skip
    return kinds[column.kind]


def _bits(valid: Array | None) -> Any:
    return None if valid is None else pa.array(valid, pa.bool_()).buffers()[1]


def decimal(values: Array, kind: Any, valid: Array | None = None) -> Any:
    """Whole numbers of the last digit (fen for two decimals) as decimals; null where not ``valid``."""
    wide = np.empty((len(values), 2), dtype=np.int64)
    wide[:, 0] = values
    wide[:, 1] = wide[:, 0] >> 63
    return pa.Array.from_buffers(kind, len(values), [_bits(valid), pa.py_buffer(wide)])


def coded(values: Sequence[str | None] | Array, index: Array) -> Any:
    """Texts by their position in ``values``; null where the position is negative or its text is None.

    The dictionary holds each text that is used once: a file's pages would repeat a long list again and again, and
    texts that are in it twice would be written as they happen to lie in memory.
    """
    if len(values) > _MANY:
        used = np.flatnonzero(np.bincount(index[index >= 0], minlength=len(values)))
        place = np.zeros(len(values), dtype=np.int32)
        place[used] = np.arange(len(used))
        values, index = [values[at] for at in used.tolist()], np.where(index >= 0, place[index], -1)
    distinct = list(dict.fromkeys(value for value in values if value is not None))
    number = {value: at for at, value in enumerate(distinct)}
    table = np.array([-1 if value is None else number[value] for value in values] + [-1], dtype=np.int32)
    position = table[np.where(index >= 0, index, len(values))]
    held = np.bincount(position + 1, minlength=len(distinct) + 1)[1:] > 0
    place = np.where(held, np.cumsum(held) - 1, -1)
    position = np.append(place, -1)[position].astype(np.int32)
    kept = pa.array([value for value, there in zip(distinct, held.tolist(), strict=True) if there], pa.string())
    absent = position < 0
    return pa.DictionaryArray.from_arrays(pa.array(np.where(absent, 0, position), mask=absent), kept)


def moments(origin: int, minutes: Array, valid: Array | None = None) -> Any:
    """Times so many minutes after the day ``origin`` (since 1970-01-01)."""
    micros = (minutes.astype(np.int64) + origin * 1440) * _MINUTE
    return pa.Array.from_buffers(pa.timestamp("us"), len(micros), [_bits(valid), pa.py_buffer(micros)])


def dates(days: Array, valid: Array | None = None) -> Any:
    """Days since 1970-01-01 as dates."""
    plain = np.ascontiguousarray(days, dtype=np.int32)
    return pa.Array.from_buffers(pa.date32(), len(plain), [_bits(valid), pa.py_buffer(plain)])


def whole(values: Array, kind: Any = None, valid: Array | None = None) -> Any:
    """Small whole numbers; flags are int8."""
    return pa.array(values.astype(np.int64), kind or pa.int8(), mask=None if valid is None else ~valid)


# The characters of 0 to 999: three digits are looked up at once.
_THREE = np.array([list(f"{number:03d}".encode()) for number in range(1000)], dtype=np.uint8)


def digits(values: Array, width: int) -> Array:
    """The decimal digits of whole numbers as characters (rows x width), zeros in front."""
    groups, rest = [], values.astype(np.int64)
    for _ in range(-(-width // 3)):
        groups.append(_THREE[rest % 1000])
        rest = rest // 1000
    return np.concatenate(groups[::-1], axis=1)[:, -width:]


def texts(size: int, *parts: str | Array, valid: Array | None = None) -> Any:
    """Texts put together of the same string or of characters a row; character 0 stands for none; null where not ``valid``."""
    columns = []
    for part in parts:
        given = np.frombuffer(part.encode("ascii"), dtype=np.uint8) if isinstance(part, str) else part
        columns.append(np.broadcast_to(given, (size, given.shape[-1])) if given.ndim == 1 else given)
    matrix = np.concatenate(columns, axis=1)
    there = matrix != 0
    if there.all():
        ends = np.arange(1, size + 1, dtype=np.int32) * matrix.shape[1]
        content = np.ascontiguousarray(matrix)
    else:
        ends, content = np.cumsum(there.sum(axis=1), dtype=np.int32), matrix[there]
    offsets = np.concatenate([np.zeros(1, dtype=np.int32), ends.astype(np.int32)])
    return pa.Array.from_buffers(pa.string(), size, [_bits(valid), pa.py_buffer(offsets), pa.py_buffer(content)])


def arrange(table: Table, found: dict[str, Any], size: int) -> Any:
    """The columns of a contract table in its order; what was not given is null."""
    unknown = set(found) - {column.name for column in table.columns}
    assert not unknown, f"{table.name} has no {unknown}"
    arrays = [
        found[column.name] if column.name in found else pa.nulls(size, arrow_type(table, column.name))
        for column in table.columns
    ]
    return pa.Table.from_arrays(arrays, names=[column.name for column in table.columns])
