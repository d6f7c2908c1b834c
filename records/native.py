"""Columns in the type they came in: as text for people and repairs, as the contract's value where that is exact."""

from __future__ import annotations

import re

from records.contract import Column
from records.source import TEXT

_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
_FLOATING = {"DOUBLE", "FLOAT"}
_MOMENTS = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def settled(name: str, kind: str) -> tuple[str, str]:
    """SQL of a column in one of the few types the rest of the house knows, and that type.

    Times with a zone are read as the clock of China (+08:00), where every agency of the contract works; a
    binary number that is whole is text without decimals; bytes that are no UTF-8 become a damaged character.
    """
    if kind == TEXT or kind in _WHOLE or kind == "DATE" or _DECIMAL.fullmatch(kind):
        return name, kind
    if kind in _MOMENTS:
        return f"{name}::TIMESTAMP", "TIMESTAMP"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({name})) + INTERVAL 8 HOUR", "TIMESTAMP"
    if kind in _FLOATING:
        # A short binary number is the shortest decimal that it stands for; widened as it is, it shows noise.
        value = f"{name}::VARCHAR::DOUBLE" if kind == "FLOAT" else name
        return f"CASE WHEN NOT isnan({name}) THEN {value} END", "DOUBLE"
    if kind == "BOOLEAN":
        return f"{name}::TINYINT", "TINYINT"
    if kind == "BLOB":
        return f"CASE WHEN {name} IS NOT NULL THEN coalesce(TRY(decode({name})), chr(65533) || hex({name})) END", TEXT
    return f"{name}::VARCHAR", TEXT


def text_of(name: str, kind: str) -> str:
    """SQL: a settled column as the text it would have in a CSV file."""
    if kind == TEXT:
        return name
    if kind == "TIMESTAMP":
        return f"strftime({name}, '%Y-%m-%d %H:%M:%S')"
    if kind == "DOUBLE":
        whole = f"{name} = trunc({name}) AND abs({name}) < 1e15"
        return f"CASE WHEN {whole} THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
    return f"{name}::VARCHAR"


def value_of(column: Column, name: str, kind: str) -> str | None:
    """SQL: a settled column as the contract's value, null where it is none; None where only its text can tell.

    A value that is given here needs no repair and has none: it is the same thing in another type.
    """
    if column.kind == "date":
        return f"CASE WHEN isfinite({name}) THEN {name} END" if kind == "DATE" else None
    if column.kind == "datetime":
        return f"CASE WHEN isfinite({name}) THEN date_trunc('second', {name}) END" if kind == "TIMESTAMP" else None
    if column.kind == "string" or kind in (TEXT, "DATE", "TIMESTAMP"):
        return None
    if column.kind == "double":
        return f"CASE WHEN isfinite({name}::DOUBLE) THEN {name}::DOUBLE END"
    given = _DECIMAL.fullmatch(kind)
    scale = int(given[2]) if given else 0
    if column.kind == "decimal":
        keeps = int(column.type.rstrip(")").split(",")[1])
        return f"TRY_CAST({name} AS {column.duckdb_type})" if kind != "DOUBLE" and scale <= keeps else None
    if kind == "DOUBLE":
        return f"CASE WHEN {name} = trunc({name}) THEN TRY_CAST({name} AS {column.duckdb_type}) END"
    return f"TRY_CAST({name} AS {column.duckdb_type})" if scale == 0 else None
